"""``_mget``: found or not or an error, document by document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

SOURCE = {"a": 1, "b": {"c": 2, "d": 3}}


@pytest.fixture
def index(make: Callable[..., str]) -> str:
    """Two documents."""
    return make(docs={"1": SOURCE, "2": {"a": 2}})


def test_all_outcomes(api: Api, index: str, name: str) -> None:
    api("PUT", f"/{name}-b", {"aliases": {f"{name}-two": {}}})
    api("PUT", f"/{index}/_alias/{name}-two")
    wanted = [{"_id": "1"}, {"_id": "x"}, {"_index": "no-such", "_id": "1"}, {"_index": f"{name}-two", "_id": "1"}]
    docs = api("POST", f"/{index}/_mget", {"docs": wanted})["docs"]
    assert docs[0] == {
        "_index": index,
        "_id": "1",
        "_version": 1,
        "_seq_no": 0,
        "_primary_term": 1,
        "found": True,
        "_source": SOURCE,
    }
    assert docs[1] == {"_index": index, "_id": "x", "found": False}
    assert docs[2]["error"]["type"] == "index_not_found_exception"
    assert docs[2]["error"]["root_cause"][0]["reason"] == "no such index [no-such]"
    assert (docs[3]["_index"], docs[3]["_id"]) == (f"{name}-two", "1")
    assert docs[3]["error"]["type"] == "illegal_argument_exception"


def test_ids(api: Api, index: str) -> None:
    docs = api("GET", f"/{index}/_mget", {"ids": ["2", 1, "1"]})["docs"]
    assert [doc["_source"]["a"] for doc in docs] == [2, 1, 1]
    both = api("GET", f"/{index}/_mget", {"ids": [True], "docs": [{"_id": True}]})["docs"]
    assert both == [{"_index": index, "_id": "true", "found": False}] * 2


@pytest.mark.parametrize(
    ("entry", "params", "shown"),
    [
        ({}, "", SOURCE),
        ({"_source": False}, "", None),
        ({"_source": True}, "", SOURCE),
        ({"_source": "b.c"}, "", {"b": {"c": 2}}),
        ({"_source": ["a", "b.d"]}, "", {"a": 1, "b": {"d": 3}}),
        ({"_source": ["a", 5, True]}, "", {"a": 1}),
        ({"_source": {"include": "b", "exclude": ["*.c"]}}, "", {"b": {"d": 3}}),
        ({}, "_source=a", {"a": 1}),
        ({}, "_source=false", None),
        ({"_source": "b.c"}, "_source=a", {"b": {"c": 2}}),
        ({"_source": True}, "_source=a", {"a": 1}),
        ({"stored_fields": "a"}, "", None),
        ({"stored_fields": ["a", "_source"]}, "", SOURCE),
        ({"stored_fields": "a"}, "_source=true", SOURCE),
        # The real one cannot tell this from nothing said.
        ({"stored_fields": "a", "_source": True}, "", None),
        ({"version": 1}, "", SOURCE),
        ({"version": 1, "version_type": "external"}, "realtime=false", SOURCE),
    ],
)
def test_options_of_one(api: Api, index: str, entry: dict[str, Any], params: str, shown: Any) -> None:
    (doc,) = api("POST", f"/{index}/_mget?{params}", {"docs": [{"_id": "1", **entry}]})["docs"]
    assert doc["found"]
    assert doc.get("_source") == shown


@pytest.mark.parametrize(
    ("choice", "code", "reason"),
    [
        ([{"a": 1}], 501, "a [START_OBJECT] in the array of [_source]"),
        ([None], 501, "a [VALUE_NULL] in the array of [_source]"),
        ({"exclude_vectors": "no"}, 400, "Unknown key for a VALUE_STRING in [exclude_vectors]."),
        ({"includes": True}, 400, "Unknown key for a VALUE_BOOLEAN in [includes]."),
        ({"excludes": ["a", 5]}, 400, "Unknown key for a VALUE_NUMBER in [excludes]."),
        ({"x": {}}, 400, "Unknown key for a START_OBJECT in [x]."),
    ],
)
def test_choices_of_the_source_that_are_none(api: Api, index: str, choice: Any, code: int, reason: str) -> None:
    for path, body in (("_mget", {"docs": [{"_id": "1", "_source": choice}]}), ("_search", {"_source": choice})):
        assert api.error("POST", f"/{index}/{path}", body, code=code)[1].endswith(reason)


def test_another_version(api: Api, index: str) -> None:
    docs = api("POST", f"/{index}/_mget", {"docs": [{"_id": "1", "version": 7}, {"_id": "1"}]})["docs"]
    assert docs[0]["error"]["type"] == "version_conflict_engine_exception"
    assert docs[1]["found"]


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/_mget", {}, "Validation Failed: 1: no documents to get;"),
        ("/_mget", {"docs": []}, "Validation Failed: 1: no documents to get;"),
        (
            "/_mget",
            {"docs": [{}, {"_index": "x"}]},
            "Validation Failed: 1: index is missing for doc 0;2: id is missing for doc 0;3: id is missing for doc 1;",
        ),
        ("/_mget", {"ids": ["1"]}, "Validation Failed: 1: index is missing for doc 0;"),
        ("/x/_mget", {"ids": [["1"]]}, "ids array element should only contain ids"),
        ("/x/_mget", {"docs": ["1"]}, "docs array element should include an object"),
        ("/x/_mget", {"dox": ["1"]}, "unknown key [dox] for a START_ARRAY, expected [docs] or [ids]"),
        ("/x/_mget", {"ids": "1"}, "unexpected token [VALUE_STRING], expected [FIELD_NAME] or [START_ARRAY]"),
        (
            "/x/_mget",
            {"docs": [{"_id": "1", "_type": "x"}]},
            "failed to parse multi get request. unknown field [_type]",
        ),
        (
            "/x/_mget",
            {"docs": [{"_id": "1", "fields": ["x"]}]},
            "Unsupported field [fields] used, expected [stored_fields] instead",
        ),
        ("/x/_mget", {"docs": [{"_id": "1", "version_type": "x"}]}, "No version type match [x]"),
        ("/x/_mget", {"docs": [{"_id": "1", "_source": 5}]}, "illegal type for _source: [VALUE_NUMBER]"),
    ],
)
def test_what_is_refused(api: Api, path: str, body: Any, reason: str) -> None:
    assert api.error("POST", path, body, code=400)[1] == reason


def test_without_a_body(api: Api) -> None:
    reason = "request body or source parameter is required"
    assert api.error("POST", "/_mget", code=400) == ("parse_exception", reason)
