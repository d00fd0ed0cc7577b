"""A server that says what it is told to, over HTTP or TLS."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WITHOUT_HEADER = (401, 403, 413)
"""RestResponse.filterHeaders; Netty4HttpAggregator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; without ``elasticsearch`` it lacks the product header, as in any case where Elasticsearch sends none.

    A ``status`` of 0 hangs up.
    """

    status: int = 200
    body: Any = field(default_factory=lambda: {"version": {"number": "9.2.0"}, "tagline": "You Know, for Search"})
    headers: dict[str, str] = field(default_factory=dict)
    elasticsearch: bool = True


def refusal(status: int, kind: str, reason: str, **more: Any) -> Answer:
    """An error in Elasticsearch's form."""
    inner = {"type": kind, "reason": reason}
    return Answer(status=status, body={"error": {"root_cause": [inner], **inner, **more}, "status": status})


@contextmanager
def answering(
    answer: Callable[[int, str], Answer], *, context: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[str]]]:
    """A server; ``answer`` gets the number of the request from 1, and ``METHOD /path``. Gives URL and what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append(f"{self.command} {self.path}")
            found = answer(len(asked), asked[-1])
            if found.status == 0:
                self.close_connection = True
                return
            text = isinstance(found.body, str)
            content = (found.body if text else json.dumps(found.body)).encode()
            headers = {"Content-Type": "text/html" if text else "application/json", **found.headers}
            if found.elasticsearch and found.status not in WITHOUT_HEADER:
                headers["X-elastic-product"] = "Elasticsearch"
            self.send_response_only(found.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the server's names for them

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that breaks off in a handshake is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def full(address: tuple[str, int]) -> Iterator[str]:
    """The URL of a server whose queue is full: the system drops what else comes, as a firewall does."""
    with socket.create_server(address, backlog=0) as listening:
        waiting = [socket.socket() for _ in range(3)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(listening.getsockname())
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            for one in waiting:
                one.close()
