"""``_ingest/pipeline[/{id}]/_simulate``: what a pipeline would make of documents, plainly or step by step.

A document's answer is ``{"doc": {"_index", "_id", "_version": "-3", "_source", "_ingest"}}``, ``{"error": …}`` or ``null``
when it is dropped; step by step it is ``{"processor_results": [{"processor_type", "status", "doc" | "error", …}]}``.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.http.wire import Call, Reply
from clipline.emulator.ingest.compile import compile_pipeline
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import IngestDocument, encoded, java
from clipline.emulator.ingest.execute import Compiled, Execution, Failure, Step
from clipline.emulator.ingest.processors import Dropped

if TYPE_CHECKING:
    from clipline.emulator.node import Node

SIMULATED = "_simulate_pipeline"
"""The id of a pipeline that comes with the request."""


def simulate(node: Node, call: Call) -> Reply:
    """``POST /_ingest/pipeline[/{id}]/_simulate``."""
    body = Options(node, None, None, dict(call.required_body()))
    name = call.args.get("id")
    if name is not None:
        compiled = node.pipelines.find(name)
        if compiled is None:
            raise illegal_argument(f"pipeline [{name}] does not exist")
    else:
        compiled = compile_pipeline(node, SIMULATED, body.mapping("pipeline"))
    documents = [_document(node, doc) for doc in _documents(body)]
    one = _verbose if call.flag("verbose") else _plain
    return Reply(body={"docs": [one(node, compiled, document) for document in documents]})


def _documents(body: Options) -> list[dict[str, Any]]:
    documents: list[Any] = body.items("docs")
    if not documents:
        raise illegal_argument("must specify at least one document in [docs]")
    for document in documents:
        if not isinstance(document, dict):
            raise illegal_argument("malformed [docs] section, should include an inner object")
    return documents


def _document(node: Node, given: dict[str, Any]) -> IngestDocument:
    doc = Options(node, None, None, dict(given))
    source = copy.deepcopy(doc.mapping("_source"))
    for name in ("_version", "_version_type", "_if_seq_no", "_if_primary_term", "_dynamic_templates"):
        if doc.optional(name) is not None:
            raise unsupported(f"[{name}] of a simulated document")
    return IngestDocument(
        index=_name(doc, "_index") or "_index",
        id=_name(doc, "_id") or "_id",
        source=source,
        routing=_name(doc, "_routing"),
    )


def _name(doc: Options, name: str) -> str | None:
    value = doc.optional(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise doc.wrong(name, f"property isn't a string or int, but of type [{java(value)}]")


def _plain(node: Node, compiled: Compiled, document: IngestDocument) -> Any:
    try:
        result = node.pipelines.execute(compiled, document)
        return None if result is None else {"doc": _shown(result)}
    except ApiError as error:
        if error.status == 501:
            raise
        return {"error": error.body()["error"]}


def _verbose(node: Node, compiled: Compiled, document: IngestDocument) -> Any:
    results: list[dict[str, Any]] = []

    def trace(step: Step, status: str, state: IngestDocument, error: ApiError | None) -> None:
        entry: dict[str, Any] = {"processor_type": step.kind, "status": status}
        if step.description is not None:
            entry["description"] = step.description
        if step.tag is not None:
            entry["tag"] = step.tag
        if step.condition_source is not None:
            entry["if"] = {"condition": step.condition_source, "result": status != "skipped"}
        if error is not None:
            shown = error.body()["error"]
            entry |= {"ignored_error": {"error": shown}} if status == "error_ignored" else {"error": shown}
        if status in ("success", "error_ignored") and step.kind != "pipeline":
            entry["doc"] = _shown(copy.deepcopy(state))
        results.append(entry)

    with suppress(Failure, Dropped):  # the step's own entry says it
        Execution(node.pipelines.find, trace).pipeline(compiled, document)
    return {"processor_results": results}


def _shown(document: IngestDocument) -> dict[str, Any]:
    encoded(document.source)  # what is no document cannot be shown as one
    shown: dict[str, Any] = {"_index": document.index, "_id": document.id, "_version": "-3"}
    if document.routing is not None:
        shown["_routing"] = document.routing
    return {**shown, "_source": document.source, "_ingest": document.ingest}
