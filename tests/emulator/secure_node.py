"""A node with ``--secure``, and requests to it under somebody's name."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from clipline.emulator.record import Running
from tests.nodes import started


@dataclass(frozen=True, slots=True)
class Secure:
    """The node, and requests to it under somebody's name."""

    running: Running
    http: httpx.Client

    def __call__(self, method: str, path: str, body: Any = None, *, who: Any, code: int = 200, **more: Any) -> Any:
        headers = {"Authorization": who} if isinstance(who, str) else {}
        auth = None if isinstance(who, str) or who is None else httpx.BasicAuth(*who)
        answer = self.http.request(
            method, path, headers=headers, auth=auth, **({} if body is None else {"json": body}), **more
        )
        assert answer.status_code == code, answer.text
        return answer.json()

    def reason(self, method: str, path: str, body: Any = None, *, who: Any, code: int) -> str:
        error = self(method, path, body, who=who, code=code)["error"]
        assert error["type"] == "security_exception"
        assert error["root_cause"][0]["reason"] == error["reason"]
        return str(error["reason"])

    @property
    def elastic(self) -> tuple[str, str]:
        environment = self.running.environment
        return environment["ELASTICSEARCH_USERNAME"], environment["ELASTICSEARCH_PASSWORD"]


@contextmanager
def secure_node(data: Path, *arguments: str) -> Iterator[Secure]:
    """A node over a data folder, whose certificate is checked."""
    with started(data, "--secure", *arguments) as running:
        context = ssl.create_default_context(cafile=running.environment["ELASTICSEARCH_CA_CERTS"])
        with httpx.Client(base_url=running.url, verify=context, timeout=30) as http:
            yield Secure(running, http)
