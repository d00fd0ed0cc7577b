"""Component templates, index templates, and simulating them (reference, sections 5.1 to 5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

PRIORITY = 900
"""Above the templates that a cluster brings along."""


@fact("5.1", evidence="T", source="rest-api-spec cluster.component_template/10_basic.yml")
def test_a_component(cluster: Cluster, name: str) -> None:
    """A component is shown with its settings nested below ``index`` and as texts."""
    template = {
        "settings": {"number_of_shards": 1},
        "mappings": {"properties": {"field": {"type": "keyword"}}},
        "aliases": {"aliasname": {}},
    }
    body = {"template": template, "version": 2, "_meta": {"foo": "bar"}}
    assert cluster("PUT", f"/_component_template/{name}", body) == {"acknowledged": True}
    (found,) = cluster("GET", f"/_component_template/{name}")["component_templates"]
    assert found["name"] == name
    shown = found["component_template"]
    assert shown["template"] == {**template, "settings": {"index": {"number_of_shards": "1"}}}
    assert (shown["version"], shown["_meta"]) == (2, {"foo": "bar"})


@fact("5.1", evidence="S", source="MetadataIndexTemplateService.addComponentTemplate")
def test_create_only(cluster: Cluster, name: str) -> None:
    """With ``create`` a component that exists is 400."""
    cluster("PUT", f"/_component_template/{name}", {"template": {}})
    assert cluster.error("PUT", f"/_component_template/{name}?create=true", {"template": {}}, code=400) == (
        "illegal_argument_exception",
        f"component template [{name}] already exists",
    )


@fact("5.1", evidence="S", source="MetadataIndexTemplateService.validateNotInUse")
def test_a_component_in_use(cluster: Cluster, name: str) -> None:
    """A component that an index template uses cannot be deleted."""
    cluster("PUT", f"/_component_template/{name}", {"template": {}})
    cluster("PUT", f"/_index_template/{name}-t", {"index_patterns": [f"{name}*"], "composed_of": [name]})
    assert cluster.error("DELETE", f"/_component_template/{name}", code=400) == (
        "illegal_argument_exception",
        f"component templates [{name}] cannot be removed as they are still in use by index templates [{name}-t]",
    )


@fact("5.1", evidence="S", source="MetadataIndexTemplateService.innerRemoveComponentTemplate")
def test_missing_components(cluster: Cluster, name: str) -> None:
    """Asked for, a missing component is 404 with a sentence; deleted, with its name alone."""
    assert cluster.error("GET", f"/_component_template/{name}", code=404) == (
        "resource_not_found_exception",
        f"component template matching [{name}] not found",
    )
    assert cluster.error("DELETE", f"/_component_template/{name}", code=404) == ("resource_not_found_exception", name)
    assert cluster("GET", f"/_component_template/{name}*", code=404) == {"component_templates": []}


@fact("5.1", evidence="S", source="ComponentTemplate.PARSER")
def test_fields_of_components(cluster: Cluster, name: str) -> None:
    """``template`` is required, and what a component has not is refused."""
    path = f"/_component_template/{name}"
    assert cluster.error("PUT", path, {"version": 1}, code=400) == ("illegal_argument_exception", "Required [template]")
    found = cluster.error("PUT", path, {"template": {}, "foo": 1}, code=400)
    assert (found[0], found[1].partition("] ")[2]) == (
        "x_content_parse_exception", "[component_template] unknown field [foo]",
    )  # fmt: skip


@fact("5.2", evidence="T", source="rest-api-spec indices.put_index_template/10_basic.yml")
def test_an_index_template(cluster: Cluster, name: str) -> None:
    """Patterns are a list, settings nested texts, aliases shown with both routings."""
    aliases = {"a": {}, "b": {"routing": "b"}, "c": {"filter": {"term": {"user": "kimchy"}}}}
    body = {"index_patterns": f"{name}*", "template": {"settings": {"number_of_shards": 1}, "aliases": aliases}}
    cluster("PUT", f"/_index_template/{name}", body)
    (found,) = cluster("GET", f"/_index_template/{name}")["index_templates"]
    shown = found["index_template"]
    assert (shown["index_patterns"], shown["composed_of"]) == ([f"{name}*"], [])
    assert shown["template"]["settings"] == {"index": {"number_of_shards": "1"}}
    assert shown["template"]["aliases"]["b"] == {"index_routing": "b", "search_routing": "b"}
    assert shown["template"]["aliases"]["c"] == aliases["c"]
    cluster("HEAD", f"/_index_template/{name}")


@fact("5.2", evidence="T", source="rest-api-spec indices.put_index_template/20_tracking.yml", since=(9, 2))
def test_dates(cluster: Cluster, name: str) -> None:
    """Since 9.2 a template has dates that only the server sets; the first one stays."""
    path, body = f"/_index_template/{name}", {"index_patterns": [f"{name}*"]}
    cluster("PUT", path, body)
    (first,) = cluster("GET", path)["index_templates"]
    cluster("PUT", path, {**body, "version": 1})
    (second,) = cluster("GET", f"{path}?human=true")["index_templates"]
    assert second["index_template"]["created_date_millis"] == first["index_template"]["created_date_millis"]
    assert second["index_template"]["created_date"].endswith("Z")
    assert cluster.error("PUT", path, {**body, "created_date_millis": 0}, code=400)[1] == (
        f"index_template [{name}] invalid, cause [provided a template property which is managed by the system: created_date]"
    )
    assert (
        "unknown field [created_date] did you mean [created_date_millis]?"
        in (cluster.error("PUT", path, {**body, "created_date": "x"}, code=400)[1])
    )


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"version": 1}, "illegal_argument_exception", "Required [index_patterns]"),
    (
        {"index_patterns": ["{}*"], "composed_of": ["{}-x"]},
        "invalid_index_template_exception",
        "index_template [{0}] invalid, cause [index template [{0}] specifies component templates [{0}-x] that do not exist]",
    ),
    (
        {"index_patterns": ["{}*"], "composed_of": ["{}-x"], "ignore_missing_component_templates": ["foo"]},
        "invalid_index_template_exception",
        (
            "index_template [{0}] invalid, cause [index template [{0}] specifies a missing component templates [{0}-x] that "
            "does not exist and is not part of 'ignore_missing_component_templates']"
        ),
    ),
    (
        {"index_patterns": ["_{}"]},
        "invalid_index_template_exception",
        "index_template [{0}] invalid, cause [Validation Failed: 1: index_pattern [_{0}] must not start with '_';]",
    ),
    (
        {"index_patterns": ["{}*"], "priority": -1},
        "action_request_validation_exception",
        "Validation Failed: 1: index template priority must be >= 0;",
    ),
    (
        {"index_patterns": ["{}*"], "template": {"settings": {"zzz": 1}}},
        "invalid_index_template_exception",
        (
            "index_template [{0}] invalid, cause [Validation Failed: 1: unknown setting [index.zzz] please check that any "
            "required plugins are installed, or check the breaking changes documentation for removed settings;]"
        ),
    ),
    (
        {"index_patterns": ["{}*"], "template": {"mappings": {"properties": {"a": {"type": "nope"}}}}},
        "illegal_argument_exception",
        "composable template [{0}] template after composition is invalid",
    ),
    (
        {"index_patterns": ["{}*"], "template": {"lifecycle": {"data_retention": "7d"}}},
        "illegal_argument_exception",
        "index template [{0}] specifies lifecycle configuration that can only be used in combination with a data stream",
    ),
]


def filled(value: Any, name: str) -> Any:
    """A body with the test's own name in it."""
    if isinstance(value, dict):
        return {key: filled(child, name) for key, child in value.items()}
    if isinstance(value, list):
        return [filled(child, name) for child in value]
    return value.replace("{}", name) if isinstance(value, str) else value


@fact("5.2", evidence="S", source="MetadataIndexTemplateService")
@pytest.mark.parametrize(("body", "kind", "reason"), REFUSED)
def test_refused(cluster: Cluster, name: str, body: dict[str, Any], kind: str, reason: str) -> None:
    """What an index template cannot be is 400, in these words."""
    found = cluster.error("PUT", f"/_index_template/{name}", filled(body, name), code=400)
    assert found == (kind, reason.replace("{0}", name))


@fact("5.2", evidence="S", source="MetadataIndexTemplateService.v2TemplateOverlaps")
def test_equal_priorities(cluster: Cluster, name: str) -> None:
    """Two templates of the same priority may not match the same name."""
    cluster("PUT", f"/_index_template/{name}-1", {"index_patterns": [f"{name}-a*"], "priority": PRIORITY})
    body = {"index_patterns": [f"{name}-*b"], "priority": PRIORITY}
    assert cluster.error("PUT", f"/_index_template/{name}-2", body, code=400)[1] == (
        f"index template [{name}-2] has index patterns [{name}-*b] matching patterns from existing templates [{name}-1] with "
        f"patterns ({name}-1 => [{name}-a*]) that have the same priority [{PRIORITY}], multiple index templates may not match "
        "during index creation, please use a different priority"
    )


@fact("5.2", evidence="S", source="MetadataIndexTemplateService.innerRemoveIndexTemplateV2, TransportGet…Action")
def test_missing_templates(cluster: Cluster, name: str) -> None:
    """A missing template is 404; a pattern that finds none is 404 with an empty list."""
    assert cluster.error("GET", f"/_index_template/{name}", code=404) == (
        "resource_not_found_exception",
        f"index template matching [{name}] not found",
    )
    assert cluster("GET", f"/_index_template/{name}*", code=404) == {"index_templates": []}
    assert cluster.error("DELETE", f"/_index_template/{name}", code=404) == (
        "index_template_missing_exception",
        f"index_template [{name}] missing",
    )
    cluster("HEAD", f"/_index_template/{name}", code=404)


@fact("5.2", evidence="T", source="rest-api-spec indices.put_index_template/15_composition.yml")
def test_composition(cluster: Cluster, name: str) -> None:
    """Components in order, then the template, then the request: settings by key, objects deep, fields and aliases whole."""
    low = {
        "settings": {"number_of_replicas": 1, "priority": 3},
        "mappings": {"properties": {"o.red": {"type": "keyword"}, "f": {"type": "keyword", "ignore_above": 5}}},
        "aliases": {f"{name}-a": {"is_write_index": False}},
    }
    high = {"settings": {"index.number_of_replicas": 0}, "mappings": {"properties": {"o.red": {"type": "text"}}}}
    for part, template in (("low", low), ("high", high)):
        cluster("PUT", f"/_component_template/{name}-{part}", {"template": template})
    own = {
        "mappings": {"properties": {"o.blue": {"type": "integer"}, "f": {"type": "long"}}},
        "aliases": {f"{name}-a": {"filter": {"match_all": {}}}},
    }
    body = {"index_patterns": [f"{name}-i"], "priority": PRIORITY, "composed_of": [f"{name}-low", f"{name}-high"]}
    cluster("PUT", f"/_index_template/{name}", {**body, "template": own})
    cluster("PUT", f"/{name}-i", {"mappings": {"properties": {"o.blue": {"type": "double"}}}})
    found = cluster("GET", f"/{name}-i")[f"{name}-i"]
    shown = found["settings"]["index"]
    assert (shown["number_of_replicas"], shown["priority"]) == ("0", "3")
    assert found["mappings"]["properties"] == {
        "f": {"type": "long"},
        "o": {"properties": {"red": {"type": "text"}, "blue": {"type": "double"}}},
    }
    assert found["aliases"] == {f"{name}-a": {"filter": {"match_all": {}}}}


@fact("5.2", evidence="S", source="AutoCreateIndex")
def test_no_index_by_a_write(cluster: Cluster, name: str) -> None:
    """A template can forbid that a write makes an index."""
    body = {"index_patterns": [f"{name}-*"], "priority": PRIORITY, "allow_auto_create": False}
    cluster("PUT", f"/_index_template/{name}", body)
    assert cluster.error("PUT", f"/{name}-i/_doc/1", {}, code=404) == (
        "index_not_found_exception",
        f"no such index [{name}-i] and composable template [{name}-*] forbids index auto creation",
    )


@fact("5.3", evidence="T", source="rest-api-spec indices.simulate_index_template/10_basic.yml")
def test_simulating_an_index(cluster: Cluster, name: str) -> None:
    """The template that wins is composed, and the others that match are named."""
    for number, priority in ((1, PRIORITY), (2, PRIORITY + 1)):
        body = {"index_patterns": [f"{name}*"], "priority": priority, "template": {"settings": {"priority": number}}}
        cluster("PUT", f"/_index_template/{name}-{number}", body)
    found = cluster("POST", f"/_index_template/_simulate_index/{name}-i")
    shown = found["template"]["settings"]["index"]
    assert shown["priority"] == "2"
    assert shown["routing"]["allocation"]["include"]["_tier_preference"] == "data_content"
    assert (found["template"]["mappings"], found["template"]["aliases"]) == ({}, {})
    assert {"name": f"{name}-1", "index_patterns": [f"{name}*"]} in found["overlapping"]


@fact("5.3", evidence="T", source="rest-api-spec indices.simulate_template/10_basic.yml")
def test_simulating_a_template(cluster: Cluster, name: str) -> None:
    """A template in a body is composed and not stored; a stored one is named; a missing one is 400."""
    template = {"settings": {"index.blocks.write": True}, "aliases": {"test_alias": {}}}
    body = {"index_patterns": [f"{name}*"], "priority": PRIORITY, "template": template}
    found = cluster("POST", "/_index_template/_simulate", body)["template"]
    assert (found["settings"]["index"]["blocks"], found["aliases"]) == ({"write": "true"}, {"test_alias": {}})
    assert cluster.error("POST", f"/_index_template/_simulate/{name}", code=400) == (
        "illegal_argument_exception",
        f"unable to simulate template [{name}] that does not exist",
    )


@fact("5.3", evidence="T", source="rest-api-spec indices.simulate_index_template/10_basic.yml")
def test_simulating_without_a_match(cluster: Cluster, name: str) -> None:
    """An index that no template matches is an empty object."""
    assert cluster("POST", f"/_index_template/_simulate_index/{name}") == {}


@fact("5.2", evidence="S", source="MapperService.RawFieldMappingMerge, XContentHelper.merge")
def test_how_mappings_compose(cluster: Cluster, name: str) -> None:
    """Dynamic templates are merged by name and deeply, other lists joined, the later one's items first."""
    low = {
        "dynamic_date_formats": ["MM", "yyyy"],
        "dynamic_templates": [{"a": {"match": "a*", "mapping": {"type": "text", "index": False}}}],
        "_meta": {"by": ["ann"], "since": 3},
        "properties": {"o": {"dynamic": "strict", "properties": {"x": {"type": "long"}}}},
    }
    high = {
        "dynamic_date_formats": ["yyyy"],
        "dynamic_templates": [
            {"b": {"match": "b*", "mapping": {"type": "long"}}},
            {"a": {"mapping": {"type": "keyword"}}},
        ],
        "_meta": {"by": ["bob"]},
        "properties": {"o": {"properties": {"y": {"type": "long"}}}},
    }
    cluster("PUT", f"/_component_template/{name}", {"template": {"mappings": low}})
    body = {"index_patterns": [f"{name}*"], "composed_of": [name], "priority": PRIORITY, "template": {"mappings": high}}
    cluster("PUT", f"/_index_template/{name}", body)
    found = cluster("POST", f"/_index_template/_simulate_index/{name}-1")["template"]["mappings"]
    assert found == {
        "dynamic_date_formats": ["yyyy", "MM"],
        "dynamic_templates": [
            {"a": {"match": "a*", "mapping": {"type": "keyword", "index": False}}},
            {"b": {"match": "b*", "mapping": {"type": "long"}}},
        ],
        "_meta": {"by": ["bob", "ann"], "since": 3},
        "properties": {"o": {"properties": {"x": {"type": "long"}, "y": {"type": "long"}}}},
    }
