"""What refuses a bulk request as a whole, before anything of it is carried out."""

from __future__ import annotations

import pytest

from tests.emulator.conftest import Api
from tests.emulator.test_bulk import NDJSON

START = "expected START_OBJECT but found"
REFUSED: list[tuple[list[str], str]] = [
    (["{}"], "Malformed action/metadata line [1], expected FIELD_NAME but found [END_OBJECT]"),
    (["[1]"], f"Malformed action/metadata line [1], {START} [START_ARRAY]"),
    (['"x"'], f"Malformed action/metadata line [1], {START} [VALUE_STRING]"),
    (['{"delete":{"_id":"1"}}', "", "7"], f"Malformed action/metadata line [3], {START} [VALUE_NUMBER]"),
    (
        ['{"get":{"_id":"1"}}'],
        "Malformed action/metadata line [1], expected field [create], [delete], [index] or [update] but found [get]",
    ),
    (
        ['{"index":"x"}', "{}"],
        "Malformed action/metadata line [1], expected START_OBJECT or END_OBJECT but found [VALUE_STRING]",
    ),
    (['{"index":{"_type":"x"}}', "{}"], "Action/metadata line [1] contains an unknown parameter [_type]"),
    (
        ['{"index":{"_id":["1"]}}', "{}"],
        "Malformed action/metadata line [1], expected a simple value for field [_id] but found [START_ARRAY]",
    ),
    (
        ['{"index":{"_id":{"a":1}}}', "{}"],
        "Malformed action/metadata line [1], expected a simple value for field [_id] but found [START_OBJECT]",
    ),
    (
        ['{"index":{"_id":"1"},"a":1}', "{}"],
        "Malformed action/metadata line [1], expected END_OBJECT but found [FIELD_NAME]",
    ),
    (['{"index":{"_id":"1"}} 5', "{}"], "Malformed action/metadata line [1], unexpected data after the closing brace"),
    (
        ['{"update":{"_id":"1","version":3}}', '{"doc":{}}'],
        "Update requests do not support versioning. Please use `if_seq_no` and `if_primary_term` instead",
    ),
    (
        ['{"update":{"_id":"1","require_data_stream":true}}', '{"doc":{}}'],
        "Update requests do not support the `require_data_stream` flag, as data streams do not support update operations",
    ),
    (
        ['{"delete":{"_id":"1","dynamic_templates":{"a":"b"}}}'],
        "Delete request in line [1] does not accept dynamic_templates",
    ),
    (
        ['{"update":{"_id":"1","dynamic_templates":{"a":"b"}}}', '{"doc":{}}'],
        "Update request in line [1] does not accept dynamic_templates",
    ),
    (
        ['{"index":{"_id":"1","dynamic_templates":["a"]}}', "{}"],
        "Malformed action/metadata line [1], expected a simple value for field [dynamic_templates] but found [START_ARRAY]",
    ),
    (['{"index":{"_id":"1","version_type":"x"}}', "{}"], "No version type match [x]"),
    (['{"index":{"_id":"1","if_seq_no":-1}}', "{}"], "sequence numbers must be non negative. got [-1]."),
    (['{"index":{"_id":"1","version":"x"}}', "{}"], 'For input string: "x"'),
    (['{"update":{"_id":"1"}}', '{"dok":{}}'], "[1:1] [UpdateRequest] unknown field [dok] did you mean [doc]?"),
    (['{"update":{"_id":"1"}}', "{}"], "Validation Failed: 1: script or doc is missing;"),
    (['{"delete":{}}', '{"update":{}}', '{"doc":{}}'], "Validation Failed: 1: id is missing;2: id is missing;"),
    (
        ['{"index":{"_id":"1","if_seq_no":1}}', "{}"],
        "Validation Failed: 1: ifSeqNo is set, but primary term is [0];",
    ),
    (
        ['{"create":{"_id":"1","if_seq_no":1,"if_primary_term":1}}', "{}"],
        "Validation Failed: 1: create operations do not support compare and set. use index instead;",
    ),
    (
        ['{"create":{"_id":"1","version":1,"version_type":"external"}}', "{}"],
        "Validation Failed: 1: create operations only support internal versioning. use index instead;",
    ),
    (
        [f'{{"index":{{"_id":"{"x" * 513}"}}}}', "{}"],
        f"Validation Failed: 1: id [{'x' * 513}] is too long, must be no longer than 512 bytes but was: 513;",
    ),
    (['{"index":{"_id":"1","_id":"2"}}', "{}"], "[1:26] Duplicate field '_id'"),
    (['{"index":{"_id":"1"},"index":{"_id":"2"}}', "{}"], "[1:29] Duplicate field 'index'"),
    (["", "  "], "Validation Failed: 1: no requests added;"),
    (['{"index":{"_id":"1"}}'], "Validation Failed: 1: no requests added;"),
]


@pytest.mark.parametrize(("lines", "reason"), REFUSED, ids=[reason[:60] for _, reason in REFUSED])
def test_what_refuses_the_request(api: Api, name: str, lines: list[str], reason: str) -> None:
    content = "".join(f"{line}\n" for line in lines).encode()
    assert api.error("POST", f"/{name}/_bulk", code=400, content=content, headers=NDJSON)[1] == reason
    api("HEAD", f"/{name}", code=404)


def test_a_bad_line_stops_those_before_it(api: Api, name: str) -> None:
    content = b'{"index":{"_id":"0"}}\n{}\n{}\n'
    reason = "Malformed action/metadata line [3], expected FIELD_NAME but found [END_OBJECT]"
    assert api.error("POST", f"/{name}/_bulk", code=400, content=content, headers=NDJSON)[1] == reason
    api("HEAD", f"/{name}", code=404)


def test_without_an_index(api: Api) -> None:
    content = b'{"index":{"_id":"1"}}\n{}\n'
    answer = api.error("POST", "/_bulk", code=400, content=content, headers=NDJSON)
    assert answer == ("action_request_validation_exception", "Validation Failed: 1: index is missing;")


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"", "parse_exception", "request body is required"),
        (b"  ", "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]"),
        (
            b'{"index":{}}\n{"f":1}',
            "illegal_argument_exception",
            "The bulk request must be terminated by a newline [\\n]",
        ),
    ],
)
def test_bodies_that_are_none(api: Api, name: str, content: bytes, kind: str, reason: str) -> None:
    assert api.error("POST", f"/{name}/_bulk", code=400, content=content, headers=NDJSON) == (kind, reason)
