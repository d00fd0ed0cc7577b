"""A node with security, and somebody who may make users there; asked for by the facts of section 1.9."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.cluster import Cluster, trusted

PASSWORD = "clipline-contract-password"


@dataclass
class Secured:
    """A node with security; everything that is made there by ``person`` and ``call`` is deleted by ``clean``."""

    http: httpx.Client
    admin: httpx.BasicAuth
    made: list[str] = field(default_factory=list)

    def __call__(self, method: str, path: str, body: Any = None, *, who: Any = None, code: int = 200) -> Any:
        headers = {"Authorization": who} if isinstance(who, str) else {}
        auth = None if isinstance(who, str) else who or self.admin
        answer = self.http.request(method, path, headers=headers, auth=auth, **({} if body is None else {"json": body}))
        assert answer.status_code == code, answer.text
        return answer.json()

    def person(self, name: str, **role: Any) -> httpx.BasicAuth:
        """Somebody with a role of the same name."""
        self("PUT", f"/_security/role/{name}", role)
        self("PUT", f"/_security/user/{name}", {"password": PASSWORD, "roles": [name]})
        self.made += [f"/_security/user/{name}", f"/_security/role/{name}"]
        return httpx.BasicAuth(name, PASSWORD)

    def index(self, name: str) -> str:
        """An index with one field."""
        self("PUT", f"/{name}", {"mappings": {"properties": {"a": {"type": "long"}}}})
        self.made.append(f"/{name}")
        return name

    def reason(self, method: str, path: str, body: Any = None, *, who: Any, code: int = 403) -> str:
        """The reason of a refusal."""
        error = self(method, path, body, who=who, code=code)["error"]
        assert error["type"] == "security_exception"
        return str(error["reason"])

    def clean(self) -> None:
        """Delete what was made."""
        for path in self.made:
            self.http.delete(path, auth=self.admin)
        self.made.clear()


def on(names: str, *privileges: str) -> list[dict[str, Any]]:
    """The privileges on indices of a role."""
    return [{"names": [names], "privileges": list(privileges)}]


@contextmanager
def real_node(target: Cluster) -> Iterator[Secured]:
    """A real cluster needs ES_USERNAME and ES_PASSWORD of somebody with ``manage_security`` and all indices."""
    name, password = os.environ.get("ES_USERNAME"), os.environ.get("ES_PASSWORD")
    if not name or not password:
        pytest.skip("asked for with ES_USERNAME and ES_PASSWORD only")
    with httpx.Client(base_url=target.http.base_url, verify=trusted()) as http:
        if http.get("/").status_code != 401:
            pytest.skip("this cluster lets everybody in")
        yield Secured(http, httpx.BasicAuth(name, password))


@contextmanager
def emulated_node(target: Cluster, data: Callable[[str], Path]) -> Iterator[Secured]:
    """The emulator in the version of another one, with security."""
    from tests.nodes import started

    version = ".".join(map(str, target.version))
    with started(data("secured"), "--secure", "--version", version) as running, ExitStack() as stack:
        found = running.environment
        context = ssl.create_default_context(cafile=found["ELASTICSEARCH_CA_CERTS"])
        http = stack.enter_context(httpx.Client(base_url=running.url, verify=context))
        yield Secured(http, httpx.BasicAuth(found["ELASTICSEARCH_USERNAME"], found["ELASTICSEARCH_PASSWORD"]))
