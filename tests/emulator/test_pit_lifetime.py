"""How long a point in time keeps the documents that it shows: as long as somebody reads them, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clipline.emulator.errors import ApiError
from clipline.emulator.http.app import build_app
from clipline.emulator.http.wire import Call
from clipline.emulator.node import Node
from clipline.emulator.search import pit

SEARCH = Call(method="POST", path="/_search", args={}, params={})


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node of the test's own, in its process, with one document."""
    node = Node(tmp_path)
    ask(node, "PUT", "/i/_doc/1?refresh=true", {"n": 1})
    yield node
    node.close()


def ask(node: Node, method: str, path: str, body: Any = None) -> Any:
    """The answer to a request."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(build_app(node))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.request(method, path, json=body)

    return asyncio.run(send()).json()


def _opened(node: Node, keep: str = "1m") -> str:
    return str(ask(node, "POST", f"/i/_pit?keep_alive={keep}")["id"])


def _sources(shares: list[pit.Share]) -> list[Any]:
    return [
        share.context.index.shard.source(document) for share in shares for document in share.context.snapshot.documents
    ]


def test_a_search_under_way_reads_on_when_its_point_is_closed(node: Node) -> None:
    name = _opened(node)
    ask(node, "DELETE", "/i/_doc/1?refresh=true")
    with pit.found(node, SEARCH, (name, None), size=10) as shares:
        assert ask(node, "DELETE", "/_pit", {"id": name}) == {"succeeded": True, "num_freed": 1}
        assert _sources(shares) == [{"n": 1}]
    # Nobody reads it any more, and what was deleted is gone.
    assert _sources(shares) == [{}]


def test_a_search_that_fails_lets_go(node: Node) -> None:
    name = _opened(node)
    ask(node, "DELETE", "/i/_doc/1?refresh=true")
    with pytest.raises(ApiError), pit.found(node, SEARCH, (name, None), size=10) as shares:
        raise ApiError(400, "x", "y")
    assert _sources(shares) == [{"n": 1}]
    ask(node, "DELETE", "/_pit", {"id": name})
    assert _sources(shares) == [{}]


def test_opening_is_enough_to_forget(node: Node) -> None:
    # One that is over and that nobody asks for must not be kept for ever.
    first = _opened(node, "1nanos")
    ask(node, "PUT", "/i/_doc/1?refresh=true", {"n": 2})
    _opened(node, "1nanos")
    assert first not in node.points._points
