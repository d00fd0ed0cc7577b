"""Deployments: started, waited for, proven, scaled, stopped.

``_start`` is sent with ``wait_for=starting`` and polled, because its own wait ends with a timeout whose length and
wording differ from version to version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioning.apply.waiting import wait_until_started
from provisioning.apply.work import Work
from provisioning.plan import Change, Verb

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


def deployment(work: Work, change: Change) -> str:
    """Start, scale, start again, or stop a deployment; what was started is proven by its bundle's probes."""
    if change.verb is Verb.UPDATE:
        work.client.ml.update_trained_model_deployment(model_id=change.name, **change.request)
        return ""
    if change.verb in (Verb.REPLACE, Verb.DELETE):
        stop_deployment(work.client, change.name)
    if change.verb is Verb.DELETE:
        return ""
    settings = dict(change.request)
    model_id = str(settings.pop("model_id"))
    start_deployment(work.client, change.name, model_id=model_id, settings=settings, wait_seconds=work.wait_seconds)
    lowest = work.prove(model_id, change.name)
    if lowest is None:
        return "started; parity not proven here, no bundle of this model is at hand"
    return f"started; parity proven, lowest cosine {lowest:.6f}"


def start_deployment(
    client: Elasticsearch, deployment_id: str, *, model_id: str, settings: Mapping[str, Any], wait_seconds: float
) -> None:
    """Start a deployment and wait until every allocation serves.

    Raises:
        ModelError: it failed, or is not there within ``wait_seconds``; the message holds the server's reason.
        elasticsearch.ApiError: the server refused to start it.
    """
    client.options(request_timeout=max(60.0, wait_seconds)).ml.start_trained_model_deployment(
        model_id=model_id, deployment_id=deployment_id, wait_for="starting", timeout="60s", **settings
    )
    wait_until_started(client, deployment_id, model_id=model_id, wait_seconds=wait_seconds)


def stop_deployment(client: Elasticsearch, deployment_id: str) -> None:
    """Stop a deployment once what it has accepted is done; one that is gone counts as stopped."""
    # Not in the client's signature; and force, because our own pipelines name the model by its alias.
    client.perform_request(
        "POST",
        f"/_ml/trained_models/{deployment_id}/deployment/_stop",
        params={"finish_pending_work": "true", "force": "true", "allow_no_match": "true"},
        headers={"accept": "application/json"},
    )
