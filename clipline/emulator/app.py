"""The HTTP envelope around the route tables: media types, parameters, errors, compression, ``filter_path``.

Credentials are accepted and ignored: the server listens on this machine only.
"""

from __future__ import annotations

import gzip
import sys
import traceback
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from clipline.emulator import cluster, indices, ingest, ml, search
from clipline.emulator.errors import ApiError, TextError, unsupported
from clipline.emulator.filter_path import filtered
from clipline.emulator.media import answer_type, check_answer_type, check_body_type, check_headers
from clipline.emulator.routing import Router, check_params
from clipline.emulator.wire import Call, Reply

if TYPE_CHECKING:
    from clipline.emulator.node import Node

MAX_BODY = 100 * 1024 * 1024
"""``http.max_content_length``, 100mb by default."""

_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
_PRODUCT = {"X-elastic-product": "Elasticsearch"}
_COMPRESS_FROM = 1024


def build_app(node: Node) -> Starlette:
    """The application over one node."""
    router = Router([*cluster.ROUTES, *ingest.ROUTES, *ml.ROUTES, *search.ROUTES, *indices.ROUTES])

    async def endpoint(request: Request) -> Response:
        raw = await _body(request)
        return await run_in_threadpool(_answer, node, router, request, raw)

    return Starlette(routes=[WebRoute("/{path:path}", endpoint, methods=_METHODS)])


async def _body(request: Request) -> bytes | None:
    """The body as it was sent; ``None`` when it is too long, which is still read so that the answer arrives."""
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length <= MAX_BODY:
            parts.append(part)
        else:
            parts.clear()
    return b"".join(parts) if length <= MAX_BODY else None


def _answer(node: Node, router: Router, request: Request, raw: bytes | None) -> Response:
    headers = {key.lower(): value for key, value in request.headers.items()}
    params = dict(parse_qsl(request.url.query, keep_blank_values=True))
    try:
        reply = _handle(node, router, request.method, _raw_path(request), params, headers, raw)
    except (ApiError, TextError) as error:
        reply = Reply(body=error.body(), status=error.status, headers=error.headers)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        crash = ApiError(500, "exception", f"the emulator failed: {type(error).__name__}: {error}")
        reply = Reply(body=crash.body(), status=500)
    return _response(node, reply, request.method, params, headers)


def _handle(
    node: Node,
    router: Router,
    method: str,
    path: str,
    params: dict[str, str],
    headers: dict[str, str],
    raw: bytes | None,
) -> Reply:
    raw = _decoded(raw, headers.get("content-encoding", "identity").lower())
    check_headers(headers, node.version.major, has_body=bool(raw))
    if raw:
        check_body_type(headers)
    check_answer_type(headers, params.get("format"))
    if params.get("error_trace", "false") != "false":
        raise unsupported("the parameter [error_trace]")
    route, args = router.find(method, path)
    check_params(route, path, params)
    return route.handler(node, Call(method=method, path=path, args=args, params=params, raw=raw, headers=headers))


def _raw_path(request: Request) -> str:
    # Undecoded, so that a slash inside a name stays one.
    raw = request.scope.get("raw_path") or request.url.path.encode()
    path = bytes(raw).decode("latin-1").partition("?")[0]
    return path.rstrip("/") or "/"


def _decoded(raw: bytes | None, encoding: str) -> bytes:
    if raw is not None and encoding == "gzip" and raw:
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            raw = inflater.decompress(raw, MAX_BODY + 1)
        except zlib.error as error:
            raise ApiError(400, "parse_exception", f"the gzip body cannot be read: {error}") from error
        if len(raw) <= MAX_BODY and not inflater.eof:
            raise ApiError(400, "parse_exception", "the gzip body cannot be read: it ends too early")
    elif encoding not in ("gzip", "identity"):
        raise unsupported(f"the Content-Encoding [{encoding}]")
    if raw is None or len(raw) > MAX_BODY:
        reason = f"entity content is too long for the configured buffer limit [{MAX_BODY}]"
        raise ApiError(413, "content_too_long_exception", reason)
    return raw


def _response(node: Node, reply: Reply, method: str, params: dict[str, str], headers: dict[str, str]) -> Response:
    sent = {**_PRODUCT, **reply.headers}
    if opaque := headers.get("x-opaque-id"):
        sent["X-Opaque-Id"] = opaque
    content, media = b"", answer_type(headers)
    if isinstance(reply.body, str):
        content, media = reply.body.encode(), "text/plain; charset=UTF-8"
    elif reply.body is not None:
        content = _json(reply.body, params)
    if method == "HEAD":
        sent["content-length"] = str(len(content))
        content = b""
    elif "gzip" in headers.get("accept-encoding", "") and len(content) >= _COMPRESS_FROM:
        content = gzip.compress(content, 1)
        sent["content-encoding"] = "gzip"
    response = Response(content, status_code=reply.status, headers=sent, media_type=media)
    for warning in reply.warnings:
        response.headers.append("Warning", f'299 Elasticsearch-{node.version}-emulator "{warning}"')
    return response


def _json(body: Any, params: dict[str, str]) -> bytes:
    if expression := params.get("filter_path"):
        body = filtered(body, expression)
    pretty = "pretty" in params and params["pretty"] != "false"
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0
    return orjson.dumps(body, option=option | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
