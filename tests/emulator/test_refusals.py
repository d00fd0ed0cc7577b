"""What Elasticsearch refuses with 400: bodies, settings, documents and conditions of the wrong kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

INDEX = {
    "properties": {
        "k": {"type": "keyword"},
        "short": {"type": "keyword", "ignore_above": 10},
        "unindexed": {"type": "keyword", "index": False, "doc_values": False},
        "t": {"type": "text", "fields": {"raw": {"type": "keyword"}, "n": {"type": "integer"}}},
        "d": {"type": "date"},
    }
}

BODIES: dict[str, tuple[str, str, Any, str, str]] = {
    "settings": ("PUT", "/{}-x", {"settings": 5}, "parse_exception", "key [settings] must be an object"),
    "null settings": ("PUT", "/{}-x", {"settings": None}, "parse_exception", "key [settings] must be an object"),
    "mappings": ("PUT", "/{}-x", {"mappings": []}, "parse_exception", "key [mappings] must be an object"),
    "aliases": ("PUT", "/{}-x", {"aliases": 5}, "parse_exception", "key [aliases] must be an object"),
    "alias": ("PUT", "/{}-x", {"aliases": {"a": 5}}, "illegal_argument_exception", "[VALUE_NUMBER] in alias [a]"),
    "changed settings": ("PUT", "/{}/_settings", {"settings": 5}, "illegal_argument_exception",
                         "unknown setting [index.settings]"),
    "mget doc": ("POST", "/{}/_mget", {"docs": ["1"]}, "illegal_argument_exception",
                 "docs array element should include an object"),
    "mget docs": ("POST", "/{}/_mget", {"docs": 5}, "parsing_exception",
                  "unexpected token [VALUE_NUMBER], expected [FIELD_NAME] or [START_ARRAY]"),
    "mget id": ("POST", "/{}/_mget", {"ids": [None]}, "illegal_argument_exception",
                "ids array element should only contain ids"),
    "mget option": ("POST", "/{}/_mget", {"docs": [{"_id": "1", "_type": "t"}]}, "parse_exception",
                    "failed to parse multi get request. unknown field [_type]"),
    "patterns": ("PUT", "/_index_template/{}", {"index_patterns": 5}, "x_content_parse_exception",
                 "[index_template] index_patterns doesn't support values of type: VALUE_NUMBER"),
    "template settings": ("PUT", "/_index_template/{}", {"index_patterns": ["z"], "template": {"settings": 5}},
                          "x_content_parse_exception", "[index_template] failed to parse field [template]"),
    "component": ("PUT", "/_component_template/{}", {"template": {"mappings": []}},
                  "x_content_parse_exception", "failed to parse field [template]"),
    "action": ("POST", "/_aliases", {"actions": [{"add": 5}]}, "x_content_parse_exception",
               "[aliases] failed to parse field [actions]"),
    "update": ("POST", "/{}/_update/1", {"doc": {}, "dox": {}}, "x_content_parse_exception",
               "[UpdateRequest] unknown field [dox]"),
    "update kind": ("POST", "/{}/_update/1", {"doc": "x"}, "x_content_parse_exception",
                    "[UpdateRequest] doc doesn't support values of type: VALUE_STRING"),
    "update flag": ("POST", "/{}/_update/1", {"doc": {}, "detect_noop": 5}, "x_content_parse_exception",
                    "[UpdateRequest] detect_noop doesn't support values of type: VALUE_NUMBER"),
    "array": ("PUT", "/{}/_doc/1", [1], "document_parsing_exception", "Malformed content, must start with an object"),
    "source": ("POST", "/{}/_search", {"_source": 5}, "parsing_exception", "but found [VALUE_NUMBER]"),
    "parameter": ("GET", "/{}/_search?siz=1", None, "illegal_argument_exception",
                  "contains unrecognized parameter: [siz] -> did you mean [size]?"),
    "global parameter": ("GET", "/{}/_doc/1?prety", None, "illegal_argument_exception",
                         "contains unrecognized parameter: [prety] -> did you mean [pretty]?"),
    "two parameters": ("GET", "/{}/_doc/1?zzz&indx=1", None, "illegal_argument_exception",
                       "contains unrecognized parameters: [indx] -> did you mean [index]?, [zzz]"),
}  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "kind", "reason"), BODIES.values(), ids=BODIES)
def test_a_body(api: Api, make: Callable[..., str], method: str, path: str, body: Any, kind: str, reason: str) -> None:
    found, text = api.error(method, path.format(make()), body, code=400)
    assert found == kind
    assert reason in text


TIME = "failed to parse setting [index.refresh_interval] with value [{}] as a time value"
SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "flag": ({"index.mapping.exclude_source_vectors": "maybe"},
             "Failed to parse value [maybe] as only [true] or [false] are allowed."),
    "hidden": ({"hidden": 1}, "Failed to parse value [1] as only [true] or [false] are allowed."),
    "no unit": ({"refresh_interval": "7"}, f"{TIME.format('7')}: unit is missing or unrecognized"),
    "fraction": ({"refresh_interval": "1.5s"}, "failed to parse [1.5s], fractional time values are not supported"),
    "negative": ({"refresh_interval": "-5s"}, f"{TIME.format('-5s')}: negative durations are not supported"),
    "number": ({"max_result_window": "x"}, "Failed to parse value [x] for setting [index.max_result_window]"),
    "least": ({"max_result_window": 0}, "Failed to parse value [0] for setting [index.max_result_window] must be >= 1"),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "reason"), SETTINGS.values(), ids=SETTINGS)
def test_a_setting(api: Api, name: str, settings: dict[str, Any], reason: str) -> None:
    assert api.error("PUT", f"/{name}", {"settings": settings}, code=400) == ("illegal_argument_exception", reason)


@pytest.mark.parametrize("interval", ["-1", "0", 0, "100ms", "2d", None])
def test_an_interval_that_may_be(api: Api, name: str, interval: Any) -> None:
    api("PUT", f"/{name}", {"settings": {"refresh_interval": interval}})
    api("PUT", f"/{name}/_doc/1", {}, code=201)
    api("POST", f"/{name}/_refresh")
    assert api("GET", f"/{name}/_count")["count"] == 1


def test_a_term_that_is_too_long(api: Api, make: Callable[..., str]) -> None:
    index = make(mappings=INDEX)
    answer = api("PUT", f"/{index}/_doc/1", {"k": "é" * 16384}, code=400)["error"]
    assert answer["type"] == "document_parsing_exception"
    assert "failed to parse field [k] of type [keyword] in document with id '1'" in answer["reason"]
    assert answer["caused_by"] == {
        "type": "illegal_argument_exception",
        "reason": 'Document contains at least one immense term in field="k" (whose UTF8 encoding is longer than the max '
        "length 32766), all of which were skipped. Please correct the analyzer to not produce such terms. The prefix of "
        f"the first immense term is: '{[-61, -87] * 15}...'",
    }
    _, reason = api.error("PUT", f"/{index}/_doc/1", {"t": "12 " * 12000}, code=400)
    assert "failed to parse field [t.raw] of type [keyword]" in reason
    _, reason = api.error("PUT", f"/{index}/_doc/1", {"t": "many"}, code=400)
    assert "failed to parse field [t.n] of type [integer]" in reason
    fits = {"k": "é" * 16383, "short": "x" * 40000, "unindexed": "x" * 40000}
    api("PUT", f"/{index}/_doc/1", fits, code=201)
    _, reason = api.error("PUT", f"/{index}/_doc/2", {"d": "99999999999999999999"}, code=400)
    assert "failed to parse field [d] of type [date]" in reason


POSITIONS: dict[str, tuple[str, str]] = {
    "first": ('{"d":"x"}', "[1:6] failed to parse field [d]"),
    "bytes": ('{"k":"é","d":"x"}', "[1:15] failed to parse field [d]"),
    "line": ('{\n  "k": "d, [",\n  "d": "x"\n}', "[3:8] failed to parse field [d]"),
    "array": ('{"d":["2024","x"]}', "[1:14] failed to parse field [d]"),
    "inside": ('{"o":[{"n":1},{"n":true,"m":[]}]}', "[1:20] failed to parse field [o.n]"),
    "dots": ('{"o.n":"x"}', "[1:8] failed to parse field [o.n]"),
    "multi-field": ('{"k":"many","t":"many"}', "[1:17] failed to parse field [t.n]"),
    "other kind": ('{"o":{"k":1,"m":true,"n":true}}', "[1:26] failed to parse field [o.n]"),
}


@pytest.mark.parametrize(("raw", "reason"), POSITIONS.values(), ids=POSITIONS)
def test_where_a_value_stands(api: Api, make: Callable[..., str], raw: str, reason: str) -> None:
    index = make({**INDEX["properties"], "o": {"properties": {"n": {"type": "long"}, "m": {"type": "boolean"}}}})
    headers = {"content-type": "application/json"}
    _, found = api.error("PUT", f"/{index}/_doc/1", code=400, content=raw, headers=headers)
    assert found.startswith(reason)
    if "\n" not in raw:
        lines = f'{{"index":{{"_id":"1"}}}}\n{raw}\n'
        (item,) = api("POST", f"/{index}/_bulk", content=lines, headers=headers)["items"]
        assert item["index"]["error"]["reason"].startswith(reason)


@pytest.mark.parametrize("raw", ['{"a": NaN}', '{"a": 1', '{"a": Infinity}'])
def test_what_is_not_json(api: Api, make: Callable[..., str], raw: str) -> None:
    headers = {"content-type": "application/json"}
    kind, _ = api.error("PUT", f"/{make()}/_doc/1", code=400, content=raw, headers=headers)
    assert kind == "document_parsing_exception"


CONDITIONS: dict[str, tuple[str, str, Any, str]] = {
    "seq_no only": ("PUT", "_doc/1?if_seq_no=0", {}, "ifSeqNo is set, but primary term is [0]"),
    "term only": ("DELETE", "_doc/1?if_primary_term=1", None, "ifSeqNo is unassigned, but primary term is [1]"),
    "create": ("PUT", "_create/1?if_seq_no=0&if_primary_term=1", {}, "create operations do not support compare and set"),
    "update": ("POST", "_update/1?if_seq_no=0", {"doc": {}}, "ifSeqNo is set, but primary term is [0]"),
    "upsert": ("POST", "_update/1?if_seq_no=0&if_primary_term=1", {"doc": {}, "upsert": {}},
               "upsert requests don't support `if_seq_no` and `if_primary_term`"),
    "retry": ("POST", "_update/1?if_seq_no=0&if_primary_term=1&retry_on_conflict=1", {"doc": {}},
              "compare and write operations can not be retried"),
}  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "reason"), CONDITIONS.values(), ids=CONDITIONS)
def test_half_a_condition(api: Api, make: Callable[..., str], method: str, path: str, body: Any, reason: str) -> None:
    kind, text = api.error(method, f"/{make(docs={'1': {}})}/{path}", body, code=400)
    assert kind == "action_request_validation_exception"
    assert reason in text


BULKS: dict[str, tuple[str, str, str]] = {
    "delete without id": ('{"delete":{}}\n', "action_request_validation_exception", "1: id is missing;"),
    "update without id": ('{"update":{}}\n{"doc":{}}\n', "action_request_validation_exception", "1: id is missing;"),
    "half a condition": ('{"index":{"if_seq_no":1}}\n{}\n', "action_request_validation_exception", "primary term is [0]"),
    "no number": ('{"index":{"if_seq_no":"x"}}\n{}\n', "number_format_exception", 'For input string: "x"'),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "kind", "reason"), BULKS.values(), ids=BULKS)
def test_a_bulk_is_refused_whole(api: Api, make: Callable[..., str], lines: str, kind: str, reason: str) -> None:
    index = make()
    lines = f'{{"index":{{"_id":"good"}}}}\n{{}}\n{lines}'
    headers = {"content-type": "application/x-ndjson"}
    found, text = api.error("POST", f"/{index}/_bulk", code=400, content=lines, headers=headers)
    assert found == kind
    assert reason in text
    api("GET", f"/{index}/_doc/good", code=404)


def test_a_bulk_item_is_refused_alone(api: Api, make: Callable[..., str]) -> None:
    lines = '{"index":{}}\n[1]\n{"index":{}}\n{"a":NaN}\n{"index":{}}\n{}\n'
    headers = {"content-type": "application/x-ndjson"}
    items = api("POST", f"/{make()}/_bulk", content=lines, headers=headers)["items"]
    array, number, good = (item["index"] for item in items)
    assert array["error"]["reason"] == "[1:1] Malformed content, must start with an object"
    assert (number["status"], number["error"]["type"]) == (400, "document_parsing_exception")
    assert good["status"] == 201


def test_an_empty_list_of_knn_is_not_everything(api: Api, make: Callable[..., str]) -> None:
    kind, reason = api.error("POST", f"/{make(docs={'1': {}})}/_search", {"knn": []}, code=501)
    assert kind == "emulator_unsupported_exception"
    assert "an empty list of [knn] clauses" in reason


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ({"lte": "2024"}, "new year, noon"),
        ({"lte": "2024-01"}, "new year, noon"),
        ({"gt": "2024"}, "second day, may, may noon"),
        ({"lt": "2024"}, ""),
        ({"gte": "2024"}, "new year, noon, second day, may, may noon"),
        ({"gte": "2024-05-17", "lte": "2024-05-17"}, "may, may noon"),
        ({"gt": "2024-05-17T12"}, ""),
        ({"lt": "2024-05-17T12"}, "new year, noon, second day, may"),
    ],
)
def test_bounds_that_leave_their_end_away(
    api: Api, make: Callable[..., str], bounds: dict[str, str], found: str
) -> None:
    moments = {
        "new year": "2024-01-01",
        "noon": "2024-01-01T12:00:00Z",
        "second day": "2024-01-02",
        "may": "2024-05-17",
        "may noon": "2024-05-17T12:30:15.250Z",
    }
    index = make({"d": {"type": "date"}}, {key.replace(" ", "_"): {"d": moment} for key, moment in moments.items()})
    body = {"query": {"range": {"d": bounds}}, "sort": [{"d": "asc"}]}
    hits = api("POST", f"/{index}/_search", body)["hits"]["hits"]
    assert ", ".join(hit["_id"].replace("_", " ") for hit in hits) == found
