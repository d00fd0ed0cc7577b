"""Wrong things sent to every route of every family: nothing breaks, and nothing is taken that could not be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from clipline.emulator import absent, cluster, indices, ingest, ml, search, security
from clipline.emulator.http.wire import Route
from clipline.emulator.launch import running_emulator

ROUTES: list[Route] = [
    route
    for family in (absent, cluster, indices, ingest, ml, search, security)
    for route in family.ROUTES
    if (route.method, route.path) != ("DELETE", "/{index}")
]
KNOWN = {"index": "there", "id": "1"}
NAMES = ("y" * 3000, "é\U0001f600ß", "A/b", " ", "%", "-x", "<x", ",", "a,,b", "*", "_x", "a:b#", "a\0b", "a::b")
NO_OBJECTS = (b"null", b"true", b"1", b'"x"', b"[]", b"[1]", b"{", b"{} {}", b"\xff\xfe", b'{"a":1,"a":2}')
TYPED = {
    "timeout": "soon", "master_timeout": "", "local": "maybe", "flat_settings": "5", "expand_wildcards": "zz",
    "ignore_unavailable": "zz", "allow_no_indices": "1", "wait_if_ongoing": "zz", "include_unloaded_segments": "x",
    "request_cache": "x", "batched_reduce_size": "1", "max_concurrent_shard_requests": "0", "refresh": "zz",
    "pre_filter_shard_size": "1.5", "flush": "no", "version": "x", "if_seq_no": "x", "wait_for_active_shards": "x",
}  # fmt: skip


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        running_emulator(tmp_path_factory.mktemp("sweep")) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        client.put("/there/_doc/1?refresh=true", json={"k": "a"}).raise_for_status()
        yield client


def sent(http: httpx.Client, route: Route, name: str | None = None, query: str = "", **more: Any) -> httpx.Response:
    """What answers a route whose variables are all that name; the health does not wait for names that never come."""
    path = re.sub(r"\{(\w+)\}", lambda part: quote(name or KNOWN.get(part[1], "x1"), safe=""), route.path)
    hurry = "timeout=1ms&" if "health" in path and "timeout" not in query else ""
    answer = http.request(route.method, f"{path}?{hurry}{query}", **more)
    if answer.status_code >= 400 and route.method != "HEAD":
        answer.json()
    assert answer.status_code != 500, f"{route.method} {path}?{query} {more}: {answer.text}"
    return answer


def test_a_parameter_that_nobody_knows(http: httpx.Client) -> None:
    for route in ROUTES:
        answer = sent(http, route, query="zzunknown=1")
        assert answer.status_code == 400, (route, answer.text)
        assert "zzunknown" in answer.text, (route, answer.text)


def test_a_body_that_is_no_object(http: httpx.Client) -> None:
    for route in ROUTES:
        lines = route.path.endswith(("_bulk", "_msearch"))
        headers = {"content-type": "application/x-ndjson" if lines else "application/json"}
        for body in NO_OBJECTS:
            answer = sent(http, route, content=body, headers=headers)
            if "_validate" in route.path:
                assert answer.json()["valid"] is False, (route, body)
            else:
                assert answer.status_code in (400, 501), (route, body, answer.text)


def test_a_name_that_is_wild(http: httpx.Client) -> None:
    for route in ROUTES:
        if "{" in route.path and "deployment" not in route.path:
            for name in NAMES:
                sent(http, route, name, **({"json": {}} if route.method in ("PUT", "POST") else {}))


def test_a_parameter_of_the_wrong_kind(http: httpx.Client) -> None:
    for route in ROUTES:
        for name in sorted(route.params & TYPED.keys()):
            answer = sent(http, route, query=f"{name}={TYPED[name]}")
            assert answer.status_code in (400, 501), (route, name, answer.text)


def test_a_method_that_is_not_there(http: httpx.Client) -> None:
    for path in sorted({route.path for route in ROUTES}):
        known = {route.method for route in ROUTES if route.path == path}
        for method in {"GET", "PUT", "POST", "DELETE", "PATCH", "TRACE", "CONNECT"} - known:
            if (method, path) != ("DELETE", "/{index}"):
                found = sent(http, Route(method, path, "", None))  # type: ignore[arg-type]
                assert found.status_code in (400, 404, 405, 501), (method, path, found.text)
