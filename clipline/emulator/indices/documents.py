"""Single documents: index, create, get, delete, several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from clipline.emulator.errors import ApiError, illegal_argument, json_token, not_found, unsupported, validation_failed
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.shard import Stored
from clipline.emulator.indices.source import shown_source
from clipline.emulator.indices.write import Write, Written, perform
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def index_document(node: Node, call: Call) -> Reply:
    """``PUT|POST /{index}/_doc[/{id}]`` and ``_create``."""
    op = "create" if "/_create/" in call.path else call.params.get("op_type", "index")
    if op not in ("create", "index"):
        raise illegal_argument(f"opType must be 'create' or 'index', found: [{op}]")
    refresh_wanted(call)
    write = Write(
        op=op,
        index=call.args["index"],
        id=call.args.get("id"),
        source=_source(call),
        raw=call.raw,
        pipeline=call.params.get("pipeline"),
        require_alias=call.flag("require_alias"),
        if_seq_no=condition(call, "if_seq_no"),
        if_primary_term=condition(call, "if_primary_term"),
    )
    check_condition(write)
    return written_reply(node, call, perform(node, write))


def delete_document(node: Node, call: Call) -> Reply:
    """``DELETE /{index}/_doc/{id}``."""
    refresh_wanted(call)
    write = Write(
        op="delete",
        index=call.args["index"],
        id=call.args["id"],
        if_seq_no=condition(call, "if_seq_no"),
        if_primary_term=condition(call, "if_primary_term"),
    )
    check_condition(write)
    return written_reply(node, call, perform(node, write))


def get_document(node: Node, call: Call) -> Reply:
    """``GET /{index}/_doc/{id}``: the newest version, refreshed or not."""
    index, stored = _found(node, call)
    if stored is None:
        return Reply(body={"_index": index.name, "_id": call.args["id"], "found": False}, status=404)
    return Reply(body=_shown(index, stored, source_choice(call)))


def get_source(node: Node, call: Call) -> Reply:
    """``GET /{index}/_source/{id}``."""
    index, stored = _found(node, call)
    if stored is None:
        raise not_found(f"Document not found [{index.name}]/[{call.args['id']}]")
    return Reply(body=shown_source(stored.document(), index, source_choice(call)))


def multi_get(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_mget``."""
    body = call.required_body()
    default = call.args.get("index")
    if unknown := next((key for key in body if key not in ("docs", "ids")), None):
        raise ApiError(400, "parsing_exception", f"unknown key [{unknown}] for a START_ARRAY, expected [docs] or [ids]")
    for key, value in body.items():
        if not isinstance(value, list):
            raise ApiError(
                400,
                "parsing_exception",
                f"unexpected token [{json_token(value)}], expected [FIELD_NAME] or [START_ARRAY]",
            )
        if key == "ids" and any(item is None or isinstance(item, dict | list) for item in value):
            raise illegal_argument("ids array element should only contain ids")
    if "docs" in body:
        wanted = [_wanted(doc, default) for doc in body["docs"]]
    else:
        wanted = [(default, str(doc_id), None) for doc_id in body.get("ids", [])]
    if not wanted:
        raise validation_failed("no documents to get")
    docs: list[dict[str, Any]] = []
    for name, doc_id, source in wanted:
        if name is None or doc_id is None:
            raise validation_failed(f"{'index' if name is None else 'id'} is missing for doc {len(docs)}")
        try:
            node.security.require("indices:data/read/mget", name)
            index = node.indices.single(name)
        except ApiError as error:
            docs.append({"_index": name, "_id": doc_id, "error": {"root_cause": [error.cause()], **error.cause()}})
            continue
        with index.lock:
            stored = index.shard.get(str(doc_id))
        chosen = source if source is not None else source_choice(call)
        docs.append(_shown(index, stored, chosen) if stored else {"_index": index.name, "_id": doc_id, "found": False})
    return Reply(body={"docs": docs})


def no_document(raw: bytes) -> ApiError:
    """The error of a document that is not JSON, or JSON of another kind than an object."""
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    else:
        return ApiError(400, "document_parsing_exception", "[1:1] Malformed content, must start with an object")
    cause = {"type": "x_content_parse_exception", "reason": "[1:1] malformed JSON"}
    return ApiError(400, "document_parsing_exception", "[1:1] failed to parse", caused_by=cause)


def _source(call: Call) -> dict[str, Any]:
    if not call.raw.strip():
        raise ApiError(400, "parse_exception", "request body is required")
    try:
        return call.body
    except ApiError as error:
        if "Duplicate field" in error.reason:
            raise ApiError(
                400, "document_parsing_exception", "[1:1] failed to parse", caused_by=error.cause()
            ) from error
        raise no_document(call.raw) from error


def _wanted(doc: Any, default: str | None) -> tuple[str | None, str | None, Any]:
    if not isinstance(doc, dict):
        raise illegal_argument("docs array element should include an object")
    for key in doc:
        if key in ("routing", "stored_fields", "version", "version_type"):
            raise unsupported(f"the option [{key}] of _mget")
        if key not in ("_index", "_id", "_source"):
            raise ApiError(400, "parse_exception", f"failed to parse multi get request. unknown field [{key}]")
        if key != "_source" and isinstance(doc[key], list | dict):
            raise ApiError(400, "parse_exception", f"failed to parse multi get request. unknown field [{key}]")
    doc_id = doc.get("_id")
    name = doc.get("_index") or default
    return name and str(name), None if doc_id is None else str(doc_id), doc.get("_source")


def refresh_wanted(call: Call) -> bool:
    """Whether a write asks to be searchable when it is acknowledged.

    Raises:
        ApiError: 400 for another value than true, false and wait_for.
    """
    value = call.params.get("refresh", "false")
    if value not in ("", "true", "false", "wait_for"):
        raise illegal_argument(f"Unknown value for refresh: [{value}].")
    return value != "false"


def written_reply(node: Node, call: Call, written: Written) -> Reply:
    """The answer to one write, refreshed first if the call asks for it."""
    body = written.body()
    if refresh_wanted(call) and written.seq_no is not None:
        node.indices.refresh(written.index)
        if call.params["refresh"] != "wait_for":
            body["forced_refresh"] = True
    headers = {"Location": f"/{written.index}/_doc/{quote(str(written.id), safe='')}"} if written.status == 201 else {}
    return Reply(body=body, status=written.status, headers=headers)


def _found(node: Node, call: Call) -> tuple[Index, Stored | None]:
    index = node.indices.single(call.args["index"])
    if call.flag("refresh"):
        node.indices.refresh(index.name)
    with index.lock:
        return index, index.shard.get(call.args["id"])


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


def source_choice(call: Call) -> Any:
    """The ``_source…`` parameters in the form of a search body's ``_source``; ``None`` without any."""
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


def condition(call: Call, name: str) -> int | None:
    """``if_seq_no`` or ``if_primary_term``, which may be absent.

    Raises:
        ApiError: 400 for what is no whole number, or negative.
    """
    value = call.integer(name, default=0)
    if value < 0:
        subject = "sequence numbers" if name == "if_seq_no" else "primary term"
        raise illegal_argument(f"{subject} must be non negative. got [{value}].")
    return value if name in call.params else None


def check_condition(write: Write) -> None:
    """Refuse half a condition.

    Raises:
        ApiError: 400.
    """
    if errors := write.condition_errors():
        raise validation_failed(*errors)


_SOURCE = {"_source", "_source_includes", "_source_excludes", "_source_exclude_vectors"}
_GET = _SOURCE | {"refresh", "preference"}
_GET_REFUSED = {"realtime", "routing", "version", "version_type", "stored_fields", "force_synthetic_source"}
WRITE = frozenset({"refresh", "timeout", "if_seq_no", "if_primary_term", "wait_for_active_shards"})
"""Parameters of every write of one document."""

WRITE_REFUSED = frozenset({"routing", "version", "version_type", "require_data_stream"})
"""Those that Elasticsearch has besides."""

_INDEX = WRITE | {"pipeline", "require_alias", "op_type", "include_source_on_error"}

ROUTES = [
    Route("POST", "/{index}/_doc", "indices:data/write/index", index_document, _INDEX, WRITE_REFUSED),
    Route("PUT", "/{index}/_doc/{id}", "indices:data/write/index", index_document, _INDEX, WRITE_REFUSED),
    Route("POST", "/{index}/_doc/{id}", "indices:data/write/index", index_document, _INDEX, WRITE_REFUSED),
    Route("PUT", "/{index}/_create/{id}", "indices:data/write/index", index_document, _INDEX, WRITE_REFUSED),
    Route("POST", "/{index}/_create/{id}", "indices:data/write/index", index_document, _INDEX, WRITE_REFUSED),
    Route("GET", "/{index}/_doc/{id}", "indices:data/read/get", get_document, _GET, _GET_REFUSED),
    Route("DELETE", "/{index}/_doc/{id}", "indices:data/write/delete", delete_document, WRITE, WRITE_REFUSED),
    Route("GET", "/{index}/_source/{id}", "indices:data/read/get", get_source, _GET, _GET_REFUSED),
    Route("GET", "/_mget", "indices:data/read/mget", multi_get, _GET, _GET_REFUSED),
    Route("POST", "/_mget", "indices:data/read/mget", multi_get, _GET, _GET_REFUSED),
    Route("GET", "/{index}/_mget", "indices:data/read/mget", multi_get, _GET, _GET_REFUSED),
    Route("POST", "/{index}/_mget", "indices:data/read/mget", multi_get, _GET, _GET_REFUSED),
]
