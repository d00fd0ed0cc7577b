"""Pipelines over HTTP: put, get, delete, simulate."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, unsupported
from clipline.emulator.indices.dates import iso
from clipline.emulator.ingest.compile import Step
from clipline.emulator.ingest.document import IngestDocument, java
from clipline.emulator.ingest.pipelines import Compiled, compile_pipeline
from clipline.emulator.wire import ACKNOWLEDGED, Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def put_pipeline(node: Node, call: Call) -> Reply:
    """``PUT /_ingest/pipeline/{id}``."""
    name, body = call.args["id"], dict(call.required_body())
    wanted = call.integer("if_version", default=0) if "if_version" in call.params else None
    node.pipelines.put(name, body, if_version=wanted)
    return ACKNOWLEDGED


def get_pipeline(node: Node, call: Call) -> Reply:
    """``GET /_ingest/pipeline[/{id}]``."""
    bodies = node.pipelines.bodies()
    wanted = call.args.get("id")
    if wanted is not None:
        bodies = {key: body for key, body in bodies.items() if any(_matches(p, key) for p in wanted.split(","))}
        if not bodies:
            return Reply(body={}, status=404)
    if call.flag("summary"):
        bodies = {key: {k: v for k, v in body.items() if k == "description"} for key, body in bodies.items()}
    if call.flag("human"):
        for key, body in bodies.items():
            bodies[key] = {**body, **{f"{n}_date": iso(body[f"{n}_date_millis"]) for n in ("created", "modified")}}
    return Reply(body=bodies)


def delete_pipeline(node: Node, call: Call) -> Reply:
    """``DELETE /_ingest/pipeline/{id}``."""
    wanted = call.args["id"]
    found = [key for key in node.pipelines.bodies() if _matches(wanted, key)]
    if not found and wanted != "*":
        raise not_found(f"pipeline [{wanted}] is missing")
    for name in found:
        users = node.indices.pipeline_users(name)
        if users:
            raise illegal_argument(
                f"pipeline [{name}] cannot be deleted because it is the default pipeline for {len(users)} index(es) "
                f"including [{','.join(users[:3])}]"
            )
    for name in found:
        node.pipelines.delete(name)
    return ACKNOWLEDGED


def simulate(node: Node, call: Call) -> Reply:
    """``POST /_ingest/pipeline[/{id}]/_simulate``."""
    body = call.required_body()
    name = call.args.get("id")
    if name is not None:
        stored = node.pipelines.bodies().get(name)
        if stored is None:
            raise illegal_argument(f"pipeline [{name}] does not exist")
        compiled = compile_pipeline(name, stored)
    else:
        if "pipeline" not in body:
            raise _missing("pipeline")
        if not isinstance(body["pipeline"], dict):
            reason = f"[pipeline] property isn't a map, but of type [{java(body['pipeline'])}]"
            raise ApiError(400, "parse_exception", reason, meta={"property_name": "pipeline"})
        compiled = compile_pipeline("_simulate_pipeline", body["pipeline"])
    if "docs" not in body:
        raise _missing("docs")
    if not isinstance(body["docs"], list) or not all(isinstance(doc, dict) for doc in body["docs"]):
        reason = "[docs] property isn't a list of maps"
        raise ApiError(400, "parse_exception", reason, meta={"property_name": "docs"})
    if not body["docs"]:
        raise illegal_argument("must specify at least one document in [docs]")
    documents = [
        IngestDocument(str(doc.get("_index", "_index")), str(doc.get("_id", "_id")), _source(doc))
        for doc in body["docs"]
    ]
    one = _verbose if call.flag("verbose") else _plain
    return Reply(body={"docs": [one(node, compiled, document) for document in documents]})


def _plain(node: Node, compiled: Compiled, document: IngestDocument) -> Any:
    try:
        result = node.pipelines.execute(compiled, document)
    except ApiError as error:
        return {"error": error.body()["error"]}
    return None if result is None else {"doc": _shown(result)}


def _verbose(node: Node, compiled: Compiled, document: IngestDocument) -> Any:
    results: list[dict[str, Any]] = []

    def trace(step: Step, status: str, state: IngestDocument, error: ApiError | None) -> None:
        entry: dict[str, Any] = {"processor_type": step.kind, "status": status}
        if step.description:
            entry["description"] = step.description
        if step.tag:
            entry["tag"] = step.tag
        if step.condition_source is not None:
            entry["if"] = {"condition": step.condition_source, "result": status != "skipped"}
        if error is not None:
            entry["ignored_error" if status == "error_ignored" else "error"] = (
                {"error": error.body()["error"]} if status == "error_ignored" else error.body()["error"]
            )
        if status in ("success", "error_ignored"):
            entry["doc"] = _shown(copy.deepcopy(state))
        results.append(entry)

    try:
        node.pipelines.execute(compiled, document, trace=trace)
    except ApiError:
        return {"processor_results": results}  # the failing step's own entry holds the error
    return {"processor_results": results}


def _shown(document: IngestDocument) -> dict[str, Any]:
    return {
        "_index": document.index,
        "_id": document.id,
        "_version": "-3",
        "_source": document.source,
        "_ingest": {key: value for key, value in document.ingest.items() if not key.startswith("on_failure_")},
    }


def _source(doc: dict[str, Any]) -> dict[str, Any]:
    if "_source" not in doc:
        raise _missing("_source")
    source = doc["_source"]
    if not isinstance(source, dict):
        reason = f"[_source] property isn't a map, but of type [{java(source)}]"
        raise ApiError(400, "parse_exception", reason, meta={"property_name": "_source"})
    for key in doc:
        if key not in ("_index", "_id", "_source"):
            raise unsupported(f"[{key}] of a simulated document")
    return source


def _matches(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern, in which only ``*`` is special."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


def _missing(name: str) -> ApiError:
    return ApiError(400, "parse_exception", f"[{name}] required property is missing", meta={"property_name": name})


def simulate_index(node: Node, call: Call) -> Reply:
    """``POST /_ingest[/{index}]/_simulate``: the whole way into an index, mapping included."""
    raise unsupported("the simulation of ingestion into an index; simulate a pipeline instead")


_TIMES = {"master_timeout", "timeout"}

ROUTES = [
    Route("PUT", "/_ingest/pipeline/{id}", "cluster:admin/ingest/pipeline/put", put_pipeline, _TIMES | {"if_version"}),
    # Before {id}, which would take it for a name.
    Route("GET", "/_ingest/pipeline/_simulate", "cluster:admin/ingest/pipeline/simulate", simulate, {"verbose"}),
    Route("GET", "/_ingest/pipeline/{id}/_simulate", "cluster:admin/ingest/pipeline/simulate", simulate, {"verbose"}),
    Route("GET", "/_ingest/pipeline", "cluster:admin/ingest/pipeline/get", get_pipeline, _TIMES | {"summary"}),
    Route("GET", "/_ingest/pipeline/{id}", "cluster:admin/ingest/pipeline/get", get_pipeline, _TIMES | {"summary"}),
    Route("DELETE", "/_ingest/pipeline/{id}", "cluster:admin/ingest/pipeline/delete", delete_pipeline, _TIMES),
    Route("POST", "/_ingest/pipeline/_simulate", "cluster:admin/ingest/pipeline/simulate", simulate, {"verbose"}),
    Route("POST", "/_ingest/pipeline/{id}/_simulate", "cluster:admin/ingest/pipeline/simulate", simulate, {"verbose"}),
    Route("POST", "/_ingest/_simulate", "indices:data/write/simulate/bulk", simulate_index, {"pipeline"}),
    Route("POST", "/_ingest/{index}/_simulate", "indices:data/write/simulate/bulk", simulate_index, {"pipeline"}),
]
