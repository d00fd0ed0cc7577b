"""Vectors in documents: what is taken and what comes back, what is refused with which words and where."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tests.emulator.conftest import Api

FLOATS = {"type": "dense_vector", "dims": 3, "similarity": "l2_norm"}
BYTES = {**FLOATS, "element_type": "byte"}
BITS = {"type": "dense_vector", "dims": 24, "element_type": "bit"}
UNIT = {**FLOATS, "similarity": "dot_product"}
COSINE = {**FLOATS, "similarity": "cosine"}
BFLOATS = {**FLOATS, "element_type": "bfloat16"}
ALL = "?_source_exclude_vectors=false"


def packed(*numbers: float) -> str:
    """Floats in base64 as the client's ``pack_dense_vector`` makes them."""
    return base64.b64encode(struct.pack(f">{len(numbers)}f", *numbers)).decode()


def made(api: Api, index: str, field: dict[str, Any]) -> str:
    """An index with one vector field."""
    api("PUT", f"/{index}", {"mappings": {"properties": {"v": field}}})
    return index


KEPT: list[tuple[str, dict[str, Any], Any, list[float]]] = [
    ("9.2.0", FLOATS, [1, 2.5, -3], [1.0, 2.5, -3.0]),
    # Doubles come back as the nearest floats of 32 bits.
    ("9.2.0", FLOATS, [0.1234567890123, 1e-7, 3], [0.12345679, 1e-7, 3.0]),
    ("9.2.0", BYTES, [-128, 0.0, 127], [-128, 0, 127]),
    ("9.2.0", BYTES, "807f0a", [-128, 127, 10]),
    ("9.2.0", BITS, "0aff00", [10, -1, 0]),
    ("9.2.0", BITS, [1, -2, 3], [1, -2, 3]),
    ("9.5.2", BYTES, "gH8K", [-128, 127, 10]),
    ("9.5.2", BYTES, "807f0a", [-128, 127, 10]),
    ("9.5.2", FLOATS, "P2I/CD8hjoM/R66D", [0.8837743, 0.6310808, 0.7800066]),
    ("9.5.2", FLOATS, packed(1, 2, 3), [1.0, 2.0, 3.0]),
    ("9.5.2", FLOATS, "P4BAAEBA", [1.0, 2.0, 3.0]),
    ("9.5.2", BFLOATS, [1.0, 1.001, 3.14159], [1.0, 1.0, 3.140625]),
    ("9.5.2", BFLOATS, packed(1, 2, 3), [1.0, 2.0, 3.0]),
]


@pytest.mark.parametrize(("version", "field", "given", "wanted"), KEPT)
def test_vectors_come_back_as_they_are_indexed(
    api_of: Callable[..., Api], name: str, version: str, field: dict[str, Any], given: Any, wanted: list[float]
) -> None:
    api = api_of(version)
    index = made(api, name, field)
    api("PUT", f"/{index}/_doc/1", {"a": 1, "v": given}, code=201)
    assert api("GET", f"/{index}/_doc/1")["_source"] == {"a": 1}
    assert api("GET", f"/{index}/_doc/1{ALL}")["_source"] == {"a": 1, "v": wanted}
    assert api("GET", f"/{index}/_doc/1?_source_includes=v")["_source"] == {"v": wanted}


@pytest.mark.parametrize("version", ["8.19.20", "9.5.2"])
def test_an_index_that_keeps_them_gives_them_back_as_sent(api_of: Callable[..., Api], name: str, version: str) -> None:
    api = api_of(version)
    kept = {"settings": {"index.mapping.exclude_source_vectors": False}} if version > "9" else {}
    api("PUT", f"/{name}", {**kept, "mappings": {"properties": {"v": FLOATS}}})
    sent: Any = [0.1234567890123, 1, 2] if version < "9" else packed(1, 2, 3)
    api("PUT", f"/{name}/_doc/1", {"v": sent}, code=201)
    assert api("GET", f"/{name}/_doc/1")["_source"] == {"v": sent}
    api("POST", f"/{name}/_refresh")
    (hit,) = api("POST", f"/{name}/_search", {"_source": False, "fields": ["v"]})["hits"]["hits"]
    assert hit["fields"]["v"] == (sent if isinstance(sent, list) else [sent])


def test_what_is_in_objects_and_not_indexed(api: Api, make: Callable[..., str]) -> None:
    index = make({"o.v": FLOATS, "n": {"type": "dense_vector", "dims": 3, "index": False}})
    api("PUT", f"/{index}/_doc/1", {"o": {"v": [1, 2, 3]}, "o.x": 1, "n": [1, 2, 3]}, code=201)
    assert api("GET", f"/{index}/_doc/1")["_source"] == {"o": {}, "o.x": 1}
    assert api("GET", f"/{index}/_doc/1{ALL}")["_source"] == {"o": {"v": [1.0, 2.0, 3.0]}, "o.x": 1, "n": [1, 2, 3]}
    api("PUT", f"/{index}/_doc/2", {"o": {"v": None}, "n": None}, code=201)
    assert api("GET", f"/{index}/_doc/2{ALL}")["_source"] == {"o": {"v": None}, "n": None}


def test_an_update_answers_with_the_vectors_too(api: Api, make: Callable[..., str]) -> None:
    index = make({"v": FLOATS, "w": FLOATS, "k": {"type": "keyword"}})
    api("PUT", f"/{index}/_doc/1", {"v": [1, 2, 3], "w": [4, 5, 6], "k": "x"}, code=201)
    answer = api("POST", f"/{index}/_update/1", {"doc": {"v": [6, 8, 9]}, "_source": True})
    # What the update brings stands as it was sent, the rest as the index keeps it.
    assert orjson.dumps(answer["get"]["_source"]) == b'{"v":[6,8,9],"w":[4.0,5.0,6.0],"k":"x"}'
    answer = api("POST", f"/{index}/_update/1", {"doc": {"k": "y"}, "_source": "v"})
    assert orjson.dumps(answer["get"]["_source"]) == b'{"v":[6.0,8.0,9.0]}'
    assert api("POST", f"/{index}/_update/1", {"doc": {"w": [4.0, 5.0, 6.0]}})["result"] == "noop"
    assert api("GET", f"/{index}/_doc/1{ALL}")["_source"]["v"] == [6.0, 8.0, 9.0]


WHERE = "The [dense_vector] field [v] in doc [document with id '1']"
PREVIEW = "Preview of invalid vector:"
REFUSED: list[tuple[str, dict[str, Any], str, str, str]] = [
    (
        "9.2.0",
        FLOATS,
        "[1,2]",
        "1:10",
        f"{WHERE} has a different number of dimensions [2] than defined in the mapping [3]",
    ),
    ("9.2.0", FLOATS, "[1,2,3,4]", "1:13", f"{WHERE} has more dimensions than defined in the mapping [3]"),
    (
        "9.2.0",
        BITS,
        "[1,2]",
        "1:10",
        f"{WHERE} has a different number of dimensions [16] than defined in the mapping [24]",
    ),
    (
        "9.2.0",
        UNIT,
        "[-12.1, 2.7, -4]",
        "1:21",
        f"The [dot_product] similarity can only be used with unit-length vectors. {PREVIEW} [-12.1, 2.7, -4.0]",
    ),
    (
        "9.2.0",
        COSINE,
        "[-0.0,0,0]",
        "1:15",
        f"The [cosine] similarity does not support vectors with zero magnitude. {PREVIEW} [-0.0, 0.0, 0.0]",
    ),
    (
        "9.2.0",
        {**BYTES, "similarity": "cosine"},
        "[0,0,0]",
        "1:12",
        f"The [cosine] similarity does not support vectors with zero magnitude. {PREVIEW} [0, 0, 0]",
    ),
    (
        "9.2.0",
        COSINE,
        "[0.07247924, -4.310546E-11, -1.7255947E30]",
        "1:47",
        (
            "NaN or Infinite magnitude detected, this usually means the vector values are too extreme to fit within a float. "
            f"{PREVIEW} [0.07247924, -4.310546E-11, -1.7255947E30]"
        ),
    ),
    (
        "9.2.0",
        COSINE,
        "[1, 1e39, 2]",
        "1:17",
        (
            "element_type [float] vectors do not support infinite values but found [Infinity] at dim [1]; "
            f"{PREVIEW} [1.0, Infinity, 2.0]"
        ),
    ),
    (
        "9.2.0",
        BYTES,
        "[1, 0.5, 2]",
        "1:10",
        "element_type [byte] vectors only support non-decimal values but found decimal value [0.5] at dim [1];",
    ),
    (
        "9.2.0",
        BYTES,
        "[1, 2, 128]",
        "1:13",
        "element_type [byte] vectors only support integers between [-128, 127] but found [128] at dim [2];",
    ),
]


@pytest.mark.parametrize(("version", "field", "raw", "place", "reason"), REFUSED)
def test_refused(
    api_of: Callable[..., Api], name: str, version: str, field: dict[str, Any], raw: str, place: str, reason: str
) -> None:
    api = api_of(version)
    index = made(api, name, field)
    headers = {"Content-Type": "application/json"}
    error = api("PUT", f"/{index}/_doc/1", content=f'{{"v":{raw}}}'.encode(), headers=headers, code=400)["error"]
    assert (error["type"], error["reason"]) == ("document_parsing_exception", f"[{place}] failed to parse: {reason}")
    assert error["caused_by"] == {"type": "illegal_argument_exception", "reason": reason}


EXPECTING = "Failed to parse object: expecting token of type [VALUE_NUMBER] but found"
LENGTH = "Failed to parse object: Base64 decoded vector byte length"
TOKENS: list[tuple[str, dict[str, Any], str, int, str]] = [
    ("9.2.0", FLOATS, '[1,"2",3]', 8, f"{EXPECTING} [VALUE_STRING]"),
    ("9.2.0", FLOATS, "[[1,2,3]]", 6, f"{EXPECTING} [START_ARRAY]"),
    ("9.2.0", FLOATS, "[1,null,3]", 8, f"{EXPECTING} [VALUE_NULL]"),
    # Up to 9.2 the parser takes the bracket for granted and trips over what comes next.
    ("9.2.0", FLOATS, '"abc"', 10, f"{EXPECTING} [END_OBJECT]"),
    ("9.2.0", FLOATS, '5,"x":1', 7, f"{EXPECTING} [FIELD_NAME]"),
    ("9.5.2", FLOATS, "5", 5, "Unsupported type [VALUE_NUMBER] for provided value [5]"),
    ("9.2.0", BYTES, "true", 5, "Unsupported type [VALUE_BOOLEAN] for provided value [true]"),
    (
        "9.5.2",
        FLOATS,
        '"807f0a"',
        5,
        f"{LENGTH} [4] does not match the expected length of [12] or [6] for dimension count [3]",
    ),
    (
        "9.5.2",
        BYTES,
        '"/wAAAA=="',
        5,
        f"{LENGTH} [4] does not match the expected length of [3] for dimension count [3]",
    ),
]


@pytest.mark.parametrize(("version", "field", "raw", "column", "reason"), TOKENS)
def test_refused_tokens(
    api_of: Callable[..., Api], name: str, version: str, field: dict[str, Any], raw: str, column: int, reason: str
) -> None:
    api = api_of(version)
    index = made(api, name, field)
    headers = {"Content-Type": "application/json"}
    error = api("PUT", f"/{index}/_doc/1", content=f'{{"v":{raw}}}'.encode(), headers=headers, code=400)["error"]
    column += 1
    assert error["reason"] == f"[1:{column}] failed to parse: {reason}"
    assert error["caused_by"] == {"type": "parsing_exception", "reason": reason, "line": 1, "col": column}


TEXTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("9.2.0", BYTES, "80", f"{WHERE} has a different number of dimensions [1] than defined in the mapping [3]"),
    ("9.2.0", BYTES, "80g0ff", 'not a hexadecimal digit: "g" = 103'),
    ("9.5.2", FLOATS, "not-valid-base64!!!", "failed to decode vector: value must be a valid base64 string"),
    ("9.5.2", BYTES, "garbage!", "failed to decode vector: value must be a valid base64 or hex string"),
    (
        "9.5.2",
        BYTES,
        "807f0a0b",
        "failed to decode vector: hex-decoded vector has a different number of dimensions [4] than the expected [3]",
    ),
]


@pytest.mark.parametrize(("version", "field", "text", "reason"), TEXTS)
def test_refused_texts(
    api_of: Callable[..., Api], name: str, version: str, field: dict[str, Any], text: str, reason: str
) -> None:
    api = api_of(version)
    index = made(api, name, field)
    error = api("PUT", f"/{index}/_doc/1", {"v": text}, code=400)["error"]
    assert error["reason"].endswith(f"failed to parse: {reason}")
    assert error["caused_by"]["reason"] == reason


def test_one_vector_for_a_field(api: Api, make: Callable[..., str]) -> None:
    index = make({"o.v": FLOATS})
    two = {"o": [{"v": [1, 2, 3]}, {"v": [1, 2, 3]}]}
    assert api.error("PUT", f"/{index}/_doc/1", two, code=400)[1].endswith(
        "Field [o.v] of type [dense_vector] doesn't support indexing multiple values for the same field in the same document"
    )


def test_floats_of_a_fitting_number_become_a_vector(api: Api, make: Callable[..., str]) -> None:
    index = make()
    documents = {"a": [0.5] * 128, "b": [0.5] * 127, "c": [1] * 128, "d": [0.5] * 4096, "e": [0.5] * 4097}
    for key, values in documents.items():
        api("PUT", f"/{index}/_doc/{key}", {key: values}, code=201)
    found = api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]
    assert {key: field["type"] for key, field in found.items()} == {
        "a": "dense_vector", "b": "float", "c": "long", "d": "dense_vector", "e": "float",
    }  # fmt: skip
    assert (found["a"]["dims"], found["a"]["similarity"], found["a"]["index_options"]["type"]) == (
        128,
        "cosine",
        "int8_hnsw",
    )
