"""Every answer of ``cases/answers.yml``, from a real server through the genuine client, becomes its sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError
from hypothesis import given
from hypothesis import strategies as st

from clipline.core import errors
from clipline.core.cluster import cluster_errors, connect, explain
from clipline.core.cluster.privileges import denied
from clipline.core.errors import ClusterError, ExitCode
from clipline.core.settings import Connection
from tests.core.answering import Answer, answering

NAMES = st.sampled_from(
    ["error", "type", "reason", "caused_by", "root_cause", "version", "number", "tagline", "distribution",
     "additional_unsuccessful_credentials"]
)  # fmt: skip
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.integers(200, 599), JSON | st.dictionaries(NAMES, JSON, max_size=5), st.booleans())
def test_whatever_is_answered_becomes_a_sentence(status: int, body: Any, elasticsearch: bool) -> None:
    headers = HttpHeaders({"x-elastic-product": "Elasticsearch"} if elasticsearch else {})
    meta = ApiResponseMeta(
        status=status, http_version="1.1", headers=headers, duration=0.0, node=NodeConfig("http", "x", 1)
    )
    error = explain(ApiError("message", meta=meta, body=body), Connection(url="http://x:1"))
    assert error.what
    assert error.where == "http://x:1"


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
