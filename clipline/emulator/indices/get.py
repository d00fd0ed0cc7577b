"""Reading single documents: ``_doc`` and ``_source``, by GET and HEAD.

::

    {"_index": "pictures", "_id": "1", "_version": 2, "_seq_no": 5, "_primary_term": 1, "_routing": "a", "found": true,
     "_source": {…}, "fields": {"name": ["x"]}}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument, not_found, unsupported, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.blocks import check_block
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.mapping import fields
from clipline.emulator.indices.optimistic import EXTERNAL_GTE, version_type
from clipline.emulator.indices.packed import unpack
from clipline.emulator.indices.source import shown_source, source_choice
from clipline.emulator.indices.stored import Stored
from clipline.emulator.indices.write import conflict, routing_missing
from clipline.emulator.indices.write_params import long

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_STORABLE = frozenset(
    {"keyword", "text", "boolean", "long", "integer", "short", "byte", "double", "float", "half_float"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """One wanted document; ``source`` is the choice of a search body, ``None`` for the default."""

    id: str
    routing: str | None = None
    realtime: bool = True
    stored_fields: tuple[str, ...] = ()
    source: Any = None
    version: int | None = None

    @property
    def with_source(self) -> bool:
        """Whether ``_source`` is shown: not by default, when stored fields are asked for."""
        if self.source is None:
            return not self.stored_fields or "_source" in self.stored_fields
        return self.source is not False


def get_document(node: Node, call: Call) -> Reply:
    """``GET /{index}/_doc/{id}``: the newest version, refreshed or not."""
    wanted = _wanted(node, call)
    index = _index(node, call)
    stored = found(index, wanted)
    return Reply(body=shown(index, wanted, stored), status=200 if stored else 404)


def get_source(node: Node, call: Call) -> Reply:
    """``GET /{index}/_source/{id}``."""
    wanted = _wanted(node, call)
    if wanted.source is False:
        raise validation_failed("fetching source can not be disabled")
    index = _index(node, call)
    stored = found(index, wanted)
    if stored is None:
        raise not_found(f"Document not found [{index.name}]/[{wanted.id}]")
    return Reply(body=shown_source(stored.document(), index, wanted.source))


def found(index: Index, wanted: Get) -> Stored | None:
    """A document; the newest version, or the searchable one.

    Raises:
        ApiError: 400 without the routing that the mapping requires, 409 for another version than the one wanted.
    """
    check_block(index, "read")
    if wanted.routing is None and index.routing_required:
        raise routing_missing(index, wanted.id)
    for name in wanted.stored_fields:
        _check_stored_field(index, name)
    key = index.key(wanted.id, wanted.routing)
    if wanted.realtime:
        stored = index.shard.read(key)
    else:
        with index.lock:
            index.tick()
            stored = index.shard.searched(key)
    index.counts.found += stored is not None
    index.counts.missing += stored is None
    if stored and wanted.version is not None and stored.version != wanted.version:
        reason = f"current version [{stored.version}] is different than the one provided [{wanted.version}]"
        raise conflict(index, key, reason)
    return stored


def shown(index: Index, wanted: Get, stored: Stored | None) -> dict[str, Any]:
    """A document as it is shown, or that there is none."""
    if stored is None:
        return {"_index": index.name, "_id": wanted.id, "found": False}
    body: dict[str, Any] = {
        "_index": index.name,
        "_id": stored.id,
        "_version": stored.version,
        "_seq_no": stored.seq_no,
        "_primary_term": stored.term,
    }
    if stored.routing is not None:
        body["_routing"] = stored.routing
    body["found"] = True
    if wanted.with_source:
        body["_source"] = shown_source(stored.document(), index, wanted.source)
    values = unpack(stored.values)[0] if wanted.stored_fields else {}
    kept = {name: values[name] for name in wanted.stored_fields if name in values and _stored(index, name)}
    if kept:
        body["fields"] = kept
    return body


def check_version(version: int | None, kind: str) -> list[str]:
    """What the validation of a read says is wrong with the version it wants."""
    least = 0 if kind in ("external", EXTERNAL_GTE) else 1
    if version is not None and version < least:
        return [f"illegal version value [{version}] for version type [{kind.upper()}]"]
    return []


def _wanted(node: Node, call: Call) -> Get:
    routing = node.indices.index_routing(call.args["index"], call.params.get("routing") or None)
    version = long(call, "version") if "version" in call.params else None
    kind = version_type(call.params.get("version_type"))
    if wrong := check_version(version, kind):
        raise validation_failed(*wrong)
    return Get(
        id=call.args["id"],
        routing=routing,
        realtime=call.flag("realtime", default=True),
        stored_fields=stored_fields(call),
        source=source_choice(call),
        version=version,
    )


def stored_fields(call: Call) -> tuple[str, ...]:
    """The parameter of that name."""
    return tuple(filter(None, call.params.get("stored_fields", "").split(",")))


def _index(node: Node, call: Call) -> Index:
    refresh = call.flag("refresh")
    index = node.indices.single(call.args["index"])
    if refresh:
        node.indices.refresh(index.name)
    return index


def _check_stored_field(index: Index, name: str) -> None:
    if any(
        field.startswith(f"{name}.") for field, _ in fields(index.mappings.get("properties", {}))
    ) and not _definition(index, name):
        raise illegal_argument(f"field [{name}] isn't a leaf field")
    definition = _definition(index, name)
    if definition and definition.get("store") and definition["type"] not in _STORABLE:
        raise unsupported(f"[stored_fields] of a field of the type [{definition['type']}]")


def _stored(index: Index, name: str) -> bool:
    return bool((_definition(index, name) or {}).get("store"))


def _definition(index: Index, name: str) -> dict[str, Any] | None:
    return dict(fields(index.mappings.get("properties", {}))).get(name)


SOURCE = frozenset({"_source", "_source_includes", "_source_excludes", "_source_exclude_vectors"})
READ = SOURCE | {"refresh", "preference", "realtime", "routing", "stored_fields"}
"""Parameters of every read of documents by their ids."""

READ_REFUSED = frozenset({"force_synthetic_source"})
_VERSIONED = READ | {"version", "version_type"}

ROUTES = [
    Route("GET", "/{index}/_doc/{id}", "indices:data/read/get", get_document, _VERSIONED, READ_REFUSED),
    Route("GET", "/{index}/_source/{id}", "indices:data/read/get", get_source, _VERSIONED, READ_REFUSED),
]
