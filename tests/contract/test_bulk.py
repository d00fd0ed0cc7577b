"""``_bulk`` (reference, section 7.7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

NDJSON = {"Content-Type": "application/x-ndjson"}
PARSER = "BulkRequestParser"
YAML = "rest-api-spec/test/bulk"


def bulk(cluster: Cluster, path: str, *lines: Any, code: int = 200) -> Any:
    """The answer to lines, which are JSON values or text as it is to be sent."""
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return cluster("POST", path, code=code, content=text.encode(), headers=NDJSON)


def refused(cluster: Cluster, name: str, *lines: Any) -> str:
    """The reason why a request of these lines is refused as a whole."""
    reason: str = bulk(cluster, f"/{name}/_bulk", *lines, code=400)["error"]["reason"]
    return reason


def outcomes(answer: Any) -> list[tuple[str, int, str]]:
    """Verb, status, and result or type of error of each item."""
    return [
        (verb, item["status"], item["error"]["type"] if "error" in item else item["result"])
        for entry in answer["items"]
        for verb, item in entry.items()
    ]


@fact("7.7", evidence="S", source="BulkItemResponse, DocWriteResponse")
def test_the_shape_of_an_item(cluster: Cluster, index: Callable[..., str]) -> None:
    """An item shows what a write of one document answers, and its status; a forced refresh is said in each."""
    name = index(settings={"number_of_replicas": 0, "number_of_shards": 1})
    answer = bulk(cluster, f"/{name}/_bulk?refresh=true", {"index": {"_id": "1"}}, {"f": 1})
    assert answer["errors"] is False
    assert answer["items"] == [
        {
            "index": {
                "_index": name,
                "_id": "1",
                "_version": 1,
                "result": "created",
                "forced_refresh": True,
                "_shards": {"total": 1, "successful": 1, "failed": 0},
                "_seq_no": 0,
                "_primary_term": 1,
                "status": 201,
            }
        }
    ]


@fact("7.7", evidence="T", source=f"{YAML}/10_basic.yml, 80_cas.yml")
def test_statuses(cluster: Cluster, index: Callable[..., str]) -> None:
    """created 201, updated, noop and deleted 200, a conflict 409, a missing document of an update 404."""
    answer = bulk(
        cluster,
        f"/{index()}/_bulk",
        {"index": {"_id": "1"}},
        {"f": 1},
        {"create": {"_id": "1"}},
        {"f": 1},
        {"update": {"_id": "1"}},
        {"doc": {"f": 1}},
        {"update": {"_id": "1"}},
        {"doc": {"f": 2}},
        {"update": {"_id": "2"}},
        {"doc": {"f": 2}},
        {"delete": {"_id": "1"}},
    )
    assert answer["errors"] is True
    assert outcomes(answer) == [
        ("index", 201, "created"),
        ("create", 409, "version_conflict_engine_exception"),
        ("update", 200, "noop"),
        ("update", 200, "updated"),
        ("update", 404, "document_missing_exception"),
        ("delete", 200, "deleted"),
    ]
    reason = answer["items"][1]["create"]["error"]["reason"]
    assert reason == "[1]: version conflict, document already exists (current version [1])"


@fact("7.7", evidence="S", source="BulkItemResponse")
def test_deleting_nothing_is_no_error(cluster: Cluster, index: Callable[..., str]) -> None:
    """A document to delete that is not there is 404 not_found, and no error of the request."""
    answer = bulk(cluster, f"/{index()}/_bulk", {"delete": {"_id": "x"}})
    assert (answer["errors"], outcomes(answer)) == (False, [("delete", 404, "not_found")])


@fact("7.7", evidence="T", source=f"{YAML}/10_basic.yml")
def test_an_empty_id(cluster: Cluster, index: Callable[..., str]) -> None:
    """An empty id is the error of its item."""
    answer = bulk(cluster, f"/{index()}/_bulk", {"index": {"_id": ""}}, {}, {"index": {}}, {})
    assert [status for _, status, _ in outcomes(answer)] == [400, 201]
    assert answer["items"][0]["index"]["error"]["reason"] == "if _id is specified it must not be empty"
    assert len(answer["items"][1]["index"]["_id"]) == 20


@fact("7.7", evidence="T", source=f"{YAML}/10_basic.yml")
def test_op_type_changes_the_verb(cluster: Cluster, index: Callable[..., str]) -> None:
    """``op_type: create`` makes an index action a creation, also in the answer."""
    answer = bulk(cluster, f"/{index()}/_bulk", {"index": {"op_type": "create"}}, {"f": 1})
    assert outcomes(answer) == [("create", 201, "created")]


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        ("", "parse_exception", "request body is required"),
        ('{"index":{}}\n{}', "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]"),
        ("\n", "action_request_validation_exception", "Validation Failed: 1: no requests added;"),
    ],
)
@fact("7.7", evidence="S", source="RestBulkAction, BulkRequestParser, BulkRequest")
def test_bodies_without_actions(cluster: Cluster, name: str, content: str, kind: str, reason: str) -> None:
    """An empty body, one that does not end with a newline, and one without actions are refused."""
    body = content.encode()
    assert cluster.error("POST", f"/{name}/_bulk", code=400, content=body, headers=NDJSON) == (kind, reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{}", "Malformed action/metadata line [3], expected FIELD_NAME but found [END_OBJECT]"),
        ("[]", "Malformed action/metadata line [3], expected START_OBJECT but found [START_ARRAY]"),
        (
            '{"get":{}}',
            "Malformed action/metadata line [3], expected field [create], [delete], [index] or [update] but found [get]",
        ),
        ('{"index":{"_type":"x"}}', "Action/metadata line [3] contains an unknown parameter [_type]"),
        (
            '{"index":{"_id":[1]}}',
            "Malformed action/metadata line [3], expected a simple value for field [_id] but found [START_ARRAY]",
        ),
    ],
)
@fact("7.7", evidence="S", source=PARSER)
def test_action_lines(cluster: Cluster, name: str, line: str, reason: str) -> None:
    """An action line that is none refuses the request, with the number of the line."""
    assert refused(cluster, name, {"index": {"_id": "0"}}, {}, line, {}) == reason


@fact("7.7", evidence="S", source=f"{PARSER}.checkBulkActionIsProperlyClosed", since=(9,))
def test_action_lines_since_9(cluster: Cluster, name: str) -> None:
    """Since 9.0 a second key in an action line, and anything after it, refuse the request."""
    assert refused(cluster, name, '{"index":{},"x":1}', {}) == (
        "Malformed action/metadata line [1], expected END_OBJECT but found [FIELD_NAME]"
    )
    assert refused(cluster, name, '{"index":{}} {}', {}) == (
        "Malformed action/metadata line [1], unexpected data after the closing brace"
    )


@fact("7.7", evidence="S", source=f"{PARSER}.checkBulkActionIsProperlyClosed", since=(8, 8), until=(9,))
def test_action_lines_before_9(cluster: Cluster, index: Callable[..., str]) -> None:
    """Before 9.0 a second key in an action line is passed over, with a warning."""
    content = b'{"index":{"_id":"1"},"x":1}\n{}\n'
    answer = cluster.raw("POST", f"/{index()}/_bulk", content=content, headers=NDJSON)
    assert outcomes(answer.json()) == [("index", 201, "created")]
    assert "A bulk action object contained multiple keys" in answer.headers["warning"]


@fact("7.7", evidence="S", source="BulkRequest.validate; DocWriteRequest")
def test_validation_refuses_the_request(cluster: Cluster, name: str) -> None:
    """What the requests' own validation finds is numbered over all of them, and nothing is carried out."""
    assert refused(
        cluster,
        name,
        {"delete": {}},
        {"index": {"_id": "1", "if_seq_no": 1}},
        {},
        {"create": {"_id": "1", "version": 1, "version_type": "external"}},
        {},
    ) == (
        "Validation Failed: 1: id is missing;2: ifSeqNo is set, but primary term is [0];3: create operations only support "
        "internal versioning. use index instead;"
    )


@fact("7.7", evidence="S", source="IndexRequest.validate, DocWriteRequest.validateDocIdLength")
def test_the_length_of_ids(cluster: Cluster, name: str) -> None:
    """An id of more than 512 bytes refuses the request."""
    assert refused(cluster, name, {"index": {"_id": "x" * 513}}, {}) == (
        f"Validation Failed: 1: id [{'x' * 513}] is too long, must be no longer than 512 bytes but was: 513;"
    )


@fact("7.7", evidence="S", source=PARSER)
def test_an_action_without_its_document(cluster: Cluster, index: Callable[..., str]) -> None:
    """A last action that lacks its document is passed over in silence."""
    answer = bulk(cluster, f"/{index()}/_bulk", {"index": {"_id": "1"}}, {}, {"index": {"_id": "2"}})
    assert outcomes(answer) == [("index", 201, "created")]


@fact("7.7", evidence="S", source=PARSER)
def test_lines_with_carriage_returns(cluster: Cluster, index: Callable[..., str]) -> None:
    """Lines may end with a carriage return, and there may be empty ones between actions."""
    content = b'\r\n{"index":{"_id":"1"}}\r\n{"f":1}\r\n\n'
    answer = cluster("POST", f"/{index()}/_bulk", content=content, headers=NDJSON)
    assert outcomes(answer) == [("index", 201, "created")]


@fact("7.7", evidence="T", source=f"{YAML}/10_basic.yml")
def test_require_alias(cluster: Cluster, name: str) -> None:
    """``require_alias`` is asked of each item; the line wins over the parameter."""
    answer = bulk(
        cluster, f"/{name}/_bulk?require_alias=true", {"index": {}}, {}, {"index": {"require_alias": False}}, {}
    )
    assert outcomes(answer) == [("index", 404, "index_not_found_exception"), ("index", 201, "created")]
    assert answer["items"][0]["index"]["error"]["reason"] == (
        f"no such index [{name}] and [require_alias] request flag is [true] and [{name}] is not an alias"
    )


@fact("7.7", evidence="T", source=f"{YAML}/40_source.yml")
def test_the_source_of_updates(cluster: Cluster, index: Callable[..., str]) -> None:
    """``_source`` of the line wins over the parameter; an update then answers with ``get``."""
    answer = bulk(
        cluster,
        f"/{index(docs={'1': {'a': 1, 'b': 2}})}/_bulk?_source=a",
        {"update": {"_id": "1"}},
        {"doc": {"c": 1}},
        {"update": {"_id": "1", "_source": "b"}},
        {"doc": {"c": 2}},
    )
    assert [item["update"]["get"]["_source"] for item in answer["items"]] == [{"a": 1}, {"b": 2}]


@fact("7.7", evidence="K", source="documents of one shard are written in the order of the request")
def test_the_same_id_twice(cluster: Cluster, index: Callable[..., str]) -> None:
    """Actions on one document are carried out in order."""
    name = index()
    lines = [{"index": {"_id": "1"}}, {"n": 1}, {"delete": {"_id": "1"}}, {"create": {"_id": "1"}}, {"n": 2}]
    answer = bulk(cluster, f"/{name}/_bulk", *lines)
    assert [next(iter(item.values()))["_version"] for item in answer["items"]] == [1, 2, 3]
    assert cluster("GET", f"/{name}/_source/1") == {"n": 2}


@fact("7.7", evidence="S", source="BulkRequestModifier", since=(8, 15))
def test_pipelines_of_items(cluster: Cluster, index: Callable[..., str], name: str) -> None:
    """A dropped document is a noop without a number; its id and that of one that failed is said to be auto-generated."""
    processors = [{"drop": {"if": "ctx.drop == true"}}, {"fail": {"if": "ctx.fail == true", "message": "no"}}]
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": processors})
    lines = [{"index": {}}, {"drop": True}, {"index": {}}, {"fail": True}, {"index": {}}, {}]
    answer = bulk(cluster, f"/{index()}/_bulk?pipeline={name}&list_executed_pipelines=true", *lines)
    dropped, failed, done = [item["index"] for item in answer["items"]]
    assert (dropped["result"], dropped["_id"], dropped["_version"]) == ("noop", "auto-generated", -3)
    assert (failed["_id"], failed["status"]) == ("auto-generated", 500)
    assert done["executed_pipelines"] == [name]
    assert "ingest_took" in answer


@fact("7.7", evidence="S", source=f"{PARSER}; DocWriteRequest")
def test_updates_take_no_versions(cluster: Cluster, name: str) -> None:
    """Updates take neither versions nor ``require_data_stream``."""
    assert refused(cluster, name, {"update": {"_id": "1", "version": 1}}, {"doc": {}}) == (
        "Update requests do not support versioning. Please use `if_seq_no` and `if_primary_term` instead"
    )


@fact("7.7", evidence="T", source=f"{YAML}/11_dynamic_templates.yml")
def test_dynamic_templates_of_an_action(cluster: Cluster, index: Callable[..., str]) -> None:
    """An action names the template that a new field follows; one that only has a name applies nowhere else."""
    name = index(mappings={"dynamic_templates": [{"place": {"mapping": {"type": "geo_point"}}}]})
    answer = bulk(
        cluster,
        f"/{name}/_bulk",
        {"index": {"_id": "1", "dynamic_templates": {"at": "place"}}},
        {"at": "41.12,-71.34", "word": "a"},
        {"index": {"_id": "2", "dynamic_templates": {"at": "nothing"}}},
        {"at": [-71.34, 41.12]},
        {"create": {"_id": "3", "dynamic_templates": {"new": "nothing"}}},
        {"new": "41.12,-71.34"},
    )
    assert [status for _, status, _ in outcomes(answer)] == [201, 201, 400]
    error = answer["items"][2]["create"]["error"]
    reason = "failed to parse: Can't find dynamic template for dynamic template name [nothing] of field [new]"
    assert error["type"] == "document_parsing_exception"
    assert error["reason"].endswith(reason)
    properties = cluster("GET", f"/{name}/_mapping")[name]["mappings"]["properties"]
    assert (properties["at"]["type"], properties["word"]["type"]) == ("geo_point", "text")
