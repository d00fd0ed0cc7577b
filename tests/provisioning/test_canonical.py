"""One meaning, one canonical form; and what differs is told apart."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.canonical import aligned, canonical, canonical_mappings, canonical_settings
from provisioning.diff import differences

SAME: dict[str, tuple[str, Any, Any]] = {
    "routing for both": ("alias", {"routing": 1}, {"index_routing": "1", "search_routing": "1"}),
    "one routing of its own": ("alias", {"routing": "a", "search_routing": "b"}, {"indexRouting": "a", "searchRouting": "b"}),
    "no filter": ("alias", {"filter": {}, "is_hidden": False}, {}),
    "a flag as text": ("alias", {"is_write_index": "true"}, {"is_write_index": True}),
    "a deployment's defaults": (
        "deployment",
        {"number_of_allocations": "2"},
        {"number_of_allocations": 2, "threads_per_allocation": 1, "queue_capacity": 1024, "priority": "NORMAL"},
    ),
    "a cache as statistics round it": ("deployment", {"cache_size": "1630b"}, {"cache_size": "1.5kb"}),
    "a cache in another unit": ("deployment", {"cache_size": "1024kb"}, {"cache_size": "1mb"}),
    "allocations that follow the load": (
        "deployment",
        {"number_of_allocations": 3, "adaptive_allocations": {"enabled": True, "max_number_of_allocations": 4}},
        {"adaptive_allocations": {"enabled": "true", "max_number_of_allocations": "4"}},
    ),
    "what the server fills into a model": (
        "trained_model",
        {"tags": ["b", "a"], "inference_config": {"text_embedding": {"embedding_size": 8}}},
        {
            "model_id": "m", "create_time": 1, "version": "12.0.0", "license_level": "platinum", "location": {},
            "fully_defined": True, "model_size_bytes": 9, "tags": ["a", "b"], "input": {"field_names": ["input"]},
            "metadata": {"model_aliases": ["x"], "clipline": {"stack": "s", "digest": "d"}},
            "inference_config": {
                "text_embedding": {
                    "embedding_size": 8, "results_field": "predicted_value", "vocabulary": {"index": ".x"},
                    "tokenization": {
                        "bert": {"do_lower_case": False, "max_sequence_length": 512, "truncate": "first", "span": -1,
                                 "with_special_tokens": True}
                    },
                }
            },
        },
    ),
    "dates of a pipeline": ("ingest_pipeline", {"processors": []}, {"created_date_millis": 1, "modified_date": "x"}),
    "dates of a template": ("index_template", {"index_patterns": "a"}, {"index_patterns": ["a"], "modified_date_millis": 1}),
    "not deprecated": ("component_template", {"deprecated": False, "template": {}}, {"template": {}}),
    "aliases that say nothing": (
        "component_template",
        {"template": {"aliases": {"a": {}}}},
        {"template": {"aliases": {"a": None}}},
    ),
    "a lifecycle that is on": (
        "component_template",
        {"template": {"lifecycle": {"data_retention": "168h"}}},
        {"template": {"lifecycle": {"enabled": True, "data_retention": "7d"}}},
    ),
    "data streams with defaults": (
        "index_template",
        {"index_patterns": ["a"], "data_stream": {}},
        {"index_patterns": ["a"], "data_stream": {"hidden": False, "allow_custom_routing": False}},
    ),
    "our marks": (
        "ingest_pipeline",
        {"_meta": {"clipline": {"stack": "s", "digest": "d", "alias": "a"}}},
        {"_meta": {"clipline": {"alias": "a"}}},
    ),
}  # fmt: skip
OTHER: dict[str, tuple[str, Any, Any]] = {
    "an alias that cannot be written through": ("alias", {}, {"is_write_index": False}),
    "a template that forbids": ("index_template", {"index_patterns": "a"}, {"index_patterns": "a", "allow_auto_create": False}),
    "data streams": ("index_template", {"index_patterns": "a"}, {"index_patterns": "a", "data_stream": {}}),
    "a template's alias": ("component_template", {"template": {}}, {"template": {"aliases": {"a": {}}}}),
    "another order of components": (
        "index_template",
        {"index_patterns": "a", "composed_of": ["x", "y"]},
        {"index_patterns": "a", "composed_of": ["y", "x"]},
    ),
    "true is not one": (
        "ingest_pipeline",
        {"processors": [{"set": {"field": "a", "value": True}}]},
        {"processors": [{"set": {"field": "a", "value": 1}}]},
    ),
    "a point is a point": (
        "ingest_pipeline",
        {"processors": [{"set": {"field": "a", "value": 1}}]},
        {"processors": [{"set": {"field": "a", "value": 1.0}}]},
    ),
    "another mark than the three": (
        "ingest_pipeline",
        {"_meta": {"clipline": {"alias": "a"}}},
        {"_meta": {"clipline": {"alias": "b"}}},
    ),
    "a longer text": (
        "trained_model",
        {"inference_config": {"text_embedding": {"tokenization": {"bert": {"max_sequence_length": 77}}}}},
        {"inference_config": {"text_embedding": {}}},
    ),
    "a model behind an alias": ("model_alias", {"model_id": "a"}, {"model_id": "b"}),
}  # fmt: skip
SETTINGS: list[tuple[str, Any, Any]] = [
    ("refresh_interval", "60s", "1m"),
    ("refresh_interval", "1000ms", "1s"),
    ("refresh_interval", "0", "0s"),
    ("search.slowlog.threshold.query.warn", "1h", "60m"),
    ("translog.flush_threshold_size", "1024mb", "1GB"),
    ("flush_after_merge", "1.5kb", "1536b"),
    ("merge.policy.segments_per_tier", 10, "10.0"),
    ("translog.durability", "ASYNC", "async"),
    ("query.default_field", ["a", "b"], "a,b"),
    ("hidden", True, "true"),
]


# Of one field: as it may be written, and as the server shows it.
FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a factor": ({"type": "scaled_float", "scaling_factor": 100}, {"type": "scaled_float", "scaling_factor": 100.0}),
    "prefixes": (
        {"type": "text", "index_prefixes": {}},
        {"type": "text", "index_prefixes": {"min_chars": 2, "max_chars": 5}},
    ),
    "shingles": ({"type": "search_as_you_type", "max_shingle_size": 3}, {"type": "search_as_you_type"}),
    "a feature": ({"type": "rank_feature", "positive_score_impact": "true"}, {"type": "rank_feature"}),
    "no dimension": ({"type": "keyword", "time_series_dimension": False}, {"type": "keyword"}),
    "nested flags": (
        {"type": "nested", "include_in_parent": "true", "properties": {"a.b": {"type": "long"}}},
        {"type": "nested", "include_in_parent": True, "properties": {"a": {"properties": {"b": {"type": "long"}}}}},
    ),
    "a null value": ({"type": "scaled_float", "scaling_factor": 1, "null_value": "2"},
                     {"type": "scaled_float", "scaling_factor": 1.0, "null_value": 2.0}),
    "subobjects": ({"type": "object", "subobjects": "true"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_one_field(name: str) -> None:
    written, shown = FIELDS[name]
    left, right = (canonical_mappings({"properties": {"f": field}}) for field in (written, shown))
    assert differences(left, right) == ()
    assert differences(*aligned(right, left), only_wanted=True) == ()


@pytest.mark.parametrize("name", SAME)
def test_one_meaning(name: str) -> None:
    kind, left, right = SAME[name]
    assert differences(canonical(kind, left), canonical(kind, right)) == ()
    assert canonical(kind, canonical(kind, right)) == canonical(kind, right)


@pytest.mark.parametrize("name", OTHER)
def test_another_meaning(name: str) -> None:
    kind, left, right = OTHER[name]
    assert differences(canonical(kind, left), canonical(kind, right)) != ()


@pytest.mark.parametrize(("name", "left", "right"), SETTINGS)
def test_settings(name: str, left: Any, right: Any) -> None:
    assert canonical_settings({name: left}) == canonical_settings({"index": {name: right}})


@pytest.mark.parametrize(("left", "right"), [("60s", "61s"), ("-1", "0"), ("1s", "1ms"), ("soon", "now")])
def test_other_times(left: str, right: str) -> None:
    assert canonical_settings({"refresh_interval": left}) != canonical_settings({"refresh_interval": right})


def test_replicas_that_expand_by_themselves() -> None:
    wanted = {"auto_expand_replicas": "0-1", "number_of_replicas": 1}
    assert canonical_settings(wanted) == canonical_settings({**wanted, "number_of_replicas": 0})
    off = {**wanted, "auto_expand_replicas": False}
    assert canonical_settings(off) != canonical_settings({**off, "number_of_replicas": 0})


def test_of_several_templates_the_last_wins_also_with_null() -> None:
    assert canonical_settings({"index.hidden": True}, {"index": {"hidden": None}}) == {}


def test_one_item_less_is_one_field() -> None:
    before = [{"set": {"field": name}} for name in "abcd"]
    after = [*before[:1], *before[2:]]
    (gone,) = differences({"processors": before}, {"processors": after})
    assert (gone.path, gone.before, gone.after) == ("processors[1]", before[1], None)
    (come,) = differences({"processors": after}, {"processors": before})
    assert (come.path, come.before, come.after) == ("processors[1]", None, before[1])
