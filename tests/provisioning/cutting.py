"""A bad network: a proxy that, from one request on, answers nothing any more, or nothing to some, or that it is busy."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

NEVER = 10**9


@dataclass(slots=True)
class Cut:
    """Where the network dies: before the request of that number reaches the server, or after it did; for how many."""

    upstream: str
    at: int = NEVER
    after: bool = False
    times: int = NEVER
    busy: Callable[[int, str], int] = lambda number, line: 0
    """The number of a request and its line → the status that it is refused with, 0 for none."""
    seen: list[str] = field(default_factory=list)
    dead: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, *, at: int, after: bool, times: int = NEVER) -> None:
        """Count from here."""
        self.at, self.after, self.times, self.dead = at, after, times, False
        self.seen.clear()


@contextmanager
def cutting(upstream: str) -> Iterator[tuple[str, Cut]]:
    """A proxy in front of a server; gives its URL and where it is to die."""
    cut = Cut(upstream)
    host = urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            with cut.lock:
                number = len(cut.seen)
                cut.seen.append(f"{self.command} {self.path}")
                dies = cut.at <= number < cut.at + cut.times
                was_dead, cut.dead = cut.dead, dies
                status = cut.busy(number, cut.seen[-1])
            if status:
                self._refuse(status)
                return
            if dies and (was_dead or not cut.after):
                self.close_connection = True
                return
            upstream_connection = http.client.HTTPConnection(host, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            upstream_connection.request(self.command, self.path, body=body or None, headers=headers)
            answer = upstream_connection.getresponse()
            content = answer.read()
            upstream_connection.close()
            if dies:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def _refuse(self, status: int) -> None:
            kind = "es_rejected_execution_exception" if status == 429 else "cluster_block_exception"
            inner = {"type": kind, "reason": "not now"}
            content = json.dumps({"error": {"root_cause": [inner], **inner}, "status": status}).encode()
            self.send_response_only(status)
            self.send_header("x-elastic-product", "Elasticsearch")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", cut
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
