"""The HTTP envelope around the route tables: media types, parameters, errors, compression, ``filter_path``."""

from __future__ import annotations

import gzip
import re
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from clipline.emulator import cluster, indices, ingest, ml, search
from clipline.emulator.errors import ApiError, TextError, illegal_argument, unsupported
from clipline.emulator.filter_path import filtered
from clipline.emulator.media import check_accept, check_content, response_type
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

MAX_BODY = 100 * 1024 * 1024
"""``http.max_content_length``, 100mb by default."""

_GLOBAL = frozenset({"pretty", "human", "filter_path", "error_trace", "format"})
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
_PRODUCT = {"X-elastic-product": "Elasticsearch"}
_COMPRESS_FROM = 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    pattern: re.Pattern[str]
    route: Route


def build_app(node: Node) -> Starlette:
    """The application over one node."""
    routes: list[Route] = [*cluster.ROUTES, *ingest.ROUTES, *ml.ROUTES, *search.ROUTES, *indices.ROUTES]
    # Literal segments win over variables, as in Elasticsearch's own path trie.
    ordered = sorted(routes, key=lambda route: [segment.startswith("{") for segment in route.path.split("/")])
    entries = [_Entry(_pattern(route.path), route) for route in ordered]

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        return await run_in_threadpool(_answer, node, entries, request, raw)

    return Starlette(routes=[WebRoute("/{path:path}", endpoint, methods=_METHODS)])


def _answer(node: Node, entries: list[_Entry], request: Request, raw: bytes) -> Response:
    headers = {key.lower(): value for key, value in request.headers.items()}
    params = dict(parse_qsl(request.url.query, keep_blank_values=True))
    try:
        reply = _handle(node, entries, request.method, _raw_path(request), params, headers, raw)
    except ApiError as error:
        reply = Reply(body=error.body(), status=error.status, headers=error.headers)
    except TextError as error:
        reply = Reply(body=error.body(), status=error.status, headers=error.headers)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        crash = ApiError(500, "exception", f"the emulator failed: {type(error).__name__}: {error}")
        reply = Reply(body=crash.body(), status=500)
    return _response(reply, request.method, params, headers)


def _raw_path(request: Request) -> str:
    raw = request.scope.get("raw_path") or request.url.path.encode()
    path = bytes(raw).decode("latin-1").partition("?")[0]
    return path.rstrip("/") or "/"


def _handle(
    node: Node,
    entries: list[_Entry],
    method: str,
    path: str,
    params: dict[str, str],
    headers: dict[str, str],
    raw: bytes,
) -> Reply:
    check_accept(headers, node.version[0])
    if headers.get("content-encoding") == "gzip":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError) as error:
            raise ApiError(400, "parse_exception", f"the gzip body cannot be read: {error}") from error
    if len(raw) > MAX_BODY:
        raise ApiError(413, "content_too_long_exception", f"entity content is too long [{len(raw)}]")
    if raw:
        check_content(headers)
    route, args = _find(entries, method, path)
    _check_params(route, path, params)
    call = Call(method=method, path=path, args=args, params=params, raw=raw, headers=headers)
    return route.handler(node, call)


def _find(entries: list[_Entry], method: str, path: str) -> tuple[Route, dict[str, str]]:
    wanted = "GET" if method == "HEAD" else method
    allowed: set[str] = set()
    for entry in entries:
        if match := entry.pattern.fullmatch(path):
            if entry.route.method == wanted:
                return entry.route, {key: unquote(value) for key, value in match.groupdict().items()}
            allowed.add(entry.route.method)
    segments = path.split("/")
    api = next((segment for segment in segments if segment.startswith("_")), None)
    if api is not None and not (allowed and segments[1].startswith("_")):
        raise unsupported(f"the API [{method} {path}]")
    if allowed:
        names = ", ".join(sorted(allowed))
        text = f"Incorrect HTTP method for uri [{path}] and method [{method}], allowed: [{names}]"
        raise TextError(405, text, headers={"Allow": ",".join(sorted(allowed))})
    raise TextError(400, f"no handler found for uri [{path}] and method [{method}]", show_status=False)


def _check_params(route: Route, path: str, params: dict[str, str]) -> None:
    unknown = [name for name in params if name not in route.params and name not in _GLOBAL]
    for name in unknown:
        if name in route.refused:
            raise unsupported(f"the parameter [{name}] of [{route.method} {route.path}]")
    if unknown:
        names = ", ".join(f"[{name}]" for name in unknown)
        plural = "s" if len(unknown) > 1 else ""
        raise illegal_argument(f"request [{path}] contains unrecognized parameter{plural}: {names}")


def _response(reply: Reply, method: str, params: dict[str, str], headers: dict[str, str]) -> Response:
    sent = {**_PRODUCT, **reply.headers}
    if opaque := headers.get("x-opaque-id"):
        sent["X-Opaque-Id"] = opaque
    content, media = b"", response_type(headers)
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
        response.headers.append("Warning", f'299 Elasticsearch-9.2.0-emulator "{warning}"')
    return response


def _json(body: Any, params: dict[str, str]) -> bytes:
    if expression := params.get("filter_path"):
        body = filtered(body, expression)
    pretty = "pretty" in params and params["pretty"] != "false"
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0
    return orjson.dumps(body, option=option | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


def _pattern(path: str) -> re.Pattern[str]:
    parts = [
        f"(?P<{segment[1:-1]}>[^/]+)" if segment.startswith("{") else re.escape(segment) for segment in path.split("/")
    ]
    # An index, pipeline or alias never begins with an underscore, but for _all: those are names of APIs.
    if len(parts) > 1 and path.startswith("/{"):
        parts[1] = parts[1].replace("[^/]+", "(?:_all|[^_/][^/]*)")
    return re.compile("/".join(parts))
