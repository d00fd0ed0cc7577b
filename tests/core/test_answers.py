"""Every answer of ``cases/answers.yml``, from a real server through the genuine client, becomes its sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from clipline.core import errors
from clipline.core.cluster import cluster_errors, connect
from clipline.core.cluster.privileges import denied
from clipline.core.errors import ClusterError, ExitCode
from clipline.core.settings import Connection
from tests.core.answering import Answer, answering

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "answers.yml").read_text("utf-8"))


def answered(answer: Answer) -> tuple[str, ClusterError]:
    """The URL of a server that gives this answer, and what becomes of it."""
    with answering(lambda *_: answer) as (url, _):
        target = Connection(url=url, patience=0)
        with pytest.raises(ClusterError) as caught, cluster_errors(target), connect(target) as client:
            client.ingest.put_pipeline(id="mine", processors=[])
    return url, caught.value


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_an_answer(case: dict[str, Any]) -> None:
    body = case["body"]
    if isinstance(body, dict) and "error" in body:
        body["error"]["root_cause"] = [{"type": body["error"]["type"], "reason": body["error"]["reason"]}]
    url, error = answered(
        Answer(
            status=case["status"],
            body=body,
            headers=case.get("headers", {}),
            elasticsearch=case.get("elasticsearch", True),
        )
    )
    assert type(error) is getattr(errors, case["error"])
    assert case["what"] in error.what
    assert case.get("hint", "") in (error.hint or "")
    assert (error.hint is None) == ("hint" not in case)
    assert error.where == url
    assert error.exit_code is ExitCode.FAILED
    assert not error.what.endswith("\n")


def test_names_are_told_once() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names))


def test_a_refusal_in_parts() -> None:
    found = denied(
        "action [indices:data/write/bulk[s]] is unauthorized for API key id [a-b] of user [ci] run as [ann] on restricted "
        "indices [.ml-x], this action is granted by the index privileges [create_doc,create,index,write,all]"
    )
    assert found is not None
    assert found.action == "indices:data/write/bulk[s]"
    assert found.indices == (".ml-x",)
    assert found.who == "API key id a-b of user ci run as ann"
    assert found.grants[0] == "create_doc"
    assert denied("current license is non-compliant for [ml]") is None
