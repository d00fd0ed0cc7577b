"""Changes that somebody makes by hand on a cluster, and what a plan has to say of each: no more, no less.

They are made to the stack that ``prepare`` writes: the default one with a component template and more settings. Each has
a ``place``, and two hands at one place never meet in one example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch
from hypothesis import strategies as st

from provisioning.plan import Verb
from tests.provisioning.conftest import ALIAS, INDEX

TEMPLATE, COMPONENT, PIPELINE = "image-embeddings", "base", "image-embeddings"
SETTINGS = {"refresh_interval": "10s", "max_result_window": 20000, "query": {"default_field": ["caption"]}}
"""What the component template adds to the default stack."""
OTHER = f"{ALIAS}-by-hand"
"""A foreign index, for the alias to be moved to."""

Do = Callable[[Elasticsearch], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """One change by hand; ``fields`` is path → what is found and what is wanted, ``None`` where that is not compared."""

    place: str
    do: Do
    address: str
    fields: Mapping[str, tuple[Any, Any]] | None
    verb: Verb = Verb.UPDATE
    notes: tuple[str, ...] = field(default=())


def hands() -> st.SearchStrategy[list[Hand]]:
    """Some changes, each at a place of its own."""
    return st.lists(st.one_of(*_KINDS), min_size=1, max_size=5, unique_by=lambda hand: hand.place)


def _pipeline(place: str, change: Callable[[dict[str, Any]], None], fields: Mapping[str, tuple[Any, Any]]) -> Hand:
    def do(client: Elasticsearch) -> None:
        body = client.ingest.get_pipeline(id=PIPELINE)[PIPELINE]
        change(body)
        client.ingest.put_pipeline(
            id=PIPELINE,
            processors=body["processors"],
            description=body.get("description"),
            version=body.get("version"),
            on_failure=body.get("on_failure"),
            meta=body["_meta"],
        )

    return Hand(place=place, do=do, address=f"ingest_pipeline/{PIPELINE}", fields=fields)


def _template(place: str, change: Callable[[dict[str, Any]], None], fields: Mapping[str, tuple[Any, Any]]) -> Hand:
    def do(client: Elasticsearch) -> None:
        (item,) = client.indices.get_index_template(name=TEMPLATE)["index_templates"]
        body = item["index_template"]
        change(body)
        client.indices.put_index_template(
            name=TEMPLATE,
            index_patterns=body["index_patterns"],
            priority=body.get("priority"),
            template=body["template"],
            composed_of=body["composed_of"],
            version=body.get("version"),
            meta=body["_meta"],
        )

    return Hand(place=place, do=do, address=f"index_template/{TEMPLATE}", fields=fields)


def _component(place: str, change: Callable[[dict[str, Any]], None], fields: Mapping[str, tuple[Any, Any]]) -> Hand:
    def do(client: Elasticsearch) -> None:
        (item,) = client.cluster.get_component_template(name=COMPONENT)["component_templates"]
        body = item["component_template"]
        change(body)
        client.cluster.put_component_template(name=COMPONENT, template=body["template"], meta=body["_meta"])

    return Hand(place=place, do=do, address=f"component_template/{COMPONENT}", fields=fields)


def _index(place: str, do: Do, fields: Mapping[str, tuple[Any, Any]]) -> Hand:
    return Hand(place=place, do=do, address=f"index/{INDEX}", fields=fields)


def _alias(do: Do, fields: Mapping[str, tuple[Any, Any]] | None, verb: Verb = Verb.UPDATE) -> Hand:
    return Hand(place="alias", do=do, address=f"alias/{ALIAS}", fields=fields, verb=verb)


def described(text: str) -> Hand:
    """A pipeline with another description."""
    return _pipeline(
        "pipeline description",
        lambda body: body.update(description=text),
        {
            "description": (
                text,
                "Stamps the document and embeds its caption with the text model of the same vector space",
            )
        },
    )


def versioned(number: int) -> Hand:
    """A pipeline with a version."""
    return _pipeline("pipeline version", lambda body: body.update(version=number), {"version": (number, None)})


def processor_removed() -> Hand:
    """A pipeline without its last processor."""
    last = {"tag": "drop-siblings", "field": ["model_id", "is_truncated"], "ignore_missing": True}
    return _pipeline(
        "processors",
        lambda body: body.update(processors=body["processors"][:2]),
        {"processors[2]": (None, {"remove": last})},
    )


def processor_added(at: int) -> Hand:
    """A pipeline with one more processor at some place."""
    more = {"lowercase": {"field": "format", "ignore_missing": True}}
    return _pipeline(
        "processors", lambda body: body["processors"].insert(at, more), {f"processors[{at}]": (more, None)}
    )


def processor_changed(value: Any) -> Hand:
    """A pipeline with another value in a processor."""
    return _pipeline(
        "processors",
        lambda body: body["processors"][0]["set"].update(value=value),
        {"processors[0].set.value": (value, "{{{_ingest.timestamp}}}")},
    )


def priority(number: int) -> Hand:
    """A template with another priority."""
    return _template("template priority", lambda body: body.update(priority=number), {"priority": (number, 200)})


def template_setting(shards: int) -> Hand:
    """A template with another setting."""
    return _template(
        "template settings",
        lambda body: body["template"]["settings"]["index"].update(number_of_shards=shards),
        {"template.settings.number_of_shards": (str(shards), "1")},
    )


def template_field_removed(name: str) -> Hand:
    """A template without a field."""
    return _template(
        f"template field {name}",
        lambda body: body["template"]["mappings"]["properties"].pop(name),
        {f"template.mappings.properties.{name}": (None, {"type": "keyword"})},
    )


def template_pattern(pattern: str) -> Hand:
    """A template with one more pattern."""
    return _template(
        "template patterns",
        lambda body: body["index_patterns"].append(pattern),
        {"index_patterns": (sorted([f"{ALIAS}-*", pattern]), [f"{ALIAS}-*"])},
    )


def component_setting(name: str, value: Any, shown: str, wanted: str) -> Hand:
    """A component template with another setting."""
    return _component(
        f"component {name}",
        lambda body: body["template"]["settings"]["index"].update({name: value}),
        {f"template.settings.{name}": (shown, wanted)},
    )


def component_field(kind: str) -> Hand:
    """A component template with one more field."""
    return _component(
        "component mappings",
        lambda body: body["template"].update(mappings={"properties": {"camera": {"type": kind}}}),
        {"template.mappings": ({"properties": {"camera": {"type": kind}}}, None)},
    )


def setting(name: str, value: Any, shown: str | None, wanted: str) -> Hand:
    """A live index with another value of a setting; ``None`` takes it away."""
    return _index(
        f"index {name}",
        lambda client: client.indices.put_settings(index=INDEX, settings={name: value}),
        {f"settings.{name}": (shown, wanted)},
    )


def strictness(value: str) -> Hand:
    """A live mapping that takes fields that nobody declared."""
    return _index(
        "index dynamic",
        lambda client: client.indices.put_mapping(index=INDEX, dynamic=value),
        {"dynamic": (value, "strict")},
    )


def limit(number: int) -> Hand:
    """A live field with another limit."""
    return _index(
        "index limit",
        lambda client: client.indices.put_mapping(
            index=INDEX, properties={"ingest_error": {"type": "keyword", "ignore_above": number}}
        ),
        {"properties.ingest_error.ignore_above": (number, 1024)},
    )


def field_meta(text: str) -> Hand:
    """A live field with a note of its own."""
    return _index(
        "index field meta",
        lambda client: client.indices.put_mapping(
            index=INDEX, properties={"width": {"type": "integer", "meta": {"unit": text}}}
        ),
        {"properties.width.meta": ({"unit": text}, None)},
    )


def marks_lost(name: str, wanted: str) -> Hand:
    """A live mapping that says no longer which pipeline, or which text model, it goes with."""

    def do(client: Elasticsearch) -> None:
        meta = client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]["_meta"]
        del meta["clipline"][name]
        client.indices.put_mapping(index=INDEX, meta=meta)

    return _index(f"index _meta {name}", do, {f"_meta.clipline.{name}": (None, wanted)})


def undeclared_field() -> Hand:
    """A live mapping with one more field: no drift, because no hand could take it away again; the plan tells of it."""
    return Hand(
        place="index extra field",
        do=lambda client: client.indices.put_mapping(index=INDEX, properties={"extra": {"type": "keyword"}}),
        address=f"index/{INDEX}",
        fields={},
        notes=(f"index/{INDEX} has fields that the stack does not declare: extra",),
    )


def filtered(value: str) -> Hand:
    """An alias with a filter."""
    query = {"term": {"source": value}}
    return _alias(
        lambda client: client.indices.put_alias(index=INDEX, name=ALIAS, filter=query, is_write_index=True),
        {"filter": (query, None)},
    )


def routed(value: str) -> Hand:
    """An alias with a routing."""
    return _alias(
        lambda client: client.indices.put_alias(index=INDEX, name=ALIAS, routing=value, is_write_index=True),
        {"index_routing": (value, None), "search_routing": (value, None)},
    )


def moved() -> Hand:
    """An alias that points to another index."""
    actions = [{"remove": {"index": INDEX, "alias": ALIAS}}, {"add": {"index": OTHER, "alias": ALIAS}}]
    return _alias(
        lambda client: client.indices.update_aliases(actions=actions),
        {"index": (OTHER, INDEX), "is_write_index": (None, True)},
    )


def unaliased() -> Hand:
    """An index that lost its alias."""
    return _alias(lambda client: client.indices.delete_alias(index=INDEX, name=ALIAS), None, Verb.CREATE)


_WORDS = st.text(alphabet="abcdefgh ä", min_size=1, max_size=8)
_SECONDS = st.integers(11, 59).map(lambda number: f"{number}s")
_KINDS: tuple[st.SearchStrategy[Hand], ...] = (
    _WORDS.map(described),
    st.integers(1, 9).map(versioned),
    st.just(processor_removed()),
    st.integers(0, 3).map(processor_added),
    st.one_of(st.integers(), _WORDS, st.booleans(), st.lists(st.integers(), max_size=2)).map(processor_changed),
    st.integers(1, 199).map(priority),
    st.integers(2, 5).map(template_setting),
    st.sampled_from(["image_name", "phash", "source"]).map(template_field_removed),
    st.text(alphabet="abc", min_size=1, max_size=4).map(lambda text: template_pattern(f"{text}-*")),
    _SECONDS.map(lambda text: component_setting("refresh_interval", text, text, "10s")),
    st.integers(1, 19999).map(lambda size: component_setting("max_result_window", size, str(size), "20000")),
    st.sampled_from(["keyword", "long", "date"]).map(component_field),
    st.integers(1, 3).map(lambda number: setting("number_of_replicas", number, str(number), "0")),
    st.none().map(lambda none: setting("refresh_interval", none, None, "10s")),
    _SECONDS.map(lambda text: setting("refresh_interval", text, text, "10s")),
    st.sampled_from([["caption", "format"], ["format"]]).map(
        lambda names: setting("query.default_field", names, ",".join(names), "caption")
    ),
    st.just(setting("default_pipeline", "_none", "_none", PIPELINE)),
    st.sampled_from(["true", "false"]).map(strictness),
    st.integers(1, 1023).map(limit),
    _WORDS.map(field_meta),
    st.sampled_from([("pipeline", PIPELINE), ("text_model", "clip-text")]).map(lambda pair: marks_lost(*pair)),
    st.just(undeclared_field()),
    _WORDS.map(filtered),
    st.sampled_from(["1", "a"]).map(routed),
    st.just(moved()),
    st.just(unaliased()),
)
