"""Which requests may be sent a second time, after which kind of failure.

A request that was *not carried out* may be sent again whatever it is: the connection was refused before anything was
sent, or Elasticsearch itself answered 429 or 503. Where nobody knows (the connection broke, a proxy answered 502 to 504),
only one that does the same when it is done twice may: reading, writing a whole document or resource, deleting.

What is not repeated then would be refused the second time as being there already, and the refusal would hide that the
first time was a success: creating an index, a model, its vocabulary or one of its parts (``creating`` knows what to make of
it), starting a deployment. Documents
that are written under a condition (``op_type=create``, ``if_seq_no``) are repeated: whoever sets one reads, after a 409,
whose write it was (``provisioning.state.lock``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

BUSY = (429, 503)
"""Elasticsearch's own way to say that it did nothing, and that it may next time."""

GATEWAY = (502, 503, 504)
"""What stands in front of a cluster says that it got no answer from it."""

_CREATES = re.compile(
    r"PUT /[^_/][^/]*"  # an index
    r"|PUT /[^/]+/_create/.*"
    r"|PUT /_ml/trained_models/[^/]+(/vocabulary|/definition/\d+)?"
)
_READS = re.compile(
    r"POST (/[^_/][^/]*)?(/_doc)?/_(search|count|mget|msearch|refresh|validate|field_caps|search_shards)(/.*)?"
    r"|POST /_ml/trained_models/[^/]+/(deployment/)?_infer"
    r"|POST /_ingest/pipeline/([^/]+/)?_simulate"
    r"|POST /_index_template/_simulate(_index)?(/.*)?"
    r"|POST /_security/user/_has_privileges"
    r"|POST /_(analyze|render/template)"
)
_BULK = re.compile(r"(POST|PUT) (/[^/]+)?/_bulk")


def may_be_done_twice(method: str, target: str, body: Any = None) -> bool:
    """Whether a request does the same when it is carried out twice; ``target`` is path and query."""
    line = f"{method} {target.partition('?')[0]}"
    if _BULK.fullmatch(line):
        return _names_every_document(body)
    if line == "POST /_aliases":
        return _moves_aliases(body)
    if method == "POST":
        return _READS.fullmatch(line) is not None
    return _CREATES.fullmatch(line) is None


def _moves_aliases(body: Any) -> bool:
    """Whether aliases are set: a removal alone is refused where there is nothing to remove any more."""
    actions = body.get("actions") if isinstance(body, Mapping) else None
    verbs = {verb for action in actions or () if isinstance(action, Mapping) for verb in action}
    return "add" in verbs and verbs <= {"add", "remove"}


def _names_every_document(operations: Any) -> bool:
    """Whether a bulk request only replaces and deletes documents by their ids."""
    if not isinstance(operations, Iterable) or isinstance(operations, str | bytes | Mapping):
        return False
    lines = iter(operations)
    for line in lines:
        if not isinstance(line, Mapping) or len(line) != 1:
            return False
        ((verb, about),) = line.items()
        if verb not in ("index", "delete") or not isinstance(about, Mapping) or about.get("_id") is None:
            return False
        if verb == "index":
            next(lines, None)
    return True
