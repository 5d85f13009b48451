"""The hub: asked when it answers, else the cache, else an error at once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from reasonrl.verifiers import hub


@pytest.fixture
def address() -> Iterator[str]:
    """Of a server that refuses everything, which is an answer."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


def test_silence_and_refusals_tell_a_hub_that_is_there_from_one_that_is_not(address: str) -> None:
    assert hub.answers(address, patience=10.0)  # with an error: it knows no HEAD
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert not hub.answers(f"http://127.0.0.1:{silent.getsockname()[1]}", patience=10.0)
        silent.listen()
        assert not hub.answers(f"http://127.0.0.1:{silent.getsockname()[1]}", patience=0.05)
