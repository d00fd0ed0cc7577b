"""Searches that name their indices in the body ask for the rights of those."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.secure_node import Secure, secure_node

ANN = ("ann", "ann-password")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """A node with two indices and somebody who may read one of them."""
    with secure_node(tmp_path_factory.mktemp("secure-search")) as secure:
        role = {"indices": [{"names": ["open"], "privileges": ["read"]}]}
        secure("PUT", "/_security/role/reader", role, who=secure.elastic)
        secure("PUT", "/_security/user/ann", {"password": ANN[1], "roles": ["reader"]}, who=secure.elastic)
        for index in ("open", "closed"):
            secure("PUT", f"/{index}/_doc/1?refresh=true", {"name": index}, who=secure.elastic, code=201)
        yield secure


def test_each_search_of_several_is_asked_for(secure: Secure) -> None:
    lines = b'{"index":"open"}\n{}\n{"index":"closed"}\n{}\n{"index":"*"}\n{}\n'
    answer = secure.http.post(
        "/_msearch", content=lines, auth=ANN, headers={"content-type": "application/x-ndjson"}
    ).json()
    first, second, third = answer["responses"]
    assert first["hits"]["total"]["value"] == third["hits"]["total"]["value"] == 1
    assert (second["status"], second["error"]["type"]) == (403, "security_exception")


def test_a_point_in_time_is_for_who_may_read_its_indices(secure: Secure) -> None:
    for index, status in (("open", 200), ("closed", 403)):
        pit = secure("POST", f"/{index}/_pit?keep_alive=1m", who=secure.elastic)["id"]
        assert secure.http.post("/_search", json={"pit": {"id": pit}}, auth=ANN).status_code == status


def test_a_lookup_is_for_who_may_read_its_index(secure: Secure) -> None:
    for index, status in (("open", 200), ("closed", 403)):
        query = {"terms": {"name": {"index": index, "id": "1", "path": "name"}}}
        assert secure.http.post("/open/_search", json={"query": query}, auth=ANN).status_code == status
