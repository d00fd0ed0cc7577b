"""The HTTP envelope around the route tables: from the bytes of a request to a call, from a reply to bytes.

The order of the refusals is the real server's: length, parameters, media types, path and method, content type of the
body, then the route's own parameters, then the handler.
"""

from __future__ import annotations

import sqlite3
import sys
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from clipline.emulator import absent, cluster, indices, ingest, ml, search, security
from clipline.emulator.database import disk_failure
from clipline.emulator.errors import ApiError, TextError, bad_parameter
from clipline.emulator.http.answers import Answer, Asked, answer, error_reply
from clipline.emulator.http.bodies import MAX_BODY, check_takes_body
from clipline.emulator.http.compression import inflated
from clipline.emulator.http.endpoints import Endpoints
from clipline.emulator.http.media import check_answer_type, check_body_type, check_headers, check_single
from clipline.emulator.http.param_kinds import check_kinds
from clipline.emulator.http.query_string import parse_query
from clipline.emulator.http.routing import Router
from clipline.emulator.http.wire import Call, Reply, boolean

if TYPE_CHECKING:
    from clipline.emulator.node import Node

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_THREADS = 256
"""Requests that are carried out beside each other. Many wait only, for a deployment, a green index or a refresh."""
_MAX_LINE, _MAX_HEADERS = 4096, 16384
_UNAUTHORIZED = 401
_CONTINUE = "100-continue"
_SINGLE_HEADERS = ("x-opaque-id", "traceparent", "tracestate")


@dataclass(frozen=True, slots=True)
class _Request:
    """One request as it came; header names are in lower case."""

    method: str
    uri: str
    headers: Mapping[str, list[str]]
    raw: bytes
    old: bool
    """HTTP/1.0."""


def build_app(node: Node) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The ASGI application over one node."""
    routes = [*cluster.ROUTES, *ingest.ROUTES, *ml.ROUTES, *search.ROUTES, *indices.ROUTES, *absent.ROUTES]
    # With xpack.security.enabled: false a node has no such APIs at all.
    absent_apis = [] if node.security.enabled else ["_security"]
    own = security.ROUTES if node.security.enabled else []
    router = Router([*routes, *own], Endpoints(node.version, absent=absent_apis))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        headers: dict[str, list[str]] = defaultdict(list)
        for name, value in scope["headers"]:
            headers[name.decode("latin-1").lower()].append(value.decode("latin-1"))
        expected = headers.get("expect", [_CONTINUE])[0].lower()
        refusal = None if expected == _CONTINUE else 417
        raw = await _body(receive) if refusal is None else b""
        if raw is None:
            return  # the client went away before it had said everything: nothing was asked
        if len(raw) > MAX_BODY:
            refusal = 413
        if refusal is not None:
            await _send(send, _closing(refusal))
            return
        uri = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        whole = f"{uri}?{query}" if query else uri
        request = _Request(scope["method"], whole, headers, raw, old=scope["http_version"] == "1.0")
        to_thread.current_default_thread_limiter().total_tokens = _THREADS
        await _send(send, await to_thread.run_sync(_answer, node, router, request))

    return app


async def _body(receive: Receive) -> bytes | None:
    """The whole body; ``None`` when the client went away before its end.

    Of one that is too long a byte too many is kept, and the rest is read so that the refusal arrives.
    """
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")[: max(0, MAX_BODY + 1 - length)]
        parts.append(part)
        length += len(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _send(send: Send, found: Answer) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in found.headers]
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    await send({"type": "http.response.body", "body": found.content})


def _answer(node: Node, router: Router, request: _Request) -> Answer:
    headers = {name: values[0] for name, values in request.headers.items()}
    params: dict[str, str] = {}
    failed = True
    try:
        params = _params(request.uri)
        reply = _handle(node, router, request, params, headers)
        failed = False
    except (ApiError, TextError) as error:
        # Not for strangers, to whom it tells too much (RestResponse).
        traced = params.get("error_trace", "false") != "false" and error.status != _UNAUTHORIZED
        reply = error_reply(error, traceback.format_exc() if traced else None)
    except sqlite3.Error as error:
        refusal = disk_failure(error)
        reply = error_reply(refusal) if refusal else _crash(error)
    except Exception as error:
        reply = _crash(error)
    if reply is _TOO_LONG:
        return _closing(413)
    compress = not (node.identity.secure or request.old)
    asked = Asked(method=request.method, params=params, headers=headers, version=node.version, compress=compress)
    try:
        return answer(asked, reply, is_error=failed)
    except Exception as error:
        # A handler's body that is no JSON: the emulator's own fault, which must not look like the network's.
        return answer(asked, _crash(error), is_error=True)


def _crash(error: Exception) -> Reply:
    # The log may be on a disk that is full.
    with suppress(OSError):
        traceback.print_exc(file=sys.stderr)
    return error_reply(ApiError(500, "exception", f"the emulator failed: {type(error).__name__}: {error}"))


def _closing(status: int) -> Answer:
    """What the HTTP layer itself says, and hangs up (Netty4HttpContentSizeHandler)."""
    return Answer(status, [("content-length", "0"), ("connection", "close")], b"")


_TOO_LONG = Reply(status=413)


def _params(uri: str) -> dict[str, str]:
    try:
        return parse_query(uri.partition("?")[2])
    except ValueError as error:
        raise bad_parameter(str(error)) from None


def _handle(node: Node, router: Router, request: _Request, params: dict[str, str], headers: dict[str, str]) -> Reply:
    _check_length(request)
    if node.security.enabled:
        _check_once(request.headers, "authorization", "Authorization")
    if request.method != "OPTIONS":  # a browser asks it without credentials before it asks anything else
        node.security.sign_in(headers, request.uri)
    raw = inflated(request.raw, headers.get("content-encoding", ""), MAX_BODY)
    if raw is None:
        return _TOO_LONG
    check_single(request.headers)
    check_headers(headers, node.version.major, has_body=bool(raw))
    for name in ("pretty", "human"):
        boolean(params, name, default=False)
    _check_control(request.headers, params)
    check_answer_type(headers, params.get("format"))
    if request.method == "OPTIONS":
        return Reply(body="", headers=router.options(request.uri))
    route, args = router.find(request.method, request.uri)
    if raw:
        check_body_type(headers)
    path = request.uri.partition("?")[0]
    call = Call(method=request.method, path=path, args=args, params=params, raw=raw, headers=headers, route=route)
    router.check_params(route, path, params)
    check_kinds(call)
    if raw:
        check_takes_body(route, request.method, path)
    return route.handler(node, node.security.admit(route, call))


def _check_length(request: _Request) -> None:
    """``http.max_initial_line_length`` and ``http.max_header_size``: a URL may be 4 kB long, headers together 16 kB."""
    if len(f"{request.method} {request.uri} HTTP/1.1") > _MAX_LINE:
        reason = f"An HTTP line is larger than {_MAX_LINE} bytes."
        raise ApiError(400, "too_long_http_line_exception", reason)
    size = sum(len(name) + len(value) + 2 for name, values in request.headers.items() for value in values)
    if size > _MAX_HEADERS:
        reason = f"HTTP header is larger than {_MAX_HEADERS} bytes."
        raise ApiError(400, "too_long_http_header_exception", reason)


def _check_once(headers: Mapping[str, list[str]], name: str, shown: str) -> None:
    if len(set(headers.get(name, ()))) > 1:
        raise TextError(400, f"multiple values for single-valued header [{shown}].")


def _check_control(headers: Mapping[str, list[str]], params: Mapping[str, str]) -> None:
    """Headers that may be there once, and ``error_trace``: refused with a text (RestController.tryAllHandlers)."""
    for name in _SINGLE_HEADERS:
        _check_once(headers, name, "X-Opaque-Id" if name == "x-opaque-id" else name)
    try:
        boolean(params, "error_trace", default=False)
    except ApiError as error:
        raise TextError(400, error.reason) from None
