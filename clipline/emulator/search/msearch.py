"""``_msearch``: a line that says where, a line that says what, one answer each.

::

    {"index": "i"}
    {"query": {"match_all": {}}}
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed
from clipline.emulator.http.json_body import read_object
from clipline.emulator.http.wire import Call, Reply

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_HEADERS = {"search_type", "preference", "routing", "request_cache", "allow_no_indices", "ignore_unavailable",
            "expand_wildcards", "allow_partial_search_results", "ccs_minimize_roundtrips", "ignore_throttled"}  # fmt: skip
_SHARED = {"rest_total_hits_as_int", "typed_keys", "search_type", "ignore_unavailable", "allow_no_indices",
           "expand_wildcards", "preference", "include_named_queries_score", "routing"}  # fmt: skip


def msearch_of(
    search: Callable[[Node, Call], Reply], check: Callable[[Node, Call], object]
) -> Callable[[Node, Call], Reply]:
    """The handler of ``[/{index}]/_msearch`` that answers each search with another handler.

    A request that ``check`` refuses is refused whole: all are read before the first is carried out.
    """

    def msearch(node: Node, call: Call) -> Reply:
        started = time.perf_counter()
        searches = [_search(call, header, body) for header, body in _pairs(call)]
        if not searches:
            raise validation_failed("no requests added")
        for one in searches:
            check(node, one)
        responses = [_answer(node, one, search) for one in searches]
        return Reply(body={"took": int((time.perf_counter() - started) * 1000), "responses": responses})

    return msearch


def _answer(node: Node, call: Call, search: Callable[[Node, Call], Reply]) -> dict[str, Any]:
    try:
        node.security.require_spelled("indices:data/read/search", call.args.get("index", ""))
        reply = search(node, call)
    except ApiError as error:
        if error.status == 501:
            # What is not emulated is refused as loudly as anywhere.
            raise
        return error.body()
    return {**reply.body, "status": reply.status}


def _pairs(call: Call) -> list[tuple[bytes, bytes]]:
    raw = call.raw
    if not raw.strip():
        raise ApiError(400, "parse_exception", "request body is required")
    if not raw.endswith(b"\n"):
        raise illegal_argument("The msearch request must be terminated by a newline [\n]")
    lines = raw[:-1].split(b"\n")
    pairs: list[tuple[bytes, bytes]] = []
    place = 0
    while place < len(lines):
        header, place = lines[place], place + 1
        if place >= len(lines):
            if header.strip():
                raise illegal_argument("The msearch request must be terminated by a newline [\n]")
            break
        pairs.append((header, lines[place]))
        place += 1
    return pairs


def _search(call: Call, header: bytes, body: bytes) -> Call:
    args = dict(call.args)
    params = {key: value for key, value in call.params.items() if key in _SHARED}
    for key, value in _object(header).items():
        if key in ("index", "indices"):
            if value not in (None, "", []):
                args["index"] = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        elif key == "project_routing":
            raise unsupported("[project_routing] in the header of a search")
        elif key not in _HEADERS:
            raise illegal_argument(f"key [{key}] is not supported in the metadata section")
        elif value is not None:
            params[key] = ",".join(map(_word, value)) if isinstance(value, list) else _word(value)
    _object(body)
    return replace(call, args=args, params=params, raw=body)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _object(line: bytes) -> dict[str, Any]:
    return read_object(line) if line.strip() else {}
