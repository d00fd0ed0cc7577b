"""The hidden index ``clipline-state``: its mapping, and single documents read and written under conditions.

A document, here the lock of the stack ``clipline``, with the id ``lock:clipline``::

    {"kind": "lock", "stack": "clipline", "body": {"owner": "elastic", "token": "9c…", …}}

``kind`` is ``lock``, ``run``, ``adopted``, ``superseded`` or ``upload``. Runs have ``started_at`` and ``outcome`` too, because
they are searched by them. ``body`` is not looked into by the server: what an older clipline wrote can be read by a newer one
and the other way round, and the mapping, strict otherwise, does not change with them.

The name has no leading dot: those are the server's own, and writing to them is deprecated for users.

What a role needs on ``clipline-state`` in a cluster with security:

========================  ============================================================================================
``plan``, ``drift``,      ``read`` (GET of one document, and ``_search``)
``status``, ``history``
``apply``, ``prune``,     ``read``; ``create_index`` (the first apply makes the index); ``view_index_metadata`` (whose
``destroy``               index it is); ``index`` (lock, runs, adopted resources); ``delete`` (release, old runs)
========================  ============================================================================================

``GET _security/_authenticate`` needs no privilege. Refreshes are asked for with the writes, so ``maintenance`` is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clipline.core.errors import ClusterError
from clipline.core.records import MARK

if TYPE_CHECKING:
    from elastic_transport import ApiResponseMeta
    from elasticsearch import ApiError, Elasticsearch

INDEX = "clipline-state"
FORMAT = 1
"""Raised when documents change so that an older clipline would misread them."""

_SETTINGS: dict[str, Any] = {
    # Hidden: `GET *`, `_cat/indices` and wildcards of other people's tools pass it by.
    "index": {"hidden": True, "number_of_shards": 1, "auto_expand_replicas": "0-1"}
}
_MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "_meta": {MARK: {"format": FORMAT, "holds": "locks, history and adopted resources of clipline"}},
    "properties": {
        "kind": {"type": "keyword"},
        "stack": {"type": "keyword"},
        "started_at": {"type": "date"},
        "outcome": {"type": "keyword"},
        "body": {"type": "object", "enabled": False},
    },
}


@dataclass(frozen=True, slots=True)
class Position:
    """Which write of a document was seen: the condition of the next one."""

    seq_no: int
    primary_term: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A document as it was read."""

    id: str
    source: Mapping[str, Any]
    position: Position

    @property
    def body(self) -> Mapping[str, Any]:
        """The part that is the kind's own; empty where something else was written under its id."""
        body = self.source.get("body")
        return body if isinstance(body, Mapping) else {}


def read(client: Elasticsearch, doc_id: str) -> Stored | None:
    """One document, in real time, by one GET; ``None`` where it, or the index, is not there. Read-only."""
    found = client.options(ignore_status=404).get(index=INDEX, id=doc_id)
    if found.meta.status == 404:
        return None
    return Stored(id=doc_id, source=found["_source"], position=_position(found.body))


def read_several(client: Elasticsearch, doc_ids: Sequence[str]) -> list[Stored | None]:
    """Some documents in their order, in real time, by one request; ``None`` as ``read`` gives it. Read-only.

    Raises:
        elasticsearch.ApiError: one of them cannot be read.
    """
    answer = client.mget(index=INDEX, ids=list(doc_ids))
    found: list[Stored | None] = []
    for document in answer["docs"]:
        error = document.get("error")
        if error and error.get("type") != "index_not_found_exception":
            raise _refusal(error, answer.meta)
        there = bool(document.get("found"))
        found.append(
            Stored(id=document["_id"], source=document["_source"], position=_position(document)) if there else None
        )
    return found


def write(
    client: Elasticsearch,
    doc_id: str,
    source: Mapping[str, Any],
    *,
    after: Position | None = None,
    create: bool = False,
    searchable: bool = False,
) -> Position:
    """Write one document whole, by one request.

    Args:
        client: the cluster.
        doc_id: the document's id.
        source: the document.
        after: write only over that very version of it.
        create: write only if there is none.
        searchable: let the next search find it.

    Raises:
        elasticsearch.ConflictError: the condition does not hold.
    """
    conditions: dict[str, Any] = {}
    if after is not None:
        conditions = {"if_seq_no": after.seq_no, "if_primary_term": after.primary_term}
    if create:
        conditions["op_type"] = "create"
    if searchable:
        conditions["refresh"] = True
    return _position(client.index(index=INDEX, id=doc_id, document=dict(source), **conditions).body)


def remove(client: Elasticsearch, doc_id: str, *, after: Position | None = None) -> None:
    """Delete one document; nothing happens where there is none.

    Raises:
        elasticsearch.ConflictError: ``after`` is given, and it is another version by now, or gone.
    """
    conditions: dict[str, Any] = {}
    if after is not None:
        conditions = {"if_seq_no": after.seq_no, "if_primary_term": after.primary_term}
    client.options(ignore_status=404).delete(index=INDEX, id=doc_id, **conditions)


def search_runs(client: Elasticsearch, *, stack: str, limit: int) -> list[Stored]:
    """The documents of a stack's runs, newest first; none where there is no index. Read-only.

    A search finds them, and a GET of them all reads what a search does not show yet: each change of a run is written without
    waiting for a refresh.
    """
    found = client.search(
        index=INDEX,
        query={"bool": {"filter": [{"term": {"kind": "run"}}, {"term": {"stack": stack}}]}},
        sort=[{"started_at": {"order": "desc"}}],
        size=limit,
        source=False,
        ignore_unavailable=True,
    )
    ids = [hit["_id"] for hit in found["hits"]["hits"]]
    documents = client.mget(index=INDEX, ids=ids)["docs"] if ids else []
    return [
        Stored(id=document["_id"], source=document["_source"], position=_position(document))
        for document in documents
        if document.get("found")
    ]


def ensure_index(client: Elasticsearch) -> None:
    """Make the index unless it is there; two who do so at once both go on.

    Asked before the first write of a command: a write to a missing index would make one with a guessed mapping.

    Raises:
        ClusterError: an index of that name is not ours, or of a newer clipline.
    """
    from elasticsearch import BadRequestError

    if _is_there(client):
        return
    try:
        client.indices.create(index=INDEX, settings=_SETTINGS, mappings=_MAPPINGS)
    except BadRequestError as error:
        if error.error != "resource_already_exists_exception":
            raise
        _is_there(client)


def _is_there(client: Elasticsearch) -> bool:
    found = client.options(ignore_status=404).indices.get_mapping(index=INDEX)
    if found.meta.status == 404:
        return False
    for entry in found.body.values():
        marks = (entry["mappings"].get("_meta") or {}).get(MARK) or {}
        version = marks.get("format")
        if not isinstance(version, int):
            raise ClusterError(
                "an index of this name is there and was not made by clipline, or was made by a write to it after it had"
                " been deleted",
                where=INDEX,
                hint=f"look at it (GET {INDEX}/_search); if nobody needs it, delete it and run this again",
            )
        if version > FORMAT:
            raise ClusterError(
                f"this index was made by a newer clipline (format {version}, this one knows {FORMAT})",
                where=INDEX,
                hint="use that clipline for this cluster",
            )
    return True


def _refusal(error: Mapping[str, Any], meta: ApiResponseMeta) -> ApiError:
    """The exception that a GET of this document would have raised: privileges are looked at document by document."""
    from elasticsearch import ApiError, AuthorizationException

    forbidden = error.get("type") == "security_exception"
    status = 403 if forbidden else 500
    body = {"error": error, "status": status}
    return (AuthorizationException if forbidden else ApiError)(
        str(error.get("type")), replace(meta, status=status), body
    )


def _position(answer: Mapping[str, Any]) -> Position:
    return Position(int(answer["_seq_no"]), int(answer["_primary_term"]))
