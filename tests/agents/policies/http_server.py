"""A real HTTP server on this machine that answers as a test says: well, flaky, slow, talkative or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reasonrl.agents.policies.core import Policy, Proposal, Sampling, Unit
from reasonrl.agents.policies.endpoint import EndpointPolicy
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import State

STATE = State(generate(get_family("chain_sum"), "test", 0).view)
Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]] | None
"""Status, body and headers; None: no answer until the test is over."""


class Server:
    """Answers each request as the test says, and remembers it."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any], int], Reply] = lambda request, number: (200, chat("x"))
        self.over = threading.Event()
        self.busy = self.most_busy = 0
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server.lock:
                    server.requests.append(request)
                    server.paths.append(self.path)
                    server.headers.append(dict(self.headers))
                    number = len(server.requests)
                    server.busy += 1
                    server.most_busy = max(server.most_busy, server.busy)
                reply = server.answer(request, number)
                with server.lock:
                    server.busy -= 1
                if reply is None:
                    server.over.wait()
                    return
                status, body, *headers = reply
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                for name, value in (headers[0] if headers else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def policy(self, **options: Any) -> EndpointPolicy:
        defaults: dict[str, Any] = {"backoff": 0.001, "timeout": 20.0, "api_key": "secret"}
        return EndpointPolicy("m", self.url, **defaults | options)


def chat(*texts: str, finish: str = "stop", tokens: int | None = 10, **extra: Any) -> dict[str, Any]:
    choices = [{"message": {"content": text}, "finish_reason": finish, **extra} for text in texts]
    return {"choices": choices, **({"usage": {"prompt_tokens": 5, "completion_tokens": tokens}} if tokens else {})}


def ask(policy: Policy, unit: Unit = Unit.SOLUTION, count: int = 1, state: State = STATE) -> list[Proposal]:
    return policy.propose([state], [count], [7], Sampling(unit, 0.7, 40))[0]
