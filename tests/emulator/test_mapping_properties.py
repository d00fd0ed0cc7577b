"""What holds for every mapping and every document: rounds of GET and PUT change nothing, and nothing breaks."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clipline.emulator.errors import ApiError
from clipline.emulator.indices.mapping import fields, merge, normalise, shown
from clipline.emulator.indices.mappings.traits import Traits
from clipline.emulator.indices.parse import parse
from clipline.emulator.indices.positions import locate

TRAITS = st.sampled_from([Traits((8, 19)), Traits((9, 2)), Traits((9, 5)), Traits((9, 5), enterprise=False)])
FLAG = st.sampled_from([True, False, "true", "false"])
NAMES = st.sampled_from(["a", "b", "c", "a.b", "long_name", "ü"])


def _some(**parameters: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=parameters)


def _with(kind: str, parameters: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return parameters.map(lambda found: {"type": kind, **found})


def _inner(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key != "copy_to"}


_COMMON = {"meta": st.just({"unit": "m"}), "copy_to": st.sampled_from(["x", ["x", "y"]])}
_COLUMN = {"index": FLAG, "doc_values": FLAG, "store": FLAG, **_COMMON}
_OPTIONS = st.sampled_from(
    [
        {"type": "hnsw", "m": 4},
        {"type": "int8_flat", "confidence_interval": 0.95},
        {"type": "int4_hnsw", "rescore_vector": {"oversample": 1.3}},
        {"type": "bbq_hnsw"},
        {"type": "flat"},
    ]
)
_KEYWORD = _with(
    "keyword", _some(ignore_above=st.integers(0, 99), norms=FLAG, null_value=st.text(max_size=3), **_COLUMN)
)
_SUBS = st.dictionaries(st.sampled_from(["r", "s"]), _KEYWORD.map(_inner), max_size=2)
_LEAF = st.one_of(
    _KEYWORD,
    _with("text", _some(index=FLAG, store=FLAG, fields=_SUBS, **_COMMON)),
    _with("integer", _some(coerce=FLAG, ignore_malformed=FLAG, null_value=st.integers(-9, 9), **_COLUMN)),
    _with("date", _some(format=st.sampled_from(["epoch_millis", "yyyy-MM-dd", "strict_date_optional_time"]), **_COLUMN)),
    _with("geo_point", _some(ignore_z_value=FLAG, **_COLUMN)),
    _with("flattened", _some(depth_limit=st.integers(0, 9))),
    _with("dense_vector", _some(dims=st.sampled_from([64, 384, 512]), similarity=st.sampled_from(["cosine", "l2_norm"]),
                                index_options=_OPTIONS)),
    _with("dense_vector", st.just({"index": False, "dims": 3})),
)  # fmt: skip
_FIELDS = st.recursive(
    _LEAF,
    lambda below: st.fixed_dictionaries(
        {"properties": st.dictionaries(st.sampled_from("pqr"), below, max_size=3)},
        optional={"dynamic": st.sampled_from([True, "false", "strict"]), "enabled": FLAG},
    ),
    max_leaves=8,
)
MAPPINGS = st.fixed_dictionaries(
    {"properties": st.dictionaries(NAMES, _FIELDS, max_size=4)},
    optional={"dynamic": st.sampled_from([True, False, "strict"]), "date_detection": FLAG, "_meta": st.just({"a": [1]}),
              "_routing": st.just({"required": True}), "_source": st.just({"includes": ["a*"], "excludes": "b"})},
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(MAPPINGS, TRAITS)
def test_what_get_shows_put_again_is_no_change(mappings: dict[str, Any], traits: Traits) -> None:
    try:
        normal = normalise(mappings, traits)
    except ApiError:
        return  # two fields of one name that do not go together
    again = normalise(json.loads(json.dumps(shown(normal))), traits)
    assert again == normal
    assert merge(normal, again, traits) == normal


@settings(deadline=None, max_examples=100)
@given(MAPPINGS, MAPPINGS, TRAITS)
def test_an_update_taken_in_twice_is_taken_in_once(old: dict[str, Any], new: dict[str, Any], traits: Traits) -> None:
    try:
        addition = normalise(new, traits)
        once = merge(normalise(old, traits), addition, traits)
    except ApiError:
        return
    assert merge(once, addition, traits) == once
    assert {name for name, _ in fields(addition.get("properties", {}))} <= {
        name for name, _ in fields(once.get("properties", {}))
    }


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**33) | st.floats() | st.sampled_from(["", "true", "keyword", "text", "date"]),
    lambda below: st.lists(below, max_size=2)
    | st.dictionaries(st.sampled_from(["type", "properties", "fields", "a"]), below, max_size=3),
    max_leaves=5,
)  # fmt: skip
_PARAMETERS = st.sampled_from(
    ["type", "properties", "fields", "dynamic", "enabled", "index", "format", "null_value", "ignore_above", "meta", "copy_to",
     "analyzer", "normalizer", "norms", "dims", "similarity", "index_options", "element_type", "coerce", "index_options"]
)  # fmt: skip
_KINDS = st.sampled_from(
    ["keyword", "text", "long", "float", "boolean", "date", "geo_point", "flattened", "dense_vector", "object"]
)
_WILD = st.builds(lambda kind, node: {**node, "type": kind}, _KINDS, st.dictionaries(_PARAMETERS, _ODD, max_size=4))
_ROOT = st.sampled_from(
    ["properties", "dynamic", "_source", "_routing", "_meta", "dynamic_templates", "date_detection", "x"]
)


@settings(deadline=None, max_examples=400)
@given(st.dictionaries(NAMES, _WILD | _ODD, max_size=3), st.dictionaries(_ROOT, _ODD, max_size=3), TRAITS)
def test_a_mapping_is_taken_or_refused(fields: dict[str, Any], root: dict[str, Any], traits: Traits) -> None:
    for wild in ({"properties": fields}, root, {**root, "properties": fields}):
        with suppress(ApiError):
            normal = normalise(json.loads(json.dumps(wild, allow_nan=True)), traits)
            json.dumps(shown(normal))
            assert merge(normal, normal, traits) == normal


_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=6),
    st.sampled_from(["2024-01-01", "1,2", "POINT (1 2)", "u281z", "807f0a", "P4BAAEBA", "9999999999999999999", "1e400"]),
)  # fmt: skip
_KEYS = st.sampled_from(
    ["k", "i", "l", "f", "h", "b", "d", "g", "fl", "v", "y", "t", "o", "o.x", "z", "", ".", "a..b", "_id"]
)
_VALUES = st.recursive(
    _SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(_KEYS, below, max_size=3), max_leaves=10
)
_ALL = {
    "k": {"type": "keyword", "ignore_above": 3}, "i": {"type": "integer"}, "l": {"type": "long", "coerce": False},
    "f": {"type": "float", "ignore_malformed": True}, "h": {"type": "half_float"}, "b": {"type": "boolean"},
    "d": {"type": "date"}, "g": {"type": "geo_point"}, "fl": {"type": "flattened", "depth_limit": 2},
    "v": {"type": "dense_vector"}, "y": {"type": "dense_vector", "dims": 3, "element_type": "byte"},
    "t": {"type": "text", "copy_to": ["k", "z.z"], "fields": {"i": {"type": "integer"}}},
    "o": {"properties": {"x": {"type": "short"}}, "dynamic": "strict"},
}  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(st.dictionaries(_KEYS, _VALUES, max_size=4), TRAITS)
def test_a_document_is_taken_or_refused(document: dict[str, Any], traits: Traits) -> None:
    mappings = normalise({"properties": _ALL}, traits)
    raw = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    with suppress(ApiError):
        parsed = parse(document, mappings, "1", traits, raw)
        json.dumps(parsed.values)
        merged = merge(mappings, {"properties": parsed.added}, traits) if parsed.added else mappings
        assert parse(document, merged, "1", traits).added == {}


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    found = [(path, value)]
    if isinstance(value, dict):
        for key, child in value.items():
            found += _paths(child, (*path, key))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            found += _paths(child, (*path, number))
    return found


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.text(max_size=4), _VALUES, max_size=4), st.sampled_from([None, 1, "\t"]))
def test_every_value_is_found_where_it_stands(document: dict[str, Any], indent: Any) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=True)
    for path, value in _paths(document):
        line, column, _ = locate(text.encode(), path)
        rest = "\n".join(text.split("\n")[line - 1 :])[column - 1 :]
        assert json.JSONDecoder().raw_decode(rest)[0] == value
