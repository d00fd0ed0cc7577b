"""``_index_template/_simulate…``: what a template, stored or in the body, would make of an index."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument, unsupported, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.composition import BUILT_IN, Winner, compose, winner
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.template_checks import check_index, overlapping
from clipline.emulator.indices.template_fields import read_index

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def simulate_index(node: Node, call: Call) -> Reply:
    """``POST /_index_template/_simulate_index/{name}``: what an index of this name would get."""
    stored = node.indices.templates("index")
    if call.raw.strip():
        stored = {**stored, **_given(node, call, f"simulate_index_template_{uuid.uuid4().hex}")}
    found = winner(node.indices, resolve_name(call.args["name"]), stored)
    if found is None:
        return Reply(body={})
    return _simulated(node, call, found, stored)


def simulate_template(node: Node, call: Call) -> Reply:
    """``POST /_index_template/_simulate[/{name}]``: what a stored template, or one in the body, composes to."""
    name = call.args.get("name")
    stored = node.indices.templates("index")
    if call.raw.strip():
        name = name or f"simulate_template_{uuid.uuid4().hex}"
        stored = {**stored, **_given(node, call, name)}
    elif name is None:
        raise validation_failed("either index name or index template body must be specified for simulation")
    elif name in BUILT_IN and name not in stored:
        raise unsupported(f"simulating the built-in index template [{name}]")
    elif name not in stored:
        raise illegal_argument(f"unable to simulate template [{name}] that does not exist")
    return _simulated(node, call, Winner(name, stored[name]), stored)


def _given(node: Node, call: Call, name: str) -> dict[str, dict[str, Any]]:
    body = read_index(call.body, node.version)
    check_index(node.indices, name, body, node.indices.templates("index"), create=call.flag("create"))
    return {name: body}


def _simulated(node: Node, call: Call, found: Winner, stored: Mapping[str, Mapping[str, Any]]) -> Reply:
    if found.data_stream:
        raise unsupported(f"simulating [{found.name}], a template of data streams")
    call.flag("include_defaults")
    result = compose(node.indices, found.body)
    settings = {"routing.allocation.include._tier_preference": "data_content", **result.settings}
    template = {
        "settings": settings_of.nested(settings),
        "mappings": mappings_of.shown(result.mappings),
        "aliases": result.aliases,
    }
    others = overlapping(found.name, list(found.body["index_patterns"]), {**BUILT_IN, **stored})
    listed = [{"name": name, "index_patterns": patterns} for name, patterns in others.items()]
    return Reply(body={"template": template, "overlapping": listed})


_PARAMS = {"master_timeout", "create", "cause", "include_defaults"}
_ACTION = "indices:admin/index_template"

ROUTES = [
    Route("POST", "/_index_template/_simulate_index/{name}", f"{_ACTION}/simulate_index", simulate_index, _PARAMS),
    Route("POST", "/_index_template/_simulate", f"{_ACTION}/simulate", simulate_template, _PARAMS),
    Route("POST", "/_index_template/_simulate/{name}", f"{_ACTION}/simulate", simulate_template, _PARAMS),
]
