"""The mapping of dense_vector in each version: defaults, every parameter's checks, and what may follow what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

VERSIONS = ("8.19.20", "9.2.0", "9.5.2")
M, A = "mapper_parsing_exception", "illegal_argument_exception"
GRAPH = {"m": 16, "ef_construction": 100}
INT8 = {"type": "int8_hnsw", **GRAPH}
BBQ = {"type": "bbq_hnsw", **GRAPH, "rescore_vector": {"oversample": 3.0}}
DISK = {"type": "bbq_disk", "cluster_size": 384, "default_visit_percentage": 0.0}
DISK1 = {**DISK, "bits": 1, "rescore_vector": {"oversample": 3.0}}


def shown(api: Api, index: str, field: dict[str, Any]) -> dict[str, Any]:
    """The field as GET shows it in an index of its own."""
    api("PUT", f"/{index}", {"mappings": {"properties": {"f": {"type": "dense_vector", **field}}}})
    found: dict[str, Any] = api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]["f"]
    return found


DEFAULTS: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = [
    ("8.19.20", {"dims": 4}, INT8),
    ("8.19.20", {"dims": 512}, INT8),
    ("8.19.20", {}, INT8),
    ("9.2.0", {"dims": 383}, INT8),
    ("9.2.0", {"dims": 384}, BBQ),
    ("9.2.0", {}, None),
    ("9.5.2", {"dims": 512}, BBQ),
    ("9.5.2", {"dims": 10}, INT8),
    ("9.5.2", {"dims": 512, "element_type": "bfloat16"}, BBQ),
    ("9.5.2", {}, None),
    *((version, {"dims": 8, "element_type": kind}, None) for version in VERSIONS for kind in ("byte", "bit")),
    *((version, {"dims": 8, "index": False}, None) for version in VERSIONS),
]


@pytest.mark.parametrize(("version", "field", "options"), DEFAULTS)
def test_default_options(
    api_of: Callable[..., Api], name: str, version: str, field: dict[str, Any], options: dict[str, Any] | None
) -> None:
    found = shown(api_of(version), name, field)
    similarity = {"similarity": "l2_norm" if field.get("element_type") == "bit" else "cosine"}
    assert found == {
        "type": "dense_vector",
        "index": True,
        **(similarity if field.get("index", True) else {}),
        **field,
        **({"index_options": options} if options else {}),
    }


@pytest.mark.parametrize("licence", ["basic", "platinum"])
def test_bbq_disk_only_where_the_licence_has_it(api_of: Callable[..., Api], name: str, licence: str) -> None:
    api = api_of("9.5.2", "--license", licence)
    body = {"mappings": {"properties": {"f": {"type": "dense_vector", "index_options": {"type": "bbq_disk"}}}}}
    assert api.error("PUT", f"/{name}-asked", body, code=501)


OPTIONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("8.19.20", {"type": "hnsw"}, {"type": "hnsw", **GRAPH}),
    ("8.19.20", {"type": "hnsw", "m": "8", "ef_construction": 50}, {"type": "hnsw", "m": 8, "ef_construction": 50}),
    ("8.19.20", {"type": "flat"}, {"type": "flat"}),
    ("8.19.20", {"type": "int8_flat"}, {"type": "int8_flat"}),
    ("8.19.20", {"type": "int4_flat"}, {"type": "int4_flat", "confidence_interval": 0.0}),
    ("8.19.20", {"type": "int4_hnsw"}, {"type": "int4_hnsw", **GRAPH, "confidence_interval": 0.0}),
    ("8.19.20", {"type": "bbq_hnsw"}, BBQ),
    ("8.19.20", {"type": "bbq_flat"}, {"type": "bbq_flat", "rescore_vector": {"oversample": 3.0}}),
    ("9.2.0", {"type": "bbq_disk"}, {**DISK, "rescore_vector": {"oversample": 3.0}}),
    (
        "9.2.0",
        {"type": "int8_hnsw", "confidence_interval": 0.9, "rescore_vector": {"oversample": 0}},
        {**INT8, "confidence_interval": 0.9, "rescore_vector": {"oversample": 0.0}},
    ),
    ("9.5.2", {"type": "bbq_disk", "bits": None, "cluster_size": None}, DISK1),
    ("9.5.2", {"type": "bbq_hnsw", "on_disk_rescore": True}, {**BBQ, "on_disk_rescore": True}),
    ("9.5.2", {"type": "bbq_hnsw", "flat_index_threshold": 10}, {**BBQ, "flat_index_threshold": 10}),
    (
        "9.5.2",
        {"type": "bbq_disk", "bits": "2", "precondition": True},
        {**DISK, "bits": 2, "precondition": True, "rescore_vector": {"oversample": 1.5}},
    ),
]


@pytest.mark.parametrize(("version", "given", "wanted"), OPTIONS)
def test_options(
    api_of: Callable[..., Api], name: str, version: str, given: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert shown(api_of(version), name, {"dims": 64, "index_options": given})["index_options"] == wanted


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"foo": 1}, M, "unknown parameter [foo] on mapper [f] of type [dense_vector]"),
    ({"dims": 0}, M, "The number of dimensions should be in the range [1, 4096] but was [0]"),
    ({"dims": 5000}, M, "The number of dimensions should be in the range [1, 4096] but was [5000]"),
    ({"dims": "x"}, M, "Property [dims] on field [f] must be an integer but got [x]"),
    ({"dims": 3.0}, M, "Property [dims] on field [f] must be an integer but got [3.0]"),
    (
        {"element_type": "bit", "dims": 4},
        M,
        "The number of dimensions should be in the range [8, 32768] but was [4]",
    ),
    ({"element_type": "bit", "dims": 12}, M, "The number of dimensions for should be a multiple of 8 but was [12]"),
    (
        {"element_type": "bit", "dims": 8, "similarity": "cosine"},
        A,
        "The [l2_norm] similarity is the only supported similarity for bit vectors",
    ),
    (
        {"similarity": "far"},
        M,
        "Unknown value [far] for field [similarity] - accepted values are [l2_norm, cosine, dot_product, max_inner_product]",
    ),
    ({"similarity": None}, A, "Field [index] requires field [similarity] to be configured and not null"),
    (
        {"dims": 3, "index": False, "similarity": "cosine"},
        A,
        "Field [similarity] can only be specified for a field of type [dense_vector] when it is indexed",
    ),
    (
        {"dims": 3, "index": False, "index_options": {"type": "hnsw"}},
        A,
        "Field [index_options] can only be specified for a field of type [dense_vector] when it is indexed",
    ),
    ({"index_options": {}}, M, "[index_options] requires field [type] to be configured"),
    ({"index_options": {"type": "x"}}, M, "Unknown vector index options type [x] for field [f]"),
    (
        {"index_options": {"type": "hnsw", "foo": {}}},
        M,
        "Mapping definition for [f] has unsupported parameters:  [foo : {}]",
    ),
    (
        {"index_options": {"type": "flat", "m": 3}},
        M,
        "Mapping definition for [f] has unsupported parameters:  [m : 3]",
    ),
    ({"index_options": {"type": "hnsw", "m": "x"}}, "number_format_exception", 'For input string: "x"'),
    ({"dims": 3, "index_options": {"type": "int4_hnsw"}}, A, "int4_hnsw only supports even dimensions; provided=3"),
    (
        {"dims": 32, "index_options": {"type": "bbq_flat"}},
        A,
        "bbq_flat does not support dimensions fewer than 64; provided=32",
    ),
    (
        {"element_type": "byte", "dims": 64, "index_options": {"type": "int8_hnsw"}},
        A,
        "[element_type] cannot be [byte] when using index type [int8_hnsw]",
    ),
    (
        {"index_options": {"type": "int8_hnsw", "rescore_vector": {"foo": 1}}},
        A,
        "Invalid rescore_vector value. Missing required field oversample",
    ),
    (
        {"index_options": {"type": "int8_hnsw", "rescore_vector": {"oversample": 0.5}}},
        A,
        "oversample must be greater than 1 or exactly 0",
    ),
    (
        {"index_options": {"type": "int8_hnsw", "rescore_vector": {"oversample": 10.1}}},
        A,
        "oversample must be less than or equal to 10",
    ),
]


@pytest.mark.parametrize(("field", "kind", "reason"), REFUSED)
def test_refused(api: Api, name: str, field: dict[str, Any], kind: str, reason: str) -> None:
    body = {"mappings": {"properties": {"f": {"type": "dense_vector", **field}}}}
    error = api("PUT", f"/{name}", body, code=400)["error"]
    assert (error["type"], error["reason"]) == (M, f"Failed to parse mapping: {reason}")
    assert error["caused_by"] == {"type": kind, "reason": reason}


BY_VERSION: list[tuple[str, dict[str, Any], str]] = [
    ("9.2.0", {"element_type": "bfloat16"}, "invalid element_type [bfloat16]; available types are [byte, bit, float]"),
    ("8.19.20", {"index_options": {"type": "bbq_disk"}}, "Unknown vector index options type [bbq_disk] for field [f]"),
    (
        "9.2.0",
        {"index_options": {"type": "bbq_hnsw", "on_disk_rescore": True}},
        "Mapping definition for [f] has unsupported parameters:  [on_disk_rescore : true]",
    ),
    (
        "9.2.0",
        {"index_options": {"type": "bbq_disk", "bits": 2}},
        "Mapping definition for [f] has unsupported parameters:  [bits : 2]",
    ),
    (
        "9.5.2",
        {"index_options": {"type": "flat", "on_disk_rescore": True}},
        "on_disk_rescore is only supported for indexed and quantized vector types",
    ),
    (
        "9.5.2",
        {"index_options": {"type": "hnsw", "on_disk_rescore": True}},
        "on_disk_rescore is only supported for indexed and quantized vector types",
    ),
    ("9.5.2", {"index_options": {"type": "bbq_disk", "bits": 3}}, "'bits' must be 1, 2 or 4, got: 3 for field [f]"),
    (
        "9.5.2",
        {"index_options": {"type": "bbq_disk", "cluster_size": 5}},
        "cluster_size must be between 64 and 65536, got: 5",
    ),
]


@pytest.mark.parametrize(("version", "field", "reason"), BY_VERSION)
def test_refused_by_version(
    api_of: Callable[..., Api], name: str, version: str, field: dict[str, Any], reason: str
) -> None:
    body = {"mappings": {"properties": {"f": {"type": "dense_vector", **field}}}}
    found = api_of(version).error("PUT", f"/{name}", body, code=400)
    assert found == (M, f"Failed to parse mapping: {reason}")


@pytest.mark.parametrize(
    "options",
    [
        {"type": "hnsw", "m": 0},
        {"type": "hnsw", "m": 513},
        {"type": "int8_hnsw", "ef_construction": 3201},
        {"type": "int8_flat", "confidence_interval": 0.5},
        {"type": "int4_hnsw", "confidence_interval": 5},
        {"type": "int8_hnsw", "confidence_interval": "NaN"},
        {"type": "bbq_hnsw", "rescore_vector": {"oversample": "Infinity"}},
    ],
)
def test_options_that_lucene_cannot_write_with(api: Api, name: str, options: dict[str, Any]) -> None:
    body = {"mappings": {"properties": {"v": {"type": "dense_vector", "dims": 64, "index_options": options}}}}
    assert api.error("PUT", f"/{name}", body, code=501)[0] == "emulator_unsupported_exception"
