"""From a handler's reply, or an error, to the bytes and headers that go out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from clipline.emulator.errors import ApiError, TextError
from clipline.emulator.http.compression import chosen, deflated
from clipline.emulator.http.filter_path import filtered
from clipline.emulator.http.media import answer_type, is_yaml
from clipline.emulator.http.wire import Reply
from clipline.emulator.identity import Version
from clipline.emulator.versions import build_hash

TEXT = "text/plain; charset=UTF-8"
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
_UNAUTHORIZED, _FORBIDDEN = 401, 403


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a request shapes its answer."""

    method: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    version: Version
    compress: bool = True
    """``http.compression``, which is off where TLS is on; HTTP/1.0 has none either."""


def error_reply(error: ApiError | TextError, trace: str | None = None) -> Reply:
    """The reply that says what was wrong; with a trace, which is the emulator's own, for ``error_trace``."""
    body = error.body()
    if trace and isinstance(error, ApiError):
        for entry in (body["error"], *body["error"]["root_cause"]):
            entry["stack_trace"] = trace
    return Reply(body=body, status=error.status, headers=error.headers, warnings=error.warnings)


def answer(asked: Asked, reply: Reply, *, is_error: bool = False) -> Answer:
    """The response. ``filter_path`` leaves errors alone (AbstractRestChannel.newErrorBuilder)."""
    content, kind = b"", TEXT
    if isinstance(reply.body, str):
        content = reply.body.encode()
    elif reply.body is not None:
        kind = answer_type(asked.headers, asked.params.get("format"))
        params = {"pretty": "true", **asked.params} if reply.pretty else asked.params
        content = _written(reply.body, kind, params, whole=is_error)
    headers = [*_listed(reply.headers), *_own_headers(asked, reply)]
    if asked.method != "HEAD" and content and asked.compress:
        coding = chosen(asked.headers.get("accept-encoding", ""))
        if coding:
            content = deflated(content, coding)
            headers.append(("content-encoding", coding))
    headers += [("content-type", kind), ("content-length", str(len(content)))]
    return Answer(reply.status, headers, b"" if asked.method == "HEAD" else content)


def _listed(headers: Mapping[str, str | tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        for one in (value,) if isinstance(value, str) else value:
            yield name, one


def _own_headers(asked: Asked, reply: Reply) -> Iterator[tuple[str, str]]:
    # RestResponse.filterHeaders: who may not look is not told what stands here, nor warned.
    if reply.status not in (_UNAUTHORIZED, _FORBIDDEN):
        yield "X-elastic-product", "Elasticsearch"
        for warning in dict.fromkeys(reply.warnings):
            yield "Warning", f'299 Elasticsearch-{asked.version}-{build_hash(asked.version)} "{_quoted(warning)}"'
    if opaque := asked.headers.get("x-opaque-id"):
        yield "X-Opaque-Id", opaque


def _quoted(warning: str) -> str:
    """A quoted-string; what it cannot hold is percent-encoded (HeaderWarning.formatWarning)."""
    escaped = warning.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(
        character if character.isascii() and character.isprintable() and character != "%"
        else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in escaped
    )  # fmt: skip


def _written(body: Any, kind: str, params: Mapping[str, str], *, whole: bool) -> bytes:
    if not whole and (expression := params.get("filter_path")):
        body = filtered(body, expression)
    if is_yaml(kind):
        return _yaml(body)
    if params.get("pretty", "false") in ("", "true"):
        return (_pretty(orjson.loads(orjson.dumps(body, option=_OPTIONS)), "\n") + "\n").encode()
    return orjson.dumps(body, option=_OPTIONS)


def _yaml(body: Any) -> bytes:
    import yaml  # few ask for it, and it would make every start slower

    plain = orjson.loads(orjson.dumps(body, option=_OPTIONS))
    return yaml.safe_dump(plain, explicit_start=True, sort_keys=False, allow_unicode=True, width=1_000_000).encode()


def _pretty(value: Any, line: str) -> str:
    """Jackson's own style: a blank before the colon too, and ``{ }`` and ``[ ]`` for what is empty."""
    below = line + "  "
    if isinstance(value, dict):
        fields = [f"{_text(key)} : {_pretty(child, below)}" for key, child in value.items()]
        return f"{{{below}{f',{below}'.join(fields)}{line}}}" if fields else "{ }"
    if isinstance(value, list):
        items = [_pretty(child, below) for child in value]
        return f"[{below}{f',{below}'.join(items)}{line}]" if items else "[ ]"
    return _text(value)


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
