"""A server that facts are asked of: plain requests, checked statuses, and a list of what to delete again."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

_MADE = re.compile(
    r"/(?P<index>clipline-contract-[^/]+)$|/_ingest/pipeline/(?P<pipeline>[^/]+)$|/_index_template/(?P<template>[^/_]+)$"
    r"|/_component_template/(?P<component>[^/]+)$|/_ml/trained_models/(?P<model>[^/]+)$|/(?P<written>clipline-contract-[^/]+)/"
)
_PATHS = {
    "model": "/_ml/trained_models/{}?force=true",
    "index": "/{}?ignore_unavailable=true",
    "written": "/{}?ignore_unavailable=true",
    "template": "/_index_template/{}",
    "component": "/_component_template/{}",
    "pipeline": "/_ingest/pipeline/{}",
}
"""How each kind of thing is deleted, in the order in which it can be."""


@dataclass(slots=True)
class Cluster:
    """``cluster("GET", "/", code=200)`` gives the JSON that answers."""

    http: httpx.Client
    version: tuple[int, ...]
    has_ml: bool = True
    """Whether the licence and a node have machine learning."""
    made: set[tuple[str, str]] = field(default_factory=set)

    def need_ml(self) -> None:
        """Skip the test where the cluster has no machine learning."""
        if not self.has_ml:
            pytest.skip("this cluster has no machine learning")

    def __call__(self, method: str, path: str, body: Any = None, *, code: int = 200, **more: Any) -> Any:
        """The JSON that answers a request; checks the status."""
        answer = self.raw(method, path, body, **more)
        assert answer.status_code == code, answer.text
        return answer.json() if answer.content else None

    def error(self, method: str, path: str, body: Any = None, *, code: int, **more: Any) -> tuple[str, str]:
        """Type and reason of the error that answers a request; checks the error's shape."""
        answer = self(method, path, body, code=code, **more)
        assert answer["status"] == code
        assert answer["error"]["root_cause"]
        return answer["error"]["type"], answer["error"]["reason"]

    def raw(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """The answer itself."""
        if method in ("PUT", "POST") and (match := _MADE.search(path.partition("?")[0])):
            assert match.lastgroup
            self.made.add((match.lastgroup, match[match.lastgroup]))
        return self.http.request(method, path, **({"json": body} if body is not None else {}), **more)

    def clean(self) -> None:
        """Delete everything that was made through this object since the last time."""
        for kind, path in _PATHS.items():
            for name in sorted(name for made, name in self.made if made == kind):
                self.http.delete(path.format(name))
        self.made.clear()

    def sweep(self, prefix: str) -> None:
        """Delete whatever a test has left under names that begin so."""
        for index in self.http.get(f"/{prefix}*/_alias", params={"expand_wildcards": "all"}).json():
            self.http.delete(f"/{index}")
        for kind in ("_index_template", "_component_template", "_ingest/pipeline"):
            self.http.delete(f"/{kind}/{prefix}*")
        if self.has_ml:
            for model in self.http.get(f"/_ml/trained_models/{prefix}*").json().get("trained_model_configs", []):
                self.http.delete(f"/_ml/trained_models/{model['model_id']}", params={"force": "true"})


def trusted() -> ssl.SSLContext:
    """Whose certificates count for a real cluster: those of ES_CA_CERTS, else the system's."""
    return ssl.create_default_context(cafile=os.environ.get("ES_CA_CERTS"))


@contextmanager
def connect(url: str) -> Iterator[Cluster]:
    """The server at an address, with the credentials of the environment."""
    headers = {"Authorization": f"ApiKey {key}"} if (key := os.environ.get("ES_API_KEY")) else {}
    user = os.environ.get("ES_USERNAME")
    auth = httpx.BasicAuth(user, os.environ["ES_PASSWORD"]) if user else None
    with httpx.Client(base_url=url, timeout=60, headers=headers, auth=auth, verify=trusted()) as http:
        try:
            answer = http.get("/")
        except httpx.TransportError as error:
            pytest.exit(f"{url} cannot be reached: {error}", returncode=1)
        if answer.status_code != 200:
            pytest.exit(f"{url} answers {answer.status_code}: {answer.text}", returncode=1)
        number = answer.json()["version"]["number"]
        yield Cluster(http, tuple(map(int, number.split("-")[0].split("."))), _has_ml(http))


def _has_ml(http: httpx.Client) -> bool:
    features = http.get("/_xpack", params={"categories": "features"}).json().get("features", {})
    nodes = http.get("/_nodes", params={"filter_path": "nodes.*.roles"}).json().get("nodes", {})
    return bool(features.get("ml", {}).get("available")) and any("ml" in node["roles"] for node in nodes.values())
