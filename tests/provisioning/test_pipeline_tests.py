"""Tests of pipelines: their files, their matchers, what the server makes of their documents, and the report of it."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import Elasticsearch
from junitparser import Failure, JUnitXml, Skipped

from clipline.core.errors import AssetError, CliplineError
from provisioning.assets.stack import read_stack
from provisioning.assets.validate import check
from provisioning.assets.variables import gather
from provisioning.desired import Digests, desired_state
from provisioning.observe import server
from provisioning.pipeline_tests.case import Case, Difference, Fault, Kind, Outcome, Result
from provisioning.pipeline_tests.comparing import differences
from provisioning.pipeline_tests.files import read_tests
from provisioning.pipeline_tests.junit import write_junit
from provisioning.pipeline_tests.matchers import MatcherError, read_value
from provisioning.pipeline_tests.report import result_lines
from provisioning.simulate.run import run_cases
from tests.conftest import ROOT, TINY

RUNS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "pipeline_tests.yml").read_text("utf-8"))


def read(directory: Path) -> tuple[Case, ...]:
    """The cases of a stack's folder."""
    variables = gather(stack=directory, flags=TINY, environment={})
    stack = read_stack(directory, variables)
    check(stack)
    return read_tests(stack, variables)


def write_tests(directory: Path, text: str, *, file: str = "image-embeddings/captions.yml") -> None:
    """One file of tests in the place of the stack's own."""
    path = directory / "pipelines" / "tests" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("run", RUNS, ids=[run["name"] for run in RUNS])
def test_runs(run: dict[str, Any], own_client: Elasticsearch, stack_copy: Path) -> None:
    for name, body in run["pipelines"].items():
        (stack_copy / "pipelines" / f"{name}.yml").write_text(yaml.safe_dump(body, sort_keys=False), "utf-8")
    write_tests(stack_copy, yaml.safe_dump({"cases": run["cases"]}, sort_keys=False), file="p/all.yml")
    stack = read_stack(stack_copy, gather(stack=stack_copy, flags=TINY, environment={}))
    desired = desired_state(stack, version=server(own_client).version, digests=Digests(text={}, image={}))
    bodies = {item.name: item.body for item in desired.resources if item.kind == "ingest_pipeline"}
    cases = [case for case in read(stack_copy) if case.pipeline == "p"]
    put = run.get("put", {})
    for name, body in put.items():
        own_client.ingest.put_pipeline(id=name, **body)
    before = own_client.ml.get_trained_models()["trained_model_configs"]
    try:
        results = list(run_cases(own_client, cases, bodies=bodies, stand_in=run.get("stand_in", False)))
    finally:
        for name in put:
            own_client.ingest.delete_pipeline(id=name)
    assert [
        re.sub(r"^(\w+) +pipelines/tests/p/all\.yml:\d+ +", r"\1 ", line).strip()
        for result in results
        for line in result_lines(result)
    ] == run["lines"]
    # Nothing is put but the stand-in, and that is gone.
    assert set(own_client.ingest.get_pipeline()) == set()
    assert own_client.ml.get_trained_models()["trained_model_configs"] == before


def test_a_model_without_deployment_is_found_where_there_is_one(own_client: Elasticsearch, stack_copy: Path) -> None:
    write_tests(
        stack_copy,
        "cases: [{name: a, model: stopped, document: {caption: red}, expected: {caption: red, "
        "ingested_at: {$is: date}, ingest_error: '[resting] is not an inference service model or a deployed ml model'}}]",
        file="image-embeddings/faults.yml",
    )
    (case,) = [case for case in read(stack_copy) if case.name == "a"]
    bodies = {"image-embeddings": yaml.safe_load((stack_copy / "pipelines/image-embeddings.yml").read_text("utf-8"))}
    own_client.ml.put_trained_model(model_id="resting", model_type="pytorch", inference_config={"text_embedding": {}})
    try:
        (result,) = run_cases(own_client, [case], bodies=bodies)
    finally:
        own_client.ml.delete_trained_model(model_id="resting")
    assert result.outcome is Outcome.PASSED, list(result_lines(result))


def test_a_run_that_is_left_deletes_its_stand_in(own_client: Elasticsearch) -> None:
    body = {"processors": [{"inference": {"model_id": "m", "target_field": "x"}}]}
    wanted: dict[str, Any] = {
        "error": {"reason": read_value({"$contains": "must be deployed"})},
        "fault": Fault.STOPPED,
    }
    cases = [Case(pipeline="p", name=name, where="a.yml:1", document={"text_field": "a"}, **wanted) for name in "ab"]
    with closing(run_cases(own_client, cases, bodies={"p": body}, stand_in=True)) as running:
        assert next(running).outcome is Outcome.PASSED
        assert own_client.ml.get_trained_models(model_id="clipline-test-*")["count"] == 1
    assert own_client.ml.get_trained_models(model_id="clipline-test-*", allow_no_match=True)["count"] == 0


def test_the_page_is_right(stack_copy: Path) -> None:
    page = (ROOT / "docs" / "pipeline-tests.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    write_tests(stack_copy, example.replace("- name: ", "- name: of the page, "))
    assert [case.passes for case in read(stack_copy) if case.name.startswith("of the page")] == [1, 2, 1]
    matchers = [yaml.safe_load(text) for text in re.findall(r"^\| `(\{\$.*?\})` \|", page, re.MULTILINE)]
    assert len(matchers) == 7
    for matcher in matchers:
        read_value(matcher)


def one(text: str) -> str:
    """A file with one case that has these keys."""
    return "cases:\n  - name: a\n    document: {}\n" + text


BAD_FILES = {
    "no cases": ("cases: []", r"captions\.yml:1: cases: \[\] should be non-empty"),
    "unknown key": ("cases:\n- name: a\n  documnet: {}\n", r":3: unknown key 'documnet'\n.*did you mean 'document'"),
    "no document": ("cases:\n- name: a\n  dropped: true\n", r":2: cases\.0: 'document' is missing"),
    "nothing wanted": (one(""), r":2: a case says one of expected, error, dropped; this one says none"),
    "two wanted": (one("    expected: {}\n    dropped: true"), r":2: a case says one of .* says expected and dropped"),
    "not dropped": (one("    dropped: false"), r":4: cases\.0\.dropped is false"),
    "two passes of an error": (one("    passes: 2\n    error: {type: x}"), r":4: only a document that comes out"),
    "no passes": (one("    passes: 0\n    expected: {}"), r":4: cases\.0\.passes is 0, but must be at least 1"),
    "other fault": (one("    model: full\n    expected: {}"), r":4: cases\.0\.model is .full.; allowed are absent, stopped"),
    "unknown matcher": (one("    expected:\n      b:\n        $iss: date"), r":5: there is no matcher '\$iss'; there are \$is"),
    "half a matcher": (one("    expected: {b: {$is: date, c: 1}}"), r":4: there is no matcher 'c'"),
    "matchers that do not fit": (one("    expected: {b: {$is: date, $vector: 3}}"), r":4: \$is and \$vector do not go together"),
    "a matcher that is sent": ("cases:\n- {name: a, document: {b: {$is: date}}, dropped: true}", r":2: a document that is sent"),
    "an id that is no text": ("cases:\n- {name: a, document: {_id: 1}, dropped: true}", r":2: _id must be a text"),
    "twice the same name": (one("    dropped: true\n  - {name: a, document: {}, dropped: true}"), r":5: .* 'a' is there twice"),
    "duplicate key": ("cases:\n- name: a\n  name: b", r":3: the key 'name' stands here a second time"),
    "no value": (one("    expected: {a: '${nobody}'}"), r":4: the variable nobody has no value"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files(stack_copy: Path, text: str, wanted: str) -> None:
    write_tests(stack_copy, text)
    with pytest.raises(CliplineError) as caught:
        read(stack_copy)
    assert re.search(wanted, str(caught.value), re.DOTALL), str(caught.value)


def test_files_that_belong_to_no_pipeline_and_faults_without_a_model(stack_copy: Path) -> None:
    write_tests(stack_copy, one("    dropped: true"), file="image-embedings/a.yml")
    write_tests(stack_copy, one("    dropped: true"), file="b.yml")
    (stack_copy / "pipelines" / "plain.yml").write_text("processors: [{drop: {}}]", "utf-8")
    write_tests(stack_copy, one("    dropped: true\n    model: absent"), file="plain/c.yml")
    with pytest.raises(AssetError) as caught:
        read(stack_copy)
    assert [finding.where for finding in caught.value.findings] == [
        "pipelines/tests/b.yml:1",
        "pipelines/tests/image-embedings/a.yml:1",
        "pipelines/tests/plain/c.yml:5",
    ]
    assert "image-embeddings, plain" in str(caught.value.findings[0].hint)
    assert "pipelines/plain.yml has no inference processor" in caught.value.findings[2].what


MATCHERS: dict[str, tuple[dict[str, Any], list[Any], list[Any]]] = {
    "any": ({"$is": "any"}, ["", 0, False, []], [None]),
    "text": ({"$is": "text"}, [""], [1, None, ["a"]]),
    "number": ({"$is": "number"}, [1, 1.5], [True, "1", float("inf")]),
    "boolean": ({"$is": "boolean"}, [True, False], [0, "true"]),
    "date": ({"$is": "date"}, ["2026-11-27T00:38:12.123456789Z", "2026-11-27"], ["now", "2026", 20261127, None]),
    "object": ({"$is": "object"}, [{}], [[], "{}"]),
    "list": ({"$is": "list"}, [[]], [{}, "[]"]),
    "vector": ({"$vector": 2}, [[0.0, 1], [-1, 2]], [[1.0], [1, 2, 3], [0, 0.0], [1, "2"], [1, True], None, 2]),
    "near a number": ({"$near": 1, "$within": 0.5}, [0.5, 1.5], [1.51, "1", True, [1]]),
    "near numbers": ({"$near": [0.5, 1]}, [[0.50009, 1.0]], [[0.5002, 1], [0.5], 0.5]),
    "contains": ({"$contains": "ä"}, ["xäx"], ["a", None, ["ä"]]),
    "matches": ({"$matches": "a.*"}, ["a\nb"], ["ba", 1]),
}


@pytest.mark.parametrize(("matcher", "yes", "no"), MATCHERS.values(), ids=MATCHERS)
def test_matchers(matcher: dict[str, Any], yes: list[Any], no: list[Any]) -> None:
    rule = read_value(matcher)
    assert [value for value in yes if differences({"a": rule}, {"a": value})] == []
    assert [value for value in no if not differences({"a": rule}, {"a": value})] == []


def test_values_that_are_made() -> None:
    assert read_value({"$repeat": "ab", "$times": 2}, sent=True) == "abab"
    assert read_value({"$literal": {"$is": "x"}}, sent=True) == {"$is": "x"}


@pytest.mark.parametrize(
    "matcher",
    [
        {"$is": "word"}, {"$is": []}, {"$vector": 0}, {"$vector": True}, {"$near": "1"}, {"$near": []}, {"$within": 1},
        {"$near": 1, "$within": -1}, {"$contains": ""}, {"$contains": 1}, {"$matches": "("}, {"$matches": 1},
        {"$repeat": "a"}, {"$repeat": 1, "$times": 2}, {"$repeat": "a", "$times": 0}, {"$repeat": "aa", "$times": 600_000},
    ],
    ids=str,
)  # fmt: skip
def test_matchers_that_are_none(matcher: dict[str, Any]) -> None:
    with pytest.raises(MatcherError):
        read_value(matcher)


def test_junit_is_read_back(tmp_path: Path) -> None:
    def result(name: str, outcome: Outcome, **more: Any) -> Result:
        case = Case(pipeline="p", name=name, where="pipelines/tests/p/a.yml:7", document={}, dropped=True)
        return Result(case=case, outcome=outcome, seconds=0.25, **more)

    odd = "a\x00<b>&\ud800\x1b[31m"
    field = Difference(path="x", kind=Kind.UNEXPECTED, found=odd)
    file = tmp_path / "new" / "out.xml"
    results = [
        result("good", Outcome.PASSED),
        result(odd, Outcome.FAILED, reason=odd, differences=(field,)),
        result("not here", Outcome.SKIPPED, reason="why"),
    ]
    write_junit(file, results)
    (suite,) = JUnitXml.fromfile(str(file))
    assert (suite.name, suite.tests, suite.failures, suite.skipped, suite.time) == ("p", 3, 1, 1, 0.75)
    good, bad, skipped = suite
    assert (good.name, good.classname, good.result) == ("good", "pipelines/tests/p/a.yml", [])
    assert bad.name == r"a\u0000<b>&\ud800\u001b[31m"
    (failure,) = bad.result
    assert isinstance(failure, Failure)
    assert failure.text is not None
    assert failure.text.splitlines()[0] == "pipelines/tests/p/a.yml:7"
    assert r"+ x  expected nothing, found " in failure.text
    assert isinstance(skipped.result[0], Skipped)
    assert skipped.result[0].message == "why"
    with pytest.raises(CliplineError, match="cannot be written"):
        write_junit(file / "below", results)
