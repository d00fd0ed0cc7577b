"""What a hit shows: _source, fields, docvalue_fields, stored_fields, versions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Api

PROPERTIES = {
    "k": {"type": "keyword"},
    "n": {"type": "integer"},
    "f": {"type": "float"},
    "d": {"type": "date"},
    "e": {"type": "date", "format": "epoch_second"},
    "b": {"type": "boolean"},
    "t": {"type": "text", "fields": {"raw": {"type": "keyword", "store": True}}},
    "g": {"type": "geo_point"},
    "o": {"properties": {"x": {"type": "long"}, "y": {"type": "keyword"}}},
    "v": {"type": "dense_vector", "dims": 2},
    "flat": {"type": "flattened"},
}
SOURCE: dict[str, Any] = {
    "k": ["b", "a", "b"], "n": "7", "f": 0.1, "d": "2024-05-01", "e": 10, "b": True, "t": "Snow", "g": {"lat": 1, "lon": 2},
    "o": {"x": 1, "y": "z", "u": {"deep": [1, 2]}}, "v": [3, 4], "flat": {"p": {"q": "r"}}, "other": "x",
}  # fmt: skip


@pytest.fixture(scope="module")
def index(http: Any) -> str:
    """One document, for questions only."""
    http.put("/f-one", json={"mappings": {"dynamic": False, "properties": PROPERTIES}}).raise_for_status()
    http.put("/f-one/_doc/1?refresh=true&routing=r", json=SOURCE).raise_for_status()
    return "f-one"


def hit(api: Api, body: dict[str, Any], params: str = "") -> dict[str, Any]:
    found: dict[str, Any] = api("POST", f"/f-one/_search{params}", body)["hits"]["hits"][0]
    return found


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        (["k"], {"k": ["b", "a", "b"]}),
        (["n", "f", "b"], {"n": [7], "f": [0.1], "b": [True]}),
        (["d"], {"d": ["2024-05-01T00:00:00.000Z"]}),
        (["e"], {"e": ["10"]}),
        ([{"field": "d", "format": "epoch_millis"}], {"d": ["1714521600000"]}),
        (["t*"], {"t": ["Snow"], "t.raw": ["Snow"]}),
        (["g"], {"g": [{"coordinates": [2.0, 1.0], "type": "Point"}]}),
        (["o.*"], {"o.x": [1], "o.y": ["z"]}),
        (["o"], None),
        (["v"], {"v": [3.0, 4.0]}),
        (["flat"], {"flat": [{"p": {"q": "r"}}]}),
        (["flat.p.q"], {"flat.p.q": ["r"]}),
        (["other"], None),
        ([{"field": "other", "include_unmapped": True}], {"other": ["x"]}),
        ([{"field": "o.*", "include_unmapped": True}], {"o.x": [1], "o.y": ["z"], "o.u.deep": [1, 2]}),
    ],
)
def test_fields(api: Api, index: str, wanted: list[Any], fields: Any) -> None:
    assert hit(api, {"fields": wanted, "_source": False}).get("fields") == fields


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        (["k"], {"k": ["a", "b"]}),
        (["n", "f"], {"n": [7], "f": [pytest.approx(0.1)]}),
        (["d", "e"], {"d": ["2024-05-01T00:00:00.000Z"], "e": ["10"]}),
        ([{"field": "d", "format": "epoch_millis"}], {"d": ["1714521600000"]}),
        ([{"field": "d", "format": "use_field_mapping"}], {"d": ["2024-05-01T00:00:00.000Z"]}),
        (["v"], {"v": [[3.0, 4.0]]}),
        (["o.*", "nope"], {"o.x": [1], "o.y": ["z"]}),
        (["t*"], {"t.raw": ["Snow"]}),
    ],
)
def test_docvalue_fields(api: Api, index: str, wanted: list[Any], fields: Any) -> None:
    assert hit(api, {"docvalue_fields": wanted})["fields"] == fields


def test_docvalues_of_a_float_have_its_precision(api: Api, index: str) -> None:
    assert hit(api, {}, "?docvalue_fields=f")["fields"]["f"] == [0.10000000149011612]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"docvalue_fields": ["t"]}, "Fielddata is disabled on [t] in [f-one]."),
        (
            {"docvalue_fields": [f"k{n}" for n in range(101)]},
            "Trying to retrieve too many docvalue_fields. Must be less",
        ),
        (
            {"docvalue_fields": [{"field": "v", "format": "array"}]},
            "Field [v] of type [dense_vector] doesn't support formats.",
        ),
        ({"fields": [{"field": "k", "format": "x"}]}, "Field [k] of type [keyword] doesn't support formats."),
    ],
)
def test_refusals(api: Api, index: str, body: dict[str, Any], reason: str) -> None:
    error = api("POST", f"/{index}/_search", body, code=400)["error"]
    assert error["root_cause"][0]["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("body", "params", "source"),
    [
        ({}, "?_source_includes=o", {"o": SOURCE["o"]}),
        ({"_source": ["o.x", "n"]}, "", {"o": {"x": 1}, "n": "7"}),
        ({"_source": "o.y"}, "", {"o": {"y": "z"}}),
        ({"_source": {"includes": "o", "excludes": ["*.deep", "o.x"]}}, "", {"o": {"y": "z", "u": {}}}),
        ({"_source": "n"}, "?_source_includes=f", {"f": 0.1}),
        ({"_source": False}, "", None),
        ({"stored_fields": []}, "", None),
        ({"stored_fields": ["t.raw"], "_source": ["n"]}, "", {"n": "7"}),
        ({"_source": {"includes": ["v"], "exclude_vectors": False}}, "", {"v": [3, 4]}),
    ],
)
def test_source(api: Api, index: str, body: dict[str, Any], params: str, source: Any) -> None:
    shown = hit(api, body, params).get("_source")
    if source is not None and "o" in source and "u" in source["o"]:
        # Whether an object that lost all its fields is shown is left open.
        shown["o"].setdefault("u", {})
        source = {**source, "o": {**source["o"]}}
    assert shown == source


def test_stored_fields(api: Api, index: str) -> None:
    assert hit(api, {"stored_fields": ["t.*", "k"]})["fields"] == {"t.raw": ["Snow"]}
    assert "_source" in hit(api, {"stored_fields": ["_source"]})
    assert hit(api, {"stored_fields": "_none_"}).keys() == {"_index", "_score"}


def test_what_stands_beside(api: Api, index: str) -> None:
    shown = hit(api, {"version": True, "seq_no_primary_term": True})
    assert (shown["_version"], shown["_seq_no"], shown["_primary_term"], shown["_routing"]) == (1, 0, 1, "r")
    assert "_version" in hit(api, {}, "?version=true")
    assert "_version" not in hit(api, {})


def test_options_that_contradict(api: Api, index: str) -> None:
    body = {"stored_fields": ["_none_"], "_source": True, "fields": ["k"]}
    assert api.error("POST", f"/{index}/_search", body, code=400)[1] == (
        "Validation Failed: 1: [stored_fields] cannot be disabled if [_source] is requested;"
        "2: [stored_fields] cannot be disabled when using the [fields] option;"
    )
