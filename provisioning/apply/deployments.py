"""Deployments: started, waited for, proven, scaled, stopped.

``_start`` is sent with ``wait_for=starting`` and polled, because its own wait ends with a timeout whose length and
wording differ from version to version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.core.cluster import reason
from provisioning.apply.room import is_about_room, no_room
from provisioning.apply.waiting import deployment_stats, failed, wait_until_started
from provisioning.apply.warming import warm_up
from provisioning.apply.work import Work
from provisioning.plan import Change, Verb

_FAILED = "Could not start trained model deployment"
"""How the server begins when nodes failed to load a model (500; later 409)."""

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


def deployment(work: Work, change: Change) -> str:
    """Start, scale, start again, or stop a deployment; what was started is proven by its bundle's probes."""
    if change.verb is Verb.UPDATE:
        _scale(work.client, change)
        return ""
    if change.verb in (Verb.REPLACE, Verb.DELETE):
        stop_deployment(work.client, change.name)
    if change.verb is Verb.DELETE:
        return ""
    settings = dict(change.request)
    model_id = str(settings.pop("model_id"))
    start_deployment(work.client, change.name, model_id=model_id, settings=settings, wait_seconds=work.wait_seconds)
    milliseconds = warm_up(work.client, change.name, allocations=_allocations(change.request))
    lowest = work.prove(model_id, change.name)
    warm = f"{milliseconds:.0f} ms an inference, once warm"
    if lowest is None:
        return f"started; parity not proven here, no bundle of this model is at hand; {warm}"
    return f"started; parity proven, lowest cosine {lowest:.6f}; {warm}"


def start_deployment(
    client: Elasticsearch, deployment_id: str, *, model_id: str, settings: Mapping[str, Any], wait_seconds: float
) -> None:
    """Start a deployment and wait until every allocation serves.

    Raises:
        ModelError: there is no room for it, it failed, or is not there within ``wait_seconds``; the message holds the
            server's reason.
        elasticsearch.ApiError: the server refused to start it for another reason.
        elasticsearch.TransportError: the connection broke, and it is not there.
    """
    from elasticsearch import ApiError, TransportError

    try:
        client.options(request_timeout=max(60.0, wait_seconds)).ml.start_trained_model_deployment(
            model_id=model_id, deployment_id=deployment_id, wait_for="starting", timeout="60s", **settings
        )
    except TransportError:
        # A start is not repeated: the second one would be refused over the first. Whether that was done can be seen.
        if not deployment_stats(client, deployment_id, model_id):
            raise
    except ApiError as error:
        if is_about_room(error):
            raise no_room(error, client, deployment_id, model_id=model_id) from error
        if (why := reason(error)).startswith(_FAILED):
            raise failed(why.removeprefix(_FAILED).strip(" ,"), deployment_id) from error
        raise
    wait_until_started(client, deployment_id, model_id=model_id, wait_seconds=wait_seconds)


def _allocations(settings: Mapping[str, Any]) -> int:
    adaptive = settings.get("adaptive_allocations") or {}
    return int(settings.get("number_of_allocations") or adaptive.get("min_number_of_allocations") or 1)


def _scale(client: Elasticsearch, change: Change) -> None:
    from elasticsearch import ApiError

    try:
        client.ml.update_trained_model_deployment(model_id=change.name, **change.request)
    except ApiError as error:
        if is_about_room(error):
            raise no_room(error, client, change.name) from error
        raise


def stop_deployment(client: Elasticsearch, deployment_id: str) -> None:
    """Stop a deployment once what it has accepted is done; one that is gone counts as stopped."""
    # Not in the client's signature; and force, because our own pipelines name the model by its alias.
    client.perform_request(
        "POST",
        f"/_ml/trained_models/{deployment_id}/deployment/_stop",
        params={"finish_pending_work": "true", "force": "true", "allow_no_match": "true"},
        headers={"accept": "application/json"},
    )
