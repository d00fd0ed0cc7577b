"""``_cluster/settings``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.cluster_settings import flat, nested
from clipline.emulator.errors import ApiError, unsupported, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_DEPRECATED = (
    "[transient settings removal] Updating cluster settings through transientSettings is deprecated. Use persistent "
    "settings instead."
)

_JAVA: tuple[tuple[type, str], ...] = (
    (list, "java.util.ArrayList"),
    (str, "java.lang.String"),
    (bool, "java.lang.Boolean"),
    (int, "java.lang.Integer"),
    (float, "java.lang.Double"),
)
"""What the real parser makes of a JSON value."""


def show(node: Node, call: Call) -> Reply:
    """``GET /_cluster/settings``; of the defaults those are shown that the emulator knows of."""
    settings = node.settings
    body = {"persistent": _shown(call, settings.persistent), "transient": _shown(call, settings.transient)}
    if call.flag("include_defaults"):
        body["defaults"] = _shown(call, settings.defaults())
    return Reply(body=body)


def update(node: Node, call: Call) -> Reply:
    """``PUT /_cluster/settings``: all changes or none."""
    # Other fields are passed over, as there (RestClusterUpdateSettingsAction reads a plain map).
    body = call.required_body()
    transient, persistent = (flat(_settings(body, kind)) for kind in ("transient", "persistent"))
    if not persistent and not transient:
        raise validation_failed("no settings to update")
    kept, passing = node.settings.update(persistent, transient)
    shown = {"acknowledged": True, "persistent": _shown(call, kept), "transient": _shown(call, passing)}
    return Reply(body=shown, warnings=(_DEPRECATED,) if transient else ())


def _settings(body: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    value = body.get(kind, {})
    if isinstance(value, dict):
        return value
    if value is None:
        raise unsupported(f"[{kind}: null] of the settings of the cluster")
    java = next(name for kinds, name in _JAVA if isinstance(value, kinds))
    reason = f"class {java} cannot be cast to class java.util.Map"
    where = f"({java} and java.util.Map are in module java.base of loader 'bootstrap')"
    raise ApiError(500, "class_cast_exception", f"{reason} {where}")


def _shown(call: Call, settings: Mapping[str, str]) -> dict[str, Any]:
    return dict(sorted(settings.items())) if call.flag("flat_settings") else nested(settings)


_TIMES = {"master_timeout", "timeout"}

ROUTES = [
    Route("GET", "/_cluster/settings", "cluster:monitor/settings", show,
          {"flat_settings", "include_defaults", "local", *_TIMES}),
    Route("PUT", "/_cluster/settings", "cluster:admin/settings/update", update, {"flat_settings", *_TIMES}),
]  # fmt: skip
