"""Vectors in documents and in ``_source`` (reference, sections 6.4, 6.5, 6.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.test_dense_vector import MAPPER, TESTS, vector

ALL = "_source_exclude_vectors=false"
FLOATS = vector(dims=3, similarity="l2_norm")
BYTES = vector(dims=3, element_type="byte", similarity="l2_norm")
WHERE = "The [dense_vector] field [f] in doc [document with id '1']"

REFUSED: list[tuple[dict[str, Any], Any, str]] = [
    (FLOATS, [1, 2], f"{WHERE} has a different number of dimensions [2] than defined in the mapping [3]"),
    (FLOATS, [1, 2, 3, 4], f"{WHERE} has more dimensions than defined in the mapping [3]"),
    (
        vector(dims=3),
        [0, 0, 0],
        (
            "The [cosine] similarity does not support vectors with zero magnitude. Preview of invalid vector: [0.0, 0.0, "
            "0.0]"
        ),
    ),
    (
        vector(dims=3, similarity="dot_product"),
        [-12.1, 2.7, -4],
        (
            "The [dot_product] similarity can only be used with unit-length vectors. Preview of invalid vector: [-12.1, 2.7, "
            "-4.0]"
        ),
    ),
    (
        BYTES,
        [0.5, 1, 2],
        "element_type [byte] vectors only support non-decimal values but found decimal value [0.5] at dim [0];",
    ),
    (
        BYTES,
        [128, 1, 2],
        "element_type [byte] vectors only support integers between [-128, 127] but found [128] at dim [0];",
    ),
]


@fact("6.4", evidence="S", source=MAPPER)
@pytest.mark.parametrize(("properties", "value", "reason"), REFUSED)
def test_refused(
    cluster: Cluster, index: Callable[..., str], properties: dict[str, Any], value: Any, reason: str
) -> None:
    """A vector that the field does not take is refused with the reason as the cause."""
    name = index(properties)
    error = cluster("PUT", f"/{name}/_doc/1", {"f": value}, code=400)["error"]
    assert error["type"] == "document_parsing_exception"
    assert error["reason"].endswith(f"failed to parse: {reason}")
    assert error["caused_by"] == {"type": "illegal_argument_exception", "reason": reason}


@fact("6.4", evidence="S", source=MAPPER)
def test_five_values_are_shown_and_more_are_hinted_at(cluster: Cluster, index: Callable[..., str]) -> None:
    """The preview of a refused vector shows five values; from five on it ends with dots."""
    name = index(vector(dims=5))
    reason = cluster.error("PUT", f"/{name}/_doc/1", {"f": [0] * 5}, code=400)[1]
    assert reason.endswith("Preview of invalid vector: [0.0, 0.0, 0.0, 0.0, 0.0, ...]")


@fact("6.4", evidence="S", source="DocumentParser, XContentParser.getTokenLocation")
def test_the_place_is_where_the_parser_stands(cluster: Cluster, index: Callable[..., str]) -> None:
    """Too few dims are noticed at the closing bracket, too many at the first that is too many."""
    name = index(FLOATS)
    for raw, place in (('{"f":[1,2]}', "[1:10] "), ('{"f":[1,2,3,4]}', "[1:13] ")):
        headers = {"Content-Type": "application/json"}
        reason = cluster.error("PUT", f"/{name}/_doc/1", content=raw.encode(), headers=headers, code=400)[1]
        assert reason.startswith(place)


@fact("6.4", evidence="S", source="XContentParserUtils.ensureExpectedToken")
def test_only_numbers(cluster: Cluster, index: Callable[..., str]) -> None:
    """Anything but a number in a vector is a parsing_exception with its place."""
    name = index(FLOATS)
    cause = cluster("PUT", f"/{name}/_doc/1", {"f": [1, "2", 3]}, code=400)["error"]["caused_by"]
    assert cause["type"] == "parsing_exception"
    assert cause["reason"] == (
        "Failed to parse object: expecting token of type [VALUE_NUMBER] but found [VALUE_STRING]"
    )
    assert cause["line"] == 1


@fact("6.4", evidence="S", source=MAPPER)
def test_one_vector_for_a_field(cluster: Cluster, index: Callable[..., str]) -> None:
    """A document has at most one vector for a field."""
    name = index({"o": {"properties": FLOATS}})
    two = {"o": [{"f": [1, 2, 3]}, {"f": [1, 2, 3]}]}
    assert cluster.error("PUT", f"/{name}/_doc/1", two, code=400)[1].endswith(
        "Field [o.f] of type [dense_vector] doesn't support indexing multiple values for the same field in the same document"
    )


@fact("6.4", evidence="K", source=MAPPER)
def test_null_is_no_vector(cluster: Cluster, index: Callable[..., str]) -> None:
    """A null in place of a vector is taken, and the document has no vector then."""
    name = index(FLOATS, {"1": {"f": None}, "2": {"f": [1, 2, 3]}})
    found = cluster("POST", f"/{name}/_search", {"query": {"exists": {"field": "f"}}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["2"]


@fact("6.5", evidence="S", source="search.vectors/170_knn_search_hex_encoded_byte_vectors.yml")
def test_hex_for_bytes(cluster: Cluster, index: Callable[..., str]) -> None:
    """A byte vector may be sent in hex, two digits for a dimension in two's complement."""
    name = index(BYTES, {"1": {"f": "807f0a"}})
    knn = {"field": "f", "query_vector": [-128, 127, 10], "k": 1, "num_candidates": 1}
    (hit,) = cluster("POST", f"/{name}/_search", {"knn": knn})["hits"]["hits"]
    assert hit["_score"] == 1.0


@fact("6.5", evidence="T", source="search.vectors/171_knn_index_base64_encoded_vectors.yml", since=(9, 3))
@pytest.mark.parametrize(
    ("properties", "text", "wanted"),
    [(FLOATS, "P2I/CD8hjoM/R66D", [0.8837743, 0.6310808, 0.7800066]), (BYTES, "gH8K", [-128, 127, 10])],
)
def test_base64(
    cluster: Cluster, index: Callable[..., str], properties: dict[str, Any], text: str, wanted: list[float]
) -> None:
    """Vectors may be sent in base64, big-endian; they come back as arrays."""
    name = index(properties, {"1": {"f": text}})
    assert cluster("GET", f"/{name}/_doc/1?{ALL}")["_source"]["f"] == pytest.approx(wanted, abs=1e-7)


@fact("6.5", evidence="S", source=f"{MAPPER} of 9.1: an array is taken for granted", until=(9, 3))
def test_no_base64_before_9_3(cluster: Cluster, index: Callable[..., str]) -> None:
    """A text is no float vector before 9.3."""
    kind, _ = cluster.error("PUT", f"/{index(FLOATS)}/_doc/1", {"f": "P2I/CD8hjoM/R66D"}, code=400)
    assert kind == "document_parsing_exception"


@fact("6.5", evidence="T", source=f"{TESTS}: testDocumentsWithInvalidEncodedVectors", since=(9, 3))
def test_the_length_of_base64(cluster: Cluster, index: Callable[..., str]) -> None:
    """A text of another length than the dims ask for is refused with the lengths that would be right."""
    name = index(FLOATS)
    assert cluster.error("PUT", f"/{name}/_doc/1", {"f": "PczMzT5MzM0="}, code=400)[1].endswith(
        "Base64 decoded vector byte length [8] does not match the expected length of [12] or [6] for dimension count [3]"
    )


@fact("6.6", evidence="T", source="search.vectors/240_source_synthetic_dense_vectors.yml", since=(9, 2))
def test_vectors_are_left_out_of_source(cluster: Cluster, index: Callable[..., str]) -> None:
    """From 9.2 on, indices leave vectors out of ``_source``; whoever asks gets them as floats of 32 bits."""
    name = index(FLOATS, {"1": {"a": 1, "f": [1, 2, 3]}})
    assert cluster("GET", f"/{name}/_doc/1")["_source"] == {"a": 1}
    assert cluster("GET", f"/{name}/_doc/1?{ALL}")["_source"] == {"a": 1, "f": [1.0, 2.0, 3.0]}
    hit = cluster("POST", f"/{name}/_search", {"_source": {"exclude_vectors": False}})["hits"]["hits"][0]
    assert hit["_source"] == {"a": 1, "f": [1.0, 2.0, 3.0]}


@fact("6.6", evidence="T", source="search.vectors/240_source_synthetic_dense_vectors.yml", since=(9, 2))
def test_including_a_vector_by_name_shows_it(cluster: Cluster, index: Callable[..., str]) -> None:
    """A vector that ``_source`` includes by its name is shown although the index leaves vectors out."""
    name = index(FLOATS, {"1": {"a": 1, "f": [1, 2, 3]}})
    hit = cluster("POST", f"/{name}/_search", {"_source": {"includes": ["f"]}})["hits"]["hits"][0]
    assert hit["_source"] == {"f": [1.0, 2.0, 3.0]}


@fact("6.6", evidence="S", source="IndexSettings.INDEX_MAPPING_EXCLUDE_SOURCE_VECTORS_SETTING", since=(9, 2))
def test_an_index_that_keeps_them(cluster: Cluster, index: Callable[..., str]) -> None:
    """With the setting off, ``_source`` is what was sent."""
    settings = {"index.mapping.exclude_source_vectors": False}
    name = index(FLOATS, {"1": {"f": [1, 2, 3]}}, settings=settings)
    assert cluster("GET", f"/{name}/_doc/1")["_source"] == {"f": [1, 2, 3]}


@fact("6.6", evidence="S", source="docs dense-vector.md", until=(9, 2))
def test_vectors_are_in_source_before_9_2(cluster: Cluster, index: Callable[..., str]) -> None:
    """Before 9.2 vectors are in ``_source``."""
    name = index(FLOATS, {"1": {"f": [1, 2, 3]}})
    assert cluster("GET", f"/{name}/_doc/1")["_source"] == {"f": [1, 2, 3]}


@fact("6.6", evidence="T", source="search.vectors/240_source_synthetic_dense_vectors.yml", since=(9, 2))
def test_an_update_keeps_them(cluster: Cluster, index: Callable[..., str]) -> None:
    """A partial update keeps the vector that ``_source`` does not show."""
    name = index(FLOATS, {"1": {"a": 1, "f": [1, 2, 3]}})
    cluster("POST", f"/{name}/_update/1", {"doc": {"a": 2}})
    assert cluster("GET", f"/{name}/_doc/1?{ALL}")["_source"] == {"a": 2, "f": [1.0, 2.0, 3.0]}


@fact("6.2", evidence="S", source="DocumentParser.postProcessDynamicArrayMapping")
@pytest.mark.parametrize(
    ("count", "kind"), [(127, "float"), (128, "dense_vector"), (4096, "dense_vector"), (4097, "float")]
)
def test_dynamic_vectors(cluster: Cluster, index: Callable[..., str], count: int, kind: str) -> None:
    """An unmapped array of 128 to 4096 floats becomes a dense_vector by cosine."""
    name = index(docs={"1": {"f": [0.5] * count}})
    field = cluster("GET", f"/{name}/_mapping")[name]["mappings"]["properties"]["f"]
    assert field["type"] == kind
    assert kind == "float" or (field["dims"], field["similarity"]) == (count, "cosine")


@fact("6.6", evidence="T", source="search.vectors/240_source_synthetic_dense_vectors.yml", since=(9, 2))
def test_an_update_answers_with_its_vectors(cluster: Cluster, index: Callable[..., str]) -> None:
    """The source that an update answers with has its vectors, those it did not bring included."""
    name = index({**FLOATS, "g": FLOATS["f"]}, {"1": {"f": [1, 2, 3], "g": [4, 5, 6]}})
    answer = cluster("POST", f"/{name}/_update/1", {"doc": {"f": [6, 8, 9]}, "_source": True})
    assert answer["get"]["_source"] == {"f": [6, 8, 9], "g": [4.0, 5.0, 6.0]}
