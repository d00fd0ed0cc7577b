"""Component and index templates, and what they compose to."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, unsupported, validation_failed, wrong_kind
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.composition import compose
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.indices.template_fields import OBJECTS, check_common, check_keys, texts
from clipline.emulator.patterns import overlap
from clipline.emulator.wire import ACKNOWLEDGED, Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_INDEX_KEYS = {"index_patterns", "composed_of", "priority", "template", "version", "_meta", "allow_auto_create",
               "ignore_missing_component_templates", "deprecated", "data_stream"}  # fmt: skip
_COMPONENT_KEYS = {"template", "version", "_meta", "deprecated"}
_TEMPLATE_KEYS = {*OBJECTS, "lifecycle", "data_stream_options"}


def put_index_template(node: Node, call: Call) -> Reply:
    """``PUT /_index_template/{name}``."""
    name, body = call.args["name"], call.required_body()
    existing = node.indices.templates("index")
    if call.flag("create") and name in existing:
        raise illegal_argument(f"index template [{name}] already exists")
    checked = _checked_index_template(node, name, body)
    _check_overlap(name, checked, existing)
    _store(node, "index", name, checked, existing.get(name))
    return ACKNOWLEDGED


def put_component_template(node: Node, call: Call) -> Reply:
    """``PUT /_component_template/{name}``; the index templates that use it must still compose."""
    name, body = call.args["name"], dict(call.required_body())
    check_keys(body, _COMPONENT_KEYS, "component_template")
    check_common(body)
    if "template" not in body:
        raise illegal_argument("Required [template]")
    existing = node.indices.templates("component")
    if call.flag("create") and name in existing:
        raise illegal_argument(f"component template [{name}] already exists")
    body["template"] = _checked_template(node, body["template"])
    components = {**existing, name: body}
    for user, template in node.indices.templates("index").items():
        if name not in template.get("composed_of", []):
            continue
        try:
            compose(node.indices, template, components)
        except ApiError as error:
            raise ApiError(
                400,
                "illegal_argument_exception",
                f"updating component template [{name}] results in invalid composable template [{user}] after templates "
                "are merged",
                caused_by=error.cause(),
            ) from error
    _store(node, "component", name, body, existing.get(name))
    return ACKNOWLEDGED


def get_index_templates(node: Node, call: Call) -> Reply:
    """``GET /_index_template[/{name}]``."""
    found = _matching(node, "index", call.args.get("name"), "index template")
    return Reply(body={"index_templates": [{"name": name, "index_template": body} for name, body in found.items()]})


def get_component_templates(node: Node, call: Call) -> Reply:
    """``GET /_component_template[/{name}]``."""
    found = _matching(node, "component", call.args.get("name"), "component template")
    return Reply(
        body={"component_templates": [{"name": name, "component_template": body} for name, body in found.items()]}
    )


def delete_index_template(node: Node, call: Call) -> Reply:
    """``DELETE /_index_template/{name}``."""
    name = call.args["name"]
    found = [key for key in node.indices.templates("index") if any(fnmatchcase(key, p) for p in name.split(","))]
    if not found and "*" not in name:
        raise ApiError(404, "index_template_missing_exception", f"index_template [{name}] missing")
    node.indices.remove_templates("index", found)
    return ACKNOWLEDGED


def delete_component_template(node: Node, call: Call) -> Reply:
    """``DELETE /_component_template/{name}``."""
    name = call.args["name"]
    found = [key for key in node.indices.templates("component") if any(fnmatchcase(key, p) for p in name.split(","))]
    if not found and "*" not in name:
        raise not_found(f"component template matching [{name}] not found")
    users = [
        key for key, body in node.indices.templates("index").items() if set(found) & set(body.get("composed_of", []))
    ]
    if users:
        raise illegal_argument(
            f"component templates [{', '.join(found)}] cannot be removed as they are still in use by index templates "
            f"[{', '.join(users)}]"
        )
    node.indices.remove_templates("component", found)
    return ACKNOWLEDGED


def simulate_index(node: Node, call: Call) -> Reply:
    """``POST /_index_template/_simulate_index/{name}``: what an index of this name would get."""
    if call.raw.strip():
        raise unsupported("a body of _simulate_index")
    name = call.args["name"]
    matching = {
        key: body
        for key, body in node.indices.templates("index").items()
        if any(fnmatchcase(name, pattern) for pattern in body["index_patterns"])
    }
    if not matching:
        return Reply(body={})
    winner = max(matching, key=lambda key: matching[key].get("priority", 0))
    others = {key: body for key, body in matching.items() if key != winner}
    return _simulated(node, matching[winner], others)


def simulate_template(node: Node, call: Call) -> Reply:
    """``POST /_index_template/_simulate[/{name}]``: what a stored template, or one in the body, composes to."""
    name = call.args.get("name")
    stored = node.indices.templates("index")
    if call.raw.strip():
        body = _checked_index_template(node, name or "simulate_template", call.body)
    elif name is None:
        raise ApiError(400, "parse_exception", "request body is required")
    elif name not in stored:
        raise illegal_argument(f"unable to simulate template [{name}] that does not exist")
    else:
        body = stored[name]
    others = {
        key: other
        for key, other in stored.items()
        if key != name and any(overlap(a, b) for a in body["index_patterns"] for b in other["index_patterns"])
    }
    return _simulated(node, body, others)


def _simulated(node: Node, body: dict[str, Any], others: dict[str, dict[str, Any]]) -> Reply:
    result = compose(node.indices, body)
    settings = {**result.settings, "routing.allocation.include._tier_preference": "data_content"}
    overlapping = [{"name": key, "index_patterns": other["index_patterns"]} for key, other in others.items()]
    template = {
        "settings": settings_of.nested(settings),
        "mappings": mappings_of.shown(result.mappings),
        "aliases": result.aliases,
    }
    return Reply(body={"template": template, "overlapping": overlapping})


def _checked_index_template(node: Node, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """An index template in the form that is stored."""
    body = dict(given)
    check_keys(body, _INDEX_KEYS, "index_template")
    check_common(body)
    if name != name.lower():
        raise _invalid(name, "Validation Failed: 1: name must be lower cased;")
    if "data_stream" in body:
        raise unsupported("data streams")
    patterns = body.get("index_patterns")
    if not patterns:
        raise illegal_argument("Required [index_patterns]")
    if not isinstance(patterns, str | list):
        raise wrong_kind("index_template", "index_patterns", patterns)
    body["index_patterns"] = [patterns] if isinstance(patterns, str) else [str(pattern) for pattern in patterns]
    if wrong := next((pattern for pattern in body["index_patterns"] if pattern.startswith("_")), None):
        raise _invalid(name, f"Validation Failed: 1: index_pattern [{wrong}] must not start with '_';")
    priority = body.get("priority", 0)
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise ApiError(400, "x_content_parse_exception", "[1:1] [index_template] failed to parse field [priority]")
    if priority < 0:
        raise validation_failed("index template priority must be >= 0")
    for key in ("composed_of", "ignore_missing_component_templates"):
        if key in body:
            body[key] = texts(key, body[key])
    components = node.indices.templates("component")
    optional = body.get("ignore_missing_component_templates", [])
    body.setdefault("composed_of", [])
    missing = [part for part in body["composed_of"] if part not in components and part not in optional]
    if missing:
        text = f"index template [{name}] specifies component templates [{', '.join(missing)}] that do not exist"
        raise _invalid(name, text)
    body["template"] = _checked_template(node, body.get("template"))
    if not body["template"]:
        del body["template"]
    try:
        compose(node.indices, body)
    except ApiError as error:
        if error.status == 501:
            raise
        reason = f"composable template [{name}] template after composition is invalid"
        raise ApiError(400, "illegal_argument_exception", reason, caused_by=error.cause()) from error
    return body


def _checked_template(node: Node, template: dict[str, Any] | None) -> dict[str, Any]:
    value = dict(template or {})
    check_keys(value, _TEMPLATE_KEYS, "template")
    for key in ("lifecycle", "data_stream_options"):
        if value.get(key):
            raise unsupported(f"the template part [{key}]")
    if "settings" in value:
        value["settings"] = settings_of.nested(settings_of.flatten(value["settings"]))
    if "mappings" in value:
        # A template is stored as it was sent, but only if it can be parsed.
        mappings_of.normalise(value["mappings"], traits_of(node))
    return value


def _check_overlap(name: str, body: dict[str, Any], existing: dict[str, dict[str, Any]]) -> None:
    priority = body.get("priority", 0)
    for other, there in existing.items():
        if other == name or there.get("priority", 0) != priority:
            continue
        clash = any(overlap(left, right) for left in body["index_patterns"] for right in there["index_patterns"])
        if clash:
            raise illegal_argument(
                f"index template [{name}] has index patterns [{', '.join(body['index_patterns'])}] matching patterns "
                f"from existing templates [{other}] with patterns ({other} => [{', '.join(there['index_patterns'])}]) "
                f"that have the same priority [{priority}], multiple index templates may not match during index "
                "creation, please use a different priority"
            )


def _matching(node: Node, kind: str, expression: str | None, label: str) -> dict[str, dict[str, Any]]:
    stored = node.indices.templates(kind)
    if expression is None:
        return stored
    found = {
        name: body for name, body in stored.items() if any(fnmatchcase(name, part) for part in expression.split(","))
    }
    if not found and "*" not in expression:
        raise not_found(f"{label} matching [{expression}] not found")
    return found


def _store(node: Node, kind: str, name: str, body: dict[str, Any], before: dict[str, Any] | None) -> None:
    now = int(time.time() * 1000)
    created = (before or {}).get("created_date_millis", now)
    dated = {**body, "created_date_millis": created, "modified_date_millis": now}
    node.indices.put_template(kind, name, dated)


def _invalid(name: str, cause: str) -> ApiError:
    return ApiError(400, "invalid_index_template_exception", f"index_template [{name}] invalid, cause [{cause}]")


_PUT = {"create", "master_timeout", "timeout", "cause"}
_GET = {"local", "master_timeout"}
_GET_REFUSED = {"flat_settings", "include_defaults"}
_SIMULATE_REFUSED = {"include_defaults", "create", "cause"}

ROUTES = [
    Route("PUT", "/_index_template/{name}", "indices:admin/index_template/put", put_index_template, _PUT),
    Route("POST", "/_index_template/{name}", "indices:admin/index_template/put", put_index_template, _PUT),
    Route("GET", "/_index_template", "indices:admin/index_template/get", get_index_templates, _GET, _GET_REFUSED),
    Route(
        "GET", "/_index_template/{name}", "indices:admin/index_template/get", get_index_templates, _GET, _GET_REFUSED
    ),
    Route(
        "DELETE",
        "/_index_template/{name}",
        "indices:admin/index_template/delete",
        delete_index_template,
        {"master_timeout", "timeout"},
    ),
    Route(
        "POST",
        "/_index_template/_simulate_index/{name}",
        "indices:admin/index_template/simulate_index",
        simulate_index,
        {"master_timeout"},
        _SIMULATE_REFUSED,
    ),
    Route(
        "POST",
        "/_index_template/_simulate",
        "indices:admin/index_template/simulate",
        simulate_template,
        {"master_timeout"},
        _SIMULATE_REFUSED,
    ),
    Route(
        "POST",
        "/_index_template/_simulate/{name}",
        "indices:admin/index_template/simulate",
        simulate_template,
        {"master_timeout"},
        _SIMULATE_REFUSED,
    ),
    Route("PUT", "/_component_template/{name}", "cluster:admin/component_template/put", put_component_template, _PUT),
    Route("POST", "/_component_template/{name}", "cluster:admin/component_template/put", put_component_template, _PUT),
    Route(
        "GET",
        "/_component_template",
        "cluster:admin/component_template/get",
        get_component_templates,
        _GET,
        _GET_REFUSED,
    ),
    Route(
        "GET",
        "/_component_template/{name}",
        "cluster:admin/component_template/get",
        get_component_templates,
        _GET,
        _GET_REFUSED,
    ),
    Route(
        "DELETE",
        "/_component_template/{name}",
        "cluster:admin/component_template/delete",
        delete_component_template,
        {"master_timeout", "timeout"},
    ),
]
