"""Storing, showing and deleting pipelines (reference, sections 4.1 and 4.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

SET: dict[str, Any] = {"set": {"field": "seen", "value": True}}
_CONFIGURATION = "ConfigurationUtils.readProcessor"


def _refused(cluster: Cluster, name: str, body: Any) -> dict[str, Any]:
    """The error of a pipeline that is refused with 400."""
    error: dict[str, Any] = cluster("PUT", f"/_ingest/pipeline/{name}", body, code=400)["error"]
    return error


@fact("4.1", evidence="T", source="ingest/20_crud.yml; specification/ingest/put_pipeline")
def test_a_pipeline_is_shown_as_it_was_put(cluster: Cluster, name: str) -> None:
    """What was put comes back: description, processors, version and ``_meta``."""
    body = {"description": "d", "processors": [SET], "version": 3, "_meta": {"a": {"b": 1}}}
    assert cluster("PUT", f"/_ingest/pipeline/{name}", body) == {"acknowledged": True}
    shown = cluster("GET", f"/_ingest/pipeline/{name}")[name]
    assert {key: shown[key] for key in body} == body


@fact("4.2", evidence="S", source="PipelineConfiguration, RestGetPipelineAction (9.2)", since=(9, 2))
def test_a_pipeline_has_dates(cluster: Cluster, name: str) -> None:
    """A pipeline shows when it was made and changed; with ``human`` as texts, too."""
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": []})
    shown = cluster("GET", f"/_ingest/pipeline/{name}?human")[name]
    assert shown["created_date_millis"] == shown["modified_date_millis"]
    assert shown["created_date"].endswith("Z")
    managed = {"processors": [], "created_date_millis": 1}
    assert "managed by the system" in cluster.error("PUT", f"/_ingest/pipeline/{name}", managed, code=400)[1]


@fact("4.2", evidence="S", source="PipelineConfiguration before 9.2", until=(9, 2))
def test_a_pipeline_has_no_dates_before(cluster: Cluster, name: str) -> None:
    """Before 9.2 a pipeline shows no dates."""
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": []})
    assert cluster("GET", f"/_ingest/pipeline/{name}")[name] == {"processors": []}


@fact("4.2", evidence="T", source="ingest/20_crud.yml")
def test_a_pipeline_that_is_not_there(cluster: Cluster, name: str) -> None:
    """A missing pipeline is 404 with an empty object; deleting it is a resource_not_found_exception."""
    assert cluster("GET", f"/_ingest/pipeline/{name}", code=404) == {}
    error = cluster.error("DELETE", f"/_ingest/pipeline/{name}*", code=404)
    assert error == ("resource_not_found_exception", f"pipeline [{name}*] is missing")


@fact("4.2", evidence="S", source="RestGetPipelineAction")
def test_a_summary_names_pipelines_only(cluster: Cluster, name: str) -> None:
    """``summary`` shows an empty object for each pipeline."""
    cluster("PUT", f"/_ingest/pipeline/{name}", {"description": "d", "processors": []})
    assert cluster("GET", f"/_ingest/pipeline/{name}?summary=true") == {name: {}}


REFUSED: dict[str, tuple[Any, dict[str, Any]]] = {
    "missing": (
        {"set": {"value": 1, "tag": "t"}},
        {"type": "parse_exception", "reason": "[field] required property is missing", "processor_type": "set",
         "processor_tag": "t", "property_name": "field"},
    ),
    "no value": (
        {"set": {"field": "x"}},
        {"type": "parse_exception", "reason": "[value] required property is missing", "processor_type": "set",
         "property_name": "value"},
    ),
    "kind": (
        {"set": {"field": 5, "value": 1}},
        {"type": "parse_exception", "reason": "[field] property isn't a string, but of type [java.lang.Integer]",
         "processor_type": "set", "property_name": "field"},
    ),
    "unknown": (
        {"sett": {}},
        {"type": "parse_exception", "reason": "No processor type exists with name [sett]", "processor_type": "sett"},
    ),
    "option": (
        {"drop": {"foo": 1}},
        {"type": "parse_exception", "processor_type": "drop",
         "reason": "processor [drop] doesn't support one or more provided configuration parameters [foo]"},
    ),
    "on_failure": (
        {"drop": {"on_failure": []}},
        {"type": "parse_exception", "reason": "[on_failure] processors list cannot be empty", "processor_type": "drop",
         "property_name": "on_failure"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@fact("4.1", evidence="S", source=f"{_CONFIGURATION}; ingest/20_crud.yml")
def test_a_wrong_processor(cluster: Cluster, name: str, case: str) -> None:
    """A wrong processor is a parse_exception that names the processor, its tag and the option."""
    processor, wanted = REFUSED[case]
    error = _refused(cluster, name, {"processors": [processor]})
    assert {key: error.get(key) for key in wanted} == wanted
    assert ("processor_tag" in error) == ("processor_tag" in wanted)
    assert {key: error["root_cause"][0].get(key) for key in wanted} == wanted


@fact("4.1", evidence="S", source="ConfigurationUtils.readProcessorConfigs (useOrSuppress)")
def test_several_wrong_processors(cluster: Cluster, name: str) -> None:
    """The first of several errors is the answer, the others are its suppressed ones."""
    error = _refused(cluster, name, {"processors": [{"set": {}}, {"sett": {}}, {"fail": {}}]})
    assert error["reason"] == "[field] required property is missing"
    assert [one["reason"] for one in error["suppressed"]] == [
        "No processor type exists with name [sett]", "[message] required property is missing"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "[processors] required property is missing"),
        (
            {"processors": [], "foo": 1},
            "pipeline [{}] doesn't support one or more provided configuration parameters [foo]",
        ),
        ({"processors": [], "on_failure": []}, "pipeline [{}] cannot have an empty on_failure option defined"),
        ({"processors": {}}, "[processors] property isn't a list, but of type [java.util."),
        (
            {"processors": [], "description": 1},
            "[description] property isn't a string, but of type [java.lang.Integer]",
        ),
    ],
)
@fact("4.1", evidence="S", source="Pipeline.create")
def test_a_wrong_pipeline(cluster: Cluster, name: str, body: Any, reason: str) -> None:
    """A pipeline without processors, with unknown keys or with an empty on_failure is refused."""
    error = _refused(cluster, name, body)
    assert error["type"] == "parse_exception"
    assert error["reason"].startswith(reason.format(name))


@fact(
    "4.1",
    evidence="S",
    source="PutPipelineClusterStateUpdateTask; T without the words: ingest/290_versioned_update.yml",
)
def test_if_version(cluster: Cluster, name: str) -> None:
    """``if_version`` guards against a second writer, and gives the next version when the body has none."""
    path = f"/_ingest/pipeline/{name}"
    conflict = f"version conflict, required version [1] for pipeline [{name}] but"
    assert (
        cluster.error("PUT", f"{path}?if_version=1", {"processors": []}, code=400)[1]
        == f"{conflict} no pipeline was found"
    )
    cluster("PUT", path, {"processors": [], "version": 1})
    same = cluster.error("PUT", f"{path}?if_version=1", {"processors": [], "version": 1}, code=400)
    assert same == ("illegal_argument_exception", f"cannot update pipeline [{name}] with the same version [1]")
    cluster("PUT", f"{path}?if_version=1", {"processors": [SET]})
    assert cluster("GET", path)[name]["version"] == 2
    assert (
        cluster.error("PUT", f"{path}?if_version=1", {"processors": []}, code=400)[1]
        == f"{conflict} current version is [2]"
    )


@fact(
    "4.1",
    evidence="S",
    source="PainlessScriptEngine, ConfigurationUtils.readProcessor; painless/WhenThingsGoWrongTests",
)
def test_a_script_that_does_not_compile(cluster: Cluster, name: str) -> None:
    """A condition that is no Painless is a script_exception with the place and what it was about, and the processor."""
    error = _refused(cluster, name, {"processors": [{"drop": {"tag": "t", "if": "foo == 1"}}]})
    assert (error["type"], error["reason"]) == ("script_exception", "compile error")
    assert error["script_stack"] == ["foo == 1", "^---- HERE"]
    assert (error["script"], error["lang"]) == ("foo == 1", "painless")
    assert error["position"] == {"offset": 0, "start": 0, "end": 8}
    assert (error["processor_type"], error["processor_tag"]) == ("drop", "t")
    assert error["caused_by"] == {"type": "illegal_argument_exception", "reason": "cannot resolve symbol [foo]"}


@fact("4.2", evidence="S", source="IngestService.validateNotInUse")
def test_a_pipeline_in_use_is_not_deleted(cluster: Cluster, name: str) -> None:
    """The default or final pipeline of an index cannot be deleted."""
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": []})
    cluster("PUT", f"/{name}", {"settings": {"default_pipeline": name, "final_pipeline": name}})
    including = f"pipeline for 1 index(es) including [{name}]"
    kind, reason = cluster.error("DELETE", f"/_ingest/pipeline/{name}", code=400)
    assert kind == "illegal_argument_exception"
    assert (
        reason == f"pipeline [{name}] cannot be deleted because it is the default {including} and the final {including}"
    )


@fact("4.1", evidence="S", source="IngestPipelineFieldAccessPattern", until=(9, 2))
def test_no_access_pattern_before(cluster: Cluster, name: str) -> None:
    """Before 9.2 there is no ``field_access_pattern``."""
    error = _refused(cluster, name, {"processors": [], "field_access_pattern": "classic"})
    assert error["reason"].endswith("configuration parameters [field_access_pattern]")


@fact("4.1", evidence="S", source="IngestPipelineFieldAccessPattern", since=(9, 2))
def test_an_access_pattern(cluster: Cluster, name: str) -> None:
    """From 9.2 on a pipeline may say that its fields are accessed in the classic way."""
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [], "field_access_pattern": "classic"})
    assert cluster("GET", f"/_ingest/pipeline/{name}")[name]["field_access_pattern"] == "classic"
