"""``_bulk``: outcomes item by item, and what refuses a request as a whole."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def eight(api_of: Callable[..., Api]) -> Api:
    """The server of version 8 that all tests share."""
    return api_of("8.19.20")


def bulk(api: Api, path: str, *lines: Any, code: int = 200) -> Any:
    """The answer to lines, which are JSON values or text as it is to be sent."""
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return api("POST", path, code=code, content=text.encode(), headers=NDJSON)


def items(answer: Any) -> list[tuple[str, int, str]]:
    """Verb, status, and result or type of error of each item."""
    return [
        (verb, item["status"], item["error"]["type"] if "error" in item else item["result"])
        for entry in answer["items"]
        for verb, item in entry.items()
    ]


def test_every_verb(api: Api, name: str) -> None:
    answer = bulk(
        api,
        f"/{name}/_bulk?refresh=true",
        {"index": {"_id": "1"}},
        {"f": 1},
        {"create": {"_id": "1"}},
        {"f": 2},
        {"update": {"_id": "1"}},
        {"doc": {"g": 1}},
        {"update": {"_id": "1"}},
        {"doc": {"g": 1}},
        {"update": {"_id": "2"}},
        {"doc": {"g": 1}},
        {"update": {"_id": "3"}},
        {"doc": {"g": 1}, "doc_as_upsert": True},
        {"delete": {"_id": "3"}},
        {"delete": {"_id": "3"}},
        {"index": {"op_type": "create"}},
        {"f": 3},
    )
    assert items(answer) == [
        ("index", 201, "created"),
        ("create", 409, "version_conflict_engine_exception"),
        ("update", 200, "updated"),
        ("update", 200, "noop"),
        ("update", 404, "document_missing_exception"),
        ("update", 201, "created"),
        ("delete", 200, "deleted"),
        ("delete", 404, "not_found"),
        ("create", 201, "created"),
    ]
    assert answer["errors"] is True
    assert answer["items"][2]["update"] == {
        "_index": name,
        "_id": "1",
        "_version": 2,
        "result": "updated",
        "forced_refresh": True,
        "_shards": {"total": 2, "successful": 1, "failed": 0},
        "_seq_no": 1,
        "_primary_term": 1,
        "status": 200,
    }
    assert answer["items"][1]["create"]["error"]["shard"] == "0"
    assert len(answer["items"][8]["create"]["_id"]) == 20
    assert api("GET", f"/{name}/_count")["count"] == 2


def test_a_missing_document_to_delete_is_no_error(api: Api, make: Callable[..., str]) -> None:
    answer = bulk(api, f"/{make()}/_bulk", {"delete": {"_id": "x"}})
    assert (answer["errors"], items(answer)) == (False, [("delete", 404, "not_found")])


def test_a_broken_document_is_the_error_of_its_item(api: Api, name: str) -> None:
    answer = bulk(
        api,
        f"/{name}/_bulk",
        {"index": {"_id": "1"}},
        '{"f": ',
        {"index": {"_id": "2"}},
        "[1]",
        {"index": {"_id": "3"}},
        "",
        {"index": {"_id": "4"}},
        '{"f": 1, "f": 2}',
        {"index": {"_id": ""}},
        {"f": 1},
        {"index": {"_id": "5"}},
        {"f": 1},
    )
    assert [status for _, status, _ in items(answer)] == [400, 400, 400, 400, 400, 201]
    errors = [item["index"].get("error", {}) for item in answer["items"]]
    assert [error.get("type") for error in errors[:4]] == ["document_parsing_exception"] * 4
    assert errors[1]["reason"] == "[1:1] Malformed content, must start with an object"
    assert "Duplicate field 'f'" in errors[3]["caused_by"]["reason"]
    assert errors[4]["reason"] == "if _id is specified it must not be empty"
    assert api("GET", f"/{name}/_doc/5")["found"]


def test_lines_as_clients_send_them(api: Api, name: str) -> None:
    content = b'\n{"index":{"_id":"1"}}\r\n{"f":"\xc3\xbc"}\r\n \n{"index":{"_id":7}}\n{"f":"x"}\n{"index":{"_id":null}}\n{}\n'
    answer = api("PUT", f"/{name}/_bulk", content=content, headers=NDJSON)
    assert items(answer) == [("index", 201, "created")] * 3
    assert api("GET", f"/{name}/_source/1") == {"f": "ü"}
    assert api("GET", f"/{name}/_doc/7")["found"]
    broken = api("POST", f"/{name}/_bulk", content=b'{"index":{"_id":"8"}}\n{"f":"\xff"}\n', headers=NDJSON)
    assert items(broken) == [("index", 400, "document_parsing_exception")]
    assert api.error("POST", f"/{name}/_bulk", code=400, content=b'{"index":{"_id":"\xff"}}\n{}\n', headers=NDJSON)


def test_action_lines_of_version_8(eight: Api, name: str) -> None:
    content = b'{"index":{"_id":"1"}\n{}\n{"index":{"_id":"2"},"a":1}\n{}\n{"index":{"_id":"3"}} x\n{}\n'
    answer = eight.http.post(f"/{name}/_bulk", content=content, headers=NDJSON)
    assert items(answer.json()) == [("index", 201, "created")] * 3
    warnings = answer.headers["warning"]
    for part in ("wasn't closed properly", "contained multiple keys", "contained trailing data"):
        assert part in warnings


def test_a_long_line_is_looked_at_once(eight: Api, name: str) -> None:
    content = b'{"a":[' + b'{"b":{}},' * 100_000 + b"1]\n"
    began = time.monotonic()
    eight.error("POST", f"/{name}/_bulk", code=400, content=content, headers=NDJSON)
    assert time.monotonic() - began < 5


def test_the_last_word_has_the_line(api: Api, name: str) -> None:
    api("PUT", f"/{name}-a", {"aliases": {f"{name}-x": {}}})
    answer = bulk(
        api,
        f"/{name}-new/_bulk?require_alias=true",
        {"index": {}},
        {"f": 1},
        {"index": {"require_alias": False}},
        {"f": 1},
        {"index": {"_index": f"{name}-x"}},
        {"f": 1},
    )
    assert items(answer)[0] == ("index", 404, "index_not_found_exception")
    error = answer["items"][0]["index"]["error"]
    assert error["reason"] == (
        f"no such index [{name}-new] and [require_alias] request flag is [true] and [{name}-new] is not an alias"
    )
    assert [item["index"]["_index"] for item in answer["items"]] == [f"{name}-new", f"{name}-new", f"{name}-a"]
    streams = bulk(api, f"/{name}-a/_bulk", {"index": {"require_data_stream": True}}, {})
    assert streams["items"][0]["index"]["error"]["reason"].endswith(f"[{name}-a] is not a data stream")


def test_the_source_of_updates(api: Api, name: str) -> None:
    answer = bulk(
        api,
        f"/{name}/_bulk?_source=a",
        {"update": {"_id": "1"}},
        {"doc": {}, "upsert": {"a": 1, "b": 2}},
        {"update": {"_id": "1", "_source": {"includes": ["b"]}}},
        {"doc": {"a": 3}},
        {"update": {"_id": "1"}},
        {"doc": {"a": 4}, "_source": False},
        {"update": {"_id": "1"}},
        {"doc": {"a": 4}, "_source": True},
    )
    shown = [item["update"].get("get") for item in answer["items"]]
    assert [one and one["_source"] for one in shown] == [{"a": 1}, {"b": 2}, None, {"a": 4, "b": 2}]
    assert shown[0] == {"_seq_no": 0, "_primary_term": 1, "found": True, "_source": {"a": 1}}


def test_the_same_document_again_and_again(api: Api, name: str) -> None:
    lines: list[Any] = []
    for number in range(50):
        lines += [{"update": {"_id": "1"}}, {"doc": {"n": number}, "doc_as_upsert": True}]
    answer = bulk(api, f"/{name}/_bulk", *lines, {"delete": {"_id": "1"}}, {"create": {"_id": "1"}}, {"n": -1})
    assert [item["update"]["_version"] for item in answer["items"][:50]] == list(range(1, 51))
    assert answer["items"][51]["create"]["_version"] == 52
    assert api("GET", f"/{name}/_doc/1")["_seq_no"] == 51


def test_ids_with_any_character(api: Api, name: str) -> None:
    ids = ["a\0b", "a", "\0", "ü😀", '"]', "a:\0c"]
    lines = [line for doc_id in ids for line in ({"create": {"_id": doc_id}}, {"f": doc_id})]
    assert items(bulk(api, f"/{name}/_bulk?refresh=true", *lines)) == [("create", 201, "created")] * 6
    again = bulk(api, f"/{name}/_bulk?refresh=true", *lines)
    assert items(again) == [("create", 409, "version_conflict_engine_exception")] * 6
    assert {hit["_id"] for hit in api("POST", f"/{name}/_search", {})["hits"]["hits"]} == set(ids)


def test_pipelines(api: Api, name: str) -> None:
    drop = {"drop": {"if": "ctx.drop == true"}}
    fail = {"fail": {"if": "ctx.fail == true", "message": "no"}}
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": [drop, fail, {"set": {"field": "seen", "value": 1}}]})
    answer = bulk(
        api,
        f"/{name}/_bulk?pipeline={name}&list_executed_pipelines=true",
        {"index": {}},
        {"drop": True},
        {"index": {}},
        {"fail": True},
        {"index": {"_id": "1"}},
        {"f": 1},
        {"index": {"_id": "2", "pipeline": "_none"}},
        {"f": 1},
        {"update": {"_id": "3"}},
        {"doc": {}, "upsert": {"g": 1}},
        {"index": {"pipeline": f"{name}-missing"}},
        {},
        {"delete": {"_id": "2", "pipeline": "ignored"}},
    )
    first, second, *rest = [next(iter(item.values())) for item in answer["items"]]
    assert (first["result"], first["_id"], first["_version"]) == ("noop", "auto-generated", -3)
    assert first["_shards"] == {"total": 0, "successful": 0, "failed": 0}
    assert (second["error"]["type"], second["_id"]) == ("fail_processor_exception", "auto-generated")
    assert [item.get("executed_pipelines") for item in rest[:2]] == [[name], []]
    assert api("GET", f"/{name}/_source/3") == {"g": 1, "seen": 1}
    assert rest[3]["error"]["reason"] == f"pipeline with id [{name}-missing] does not exist"
    assert rest[4]["result"] == "deleted"
    assert "ingest_took" in answer


def test_dynamic_templates_by_name(api: Api, make: Callable[..., str]) -> None:
    named = [
        {"place": {"mapping": {"type": "geo_point"}}},
        {"only-unmatch": {"unmatch": "x", "mapping": {"type": "boolean"}}},
        {"word": {"match": "w*", "mapping": {"type": "keyword"}}},
    ]
    index = make({"known": {"type": "long"}}, mappings={"dynamic_templates": named})
    path = f"/{index}/_bulk"
    answer = bulk(
        api,
        path,
        {"index": {"_id": "1", "op_type": "create", "dynamic_templates": {"at": "place", "o.w": "word"}}},
        {"at": [11.5, 48.5], "o.w": "a b", "plain": "a b", "with": 3},
        {"create": {"_id": "2", "dynamic_templates": {"known": "nothing", "absent": "nothing"}}},
        {"known": 3},
        {"index": {"_id": "3", "dynamic_templates": {"new": "nothing"}}},
        {"new": [3]},
        {"index": {"_id": "4", "dynamic_templates": {"p": "word"}}},
        {"p.q": "a"},
        {"index": {"_id": "5", "dynamic_templates": {}}},
        {"known": 5},
    )
    assert [status for _, status, _ in items(answer)] == [201, 201, 400, 400, 201]
    third, fourth = (answer["items"][number]["index"]["error"] for number in (2, 3))
    reason = "Can't find dynamic template for dynamic template name [nothing] of field [new]"
    assert third["reason"].endswith(f"failed to parse: {reason}")
    assert third["caused_by"] == {"type": "mapper_parsing_exception", "reason": reason}
    assert "failed to parse field [p] of type [keyword] in document with id '4'" in fourth["reason"]
    assert fourth["reason"].endswith("Preview of field's value: '{q=a}'")
    assert api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"] == {
        "at": {"type": "geo_point"},
        "known": {"type": "long"},
        "o": {"properties": {"w": {"type": "keyword"}}},
        "plain": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
        "with": {"type": "keyword"},
    }
