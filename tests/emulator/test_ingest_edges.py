"""Pipelines at their edges: huge numbers, what no document can hold, parameters that a script changes, long chains."""

from __future__ import annotations

from typing import Any

import pytest

from clipline.emulator.errors import ApiError
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import IngestDocument
from clipline.emulator.ingest.processors import regexes
from clipline.emulator.ingest.processors.texts import gsub, split
from tests.emulator.conftest import Api
from tests.emulator.test_processors import run

DIGITS = "1" * 5000


@pytest.mark.parametrize(
    ("processor", "reason"),
    [
        ({"convert": {"field": "a", "type": "long"}}, f"unable to convert [{DIGITS}] to long"),
        ({"script": "ctx.b = Long.parseLong(ctx.a)"}, "runtime error"),
        ({"script": f"ctx.b = ctx.l.{DIGITS}"}, "runtime error"),
    ],
)
def test_a_number_of_thousands_of_digits_is_too_large(api: Api, processor: dict[str, Any], reason: str) -> None:
    assert run(api, [processor], {"a": DIGITS, "l": [1]})["reason"] == reason


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("ctx.x = 0.0 / 0", "the number [NaN] in a document"),
        ("ctx.x = [-1 / 0.0]", "the number [-Infinity] in a document"),
        ("for (e in ctx.m.entrySet()) { ctx.x = e }", "the entry of a map"),
        ("ctx.m.put(1, 2)", "a key that is no text"),
        ("ctx.clear()", "[clear] on [ctx]"),
        ("ctx.remove('_version_type')", "the metadata [_version_type]"),
        (f"ctx.x = {DIGITS}", "a number of 5000 digits"),
    ],
)
def test_what_a_document_cannot_hold_is_refused(api: Api, script: str, what: str) -> None:
    body = {"pipeline": {"processors": [{"script": script}]}, "docs": [{"_source": {"m": {"k": 1}}}]}
    assert what in api.error("POST", "/_ingest/pipeline/_simulate", body, code=501)[1]


@pytest.mark.parametrize("value", ["{{a", "{{}}", "{{{a}}", "x{{ a }"])
def test_braces_that_are_no_reference_are_refused(api: Api, name: str, value: str) -> None:
    body = {"processors": [{"set": {"field": "x", "value": [value]}}]}
    assert "braces that are no reference" in api.error("PUT", f"/_ingest/pipeline/{name}", body, code=501)[1]


def test_an_id_may_be_taken_away_and_an_index_may_not(api: Api, name: str) -> None:
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"script": "ctx.remove('_id'); ctx.remove('_routing')"}]})
    assert api("PUT", f"/{name}/_doc/mine?pipeline={name}", {"a": 1}, code=201)["_id"] != "mine"
    error = run(api, [{"script": "ctx.remove('_index')"}], {})
    assert error["caused_by"] == {"type": "illegal_argument_exception", "reason": "_index cannot be removed"}


def test_a_script_does_not_change_what_its_parameters_are(api: Api, name: str) -> None:
    script = {"source": "params.l.add(1); ctx.x = params.l; ctx.x.add(2)", "params": {"l": [0]}}
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"script": script}]})
    for doc_id in ("1", "2"):
        api("PUT", f"/{name}/_doc/{doc_id}?pipeline={name}", {}, code=201)
        assert api("GET", f"/{name}/_source/{doc_id}") == {"x": [0, 1, 2]}
    assert api("GET", f"/_ingest/pipeline/{name}")[name]["processors"] == [{"script": script}]


@pytest.mark.parametrize("source", ["params.p = 1", "params.put('p', 1)", "params.remove('p')"])
def test_the_parameters_themselves_cannot_be_changed(api: Api, source: str) -> None:
    error = run(api, [{"script": {"source": source, "params": {"p": 0}}}], {})
    assert error["caused_by"] == {"type": "unsupported_operation_exception", "reason": None}


def test_a_document_that_holds_itself_cannot_be_shown(api: Api) -> None:
    assert run(api, [{"script": "ctx.x = [ctx]"}], {})["reason"] == "Iterable object is self-referencing itself"


def test_a_document_that_is_too_deep_does_not_hold_itself(api: Api, name: str) -> None:
    script = "Map m = [:]; for (int i = 0; i < 400; i++) { m = ['a': m] } ctx.x = m"
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"script": script}]})
    assert "of this depth" in api.error("PUT", f"/{name}/_doc/1?pipeline={name}", {}, code=501)[1]


@pytest.mark.parametrize("version", ["1_0", " 1", 2**31, 1.0, True])
def test_a_version_is_a_number_of_32_bits(api: Api, name: str, version: Any) -> None:
    body = {"processors": [], "version": version}
    _, reason = api.error("PUT", f"/_ingest/pipeline/{name}", body, code=400)
    assert reason.startswith("[version] property cannot be converted to an int [")


def test_step_by_step_a_chain_of_pipelines_is_run_through_in_passing(api: Api, name: str) -> None:
    api("PUT", f"/_ingest/pipeline/{name}-0", {"processors": [{"set": {"field": "x", "value": 1}}]})
    for number in range(60):
        inner = {"pipeline": {"name": f"{name}-{number}"}}
        api("PUT", f"/_ingest/pipeline/{name}-{number + 1}", {"processors": [inner]})
    body = {"pipeline": {"processors": [{"pipeline": {"name": f"{name}-60"}}]}, "docs": [{"_source": {}}]}
    # Looking for a circle anew in each of them would double the work sixty times.
    (answer,) = api("POST", "/_ingest/pipeline/_simulate?verbose=true", body, timeout=20)["docs"]
    steps = answer["processor_results"]
    assert [step["processor_type"] for step in steps] == ["pipeline"] * 61 + ["set"]


@pytest.mark.parametrize(
    ("processor", "source", "wanted"),
    [
        ({"rename": {"field": "r", "target_field": "_routing"}}, {"r": "x"}, {}),
        ({"set": {"field": "x", "value": 1, "if": "ctx.containsKey('_routing')"}}, {}, {}),
        ({"remove": {"field": "_routing"}}, {}, "field [_routing] not present as part of path [_routing]"),
        (
            {"append": {"field": "_routing", "value": ["a"]}},
            {},
            "_routing [[a]] is wrong type, expected assignable to [java.lang.String], not [java.util.ArrayList]",
        ),
        ({"set": {"field": "x", "copy_from": "l.0_0"}}, {"l": [1]},
         "[0_0] is not an integer, cannot be used as an index as part of path [l.0_0]"),
        ({"date": {"field": "a", "formats": ["UNIX_MS"]}}, {"a": "1_000"}, "unable to parse date [1_000]"),
        ({"date": {"field": "a", "formats": ["UNIX"]}}, {"a": "nan"}, "unable to parse date [nan]"),
        ({"date": {"field": "a", "formats": ["TAI64N"]}}, {"a": "@4000"}, "unable to parse date [@4000]"),
        ({"date": {"field": "a", "formats": ["yyyy"]}}, {"a": "\u0662\u0660\u0662\u0664"},
         "unable to parse date [\u0662\u0660\u0662\u0664]"),
    ],
)  # fmt: skip
def test_what_python_takes_and_java_does_not(
    api: Api, processor: dict[str, Any], source: dict[str, Any], wanted: dict[str, Any] | str
) -> None:
    found = run(api, [processor], source)
    assert (found["reason"] if isinstance(wanted, str) else found) == wanted


def test_a_routing_comes_from_a_field(api: Api, name: str) -> None:
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"rename": {"field": "r", "target_field": "_routing"}}]})
    api("PUT", f"/{name}/_doc/1?pipeline={name}", {"r": "x"}, code=201)
    assert api("GET", f"/{name}/_doc/1?routing=x")["_routing"] == "x"


@pytest.mark.parametrize("form", ["UNIX_MS", "UNIX"])
def test_a_date_that_is_too_far_away_is_refused(api: Api, form: str) -> None:
    body = {
        "pipeline": {"processors": [{"date": {"field": "a", "formats": [form]}}]},
        "docs": [{"_source": {"a": 10**17}}],
    }
    assert "as far away as" in api.error("POST", "/_ingest/pipeline/_simulate", body, code=501)[1]


@pytest.mark.parametrize("kind", ["gsub", "split"])
def test_a_pattern_that_takes_for_ever_is_given_up(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regexes, "SECONDS", 0.1)
    words = {"field": "a", "pattern": "(?:a|a)*b", "replacement": "", "separator": "(?:a|a)*b"}
    node: Any = None  # these processors need none
    work = {"gsub": gsub, "split": split}[kind](Options(node, kind, None, words))
    with pytest.raises(ApiError, match="a regular expression that takes more than"):
        work(IngestDocument("i", "1", {"a": "a" * 60 + "cb"}))
