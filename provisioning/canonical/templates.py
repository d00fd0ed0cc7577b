"""Index and component templates.

Settings come back below ``index`` and as text, mappings as they were sent, aliases with their shorthands written out,
the boolean parts of ``data_stream`` and ``lifecycle`` filled in. Sources: ``ComposableIndexTemplate``,
``ComponentTemplate``, ``Template``, ``DataStreamLifecycle.Template``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.canonical.aliases import canonical_aliases
from provisioning.canonical.common import flag, listed, present, whole, without_marks
from provisioning.canonical.mappings import canonical_mappings
from provisioning.canonical.pipelines import DATES
from provisioning.canonical.settings import canonical_settings
from provisioning.canonical.units import time_text

_STREAM = {"hidden": False, "allow_custom_routing": False}


def canonical_component_template(body: Mapping[str, Any]) -> dict[str, Any]:
    """A component template's canonical form."""
    value = {key: child for key, child in body.items() if key not in DATES}
    value["_meta"] = without_marks(value.get("_meta"))
    value["version"] = whole(value.get("version"))
    value["template"] = _template(value.get("template"))
    if flag(value.get("deprecated")) is False:
        del value["deprecated"]  # the default (ComponentTemplate.isDeprecated)
    return present(value)


def canonical_index_template(body: Mapping[str, Any]) -> dict[str, Any]:
    """An index template's canonical form: patterns are a set, ``composed_of`` is an order, priority 0 the default.

    ``allow_auto_create: false`` is not the default: it forbids what the cluster would allow.
    """
    value = canonical_component_template(body)
    stream = body.get("data_stream")
    value["index_patterns"] = sorted(set(listed(value.get("index_patterns"))))
    value["ignore_missing_component_templates"] = sorted(set(listed(value.get("ignore_missing_component_templates"))))
    value["composed_of"] = listed(value.get("composed_of"))
    value["allow_auto_create"] = flag(value.get("allow_auto_create"))
    value["priority"] = whole(value.get("priority")) or None
    value = present(value)
    if stream is not None:
        # An empty object makes data streams: it says much.
        value["data_stream"] = {**_STREAM, **{key: flag(child) for key, child in stream.items()}}
    return value


def _template(template: Mapping[str, Any] | None) -> dict[str, Any]:
    value = dict(template or {})
    lifecycle = value.pop("lifecycle", None)
    value["settings"] = canonical_settings(value.get("settings"))
    value["mappings"] = canonical_mappings(value.get("mappings"))
    value["aliases"] = canonical_aliases(value.get("aliases"))
    value = present(value)
    if lifecycle is not None:
        value["lifecycle"] = _lifecycle(lifecycle)
    return value


def _lifecycle(lifecycle: Mapping[str, Any]) -> dict[str, Any]:
    value = {**present(lifecycle), "enabled": flag(lifecycle.get("enabled", True))}
    if isinstance(value.get("data_retention"), str):
        value["data_retention"] = time_text(value["data_retention"])
    return value
