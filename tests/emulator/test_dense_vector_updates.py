"""What a live dense_vector may become: the graph of index_options, and everything else that stays."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from clipline.emulator.errors import ApiError
from clipline.emulator.indices.mapping import merge, normalise
from clipline.emulator.indices.mappings.traits import Traits
from clipline.emulator.launch import running_emulator
from tests.emulator.conftest import Api

FLATS = ("flat", "int8_flat", "int4_flat", "bbq_flat")
GRAPHS = ("hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw")
FORWARD = {
    "flat": (*FLATS, *GRAPHS),
    "int8_flat": (*FLATS[1:], *GRAPHS),
    "int4_flat": (*FLATS[2:], *GRAPHS),
    "bbq_flat": ("bbq_flat", "bbq_hnsw"),
    "hnsw": GRAPHS,
    "int8_hnsw": GRAPHS[1:],
    "int4_hnsw": GRAPHS[2:],
    "bbq_hnsw": GRAPHS[3:],
}


def _allowed(old: dict[str, Any], new: dict[str, Any], release: tuple[int, int]) -> bool:
    traits = Traits(release)
    left, right = (
        normalise({"properties": {"f": {"type": "dense_vector", "dims": 64, "index_options": options}}}, traits)
        for options in (old, new)
    )
    with suppress(ApiError):
        return merge(left, right, traits) == right
    return False


@pytest.mark.parametrize("release", [(8, 19), (9, 2), (9, 5)])
def test_the_graph(release: tuple[int, int]) -> None:
    for old, new in product((*FLATS, *GRAPHS), repeat=2):
        assert _allowed({"type": old}, {"type": new}, release) is (new in FORWARD[old]), (old, new)


def test_before_9_1_nothing_but_flat_becomes_bbq() -> None:
    for old in (*FLATS[1:3], *GRAPHS[:3]):
        assert not _allowed({"type": old}, {"type": "bbq_hnsw"}, (9, 0))
    assert _allowed({"type": "flat"}, {"type": "bbq_hnsw"}, (9, 0))


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ({"type": "hnsw", "m": 32}, {"type": "hnsw"}, False),
        ({"type": "hnsw", "m": 32}, {"type": "int8_hnsw", "m": 16}, False),
        ({"type": "hnsw", "m": 16}, {"type": "hnsw", "m": 100, "ef_construction": 7}, True),
        ({"type": "bbq_hnsw", "m": 32}, {"type": "bbq_hnsw", "m": 16}, False),
        ({"type": "int8_flat"}, {"type": "hnsw", "m": 2}, True),
        ({"type": "int8_hnsw"}, {"type": "int8_hnsw", "confidence_interval": 0.95}, True),
        ({"type": "int8_hnsw", "confidence_interval": 0.9}, {"type": "int8_hnsw"}, False),
        ({"type": "int4_hnsw"}, {"type": "int4_hnsw", "confidence_interval": 0.9}, False),
        ({"type": "bbq_disk"}, {"type": "bbq_hnsw"}, False),
        ({"type": "bbq_disk", "cluster_size": 1000}, {"type": "bbq_disk", "cluster_size": 500}, True),
        ({"type": "flat"}, {"type": "bbq_disk"}, True),
        ({"type": "hnsw"}, {"type": "bbq_disk"}, False),
    ],
)
def test_inside_a_type(old: dict[str, Any], new: dict[str, Any], allowed: bool) -> None:
    assert _allowed(old, new, (9, 2)) is allowed


VECTOR = {"type": "dense_vector", "dims": 4, "index_options": {"type": "int8_hnsw", "m": 32}}
CONFLICTS: list[tuple[dict[str, Any], str]] = [
    ({**VECTOR, "dims": 6}, "[dims] from [4] to [6]"),
    ({**VECTOR, "similarity": "dot_product"}, "[similarity] from [cosine] to [dot_product]"),
    ({"type": "dense_vector", "dims": 4, "element_type": "byte"}, "[element_type] from [float] to [byte]"),
    (
        {**VECTOR, "index_options": {"type": "hnsw"}},
        (
            "[index_options] from [{type=int8_hnsw, m=32, ef_construction=100, confidence_interval=null, rescore_vector=none}] "
            "to [{type=hnsw, m=16, ef_construction=100}]"
        ),
    ),
    (
        {"type": "dense_vector", "dims": 4, "index": False},
        "[index] from [true] to [false]\n\tCannot update parameter [similarity] from [cosine] to [null]",
    ),
]


@pytest.mark.parametrize(("new", "what"), CONFLICTS)
def test_conflicts(api: Api, make: Callable[..., str], new: dict[str, Any], what: str) -> None:
    index = make({"f": VECTOR})
    found = api.error("PUT", f"/{index}/_mapping", {"properties": {"f": new}}, code=400)
    wanted = f"Mapper for [f] conflicts with existing mapper:\n\tCannot update parameter {what}"
    assert found == ("illegal_argument_exception", wanted)


def test_dims_come_with_the_first_document(api: Api, make: Callable[..., str]) -> None:
    index = make({"f": {"type": "dense_vector"}})
    assert api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]["f"] == {
        "type": "dense_vector",
        "index": True,
        "similarity": "cosine",
    }
    api("PUT", f"/{index}/_doc/1", {"f": [1, 2, 3]}, code=201)
    field = api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]["f"]
    assert (field["dims"], field["index_options"]["type"]) == (3, "int8_hnsw")
    assert api.error("PUT", f"/{index}/_doc/2", {"f": [1, 2]}, code=400)[1].endswith(
        "has a different number of dimensions [2] than defined in the mapping [3]"
    )


def test_an_index_stays_what_its_release_made_it(tmp_path: Path) -> None:
    field = {"type": "dense_vector", "dims": 512}
    document = {"f": [0.1] * 512}
    for number, version in enumerate(("8.19.20", "9.5.2")):
        with running_emulator(tmp_path, "--version", version) as url, httpx.Client(base_url=url, timeout=30) as http:
            api = Api(http)
            if number == 0:
                api("PUT", "/old", {"mappings": {"properties": {"f": field}}})
                api("PUT", "/old/_doc/1", document, code=201)
                continue
            # Vectors stay in its source and a new field gets the defaults of then; what can be read is the server's matter.
            assert api("GET", "/old/_doc/1")["_source"] == document
            api("PUT", "/old/_mapping", {"properties": {"g": field}})
            assert (
                api("GET", "/old/_mapping")["old"]["mappings"]["properties"]["g"]["index_options"]["type"]
                == "int8_hnsw"
            )
            api("PUT", "/old/_doc/2", {"f": base64.b64encode(bytes([63] * 2048)).decode()}, code=201)
            api("PUT", "/new", {"mappings": {"properties": {"f": field}}})
            assert (
                api("GET", "/new/_mapping")["new"]["mappings"]["properties"]["f"]["index_options"]["type"] == "bbq_hnsw"
            )
