"""A value of the wrong kind anywhere in a request is refused or means nothing; it never breaks the emulator."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from clipline.emulator.launch import running_emulator

WRONG: list[Any] = [5, -1, 1.5, "x", "", [], {}, None, True, [[1]], [None], {"x": 1}]
FIELDS = {
    "k": {"type": "keyword", "ignore_above": 5, "fields": {"t": {"type": "text"}}},
    "v": {"type": "dense_vector", "dims": 2, "index_options": {"type": "int8_hnsw", "m": 16, "confidence_interval": 0.9}},
    "o": {"properties": {"d": {"type": "date", "format": "epoch_millis"}}},
    "f": {"type": "flattened"}, "g": {"type": "geo_point"}, "b": {"type": "boolean"}, "i": {"type": "integer"},
}  # fmt: skip
TEMPLATE = {
    "settings": {"number_of_replicas": 0},
    "mappings": {"properties": FIELDS},
    "aliases": {"q": {"is_hidden": True}},
}
DOCUMENT = {
    "k": ["a"],
    "o": {"d": 1},
    "f": {"a": {"c": ["b"]}},
    "g": {"lat": 1, "lon": 2},
    "b": True,
    "i": 3,
    "v": [1, 2],
}
PAIR = {"input_field": "a", "output_field": "b"}
OVERRIDE = {"text_embedding": {"results_field": "x", "tokenization": {"bert": {"truncate": "first", "span": -1}}}}
SCRIPT = {"source": "cosineSimilarity(params.q, 'v') + 1.0", "params": {"q": [1, 2]}}

REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "index": ("PUT", "/new", {"settings": {"index": {"number_of_shards": 1}}, "mappings": {"properties": FIELDS},
                              "aliases": {"a": {"filter": {"term": {"k": "x"}}}}}),
    "mapping": ("PUT", "/there/_mapping", {"dynamic": True, "_meta": {"a": 1}, "properties": {"n": {"type": "keyword"}}}),
    "settings": ("PUT", "/there/_settings", {"index": {"refresh_interval": "1s", "max_result_window": 100}}),
    "template": ("PUT", "/_index_template/t", {"index_patterns": ["z*"], "composed_of": ["c"], "priority": 1, "version": 1,
                                               "_meta": {"a": 1}, "template": TEMPLATE,
                                               "ignore_missing_component_templates": ["c"]}),
    "component": ("PUT", "/_component_template/c", {"template": TEMPLATE, "version": 1}),
    "aliases": ("POST", "/_aliases", {"actions": [{"add": {"index": "there", "alias": "b", "filter": {"term": {"k": "a"}}}},
                                                  {"remove": {"indices": ["there"], "aliases": ["b"], "must_exist": False}}]}),
    "document": ("PUT", "/there/_doc/1", DOCUMENT),
    "update": ("POST", "/there/_update/1", {"doc": {"k": "a"}, "upsert": {"k": "b"}, "doc_as_upsert": False}),
    "mget": ("POST", "/_mget", {"docs": [{"_index": "there", "_id": "1", "_source": {"includes": ["k"], "excludes": ["o"]}}]}),
    "query": ("POST", "/there/_search", {
        "query": {"bool": {"must": [{"term": {"k": {"value": "a", "boost": 1}}}],
                           "filter": {"range": {"o.d": {"gte": 0, "format": "epoch_millis"}}},
                           "should": [{"match": {"k.t": {"query": "b", "operator": "and"}}}],
                           "must_not": [{"ids": {"values": ["7"]}}, {"terms": {"k": ["z"]}}]}},
        "sort": [{"o.d": {"order": "asc", "missing": "_last"}}, "_score"], "_source": {"includes": ["k"]},
        "fields": ["k", {"field": "i"}], "size": 2, "min_score": 0.1, "track_total_hits": True}),
    "knn": ("POST", "/there/_search", {"knn": {"field": "v", "query_vector": [1, 2], "k": 1, "num_candidates": 2,
                                               "filter": {"term": {"k": "a"}}, "rescore_vector": {"oversample": 2.0}}}),
    "text": ("POST", "/there/_search", {"knn": [{"field": "v", "query_vector_builder": {
        "text_embedding": {"model_id": "m", "model_text": "x"}}}]}),
    "script": ("POST", "/there/_search", {"query": {"script_score": {"query": {"exists": {"field": "v"}}, "script": SCRIPT}}}),
    "pipeline": ("PUT", "/_ingest/pipeline/p", {"version": 1, "on_failure": [{"set": {"field": "a", "value": 1}}], "processors": [
        {"inference": {"model_id": "m", "input_output": [PAIR], "inference_config": OVERRIDE}},
        {"inference": {"model_id": "m", "target_field": "x", "field_map": {"a": "text_field"}}}, {"pipeline": {"name": "q"}}]}),
    "simulation": ("POST", "/_ingest/pipeline/_simulate", {"docs": [{"_source": {"k": "x", "d": "2024-01-01", "o": {"x": 1}}}],
        "pipeline": {"processors": [{"set": {"field": "a.b", "value": "{{c}}", "if": "ctx.k == 'x' && ctx.o?.x > 0"}},
                                    {"rename": {"field": "k", "target_field": "z.y", "ignore_failure": True}},
                                    {"date": {"field": "d", "formats": ["ISO8601"], "ignore_failure": True}},
                                    {"append": {"field": "l", "value": ["b"]}}]}}),
    "model": ("PUT", "/_ml/trained_models/m", {"model_type": "pytorch", "input": {"field_names": ["text_field"]}, "tags": ["a"],
        "inference_config": {"text_embedding": {"tokenization": {"bert": {"max_sequence_length": 8, "span": -1}}}}}),
    "inference": ("POST", "/_ml/trained_models/m/_infer", {"docs": [{"text_field": "a"}], "inference_config": OVERRIDE}),
}  # fmt: skip


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An emulator of its own, because some of what is sent is taken and stays."""
    with (
        running_emulator(tmp_path_factory.mktemp("spoilt")) as url,
        httpx.Client(base_url=url, timeout=30, headers={"content-type": "application/json"}) as http,
    ):
        http.put("/there", json={"mappings": {"properties": FIELDS}})
        http.put("/there/_doc/1?refresh=true", json=DOCUMENT)
        yield http


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS.values(), ids=REQUESTS)
def test_it_goes_on(spoilt: httpx.Client, method: str, path: str, body: dict[str, Any]) -> None:
    whole = spoilt.request(method, path, json=body)
    assert "emulator failed" not in whole.text
    for place in _places(body):
        for value in WRONG:
            spoilt.delete("/new")
            sent = json.dumps(_with(body, place, value))
            answer = spoilt.request(method, path, content=sent)
            assert "emulator failed" not in answer.text, f"{sent}\n{answer.text}"


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _places(child, (*above, key))


def _with(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    changed = copy.copy(body)
    changed[place[0]] = _with(body[place[0]], place[1:], value)
    return changed
