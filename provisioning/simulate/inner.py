"""Whether what a pipeline calls is on the cluster as the files say. Read-only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioning.canonical import canonical
from provisioning.diff import same
from provisioning.pipeline_tests.bodies import Body, called

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

KIND = "ingest_pipeline"


def other_inner(client: Elasticsearch, name: str, bodies: Mapping[str, Body]) -> list[str]:
    """The pipelines of the stack that one calls, and that the cluster lacks or has otherwise.

    ``_simulate`` takes one pipeline; those it calls are the cluster's.
    """
    wanted = called(name, bodies)
    if not wanted:
        return []
    found = client.options(ignore_status=404).ingest.get_pipeline(id=",".join(wanted))
    return [
        inner
        for inner in wanted
        if inner not in found or not same(canonical(KIND, found[inner]), canonical(KIND, bodies[inner]))
    ]
