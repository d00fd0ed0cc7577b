"""``_component_template`` and ``_index_template``: put, show, delete."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, unsupported
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.indices.composition import BUILT_IN
from clipline.emulator.indices.template_checks import check_component, check_index
from clipline.emulator.indices.template_fields import managed_date, read_component, read_index, shown
from clipline.emulator.patterns import simple_match

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_LABELS = {"index": "index template", "component": "component template"}
_LOCAL = (
    "the [?local] query parameter to this API has no effect, is now deprecated, and will be removed in a future version"
)


def put_component(node: Node, call: Call) -> Reply:
    """``PUT /_component_template/{name}``; the index templates that use it must still compose."""
    name, body = call.args["name"], call.required_body()
    read = read_component(body, node.version)
    _check_managed(name, body, "component_template")
    with node.indices.lock:
        existing = node.indices.templates("component")
        if call.flag("create") and name in existing:
            raise illegal_argument(f"component template [{name}] already exists")
        check_component(node.indices, name, read, existing)
        _store(node, "component", name, read, existing.get(name))
    return ACKNOWLEDGED


def put_index(node: Node, call: Call) -> Reply:
    """``PUT /_index_template/{name}``."""
    name, body = call.args["name"], call.required_body()
    read = read_index(body, node.version)
    _check_managed(name, body, "index_template")
    with node.indices.lock:
        existing = node.indices.templates("index")
        check_index(node.indices, name, read, existing, create=call.flag("create"))
        warnings = _deprecated_parts(node, name, read)
        _store(node, "index", name, read, existing.get(name))
    return Reply(body={"acknowledged": True}, warnings=warnings)


def get_components(node: Node, call: Call) -> Reply:
    """``GET /_component_template[/{name}]``."""
    return _shown(node, call, "component")


def get_indices(node: Node, call: Call) -> Reply:
    """``GET /_index_template[/{name}]``: those that were put; the built-in ones are not there to be shown."""
    name = call.args.get("name")
    if name in BUILT_IN and name not in node.indices.templates("index"):
        raise unsupported(f"showing the built-in index template [{name}]")
    return _shown(node, call, "index")


def delete_component(node: Node, call: Call) -> Reply:
    """``DELETE /_component_template/{name}``: one name or pattern, or several names."""
    names = call.args["name"].split(",")
    with node.indices.lock:
        found = _chosen(list(node.indices.templates("component")), names)
        used = {part for key, body in node.indices.templates("index").items() for part in body["composed_of"]}
        if in_use := [name for name in found if name in used]:
            users = [
                key for key, body in node.indices.templates("index").items() if set(in_use) & set(body["composed_of"])
            ]
            raise illegal_argument(
                f"component templates [{', '.join(in_use)}] cannot be removed as they are still in use by index templates "
                f"[{', '.join(users)}]"
            )
        missing = [name for name in names if name not in found] if len(names) > 1 else [] if found else names
        if missing and missing != ["*"]:
            raise not_found(",".join(missing))
        node.indices.remove_templates("component", found)
    return ACKNOWLEDGED


def delete_index(node: Node, call: Call) -> Reply:
    """``DELETE /_index_template/{name}``: one name or pattern, or several names."""
    names = call.args["name"].split(",")
    with node.indices.lock:
        stored = list(node.indices.templates("index"))
        if built_in := [name for name in names if name in BUILT_IN and name not in stored]:
            raise unsupported(f"deleting the built-in index template [{built_in[0]}]")
        found = _chosen(stored, names)
        missing = [name for name in names if name not in found] if len(names) > 1 else [] if found else names
        if missing and missing != ["*"]:
            text = f"index_template [{','.join(missing)}] missing"
            raise ApiError(404, "index_template_missing_exception", text)
        node.indices.remove_templates("index", found)
    return ACKNOWLEDGED


def _chosen(stored: list[str], names: list[str]) -> list[str]:
    if len(names) > 1:
        return [name for name in names if name in stored]
    return [name for name in stored if simple_match(names[0], name)]


def _shown(node: Node, call: Call, kind: str) -> Reply:
    stored, name = node.indices.templates(kind), call.args.get("name")
    if name is not None:
        if "*" not in name and name not in stored:
            raise not_found(f"{_LABELS[kind]} matching [{name}] not found")
        stored = {key: body for key, body in stored.items() if simple_match(name, key)}
    if call.flag("include_defaults") and any("lifecycle" in (body.get("template") or {}) for body in stored.values()):
        # Nothing else of a template has defaults that it shows.
        raise unsupported("[include_defaults] of a template with a lifecycle")
    flat, human = call.flag("flat_settings"), call.flag("human")
    listed = [
        {"name": key, f"{kind}_template": shown(body, node.version, flat=flat, human=human)}
        for key, body in stored.items()
    ]
    # A pattern that finds nothing is an empty list, and 404 all the same.
    status = 404 if name is not None and not listed else 200
    warnings = (_LOCAL,) if "local" in call.params and node.version >= (9, 0) else ()
    return Reply(body={f"{kind}_templates": listed}, status=status, warnings=warnings)


def _check_managed(name: str, body: dict[str, Any], label: str) -> None:
    if date := managed_date(body):
        reason = (
            f"{label} [{name}] invalid, cause [provided a template property which is managed by the system: {date}]"
        )
        raise ApiError(400, "invalid_index_template_exception", reason)


def _deprecated_parts(node: Node, name: str, body: dict[str, Any]) -> tuple[str, ...]:
    if body.get("deprecated"):
        return ()
    components = node.indices.templates("component")
    return tuple(
        f"index template [{name}] uses deprecated component template [{part}]"
        for part in body["composed_of"]
        if components.get(part, {}).get("deprecated")
    )


def _store(node: Node, kind: str, name: str, body: dict[str, Any], before: dict[str, Any] | None) -> None:
    dates = ("created_date_millis", "modified_date_millis")
    if before is not None and {key: value for key, value in before.items() if key not in dates} == body:
        return
    now = int(time.time() * 1000)
    created = (before or {}).get("created_date_millis", now)
    node.indices.put_template(kind, name, {**body, dates[0]: created, dates[1]: now})


_PUT = {"create", "master_timeout", "cause"}
_GET = {"local", "master_timeout", "flat_settings", "include_defaults"}
_DELETE = {"master_timeout", "timeout"}
_COMPONENT, _INDEX = "cluster:admin/component_template", "indices:admin/index_template"

ROUTES = [
    Route("PUT", "/_component_template/{name}", f"{_COMPONENT}/put", put_component, _PUT),
    Route("POST", "/_component_template/{name}", f"{_COMPONENT}/put", put_component, _PUT),
    Route("GET", "/_component_template", f"{_COMPONENT}/get", get_components, _GET),
    Route("GET", "/_component_template/{name}", f"{_COMPONENT}/get", get_components, _GET),
    Route("DELETE", "/_component_template/{name}", f"{_COMPONENT}/delete", delete_component, _DELETE),
    Route("PUT", "/_index_template/{name}", f"{_INDEX}/put", put_index, _PUT),
    Route("POST", "/_index_template/{name}", f"{_INDEX}/put", put_index, _PUT),
    Route("GET", "/_index_template", f"{_INDEX}/get", get_indices, _GET),
    Route("GET", "/_index_template/{name}", f"{_INDEX}/get", get_indices, _GET),
    Route("DELETE", "/_index_template/{name}", f"{_INDEX}/delete", delete_index, _DELETE),
]
