"""dense_vector: its mapping (reference, sections 6.1, 6.2, 5.5 and 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.test_mappings import CONFLICT, field_of

MAPPER = "DenseVectorFieldMapper.java"
TESTS = "DenseVectorFieldMapperTests.java"
GRAPH = {"m": 16, "ef_construction": 100}


def vector(**parameters: Any) -> dict[str, Any]:
    """The properties of an index with one vector field."""
    return {"f": {"type": "dense_vector", **parameters}}


@fact("6.1", evidence="S", source=MAPPER)
def test_defaults_of_an_indexed_vector(cluster: Cluster, index: Callable[..., str]) -> None:
    """A vector field is indexed, by cosine, and GET says so even where the mapping did not."""
    found = field_of(cluster, index(vector(dims=3)))
    assert {"dims": 3, "index": True, "similarity": "cosine"}.items() <= found.items()
    assert "element_type" not in found


@fact("6.2", evidence="S", source=MAPPER, until=(9, 1))
def test_int8_hnsw_whatever_the_dims(cluster: Cluster, index: Callable[..., str]) -> None:
    """Before 9.1 float vectors are int8_hnsw by default."""
    assert field_of(cluster, index(vector(dims=512)))["index_options"] == {"type": "int8_hnsw", **GRAPH}


@fact("6.2", evidence="S", source="elasticsearch#129825", since=(9, 1), until=(9, 4))
@pytest.mark.parametrize(("dims", "kind"), [(383, "int8_hnsw"), (384, "bbq_hnsw")])
def test_bbq_from_384_dims(cluster: Cluster, index: Callable[..., str], dims: int, kind: str) -> None:
    """From 9.1 on, float vectors of 384 dims and more are bbq_hnsw by default, with threefold oversampling."""
    more = {"rescore_vector": {"oversample": 3.0}} if kind == "bbq_hnsw" else {}
    assert field_of(cluster, index(vector(dims=dims)))["index_options"] == {"type": kind, **GRAPH, **more}


@fact("6.2", evidence="T", source="elasticsearch-py test_vectorstore.py (#3378, #3400), trial licence", since=(9, 4))
def test_few_dims_stay_int8_hnsw(cluster: Cluster, index: Callable[..., str]) -> None:
    """From 9.4 on, too, float vectors of few dims are int8_hnsw by default."""
    if cluster("GET", "/_license")["license"]["type"] == "enterprise":
        pytest.skip("nothing is known of an enterprise licence")
    assert field_of(cluster, index(vector(dims=10)))["index_options"] == {"type": "int8_hnsw", **GRAPH}


@fact("6.2", evidence="U", source="elasticsearch#144885, #146660; elasticsearch-py#3400", since=(9, 4))
def test_bbq_disk_where_the_licence_has_it(cluster: Cluster, index: Callable[..., str]) -> None:
    """From 9.4 on, bbq_disk is the default under an enterprise licence, bbq_hnsw under others, a trial among them."""
    licence = cluster("GET", "/_license")["license"]["type"]
    kind = "bbq_disk" if licence == "enterprise" else "bbq_hnsw"
    assert field_of(cluster, index(vector(dims=512)))["index_options"]["type"] == kind


@fact("6.2", evidence="T", source="search.vectors/80_dense_vector_indexed_by_default.yml")
def test_no_default_for_bytes(cluster: Cluster, index: Callable[..., str]) -> None:
    """Byte vectors have no index_options by default, and are compared by cosine."""
    found = field_of(cluster, index(vector(dims=8, element_type="byte")))
    assert ("index_options" in found, found["similarity"]) == (False, "cosine")


@fact("6.2", evidence="S", source=MAPPER)
def test_no_default_for_bits(cluster: Cluster, index: Callable[..., str]) -> None:
    """Bit vectors have no index_options by default, and are compared by l2_norm."""
    found = field_of(cluster, index(vector(dims=8, element_type="bit")))
    assert ("index_options" in found, found["similarity"]) == (False, "l2_norm")


@fact("6.1", evidence="T", source="search.vectors/80_dense_vector_indexed_by_default.yml")
def test_a_vector_that_is_not_indexed(cluster: Cluster, index: Callable[..., str]) -> None:
    """Without an index there is neither similarity nor index_options."""
    assert field_of(cluster, index(vector(dims=5, index=False))) == {"type": "dense_vector", "dims": 5, "index": False}


@fact("6.1", evidence="K", source=MAPPER)
def test_dims_come_with_the_first_document(cluster: Cluster, index: Callable[..., str]) -> None:
    """Dims that the mapping leaves out are those of the first vector."""
    name = index(vector(), {"1": {"f": [1, 2, 3]}})
    assert field_of(cluster, name)["dims"] == 3


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"dims": 0}, "The number of dimensions should be in the range [1, 4096] but was [0]"),
    ({"dims": 5000}, "The number of dimensions should be in the range [1, 4096] but was [5000]"),
    ({"dims": "x"}, "Property [dims] on field [f] must be an integer but got [x]"),
    ({"dims": 4, "element_type": "bit"}, "The number of dimensions should be in the range [8, 32768] but was [4]"),
    ({"dims": 12, "element_type": "bit"}, "The number of dimensions for should be a multiple of 8 but was [12]"),
    (
        {"dims": 8, "element_type": "bit", "similarity": "cosine"},
        "The [l2_norm] similarity is the only supported similarity for bit vectors",
    ),
    (
        {"dims": 3, "index": False, "similarity": "l2_norm"},
        "Field [similarity] can only be specified for a field of type [dense_vector] when it is indexed",
    ),
    (
        {"dims": 3, "index": False, "index_options": {"type": "hnsw"}},
        "Field [index_options] can only be specified for a field of type [dense_vector] when it is indexed",
    ),
    ({"dims": 3, "index_options": {}}, "[index_options] requires field [type] to be configured"),
    ({"dims": 3, "index_options": {"type": "x"}}, "Unknown vector index options type [x] for field [f]"),
    (
        {"dims": 3, "index_options": {"type": "hnsw", "foo": 1}},
        "Mapping definition for [f] has unsupported parameters:  [foo : 1]",
    ),
    ({"dims": 3, "index_options": {"type": "int4_hnsw"}}, "int4_hnsw only supports even dimensions; provided=3"),
    (
        {"dims": 32, "index_options": {"type": "bbq_hnsw"}},
        "bbq_hnsw does not support dimensions fewer than 64; provided=32",
    ),
    (
        {"dims": 64, "element_type": "byte", "index_options": {"type": "bbq_flat"}},
        "[element_type] cannot be [byte] when using index type [bbq_flat]",
    ),
    (
        {"dims": 4, "index_options": {"type": "int8_hnsw", "rescore_vector": {"oversample": 0.5}}},
        "oversample must be greater than 1 or exactly 0",
    ),
]


@fact("6.1", evidence="S", source=MAPPER)
@pytest.mark.parametrize(("parameters", "reason"), REFUSED)
def test_refused(cluster: Cluster, name: str, parameters: dict[str, Any], reason: str) -> None:
    """Every parameter of dense_vector is checked when the mapping is made."""
    found = cluster.error("PUT", f"/{name}", {"mappings": {"properties": vector(**parameters)}}, code=400)
    assert found == ("mapper_parsing_exception", f"Failed to parse mapping: {reason}")


@fact("8", evidence="S", source="DenseVectorFieldMapper, elasticsearch-specification#5728", until=(9, 3))
def test_no_bfloat16_before_9_3(cluster: Cluster, name: str) -> None:
    """bfloat16 came with 9.3."""
    body = {"mappings": {"properties": vector(dims=3, element_type="bfloat16")}}
    assert "invalid element_type [bfloat16]" in cluster.error("PUT", f"/{name}", body, code=400)[1]


@fact("8", evidence="S", source="elasticsearch#135299", until=(9, 2))
def test_no_bbq_disk_before_9_2(cluster: Cluster, name: str) -> None:
    """bbq_disk came with 9.2."""
    body = {"mappings": {"properties": vector(dims=64, index_options={"type": "bbq_disk"})}}
    assert "Unknown vector index options type [bbq_disk]" in cluster.error("PUT", f"/{name}", body, code=400)[1]


@fact("6.2", evidence="S", source="DEFAULT_OVERSAMPLE_VALUE_FOR_BBQ and its backport to 8.x")
def test_bbq_oversamples(cluster: Cluster, index: Callable[..., str]) -> None:
    """bbq types rescore three times as many vectors unless told otherwise, in 8.19 too."""
    found = field_of(cluster, index(vector(dims=64, index_options={"type": "bbq_flat"})))
    assert found["index_options"] == {"type": "bbq_flat", "rescore_vector": {"oversample": 3.0}}


UPDATES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"type": "flat"}, {"type": "int8_hnsw"}, True),
    ({"type": "int8_flat"}, {"type": "bbq_flat"}, True),
    ({"type": "hnsw"}, {"type": "int8_hnsw"}, True),
    ({"type": "int8_hnsw"}, {"type": "bbq_hnsw"}, True),
    ({"type": "int8_hnsw"}, {"type": "hnsw"}, False),
    ({"type": "hnsw"}, {"type": "flat"}, False),
    ({"type": "bbq_hnsw"}, {"type": "int4_hnsw"}, False),
    ({"type": "hnsw", "m": 32}, {"type": "hnsw"}, False),
    ({"type": "hnsw"}, {"type": "hnsw", "m": 100, "ef_construction": 7}, True),
    ({"type": "int8_hnsw", "confidence_interval": 0.9}, {"type": "int8_hnsw"}, False),
]


@fact("5.5", evidence="T", source=f"{TESTS}: registerParameters; elasticsearch#128291, #129495")
@pytest.mark.parametrize(("old", "new", "allowed"), UPDATES)
def test_index_options_go_forward_only(
    cluster: Cluster, index: Callable[..., str], old: dict[str, Any], new: dict[str, Any], allowed: bool
) -> None:
    """index_options may change along the graph, and m may only grow; an update without m means 16."""
    name = index(vector(dims=64, index_options=old))
    body = {"properties": vector(dims=64, index_options=new)}
    answer = cluster("PUT", f"/{name}/_mapping", body, code=200 if allowed else 400)
    if not allowed:
        assert answer["error"]["reason"].startswith(f"{CONFLICT} [index_options] from [")


@fact("5.5", evidence="T", source=f"{TESTS}: registerParameters")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dims": 128}, "[dims] from [64] to [128]"),
        ({"similarity": "l2_norm"}, "[similarity] from [cosine] to [l2_norm]"),
    ],
)
def test_what_stays(cluster: Cluster, index: Callable[..., str], change: dict[str, Any], words: str) -> None:
    """Dims, similarity, index and element_type of a live vector stay."""
    options = {"index_options": {"type": "hnsw"}}
    name = index(vector(dims=64, **options))
    body = {"properties": vector(**{"dims": 64, **options, **change})}
    assert cluster.error("PUT", f"/{name}/_mapping", body, code=400)[1] == f"{CONFLICT} {words}"
