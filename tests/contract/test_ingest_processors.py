"""What processors do and how they fail, and Painless in pipelines (reference, section 4.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact


def _run(cluster: Cluster, processor: dict[str, Any], source: dict[str, Any]) -> Any:
    body = {"pipeline": {"processors": [processor]}, "docs": [{"_source": source}]}
    (answer,) = cluster("POST", "/_ingest/pipeline/_simulate", body)["docs"]
    return answer["error"]["reason"] if "error" in answer else answer["doc"]["_source"]


_SET = "SetProcessor; ingest/270_set_processor.yml"
_TEXT = "AbstractStringProcessor"
_CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], Any]] = {
    "set escapes": (_SET, {"set": {"field": "x", "value": "{{a}}{{{a}}}"}}, {"a": '"'}, {"a": '"', "x": '\\""'}),
    "set keeps": (_SET, {"set": {"field": "a", "value": 2, "override": False}}, {"a": 1}, {"a": 1}),
    "set fills null": (_SET, {"set": {"field": "a", "value": 2, "override": False}}, {"a": None}, {"a": 2}),
    "set below a text": (
        "IngestDocument", {"set": {"field": "a.b", "value": 1}}, {"a": "x"},
        "cannot set [b] with parent object of type [java.lang.String] as part of path [a.b]",
    ),
    "set in a list": ("IngestDocument", {"set": {"field": "l.1", "value": 9}}, {"l": [1, 2]}, {"l": [1, 9]}),
    "set beyond a list": (
        "IngestDocument", {"set": {"field": "l.2", "value": 9}}, {"l": [1, 2]},
        "[2] is out of bounds for array with length [2] as part of path [l.2]",
    ),
    "remove": ("RemoveProcessor", {"remove": {"field": ["a", "b.c"]}}, {"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2}}),
    "remove nothing": ("RemoveProcessor", {"remove": {"field": "a"}}, {"b": 1}, "field [a] not present as part of path [a]"),
    "keep": ("RemoveProcessor", {"remove": {"keep": ["b.c"]}}, {"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"c": 1}}),
    "rename": ("RenameProcessor", {"rename": {"field": "a", "target_field": "b.c"}}, {"a": 1}, {"b": {"c": 1}}),
    "rename onto": (
        "RenameProcessor", {"rename": {"field": "a", "target_field": "b"}}, {"a": 1, "b": 2}, "field [b] already exists",
    ),
    "append": ("AppendProcessor", {"append": {"field": "l", "value": ["x", "y"]}}, {"l": "w"}, {"l": ["w", "x", "y"]}),
    "append once": (
        "AppendProcessor", {"append": {"field": "l", "value": "w", "allow_duplicates": False}}, {"l": ["w"]}, {"l": ["w"]},
    ),
    "convert": ("ConvertProcessor", {"convert": {"field": "a", "type": "integer"}}, {"a": ["5", "0x1F"]}, {"a": [5, 31]}),
    "convert wrongly": (
        "ConvertProcessor", {"convert": {"field": "a", "type": "integer"}}, {"a": "5.0"}, "unable to convert [5.0] to integer",
    ),
    "convert auto": (
        "ConvertProcessor", {"convert": {"field": "a", "type": "auto"}}, {"a": ["true", "7", "1.5", "x"]},
        {"a": [True, 7, 1.5, "x"]},
    ),
    "uppercase": (_TEXT, {"uppercase": {"field": "a"}}, {"a": ["x", "y"]}, {"a": ["X", "Y"]}),
    "uppercase a number": (
        _TEXT, {"uppercase": {"field": "a"}}, {"a": 1},
        "field [a] of type [java.lang.Integer] cannot be cast to [java.lang.String]",
    ),
    "lowercase null": (_TEXT, {"lowercase": {"field": "a"}}, {"a": None}, "field [a] is null, cannot process it."),
    "gsub": ("GsubProcessor", {"gsub": {"field": "a", "pattern": "\\d+", "replacement": "#"}}, {"a": "a1b22"}, {"a": "a#b#"}),
    "split": ("SplitProcessor", {"split": {"field": "a", "separator": ","}}, {"a": "x,,y,,"}, {"a": ["x", "", "y"]}),
    "join": ("JoinProcessor", {"join": {"field": "a", "separator": "-"}}, {"a": [1, "x"]}, {"a": "1-x"}),
    "json": ("JsonProcessor", {"json": {"field": "a"}}, {"a": '{"x": [1]}'}, {"a": {"x": [1]}}),
    "bytes": ("BytesProcessor", {"bytes": {"field": "a"}}, {"a": "1kb"}, {"a": 1024}),
    "dot_expander": (
        "DotExpanderProcessor", {"dot_expander": {"field": "a.b"}}, {"a.b": 1, "a": {"b": 2}}, {"a": {"b": [2, 1]}},
    ),
    "foreach": (
        "ForEachProcessor", {"foreach": {"field": "a", "processor": {"uppercase": {"field": "_ingest._value"}}}},
        {"a": ["x"]}, {"a": ["X"]},
    ),
    "fail": ("FailProcessor", {"fail": {"message": "no {{a}}"}}, {"a": "dogs"}, "no dogs"),
    "an inner pipeline that is not there": (
        "PipelineProcessor; ingest/210_pipeline_processor.yml", {"pipeline": {"name": "clipline-contract-none"}}, {"a": 1},
        "Pipeline processor configured for non-existent pipeline [clipline-contract-none]",
    ),
    "one that may be missing": (
        "PipelineProcessor", {"pipeline": {"name": "clipline-contract-none", "ignore_missing_pipeline": True}}, {"a": 1},
        {"a": 1},
    ),
    "date": (
        "DateProcessor", {"date": {"field": "d", "formats": ["dd.MM.yyyy HH:mm"], "timezone": "+02:00", "target_field": "d"}},
        {"d": "17.05.2024 09:41"}, {"d": "2024-05-17T09:41:00.000+02:00"},
    ),
    "no date": (
        "DateProcessor", {"date": {"field": "d", "formats": ["ISO8601"]}}, {"d": "never"}, "unable to parse date [never]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", _CASES)
@fact("4.6", evidence="S", source="modules/ingest-common: the processor's class")
def test_a_processor(cluster: Cluster, case: str) -> None:
    """What a processor makes of a document, or says of it."""
    _, processor, source, wanted = _CASES[case]
    assert _run(cluster, processor, source) == wanted


_SCRIPTS: dict[str, Any] = {
    "ctx.x = 7 / 2": 3, "ctx.x = -7 % 3": -1, "ctx.x = 7 / 2.0": 3.5, "ctx.x = Integer.MAX_VALUE + 1": -(2**31),
    "ctx.x = 'a' + 1 + 2.0 + null + true": "a12.0nulltrue", "ctx.x = 1 + 2 + 'a'": "3a",
    "ctx.x = ctx.a?.b?.c == null": True, "ctx.x = (ctx.a?.b ?: 'none')": "none", "ctx.x = ctx.l[-1]": 3,
    "ctx.x = 0; for (def v : ctx.l) { ctx.x += v }": 6, "ctx.x = ctx.n instanceof Integer && !(ctx.n instanceof Long)": True,
    "Map m = ['k': [1]]; m.k.add(2); ctx.x = m": {"k": [1, 2]}, "ctx.x = Math.max(1, 2)": 2.0,
    "ctx.x = 'it is'.substring(3).toUpperCase()": "IS", "ctx.x = 'a,b'.splitOnToken(',')": ["a", "b"],
}  # fmt: skip


@pytest.mark.parametrize("script", _SCRIPTS)
@fact("4.6", evidence="S", source="modules/lang-painless: DefMath, DefBootstrap; Painless specification")
def test_painless(cluster: Cluster, script: str) -> None:
    """Painless computes as Java does."""
    assert _run(cluster, {"script": {"source": script}}, {"n": 7, "l": [1, 2, 3]})["x"] == _SCRIPTS[script]


@fact("4.6", evidence="S", source="painless/WhenThingsGoWrongTests")
def test_a_loop_ends(cluster: Cluster) -> None:
    """A script's loops may take fewer than 1,000,000 turns together."""
    body = {"pipeline": {"processors": [{"script": {"source": "while (true) {}"}}]}, "docs": [{"_source": {}}]}
    error = cluster("POST", "/_ingest/pipeline/_simulate", body)["docs"][0]["error"]
    assert error["caused_by"] == {
        "type": "painless_error",
        "reason": "The maximum number of statements that can be executed in a loop has been reached.",
    }


@fact("4.6", evidence="S", source="ConditionalProcessor.UnmodifiableIngestData")
def test_a_condition_changes_nothing(cluster: Cluster) -> None:
    """A condition may look at the document and not change it."""
    body = {"pipeline": {"processors": [{"drop": {"if": "ctx.l.add(1)"}}]}, "docs": [{"_source": {"l": []}}]}
    error = cluster("POST", "/_ingest/pipeline/_simulate", body)["docs"][0]["error"]
    assert error["caused_by"]["type"] == "unsupported_operation_exception"
    assert error["caused_by"]["reason"] == "Mutating ingest documents in conditionals is not supported"


@fact("4.6", evidence="S", source="Script (params is an unmodifiable map)")
def test_a_script_cannot_change_its_parameters(cluster: Cluster) -> None:
    """The parameters of a script are as they were given; only what they hold can be changed."""
    script = {"source": "params.n = 1", "params": {"n": 0}}
    body = {"pipeline": {"processors": [{"script": script}]}, "docs": [{"_source": {}}]}
    error = cluster("POST", "/_ingest/pipeline/_simulate", body)["docs"][0]["error"]
    assert (error["type"], error["caused_by"]["type"]) == ("script_exception", "unsupported_operation_exception")


@fact("4.6", evidence="S", source="IngestDocMetadata, Metadata")
def test_a_routing_that_there_is_not(cluster: Cluster) -> None:
    """A document without routing has no such metadata: a field can become it, and it cannot be removed."""
    body = {
        "pipeline": {"processors": [{"rename": {"field": "r", "target_field": "_routing"}}]},
        "docs": [{"_source": {"r": "x"}}],
    }
    assert cluster("POST", "/_ingest/pipeline/_simulate", body)["docs"][0]["doc"]["_routing"] == "x"
    assert _run(cluster, {"remove": {"field": "_routing"}}, {}) == (
        "field [_routing] not present as part of path [_routing]"
    )


@pytest.mark.parametrize(
    ("form", "value", "wanted"),
    [
        ("epoch_second", "1688548995.987654321", "2023-07-05T09:23:15.987Z"),
        ("dd/MMM/yyyy:H:m:s Z", "10/Aug/2018:09:45:56 +0200", "2018-08-10T07:45:56.000Z"),
        ("TAI64N", "4000000050d506482dbdf024", "2012-12-22T01:00:46.767Z"),
        ("yyyy||epoch_millis", "1688548995987", "2023-07-05T09:23:15.987Z"),
    ],
)
@fact("4.6", evidence="T", source="ingest/30_date_processor.yml; DateFormat.Java (several formats: S)")
def test_the_formats_of_dates(cluster: Cluster, form: str, value: str, wanted: str) -> None:
    """A format of the date processor is one of its own, a name that fields of dates know, or a pattern."""
    assert _run(cluster, {"date": {"field": "d", "formats": [form]}}, {"d": value})["@timestamp"] == wanted
