"""Canonical bodies: the only form in which desired and observed state are compared. Pure.

Elasticsearch does not return what it was sent: dotted or nested settings, with or without ``index.``, numbers and
booleans as text, defaults filled in, dates of its own. Each kind has its file here, applied to both sides alike;
an index is its mappings and its settings. A canonical form is its own canonical form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioning.canonical.aliases import canonical_alias
from provisioning.canonical.deployments import canonical_deployment
from provisioning.canonical.mappings import aligned, canonical_mappings
from provisioning.canonical.models import canonical_model, canonical_model_alias
from provisioning.canonical.pipelines import canonical_pipeline
from provisioning.canonical.settings import canonical_settings
from provisioning.canonical.templates import canonical_component_template, canonical_index_template

__all__ = ["CANONICAL", "aligned", "canonical", "canonical_mappings", "canonical_settings"]


def canonical(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical form of a body of one kind."""
    return CANONICAL[kind](body)


def _index(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mappings": canonical_mappings(body.get("mappings")),
        "settings": canonical_settings(body.get("settings")),
    }


CANONICAL: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "ingest_pipeline": canonical_pipeline,
    "component_template": canonical_component_template,
    "index_template": canonical_index_template,
    "index": _index,
    "alias": canonical_alias,
    "trained_model": canonical_model,
    "model_alias": canonical_model_alias,
    "deployment": canonical_deployment,
}
