"""Who uses a model is found wherever it stands: pipelines, indices of any stack, inference endpoints, aliases, deployments."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from provisioning import users
from provisioning.observe import endpoints
from provisioning.observed import Observed
from provisioning.plan import Purpose, Verb
from provisioning.planner.removal import plan_removal
from tests.core.answering import Answer, answering, refusal

MODEL, DEPLOYMENT, ALIAS = "clip-12345678", "clip-v1", "clip-text"


def observed(**parts: Any) -> Observed:
    """A cluster with one model, its alias and its deployment, and these parts."""
    mark = {"clipline": {"stack": "ours"}}
    state: dict[str, Any] = {
        "version": (9, 2, 0),
        "licence": "trial",
        "resources": {},
        "indices": {},
        "models": {MODEL: {"model_id": MODEL, "metadata": {**mark, "model_aliases": [ALIAS]}}},
        "deployments": {DEPLOYMENT: {"deployment_id": DEPLOYMENT, "model_id": MODEL, "state": "started"}},
    }
    return Observed(**{**state, **parts})


def pipeline(model: str) -> dict[tuple[str, str], Any]:
    """A pipeline of others that names a model."""
    return {("ingest_pipeline", "theirs"): {"processors": [{"inference": {"model_id": model}}]}}


USES: dict[str, tuple[dict[str, Any], str]] = {
    "a pipeline, by the alias": ({"resources": pipeline(ALIAS)}, "ingest_pipeline/theirs"),
    "a pipeline, by the deployment": ({"resources": pipeline(DEPLOYMENT)}, "ingest_pipeline/theirs"),
    "a pipeline, by the model": ({"resources": pipeline(MODEL)}, "ingest_pipeline/theirs"),
    "an index of another stack": ({"text_models": {"other-000001": ALIAS}}, "index/other-000001"),
    "an endpoint, by the model": ({"endpoints": {"e": frozenset({MODEL})}}, "inference_endpoint/e"),
    "an endpoint, by the deployment": ({"endpoints": {"e": frozenset({DEPLOYMENT, "x"})}}, "inference_endpoint/e"),
}


@pytest.mark.parametrize("name", USES)
def test_a_used_model_is_not_taken_away(name: str) -> None:
    parts, user = USES[name]
    there = observed(**parts)
    assert user in users.of_model(there, MODEL)
    going = [f"model_alias/{ALIAS}", f"deployment/{DEPLOYMENT}", f"trained_model/{MODEL}"]
    plan = plan_removal(there, going, stack="ours", target="here", purpose=Purpose.DESTROY)
    assert plan.problems
    assert all(problem.what == f"is still used by {user}" for problem in plan.problems)
    assert f"trained_model/{MODEL}" in {problem.address for problem in plan.problems}


def test_what_goes_together_is_no_user() -> None:
    going = [f"model_alias/{ALIAS}", f"deployment/{DEPLOYMENT}", f"trained_model/{MODEL}"]
    plan = plan_removal(observed(), going, stack="ours", target="here", purpose=Purpose.DESTROY)
    assert not plan.problems
    assert [change.verb for change in plan.changes] == [Verb.DELETE] * 3


def test_endpoints_as_the_server_shows_them() -> None:
    # elasticsearch-specification: inference.get, ElasticsearchServiceSettings
    shown = {
        "endpoints": [
            {
                "inference_id": "a",
                "service": "elasticsearch",
                "service_settings": {"model_id": MODEL, "num_threads": 1},
            },
            {"inference_id": "b", "service": "elasticsearch", "service_settings": {"deployment_id": DEPLOYMENT}},
            {"inference_id": "c", "service": "openai", "service_settings": {"model_id": "text-embedding-3-small"}},
        ]
    }
    with answering(lambda _number, _request: Answer(body=shown)) as (url, asked), Elasticsearch(url) as client:
        found = endpoints(client)
    assert asked == ["GET /_inference"]
    assert found == {"a": {MODEL}, "b": {DEPLOYMENT}, "c": set()}


@pytest.mark.parametrize("status", [403, 404, 501])
def test_endpoints_that_cannot_be_read_are_not_known(status: int) -> None:
    answer = refusal(status, "security_exception", "no")
    with answering(lambda _number, _request: answer) as (url, _), Elasticsearch(url, max_retries=0) as client:
        assert endpoints(client) is None
