"""``_cluster/settings``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.cluster_settings import flat, nested
from clipline.emulator.errors import ApiError, illegal_argument, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_DEPRECATED = (
    "[transient settings removal] Updating cluster settings through transientSettings is deprecated. Use persistent "
    "settings instead."
)


def show(node: Node, call: Call) -> Reply:
    """``GET /_cluster/settings``."""
    settings = node.settings
    body = {"persistent": _shown(call, settings.persistent), "transient": _shown(call, settings.transient)}
    return Reply(body=body)


def update(node: Node, call: Call) -> Reply:
    """``PUT /_cluster/settings``: all changes or none."""
    body = call.required_body()
    for key, value in body.items():
        if key not in ("persistent", "transient"):
            raise illegal_argument(f"[cluster_update_settings_request] unknown field [{key}]")
        if not isinstance(value, dict):
            reason = f"[1:1] [cluster_update_settings_request] {key} doesn't support values of this type"
            raise ApiError(400, "x_content_parse_exception", reason)
    persistent, transient = flat(body.get("persistent", {})), flat(body.get("transient", {}))
    if not persistent and not transient:
        raise validation_failed("no settings to update")
    kept, passing = node.settings.update(persistent, transient)
    shown = {"acknowledged": True, "persistent": _shown(call, kept), "transient": _shown(call, passing)}
    return Reply(body=shown, warnings=(_DEPRECATED,) if transient else ())


def _shown(call: Call, settings: Mapping[str, str]) -> dict[str, Any]:
    return dict(sorted(settings.items())) if call.flag("flat_settings") else nested(settings)


_TIMES = {"master_timeout", "timeout"}

ROUTES = [
    Route("GET", "/_cluster/settings", "cluster:monitor/settings", show, {"flat_settings", "local", *_TIMES},
          {"include_defaults"}),
    Route("PUT", "/_cluster/settings", "cluster:admin/settings/update", update, {"flat_settings", *_TIMES}),
]  # fmt: skip
