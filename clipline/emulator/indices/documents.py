"""Single documents: index, create, get, update, delete, several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, unsupported, validation_failed
from clipline.emulator.indices.shard import Stored
from clipline.emulator.indices.source import shown_source
from clipline.emulator.indices.store import Index
from clipline.emulator.indices.write import Write, perform
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def index_document(node: Node, call: Call) -> Reply:
    """``PUT|POST /{index}/_doc[/{id}]`` and ``_create``."""
    op = "create" if "/_create/" in call.path or call.params.get("op_type") == "create" else "index"
    call.required_body()
    written = perform(
        node,
        Write(
            op=op,
            index=call.args["index"],
            id=call.args.get("id"),
            source=call.body,
            pipeline=call.params.get("pipeline"),
            require_alias=call.flag("require_alias"),
            if_seq_no=_number(call, "if_seq_no"),
            if_primary_term=_number(call, "if_primary_term"),
        ),
    )
    return _written(node, call, written.index, written.body(), written.status)


def delete_document(node: Node, call: Call) -> Reply:
    """``DELETE /{index}/_doc/{id}``."""
    write = Write(
        op="delete",
        index=call.args["index"],
        id=call.args["id"],
        if_seq_no=_number(call, "if_seq_no"),
        if_primary_term=_number(call, "if_primary_term"),
    )
    written = perform(node, write)
    return _written(node, call, written.index, written.body(), written.status)


def get_document(node: Node, call: Call) -> Reply:
    """``GET /{index}/_doc/{id}``: the newest version, refreshed or not."""
    index = node.indices.single(call.args["index"])
    with index.lock:
        stored = index.shard.get(call.args["id"])
    if stored is None:
        return Reply(body={"_index": index.name, "_id": call.args["id"], "found": False}, status=404)
    return Reply(body=_shown(index, stored, _filter(call)))


def get_source(node: Node, call: Call) -> Reply:
    """``GET /{index}/_source/{id}``."""
    index = node.indices.single(call.args["index"])
    with index.lock:
        stored = index.shard.get(call.args["id"])
    if stored is None:
        raise not_found(f"Document not found [{index.name}]/[{call.args['id']}]")
    return Reply(body=shown_source(stored.document(), index, _filter(call)))


def multi_get(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_mget``."""
    body = call.required_body()
    default = call.args.get("index")
    if "docs" in body:
        wanted = [(doc.get("_index", default), doc.get("_id"), doc.get("_source")) for doc in body["docs"]]
    else:
        wanted = [(default, str(doc_id), None) for doc_id in body.get("ids", [])]
    if not wanted:
        raise validation_failed("no documents to get")
    docs: list[dict[str, Any]] = []
    for name, doc_id, source in wanted:
        if name is None or doc_id is None:
            raise validation_failed(f"{'index' if name is None else 'id'} is missing for doc {len(docs)}")
        try:
            index = node.indices.single(name)
        except ApiError as error:
            docs.append({"_index": name, "_id": doc_id, "error": {"root_cause": [error.cause()], **error.cause()}})
            continue
        with index.lock:
            stored = index.shard.get(str(doc_id))
        chosen = source if source is not None else _filter(call)
        docs.append(_shown(index, stored, chosen) if stored else {"_index": index.name, "_id": doc_id, "found": False})
    return Reply(body={"docs": docs})


def update_document(node: Node, call: Call) -> Reply:
    """``POST /{index}/_update/{id}``: a partial document, an upsert."""
    index = node.indices.write_index(call.args["index"], require_alias=call.flag("require_alias"))
    body = call.required_body()
    written = update(node, index.name if index else call.args["index"], call.args["id"], body, call)
    return _written(
        node, call, written["_index"], {k: v for k, v in written.items() if k != "status"}, written["status"]
    )


def update(node: Node, name: str, doc_id: str, body: dict[str, Any], call: Call | None = None) -> dict[str, Any]:
    """Carry an update out; returns the write response with its ``status``.

    Raises:
        ApiError: 404 ``document_missing_exception``, or the write was refused.
    """
    if "script" in body:
        raise unsupported("updates by script")
    index = node.indices.write_index(name)
    if index is None:
        index = node.indices.create(name)
    with index.lock:
        stored = index.shard.get(doc_id)
        if stored is None:
            source = body.get("doc") if body.get("doc_as_upsert") else body.get("upsert")
            if source is None:
                meta = {"index_uuid": index.uuid, "shard": "0", "index": index.name}
                raise ApiError(404, "document_missing_exception", f"[{doc_id}]: document missing", meta=meta)
        else:
            if "doc" not in body:
                raise validation_failed("script or doc is missing")
            source = _merged(stored.document(), body["doc"])
            if source == stored.document() and body.get("detect_noop", True):
                shown = {"_index": index.name, "_id": doc_id, "_version": stored.version, "result": "noop"}
                shards = {"_shards": {"total": 0, "successful": 0, "failed": 0}}
                return {**shown, **shards, "_seq_no": stored.seq_no, "_primary_term": 1, "status": 200}
        written = perform(
            node,
            Write(
                op="index",
                index=index.name,
                id=doc_id,
                source=source,
                if_seq_no=_number(call, "if_seq_no") if call else None,
                if_primary_term=_number(call, "if_primary_term") if call else None,
            ),
        )
    return {**written.body(), "status": written.status}


def refresh_wanted(call: Call) -> bool:
    """Whether a write asks to be searchable when it is acknowledged.

    Raises:
        ApiError: 400 for another value than true, false and wait_for.
    """
    value = call.params.get("refresh", "false")
    if value not in ("", "true", "false", "wait_for"):
        raise illegal_argument(f"Unknown value for refresh: [{value}].")
    return value != "false"


def _written(node: Node, call: Call, index: str, body: dict[str, Any], status: int) -> Reply:
    if refresh_wanted(call):
        node.indices.refresh(index)
        if call.params["refresh"] != "wait_for":
            body = {**body, "forced_refresh": True}
    headers = {"Location": f"/{index}/_doc/{body['_id']}"} if status == 201 else {}
    return Reply(body=body, status=status, headers=headers)


def _shown(index: Index, stored: Stored, source: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "_index": index.name,
        "_id": stored.id,
        "_version": stored.version,
        "_seq_no": stored.seq_no,
        "_primary_term": 1,
        "found": True,
    }
    if source is not False:
        body["_source"] = shown_source(stored.document(), index, source)
    return body


def _filter(call: Call) -> Any:
    """The ``_source…`` parameters in the form of a search body's ``_source``."""
    whole = call.params.get("_source")
    if whole in ("false", "true", ""):
        if whole == "false":
            return False
        whole = None
    result: dict[str, Any] = {}
    includes = call.params.get("_source_includes") or whole
    if includes:
        result["includes"] = includes.split(",")
    if call.params.get("_source_excludes"):
        result["excludes"] = call.params["_source_excludes"].split(",")
    if "_source_exclude_vectors" in call.params:
        result["exclude_vectors"] = call.flag("_source_exclude_vectors")
    return result or None


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _number(call: Call, name: str) -> int | None:
    return call.integer(name, default=0) if name in call.params else None


_SOURCE = {"_source", "_source_includes", "_source_excludes", "_source_exclude_vectors"}
_GET = _SOURCE | {"realtime", "refresh", "preference", "routing"}
_WRITE = {"refresh", "timeout", "pipeline", "require_alias", "op_type", "if_seq_no", "if_primary_term", "routing",
          "wait_for_active_shards", "include_source_on_error"}  # fmt: skip
_VERSIONS = {"version", "version_type", "stored_fields"}

ROUTES = [
    Route("POST", "/{index}/_doc", index_document, _WRITE, _VERSIONS),
    Route("PUT", "/{index}/_doc/{id}", index_document, _WRITE, _VERSIONS),
    Route("POST", "/{index}/_doc/{id}", index_document, _WRITE, _VERSIONS),
    Route("PUT", "/{index}/_create/{id}", index_document, _WRITE, _VERSIONS),
    Route("POST", "/{index}/_create/{id}", index_document, _WRITE, _VERSIONS),
    Route("GET", "/{index}/_doc/{id}", get_document, _GET, _VERSIONS),
    Route("DELETE", "/{index}/_doc/{id}", delete_document, _WRITE, _VERSIONS),
    Route("GET", "/{index}/_source/{id}", get_source, _GET, _VERSIONS),
    Route("POST", "/{index}/_update/{id}", update_document, _WRITE | {"retry_on_conflict"}, _SOURCE),
    Route("GET", "/_mget", multi_get, _GET, _VERSIONS),
    Route("POST", "/_mget", multi_get, _GET, _VERSIONS),
    Route("GET", "/{index}/_mget", multi_get, _GET, _VERSIONS),
    Route("POST", "/{index}/_mget", multi_get, _GET, _VERSIONS),
]
