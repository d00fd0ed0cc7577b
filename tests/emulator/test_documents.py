"""Single documents: written, read in every way, deleted; their versions and sequence numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

CONFLICT = "version_conflict_engine_exception"
OPTIMISTIC = (
    "internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and "
    "`if_primary_term` instead"
)


def test_a_life(api: Api, name: str) -> None:
    answer = api.http.put(f"/{name}/_doc/a%2Fb", json={"f": 1})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/{name}/_doc/a%2Fb"
    odd = api.http.put(f"/{name}-%C3%A9%00/_doc/%00%20~*-?routing=a%20b", json={})
    assert odd.headers["location"] == f"/{name}-%C3%A9%00/_doc/%00+%7E*-?routing=a+b"
    assert answer.json() == {
        "_index": name,
        "_id": "a/b",
        "_version": 1,
        "result": "created",
        "_shards": {"total": 2, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1,
    }
    again = api.http.put(f"/{name}/_doc/a%2Fb", json={"f": 2})
    assert (again.status_code, again.json()["result"], again.json()["_version"]) == (200, "updated", 2)
    assert "location" not in again.headers
    assert api("GET", f"/{name}/_doc/a%2Fb") == {
        "_index": name,
        "_id": "a/b",
        "_version": 2,
        "_seq_no": 1,
        "_primary_term": 1,
        "found": True,
        "_source": {"f": 2},
    }
    gone = api("DELETE", f"/{name}/_doc/a%2Fb")
    assert (gone["result"], gone["_version"], gone["_seq_no"]) == ("deleted", 3, 2)
    assert api("GET", f"/{name}/_doc/a%2Fb", code=404) == {"_index": name, "_id": "a/b", "found": False}
    missing = api("DELETE", f"/{name}/_doc/a%2Fb", code=404)
    assert (missing["result"], missing["_version"], missing["_seq_no"]) == ("not_found", 4, 3)
    back = api("PUT", f"/{name}/_doc/a%2Fb", {}, code=201)
    assert (back["result"], back["_version"], back["_seq_no"]) == ("created", 5, 4)


def test_made_ids(api: Api, name: str) -> None:
    ids = [api("POST", f"/{name}/_doc", {}, code=201)["_id"] for _ in range(5)]
    assert len(set(ids)) == 5
    assert {len(doc_id) for doc_id in ids} == {20}
    assert api.error("POST", f"/{name}/_doc?version=1&version_type=external", {}, code=400)[1] == (
        "Validation Failed: 1: create operations only support internal versioning. use index instead;"
    )


def test_creation(api: Api, name: str) -> None:
    assert api("PUT", f"/{name}/_create/1", {}, code=201)["result"] == "created"
    for path in ("_create/1", "_doc/1?op_type=create", "_create/1?op_type=CREATE"):
        kind, reason = api.error("PUT", f"/{name}/{path}", {}, code=409)
        assert (kind, reason) == (CONFLICT, "[1]: version conflict, document already exists (current version [1])")
    assert api.error("PUT", f"/{name}/_create/1?op_type=index", {}, code=400)[1] == (
        "opType must be 'create', found: [index]"
    )
    assert api.error("PUT", f"/{name}/_doc/1?op_type=x", {}, code=400)[1] == (
        "opType must be 'create' or 'index', found: [x]"
    )


def test_sequence_numbers_as_conditions(api: Api, make: Callable[..., str]) -> None:
    index = make(docs={"1": {"f": 1}})
    api("PUT", f"/{index}/_doc/1?if_seq_no=0&if_primary_term=1", {"f": 2})
    kind, reason = api.error("PUT", f"/{index}/_doc/1?if_seq_no=0&if_primary_term=1", {"f": 3}, code=409)
    current = "current document has seqNo [1] and primary term [1]"
    assert (kind, reason) == (CONFLICT, f"[1]: version conflict, required seqNo [0], primary term [1]. {current}")
    assert api.error("DELETE", f"/{index}/_doc/x?if_seq_no=3&if_primary_term=2", code=409)[1] == (
        "[x]: version conflict, required seqNo [3], primary term [2]. but no document was found"
    )
    assert api.error("DELETE", f"/{index}/_doc/1?if_seq_no=1&if_primary_term=9", code=409)
    # What failed has taken no number.
    assert api("DELETE", f"/{index}/_doc/1?if_seq_no=1&if_primary_term=1")["_seq_no"] == 2


def test_external_versions(api: Api, name: str) -> None:
    path = f"/{name}/_doc/1?version_type=external&version="
    assert api("PUT", f"{path}5", {}, code=201)["_version"] == 5
    assert api.error("PUT", f"{path}5", {}, code=409) == (
        CONFLICT,
        "[1]: version conflict, current version [5] is higher or equal to the one provided [5]",
    )
    assert api("PUT", f"{path}9", {})["_version"] == 9
    gte = f"/{name}/_doc/1?version_type=external_gte&version="
    assert api("PUT", f"{gte}9", {})["_version"] == 9
    assert api.error("PUT", f"{gte}8", {}, code=409)[1] == (
        "[1]: version conflict, current version [9] is higher than the one provided [8]"
    )
    assert api.error("DELETE", f"{path}4", code=409)
    assert api("DELETE", f"{path}12")["_version"] == 12
    # The deletion is remembered.
    assert api.error("PUT", f"{path}11", {}, code=409)
    assert api("PUT", f"{path}13", {}, code=201)["_version"] == 13
    assert api("PUT", f"/{name}/_doc/1", {})["_version"] == 14
    assert api("PUT", f"/{name}/_doc/0?version=0&version_type=external", {}, code=201)["_version"] == 0


def test_a_deletion_with_an_external_version_makes_the_index(api: Api, name: str) -> None:
    assert api.error("DELETE", f"/{name}/_doc/1", code=404)[0] == "index_not_found_exception"
    assert api("DELETE", f"/{name}/_doc/1?version=3&version_type=external", code=404)["result"] == "not_found"
    assert api("HEAD", f"/{name}") is None


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ("version=2", f"Validation Failed: 1: {OPTIMISTIC};"),
        (
            "version=0",
            f"Validation Failed: 1: illegal version value [0] for version type [INTERNAL];2: {OPTIMISTIC};",
        ),
        ("version_type=external", "Validation Failed: 1: illegal version value [-3] for version type [EXTERNAL];"),
        (
            "version_type=external&version=-1",
            "Validation Failed: 1: illegal version value [-1] for version type [EXTERNAL];",
        ),
        ("version_type=force&version=1", "No version type match [force]"),
        ("version=x", 'For input string: "x"'),
        ("version=99999999999999999999", 'For input string: "99999999999999999999"'),
        ("if_seq_no=1", "Validation Failed: 1: ifSeqNo is set, but primary term is [0];"),
        ("if_primary_term=1", "Validation Failed: 1: ifSeqNo is unassigned, but primary term is [1];"),
        ("if_seq_no=-5&if_primary_term=1", "sequence numbers must be non negative. got [-5]."),
        (
            "if_seq_no=1&if_primary_term=1&version=1&version_type=external",
            "Validation Failed: 1: compare and write operations can not use versioning;",
        ),
        ("refresh=maybe", "Unknown value for refresh: [maybe]."),
        ("wait_for_active_shards=-1", "cannot parse ActiveShardCount[-1]"),
        ("wait_for_active_shards=x", "cannot parse ActiveShardCount[x]"),
        (
            "timeout=5",
            "failed to parse setting [timeout] with value [5] as a time value: unit is missing or unrecognized",
        ),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_conditions_that_are_none(api: Api, name: str, method: str, params: str, reason: str) -> None:
    body = {} if method == "PUT" else None
    assert api.error(method, f"/{name}/_doc/1?{params}", body, code=400)[1] == reason


@pytest.mark.parametrize("value", ["2", "all"])
def test_more_copies_than_there_can_be(api: Api, name: str, value: str) -> None:
    wait = f"wait_for_active_shards={value}"
    lines = {"content": b'{"index":{"_id":"1"}}\n{}\n', "headers": {"Content-Type": "application/x-ndjson"}}
    api.error("PUT", f"/{name}/_doc/1?{wait}", {}, code=501)
    api.error("POST", f"/{name}/_update/1?{wait}", {"doc": {}, "doc_as_upsert": True}, code=501)
    api.error("POST", f"/{name}/_bulk?{wait}", code=501, **lines)
    api("PUT", f"/{name}", {"settings": {"number_of_replicas": 0}})
    fits = value == "all"
    api("PUT", f"/{name}/_doc/1?{wait}", {}, code=201 if fits else 501)
    api("POST", f"/{name}/_update/1?{wait}", {"doc": {}}, code=200 if fits else 501)
    api("POST", f"/{name}/_bulk?{wait}", code=200 if fits else 501, **lines)
    api("PUT", f"/{name}/_doc/1?wait_for_active_shards=0", {}, code=200 if fits else 201)


def test_ids_that_are_too_long(api: Api, name: str) -> None:
    api("PUT", f"/{name}/_doc/{'x' * 512}", {}, code=201)
    for doc_id, length in (("x" * 513, 513), ("ü" * 257, 514)):
        reason = f"id [{doc_id}] is too long, must be no longer than 512 bytes but was: {length}"
        answer = api.error("PUT", f"/{name}/_doc/{doc_id}", {}, code=400)
        assert answer == ("action_request_validation_exception", f"Validation Failed: 1: {reason};")


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", "parse_exception"), (b"{", "document_parsing_exception"), (b"[]", "document_parsing_exception"),
     (b'{"a":1,"a":2}', "document_parsing_exception"), (b'{"a":"\xff"}', "document_parsing_exception")],
)  # fmt: skip
def test_bodies_that_are_no_document(api: Api, name: str, content: bytes, kind: str) -> None:
    headers = {"Content-Type": "application/json"}
    assert api.error("PUT", f"/{name}/_doc/1", code=400, content=content, headers=headers)[0] == kind


def test_a_document_is_kept_as_it_was_sent(api: Api, name: str) -> None:
    content = '{ "z": 1.50, "a": 10000000000000000000000, "ü": "\\u00fc" }'
    api("PUT", f"/{name}", {"mappings": {"dynamic": "false"}})
    api("PUT", f"/{name}/_doc/1", code=201, content=content.encode(), headers={"Content-Type": "application/json"})
    assert api("GET", f"/{name}/_source/1") == {"z": 1.5, "a": 1e22, "ü": "ü"}


SOURCE = {"a": {"b": 1, "c": 2}, "d": 3}
CHOICES: list[tuple[str, dict[str, Any] | None]] = [
    ("", SOURCE),
    ("_source=true", SOURCE),
    ("_source=false", None),
    ("_source=a.b,d", {"a": {"b": 1}, "d": 3}),
    ("_source_includes=a", {"a": {"b": 1, "c": 2}}),
    ("_source_includes=a&_source_excludes=*.c", {"a": {"b": 1}}),
    ("_source_excludes=a", {"d": 3}),
    ("stored_fields=d", None),
    ("stored_fields=d,_source", SOURCE),
    ("stored_fields=d&_source=d", {"d": 3}),
    ("stored_fields=d&_source=true", SOURCE),
    ("stored_fields=d&_source", SOURCE),
    ("realtime=true&preference=_local&refresh=true", SOURCE),
]


@pytest.mark.parametrize(("params", "shown"), CHOICES)
def test_the_source_that_is_shown(api: Api, make: Callable[..., str], params: str, shown: Any) -> None:
    index = make(docs={"1": SOURCE})
    answer = api("GET", f"/{index}/_doc/1?{params}")
    assert answer.get("_source") == shown
    assert answer["found"]
    if shown is not None and "stored_fields" not in params:
        assert api("GET", f"/{index}/_source/1?{params}") == shown


def test_stored_fields(api: Api, make: Callable[..., str]) -> None:
    properties = {
        "s": {"type": "keyword", "store": True},
        "n": {"type": "integer", "store": True},
        "o": {"properties": {"x": {"type": "long"}}},
    }
    index = make(properties, {"1": {"s": ["x", "y"], "n": 3, "o": {"x": 1}}})
    answer = api("GET", f"/{index}/_doc/1?stored_fields=s,n,o.x,nothing")
    assert answer["fields"] == {"s": ["x", "y"], "n": [3]}
    assert "_source" not in answer
    assert api.error("GET", f"/{index}/_doc/1?stored_fields=o", code=400)[1] == "field [o] isn't a leaf field"


def test_the_version_that_is_read(api: Api, make: Callable[..., str]) -> None:
    index = make(docs={"1": {}})
    api("PUT", f"/{index}/_doc/1", {})
    for kind in ("internal", "external", "external_gte"):
        assert api("GET", f"/{index}/_doc/1?version=2&version_type={kind}")["_version"] == 2
        for version in (1, 10):
            assert api.error("GET", f"/{index}/_doc/1?version={version}&version_type={kind}", code=409) == (
                CONFLICT,
                f"[1]: version conflict, current version [2] is different than the one provided [{version}]",
            )
    assert api("GET", f"/{index}/_doc/none?version=3", code=404)["found"] is False
    assert api.error("GET", f"/{index}/_doc/1?version=0", code=400)[1] == (
        "Validation Failed: 1: illegal version value [0] for version type [INTERNAL];"
    )


def test_without_a_source(api: Api, make: Callable[..., str]) -> None:
    index = make(docs={"1": {}})
    assert api.error("GET", f"/{index}/_source/2", code=404) == (
        "resource_not_found_exception",
        f"Document not found [{index}]/[2]",
    )
    assert api.error("GET", f"/{index}/_source/1?_source=false", code=400)[1] == (
        "Validation Failed: 1: fetching source can not be disabled;"
    )
    for path, code in ((f"{index}/_doc/1", 200), (f"{index}/_doc/2", 404), (f"{index}/_source/1", 200),
                       (f"{index}/_source/2", 404), ("no-such/_doc/1", 404)):  # fmt: skip
        answer = api.http.head(f"/{path}")
        assert (answer.status_code, answer.content) == (code, b"")


def test_a_write_through_an_alias(api: Api, make: Callable[..., str], name: str) -> None:
    index = make()
    api("PUT", f"/{index}/_alias/{name}-x")
    assert api("PUT", f"/{name}-x/_doc/1?require_alias=true", {}, code=201)["_index"] == index
    assert api("GET", f"/{name}-x/_doc/1")["_index"] == index
    kind, reason = api.error("PUT", f"/{index}/_doc/1?require_alias=true", {}, code=404)
    assert (kind, reason) == (
        "index_not_found_exception",
        f"no such index [{index}] and [require_alias] request flag is [true] and [{index}] is not an alias",
    )
    assert api.error("PUT", f"/{index}/_doc/1?require_data_stream=true", {}, code=404)[1] == (
        f"no such index [{index}] and [require_data_stream] request flag is [true] and [{index}] is not a data stream"
    )
