"""`Shelf`: the workers of one kind that threads share."""

from __future__ import annotations

import threading

from reasonrl.verifiers.sandbox.results import SandboxError
from reasonrl.verifiers.sandbox.worker import Worker


class Shelf:
    """Workers of one kind: idle, busy, or starting; never more than `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.closed = False
        self.idle: list[Worker] = []
        self.busy: list[Worker] = []
        self._starting = 0
        self._changed = threading.Condition()

    def take(self) -> Worker:
        with self._changed:
            while not self.idle and len(self.busy) + self._starting >= self.most and not self.closed:
                self._changed.wait()
            if self.closed:
                raise SandboxError("the sandbox is closed")
            if self.idle:
                worker = self.idle.pop()
                self.busy.append(worker)
                return worker
            self._starting += 1
        started: list[Worker] = []
        try:
            started.append(Worker())
        finally:
            with self._changed:
                self._starting -= 1
                self.busy += started
                self._changed.notify()
        return started[0]

    def give_back(self, worker: Worker) -> None:
        with self._changed:
            self.busy.remove(worker)
            closed = self.closed
            if not closed:
                self.idle.append(worker)
            self._changed.notify()
        if closed:
            worker.close()

    def lose(self, worker: Worker) -> None:
        with self._changed:
            self.busy.remove(worker)
            self._changed.notify()
        worker.close()

    def close(self) -> None:
        with self._changed:
            self.closed = True
            idle, self.idle = self.idle, []
            self._changed.notify_all()
        for worker in idle:
            worker.close()

    def forget(self) -> None:
        for worker in (*self.idle, *self.busy):
            worker.forget()
        self._changed = threading.Condition()
        self.idle, self.busy, self._starting = [], [], 0
