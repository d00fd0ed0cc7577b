"""Pipelines over HTTP: put, get, delete; simulation has a file of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import not_found
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.indices.dates import iso
from clipline.emulator.indices.index_names import wrong_name
from clipline.emulator.ingest.compile import DATES
from clipline.emulator.ingest.simulate import simulate

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def put_pipeline(node: Node, call: Call) -> Reply:
    """``PUT /_ingest/pipeline/{id}``."""
    name, body = call.args["id"], dict(call.required_body())
    wanted = call.integer("if_version", default=0) if "if_version" in call.params else None
    node.pipelines.put(name, body, if_version=wanted)
    wrong = wrong_name(name, lowercase=False)
    if wrong is None or node.version < (9, 0):
        return ACKNOWLEDGED
    warning = f"Pipeline name [{name}] will be disallowed in a future version for the following reason: {wrong}"
    return Reply(body=ACKNOWLEDGED.body, warnings=(warning,))


def get_pipeline(node: Node, call: Call) -> Reply:
    """``GET /_ingest/pipeline[/{id}]``."""
    bodies = node.pipelines.bodies()
    wanted = call.args.get("id")
    if wanted is not None:
        bodies = {key: body for key, body in bodies.items() if any(_matches(p, key) for p in wanted.split(","))}
        if not bodies:
            return Reply(body={}, status=404)
    if call.flag("summary"):
        bodies = {key: {} for key in bodies}
    elif call.flag("human"):
        bodies = {key: _for_people(body) for key, body in bodies.items()}
    return Reply(body=bodies)


def _for_people(body: dict[str, Any]) -> dict[str, Any]:
    dates = {name: iso(body[f"{name}_millis"]) for name in DATES if f"{name}_millis" in body}
    return {**body, **dates}


def delete_pipeline(node: Node, call: Call) -> Reply:
    """``DELETE /_ingest/pipeline/{id}``."""
    wanted = call.args["id"]
    found = [key for key in node.pipelines.bodies() if _matches(wanted, key)]
    if not found and wanted != "*":
        raise not_found(f"pipeline [{wanted}] is missing")
    node.pipelines.delete(found)
    return ACKNOWLEDGED


def _matches(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern, in which only ``*`` is special."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


_TIMES = {"master_timeout", "timeout"}
_SIMULATE = "cluster:admin/ingest/pipeline/simulate"

ROUTES = [
    Route("PUT", "/_ingest/pipeline/{id}", "cluster:admin/ingest/pipeline/put", put_pipeline, _TIMES | {"if_version"}),
    Route("GET", "/_ingest/pipeline", "cluster:admin/ingest/pipeline/get", get_pipeline, {"master_timeout", "summary"}),
    Route("GET", "/_ingest/pipeline/{id}", "cluster:admin/ingest/pipeline/get", get_pipeline, {"master_timeout", "summary"}),
    Route("DELETE", "/_ingest/pipeline/{id}", "cluster:admin/ingest/pipeline/delete", delete_pipeline, _TIMES),
    *(Route(method, path, _SIMULATE, simulate, {"verbose"}) for method in ("GET", "POST")
      for path in ("/_ingest/pipeline/_simulate", "/_ingest/pipeline/{id}/_simulate")),
]  # fmt: skip
