"""However a mapping or the settings of an index are written, what comes back is the same to a plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from provisioning.canonical import aligned, canonical_mappings, canonical_settings
from provisioning.diff import differences
from tests.nodes import running_emulator

INDEX = "spelled"


def written(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A boolean or a number, or the same as text."""
    return st.tuples(values, st.booleans()).map(lambda pair: _text(pair[0]) if pair[1] else pair[0])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


FLAG = written(st.booleans())
COUNT = written(st.integers(1, 300))
NOTE = st.dictionaries(st.sampled_from(["unit", "by"]), st.text(alphabet="abc", min_size=1, max_size=3), max_size=2)
SHARED = {"index": FLAG, "store": FLAG, "meta": NOTE}
NUMBER = {**SHARED, "doc_values": FLAG, "coerce": FLAG, "ignore_malformed": FLAG}
OPTIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "keyword": {
        **SHARED, "doc_values": FLAG, "norms": FLAG, "eager_global_ordinals": FLAG, "ignore_above": COUNT,
        "null_value": st.one_of(st.integers(0, 9), st.text(alphabet="ab1", min_size=1, max_size=3)),
        "index_options": st.sampled_from(["docs", "freqs"]), "copy_to": st.sampled_from([[], "t", ["t"], ["t", "u"]]),
        "split_queries_on_whitespace": FLAG,
    },
    "text": {
        **SHARED, "norms": FLAG, "index_options": st.sampled_from(["docs", "freqs", "positions", "offsets"]),
        "analyzer": st.sampled_from(["simple", "standard"]), "fielddata": st.just(False), "term_vector": st.just("no"),
        "fields": st.dictionaries(st.sampled_from("rs"), st.just({"type": "keyword", "ignore_above": "9"}), max_size=2),
    },
    "long": {**NUMBER, "null_value": written(st.integers(0, 9))},
    "float": {**NUMBER, "null_value": written(st.integers(0, 9))},
    "boolean": {**SHARED, "null_value": FLAG, "ignore_malformed": FLAG},
    "date": {
        **SHARED, "ignore_malformed": FLAG,
        "format": st.sampled_from(["strict_date_optional_time||epoch_millis", "epoch_millis", "yyyy-MM-dd"]),
    },
    "geo_point": {"index": FLAG, "ignore_malformed": FLAG, "ignore_z_value": FLAG, "meta": NOTE},
    "flattened": {"index": FLAG, "depth_limit": COUNT, "ignore_above": COUNT, "eager_global_ordinals": FLAG},
}  # fmt: skip
GRAPH = {"m": st.integers(2, 64), "ef_construction": st.integers(50, 200)}
RESCORE = {"rescore_vector": st.fixed_dictionaries({"oversample": st.sampled_from([0, 1, 2, 2.5, 3.0])})}
VECTOR_OPTIONS = st.one_of(
    st.none(),
    st.fixed_dictionaries({"type": st.just("hnsw")}, optional=GRAPH),
    st.fixed_dictionaries({"type": st.just("flat")}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["int8_hnsw", "int4_hnsw", "bbq_hnsw"])}, optional={**GRAPH, **RESCORE}
    ),
    st.fixed_dictionaries({"type": st.sampled_from(["int8_flat", "int4_flat", "bbq_flat"])}, optional=RESCORE),
)
VECTOR = st.fixed_dictionaries(
    {"type": st.just("dense_vector"), "dims": st.sampled_from([64, 384, 512])},
    optional={
        "index": FLAG, "similarity": st.sampled_from(["cosine", "l2_norm", "max_inner_product"]), "meta": NOTE,
        "element_type": st.sampled_from(["float", "byte"]), "index_options": VECTOR_OPTIONS,
    },
)  # fmt: skip
LEAF = st.one_of(
    VECTOR,
    *(st.fixed_dictionaries({"type": st.just(kind)}, optional=options) for kind, options in OPTIONS.items()),
)
NAMES = st.sampled_from(["a", "b", "c", "a.x", "b.x.y", "type", "properties"])
DYNAMIC = st.sampled_from([True, False, "true", "false", "strict"])
FIELDS = st.recursive(
    LEAF,
    lambda inner: st.fixed_dictionaries(
        {"properties": st.dictionaries(NAMES, inner, max_size=3)},
        optional={"type": st.just("object"), "dynamic": DYNAMIC, "enabled": st.sampled_from([True, "true"])},
    ),
    max_leaves=5,
)
PATTERN = st.sampled_from(["a*", ["a*"], ["a*", "b*"]])
TEMPLATE = st.fixed_dictionaries(
    {"mapping": st.just({"type": "keyword"})},
    optional={"match": PATTERN, "unmatch": PATTERN, "path_match": PATTERN, "match_pattern": st.just("simple"),
              "match_mapping_type": st.sampled_from(["*", "string"])},
)  # fmt: skip
MAPPINGS = st.fixed_dictionaries(
    {"properties": st.dictionaries(NAMES, FIELDS, max_size=4)},
    optional={
        "dynamic": DYNAMIC, "date_detection": FLAG, "numeric_detection": FLAG, "_source": st.just({}),
        "dynamic_date_formats": st.sampled_from(["yyyy", ["yyyy"], ["yyyy", "MM"]]),
        "dynamic_templates": st.lists(TEMPLATE, max_size=2).map(
            lambda found: [{f"t{number}": body} for number, body in enumerate(found)]
        ),
        "_meta": st.dictionaries(st.sampled_from("pq"), st.one_of(st.none(), st.integers(-9, 9), st.just({"r": [1]}))),
        "_routing": st.sampled_from([{"required": False}, {"required": "true"}]),
    },
)  # fmt: skip
TABLE: dict[str, st.SearchStrategy[Any]] = {
    "number_of_replicas": written(st.integers(0, 2)),
    "refresh_interval": st.sampled_from(["1s", "1000ms", "60s", "1m", "-1", -1]),
    "max_result_window": written(st.integers(1, 20000)),
    "hidden": FLAG,
    "query.default_field": st.sampled_from(["f", ["f"], ["f", "g"]]),
    "translog.durability": st.sampled_from(["async", "REQUEST"]),
    "translog.flush_threshold_size": st.sampled_from(["512mb", "1gb", "1024mb"]),
    "merge.policy.segments_per_tier": st.sampled_from([10, 10.0, "10", "10.5"]),
    "search.slowlog.threshold.query.warn": st.sampled_from(["10s", "10000ms", -1]),
    "mapping.total_fields.limit": written(st.integers(500, 2000)),
    "auto_expand_replicas": st.sampled_from([False, "false", "0-1", "0-all"]),
}
FORMS = ("dotted", "nested", "half")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """A client of an emulator for these tests."""
    with running_emulator(tmp_path_factory.mktemp("spellings")) as url, Elasticsearch(url) as client:
        yield client


def created(client: Elasticsearch, **body: Any) -> dict[str, Any]:
    """What is shown of an index made with this body; what the server refuses is no example."""
    client.options(ignore_status=404).indices.delete(index=INDEX)
    try:
        client.indices.create(index=INDEX, **body)
    except ApiError as error:
        assume(error.meta.status not in (400, 501))
        raise
    return dict(client.indices.get(index=INDEX)[INDEX])


EXAMPLES = pytest.mark.parametrize(
    "examples", [pytest.param(60, id="few"), pytest.param(1500, id="many", marks=pytest.mark.slow)]
)
QUIET = (HealthCheck.filter_too_much, HealthCheck.too_slow)


@EXAMPLES
def test_mappings(examples: int, client: Elasticsearch) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=QUIET)
    @given(MAPPINGS)
    def check(mappings: dict[str, Any]) -> None:
        live = created(client, mappings=mappings)["mappings"]
        before, after = aligned(canonical_mappings(live), canonical_mappings(mappings))
        assert differences(before, after, only_wanted=True) == ()
        assert canonical_mappings(canonical_mappings(mappings)) == canonical_mappings(mappings)

    check()


@EXAMPLES
def test_settings(examples: int, client: Elasticsearch) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=QUIET)
    @given(st.fixed_dictionaries({}, optional=TABLE), st.sampled_from(FORMS), st.booleans())
    def check(table: dict[str, Any], form: str, prefixed: bool) -> None:
        body = _spelled(table, form, prefixed=prefixed)
        live = canonical_settings(created(client, settings=body)["settings"])
        assert differences(live, canonical_settings(body), only_wanted=True) == ()
        assert canonical_settings(body) == canonical_settings(table)

    check()


def _spelled(table: dict[str, Any], form: str, *, prefixed: bool) -> dict[str, Any]:
    """The table as a body may have it: dotted, nested, or nested to the first dot."""
    if form == "dotted":
        return {f"index.{name}" if prefixed else name: value for name, value in table.items()}
    body: dict[str, Any] = {}
    for name, value in table.items():
        *path, last = name.split(".", 1 if form == "half" else -1)
        place = body
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return {"index": body} if prefixed else body
