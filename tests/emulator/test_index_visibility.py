"""What somebody may not reach is told by no listing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.secure_node import Secure, secure_node

USER = ("reader", "reader-password")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """``open-1`` and ``shut-1`` with an alias each; the user may see ``open*``."""
    with secure_node(tmp_path_factory.mktemp("visibility")) as node:
        role = {
            "cluster": ["monitor"],
            "indices": [{"names": ["open*"], "privileges": ["read", "view_index_metadata", "monitor"]}],
        }
        node("PUT", "/_security/role/r", role, who=node.elastic)
        node("PUT", f"/_security/user/{USER[0]}", {"password": USER[1], "roles": ["r"]}, who=node.elastic)
        for name in ("open", "shut"):
            node("PUT", f"/{name}-1", {"aliases": {f"{name}-alias": {}, f"{name[0]}": {}}}, who=node.elastic)
        yield node


def test_resolve(secure: Secure) -> None:
    found = secure("GET", "/_resolve/index/*", who=USER)
    assert [(one["name"], one["aliases"]) for one in found["indices"]] == [("open-1", ["open-alias"])]
    assert [one["name"] for one in found["aliases"]] == ["open-alias"]
    assert "shut-1" in secure.reason("GET", "/_resolve/index/shut-1", who=USER, code=403)


def test_aliases(secure: Secure) -> None:
    assert secure("GET", "/_alias", who=USER) == {"open-1": {"aliases": {"open-alias": {}}}}
    # An alias that is not granted is refused by its action; the refusal names indices only.
    refusal = secure.reason("GET", "/_alias/shut-alias", who=USER, code=403)
    assert refusal.startswith("action [indices:admin/aliases/get] is unauthorized for user [reader]")
    assert "shut-1" not in refusal
    table = secure("GET", "/_cat/aliases?format=json&h=alias", who=USER)
    assert table == [{"alias": "open-alias"}]


def test_tables_and_stats(secure: Secure) -> None:
    assert secure("GET", "/_cat/indices?format=json&h=index", who=USER) == [{"index": "open-1"}]
    assert set(secure("GET", "/_stats", who=USER)["indices"]) == {"open-1"}
    assert set(secure("GET", "/_settings", who=USER)) == {"open-1"}
