"""Pipelines and templates: one PUT or one DELETE each; one that is gone counts as deleted."""

from __future__ import annotations

from typing import Any

from provisioning.apply.work import Work
from provisioning.plan import Change, Verb


def ingest_pipeline(work: Work, change: Change) -> str:
    """Put or delete a pipeline."""
    if change.verb is Verb.DELETE:
        work.client.options(ignore_status=404).ingest.delete_pipeline(id=change.name)
    else:
        work.client.ingest.put_pipeline(id=change.name, **_arguments(change))
    return ""


def component_template(work: Work, change: Change) -> str:
    """Put or delete a component template."""
    if change.verb is Verb.DELETE:
        work.client.options(ignore_status=404).cluster.delete_component_template(name=change.name)
    else:
        work.client.cluster.put_component_template(name=change.name, **_arguments(change))
    return ""


def index_template(work: Work, change: Change) -> str:
    """Put or delete an index template."""
    if change.verb is Verb.DELETE:
        work.client.options(ignore_status=404).indices.delete_index_template(name=change.name)
    else:
        work.client.indices.put_index_template(name=change.name, **_arguments(change))
    return ""


def _arguments(change: Change) -> dict[str, Any]:
    """A body as the client's keyword arguments: ``_meta`` is called ``meta`` there."""
    return {("meta" if key == "_meta" else key): value for key, value in change.request.items()}
