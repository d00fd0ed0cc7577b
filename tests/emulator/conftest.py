"""What the emulator's tests share: the genuine client, plain HTTP, and an index of one's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from elasticsearch import Elasticsearch

from clipline.emulator.launch import running_emulator

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Api:
    """Plain requests, for what the client does not let through or does not show."""

    http: httpx.Client

    def __call__(self, method: str, path: str, body: Any = None, *, code: int = 200, **more: Any) -> Any:
        """The JSON that answers a request; checks the status."""
        answer = (
            self.http.request(method, path, json=body, **more)
            if body is not None
            else self.http.request(method, path, **more)
        )
        assert answer.status_code == code, answer.text
        return answer.json() if answer.content else None

    def error(self, method: str, path: str, body: Any = None, *, code: int, **more: Any) -> tuple[str, str]:
        """Type and reason of the error that answers a request; checks the error's shape."""
        answer = self(method, path, body, code=code, **more)
        assert answer["status"] == code
        assert answer["error"]["root_cause"]
        return answer["error"]["type"], answer["error"]["reason"]


@pytest.fixture(scope="session")
def http(emulator_url: str) -> Iterator[httpx.Client]:
    """A connection to the emulator that all tests use."""
    with httpx.Client(base_url=emulator_url, timeout=30) as connection:
        yield connection


@pytest.fixture
def api(http: httpx.Client) -> Api:
    """Plain requests to the emulator that all tests use."""
    return Api(http)


@pytest.fixture(scope="module", autouse=True)
def _no_shards_left(http: httpx.Client) -> Iterator[None]:
    """The indices of a file go with it: the tests of one process make more shards than a node may hold."""
    before = set(_indices(http))
    yield
    for name in set(_indices(http)) - before:
        http.delete(f"/{quote(name, safe='')}").raise_for_status()


def _indices(http: httpx.Client) -> list[str]:
    answer = http.get("/_cat/indices", params={"format": "json", "h": "index", "expand_wildcards": "all"})
    return [row["index"] for row in answer.raise_for_status().json()]


@pytest.fixture(scope="session")
def api_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Api]]:
    """``api_of("8.19.20")`` is an emulator of that version, one for all tests; more arguments make another one."""
    with ExitStack() as stack:

        @cache
        def started(version: str, *arguments: str) -> Api:
            data = tmp_path_factory.mktemp(f"emulator-{version}")
            url = stack.enter_context(running_emulator(data, "--version", version, *arguments))
            return Api(stack.enter_context(httpx.Client(base_url=url, timeout=30)))

        yield started


@pytest.fixture(scope="session")
def ml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An emulator with ``facts``, whose results are the sum of the ids, their number and the mask's sum.

    ``passes`` passes the same through, of windows that share a token.
    """
    from tests.emulator.ml_archives import deployed

    with running_emulator(tmp_path_factory.mktemp("ml")) as url, httpx.Client(base_url=url, timeout=60) as connection:
        made = Api(connection)
        deployed(made, "passes", "facts", task="pass_through", truncate="NONE", span=1)
        deployed(made, "facts", "facts", options={"prefix_strings": {"search": "dog ", "ingest": "cat "}})
        yield made


@pytest.fixture(scope="session")
def client(emulator_url: str) -> Iterator[Elasticsearch]:
    """The genuine client."""
    with Elasticsearch(emulator_url, request_timeout=30) as connection:
        yield connection


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"t{next(_NUMBERS)}"


@pytest.fixture
def make(api: Api, name: str) -> Callable[..., str]:
    """Make the test's own index, with documents that are searchable at once."""

    def index(properties: dict[str, Any] | None = None, docs: dict[str, Any] | None = None, **body: Any) -> str:
        mappings = {**body.pop("mappings", {}), **({"properties": properties} if properties else {})}
        api("PUT", f"/{name}", {"mappings": mappings, **body})
        for doc_id, source in (docs or {}).items():
            api("PUT", f"/{name}/_doc/{doc_id}", source, code=201)
        api("POST", f"/{name}/_refresh")
        return name

    return index
