"""Ingest pipelines: Elasticsearch keeps the body as it was sent and adds dates of its own from 9.2 on.

What it keeps it also tells apart: ``1``, ``1.0`` and ``"1"`` in a ``set`` processor make other documents, so nothing
inside a processor is normalised. Source: ``PipelineConfiguration``, whose config is the map that was parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.canonical.common import flag, present, whole, without_marks

DATES = ("created_date", "created_date_millis", "modified_date", "modified_date_millis")
"""System-managed from 9.2 on, of pipelines and of templates; the server refuses a body that sets one."""


def canonical_pipeline(body: Mapping[str, Any]) -> dict[str, Any]:
    """A pipeline's canonical form; ``deprecated: false`` and ``field_access_pattern: classic`` are the defaults."""
    value = {key: child for key, child in body.items() if key not in DATES}
    value["_meta"] = without_marks(value.get("_meta"))
    value["version"] = whole(value.get("version"))
    if flag(value.get("deprecated")) is False:
        del value["deprecated"]
    if value.get("field_access_pattern") == "classic":
        del value["field_access_pattern"]
    return present(value)
