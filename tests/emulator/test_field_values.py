"""Values of documents in every field type: what is taken, and what is refused with which cause and at which place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clipline.emulator.indices.dates import DEFAULT_FORMAT, parse_date
from tests.emulator.conftest import Api

JSON = {"Content-Type": "application/json"}
NUMBER, PARSE, STATE = "number_format_exception", "parse_exception", "illegal_state_exception"
ARGUMENT, CONTENT = "illegal_argument_exception", "x_content_parse_exception"

REFUSED: list[tuple[dict[str, Any], str, str, str, str, str]] = [
    # definition, JSON, preview, place, cause, reason of the cause
    ({"type": "long"}, '"x"', "x", "1:6", ARGUMENT, 'For input string: "x"'),
    ({"type": "integer"}, '"x"', "x", "1:6", NUMBER, 'For input string: "x"'),
    (
        {"type": "integer"},
        '"2147483648"',
        "2147483648",
        "1:6",
        ARGUMENT,
        "Value [2147483648] is out of range for an integer",
    ),
    (
        {"type": "integer"},
        "2147483648",
        "2147483648",
        "1:6",
        CONTENT,
        "[1:6] Numeric value (2147483648) out of range of int (-2147483648 - 2147483647)",
    ),
    (
        {"type": "long"},
        "9223372036854775808",
        "9223372036854775808",
        "1:6",
        CONTENT,
        "[1:6] Numeric value (9223372036854775808) out of range of long (-9223372036854775808 - 9223372036854775807)",
    ),
    ({"type": "short"}, "32768", "32768", "1:6", ARGUMENT, "Value [32768] is out of range for a short"),
    ({"type": "byte"}, "[1, -129]", "-129", "1:10", ARGUMENT, "Value [-129] is out of range for a byte"),
    ({"type": "long"}, '{"a":1}', "{a=1}", "1:12", ARGUMENT, "Cannot parse object as number"),
    (
        {"type": "long"},
        "true",
        "true",
        "1:6",
        CONTENT,
        "[1:6] Current token (VALUE_TRUE) not numeric, can not use numeric value accessors",
    ),
    ({"type": "long", "coerce": False}, '"1"', "1", "1:6", ARGUMENT, "Long value passed as String"),
    (
        {"type": "integer", "coerce": False},
        "1.5",
        "1.5",
        "1:6",
        ARGUMENT,
        "1.5 cannot be converted to Integer without data loss",
    ),
    ({"type": "float"}, "1e39", "1.0E39", "1:6", ARGUMENT, "[float] supports only finite values, but got [Infinity]"),
    (
        {"type": "half_float"},
        "70000",
        "70000",
        "1:6",
        ARGUMENT,
        "[half_float] supports only finite values, but got [70000.0]",
    ),
    ({"type": "double"}, '"NaN"', "NaN", "1:6", ARGUMENT, "[double] supports only finite values, but got [NaN]"),
    ({"type": "double"}, '"x"', "x", "1:6", NUMBER, 'For input string: "x"'),
    (
        {"type": "boolean"},
        '"yes"',
        "yes",
        "1:6",
        ARGUMENT,
        "Failed to parse value [yes] as only [true] or [false] are allowed.",
    ),
    ({"type": "boolean"}, "1", "1", "1:6", CONTENT, "[1:6] Current token (VALUE_NUMBER_INT) not of boolean type"),
    (
        {"type": "date"},
        '"soon"',
        "soon",
        "1:6",
        ARGUMENT,
        "failed to parse date field [soon] with format [strict_date_optional_time||epoch_millis]",
    ),
    (
        {"type": "date", "format": "yyyy-MM-dd HH:mm:ss"},
        '"2024-05-17"',
        "2024-05-17",
        "1:6",
        ARGUMENT,
        "failed to parse date field [2024-05-17] with format [yyyy-MM-dd HH:mm:ss]",
    ),
    (
        {"type": "date", "format": "epoch_second"},
        f'"{"9" * 400}"',
        "9" * 400,
        "1:6",
        ARGUMENT,
        f"failed to parse date field [{'9' * 400}] with format [epoch_second]",
    ),
    ({"type": "date"}, '{"a":[]}', "{a=[]}", "1:13", STATE, "Can't get text on a START_OBJECT at 1:6"),
    ({"type": "keyword"}, '{"a":1}', "{a=1}", "1:12", STATE, "Can't get text on a START_OBJECT at 1:6"),
    ({"type": "geo_point"}, '{"lat":1}', "{lat=1}", "1:14", PARSE, "Required [lon]"),
    (
        {"type": "geo_point"},
        '{"a":1}',
        "{a=1}",
        "1:12",
        PARSE,
        "field [a] not supported - must be one of: lat, lon, z, type, coordinates, geohash",
    ),
    ({"type": "geo_point"}, '"1,x"', "1,x", "1:6", PARSE, "longitude must be a number"),
    ({"type": "geo_point"}, '"91,1"', "91,1", "1:6", ARGUMENT, "illegal latitude value [91.0] for f"),
    ({"type": "geo_point"}, '"a1"', "a1", "1:6", PARSE, "unsupported symbol [a] in geohash [a1]"),
    ({"type": "geo_point"}, "7", "7", "1:6", PARSE, "geo_point expected"),
    (
        {"type": "geo_point", "ignore_z_value": False},
        '"1,2,3"',
        "1,2,3",
        "1:6",
        PARSE,
        "Exception parsing coordinates: found Z value [3.0] but [ignore_z_value] parameter is [false]",
    ),
    (
        {"type": "flattened", "depth_limit": 2},
        '{"a":{"b":{"c":1}}}',
        "{a={b={c=1}}}",
        "1:24",
        ARGUMENT,
        "The provided [flattened] field [f] exceeds the maximum depth limit of [2].",
    ),
]


@pytest.mark.parametrize(("field", "raw", "preview", "place", "kind", "reason"), REFUSED)
def test_refused(
    api: Api,
    make: Callable[..., str],
    field: dict[str, Any],
    raw: str,
    preview: str,
    place: str,
    kind: str,
    reason: str,
) -> None:
    index = make({"f": field})
    error = api("PUT", f"/{index}/_doc/1", content=f'{{"f":{raw}}}'.encode(), headers=JSON, code=400)["error"]
    assert (error["type"], error["reason"]) == (
        "document_parsing_exception",
        (
            f"[{place}] failed to parse field [f] of type [{field['type']}] in document with id '1'. Preview of field's value: "
            f"'{preview}'"
        ),
    )
    assert error["caused_by"] == {"type": kind, "reason": reason}
    api("GET", f"/{index}/_doc/1", code=404)


TAKEN: list[tuple[dict[str, Any], Any, Any]] = [
    ({"type": "long"}, ["7", 7.9, "7.9", 7], 7),
    ({"type": "long"}, [""], None),
    ({"type": "long", "null_value": 7}, [None], 7),
    ({"type": "byte"}, ["-128"], -128),
    ({"type": "double"}, ["1e3", " 1000d"], 1000),
    ({"type": "boolean"}, ["true", True], True),
    ({"type": "boolean"}, ["", "false"], False),
    ({"type": "keyword"}, [7, "7"], "7"),
    ({"type": "keyword"}, [True], "true"),
    ({"type": "keyword", "normalizer": "lowercase"}, ["ÄB"], "äb"),
    ({"type": "keyword", "null_value": "none"}, [None, [None]], "none"),
    ({"type": "date"}, ["2024-05", "2024-05-01T00:00:00.000Z", 1714521600000], "2024-05-01"),
    ({"type": "date", "format": "dd/MM/yyyy"}, ["01/05/2024"], "01/05/2024"),
    ({"type": "date", "format": "epoch_second"}, [1714521600, "1714521600"], 1714521600),
]


@pytest.mark.parametrize(("field", "values", "wanted"), TAKEN)
def test_taken(api: Api, make: Callable[..., str], field: dict[str, Any], values: list[Any], wanted: Any) -> None:
    index = make({"f": field}, {str(number): {"f": value} for number, value in enumerate(values)})
    query = {"bool": {"must_not": {"exists": {"field": "f"}}}} if wanted is None else {"term": {"f": wanted}}
    assert api("POST", f"/{index}/_count", {"query": query})["count"] == len(values)


POINTS = [
    {"lat": 48.5, "lon": "11.5"},
    [11.5, 48.5],
    "48.5,11.5",
    "POINT (11.5 48.5)",
    {"type": "Point", "coordinates": [11.5, 48.5, 99]},
    [[11.5, 48.5]],
]


def test_points_in_all_their_forms(api: Api, make: Callable[..., str]) -> None:
    index = make({"f": {"type": "geo_point"}}, {str(number): {"f": point} for number, point in enumerate(POINTS)})
    hits = api("POST", f"/{index}/_search", {"fields": ["f"], "_source": False})["hits"]["hits"]
    assert [hit["fields"]["f"] for hit in hits] == [[{"coordinates": [11.5, 48.5], "type": "Point"}]] * len(POINTS)
    api("PUT", f"/{index}/_doc/hash?refresh=true", {"f": {"geohash": "u281z"}}, code=201)
    (found,) = api("POST", f"/{index}/_search", {"query": {"ids": {"values": ["hash"]}}, "fields": ["f"]})["hits"][
        "hits"
    ]
    lon, lat = found["fields"]["f"][0]["coordinates"]
    assert 48.0 < lat < 48.2
    assert 11.4 < lon < 11.7


def test_what_is_ignored_is_named(api: Api, make: Callable[..., str]) -> None:
    fields = {
        "n": {"type": "integer", "ignore_malformed": True},
        "k": {"type": "keyword", "ignore_above": 3},
        "d": {"type": "date", "ignore_malformed": True},
    }
    index = make(fields, {"1": {"n": ["x", 5], "k": ["long", "ok"], "d": "2024-01-01"}, "2": {"k": "ok"}})
    hits = {hit["_id"]: hit for hit in api("POST", f"/{index}/_search", {})["hits"]["hits"]}
    assert hits["1"]["_ignored"] == ["k", "n"]
    assert "_ignored" not in hits["2"]
    for field, value in (("n", 5), ("k", "ok"), ("d", "2024-01-01")):
        assert api("POST", f"/{index}/_count", {"query": {"term": {field: value}}})["count"] >= 1
    # An object is no malformed number.
    assert api("PUT", f"/{index}/_doc/3", {"n": {"a": 1}}, code=400)


def test_what_the_index_says_for_its_fields(api: Api, make: Callable[..., str]) -> None:
    settings = {"index.mapping.ignore_malformed": True, "index.mapping.coerce": False}
    fields = {
        "a": {"type": "long"},
        "b": {"type": "long", "coerce": True},
        "c": {"type": "long", "ignore_malformed": False},
    }
    index = make(fields, {"1": {"a": "7", "b": "7"}}, settings=settings)
    assert api("POST", f"/{index}/_search", {})["hits"]["hits"][0]["_ignored"] == ["a"]
    assert api("POST", f"/{index}/_count", {"query": {"term": {"b": 7}}})["count"] == 1
    assert (
        api("PUT", f"/{index}/_doc/2", {"c": "7"}, code=400)["error"]["caused_by"]["reason"]
        == "Long value passed as String"
    )


def test_copies(api: Api, make: Callable[..., str]) -> None:
    fields = {
        "a": {"type": "text", "copy_to": ["all", "o.inner"]},
        "b": {"type": "long", "copy_to": "all"},
        "all": {"type": "keyword"},
    }
    index = make(fields, {"1": {"a": "one", "b": [2, 3]}})
    for value in ("one", "2", "3"):
        assert api("POST", f"/{index}/_count", {"query": {"term": {"all": value}}})["count"] == 1
    assert api("GET", f"/{index}/_doc/1")["_source"] == {"a": "one", "b": [2, 3]}
    made = api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]["o"]["properties"]["inner"]
    assert made["type"] == "text"


def test_dates_that_no_calendar_of_python_reaches(api: Api, make: Callable[..., str]) -> None:
    far = 9_007_199_254_740_993  # which no float holds
    index = make({"d": {"type": "date"}, "e": {"type": "date", "format": "epoch_millis"}}, {"1": {"d": far, "e": far}})
    hit = api("POST", f"/{index}/_search", {"query": {"term": {"d": far}}, "sort": ["d"], "fields": ["e"]})["hits"][
        "hits"
    ][0]
    assert (hit["sort"], hit["fields"]["e"]) == ([far], [str(far)])
    shown = api.error("POST", f"/{index}/_search", {"fields": ["d"]}, code=501)
    assert shown[0] == "emulator_unsupported_exception"


@pytest.mark.parametrize(
    "text", ["2024-01-01T00:00:00+99:99", "2024-01-01T00:00:00+18:01", "2024-01-01T00+01:60", "٢٠٢٤-01-01"]
)
def test_dates_that_are_none_in_java(text: str) -> None:
    with pytest.raises(ValueError, match="failed to parse date field"):
        parse_date(text, DEFAULT_FORMAT)
    assert parse_date("2024-01-01T00:00:00-18:00", DEFAULT_FORMAT) == parse_date("2024-01-01T18:00:00Z", DEFAULT_FORMAT)
