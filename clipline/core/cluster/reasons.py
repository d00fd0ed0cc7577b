"""What an answer or a broken connection says of itself: the innermost reason, in the words of who gave it.

::

    HTTP/1.1 400 Bad Request
    X-elastic-product: Elasticsearch
    {"error": {"root_cause": […], "type": "illegal_argument_exception", "reason": "…",
               "caused_by": {"type": "…", "reason": "…"}}, "status": 400}
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from http import HTTPStatus
from socket import gaierror
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elastic_transport import ApiResponseMeta
    from elasticsearch import ApiError

_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_LONGEST = 300
_NO_WAY_THERE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)


def is_elasticsearch(meta: ApiResponseMeta, body: Any) -> bool:
    """Whether Elasticsearch itself answered.

    It puts a header on its answers since 7.14, errors included, but for 401 and 403 (``RestResponse.filterHeaders``),
    which are known by their form.
    """
    if meta.headers.get("x-elastic-product", "") == "Elasticsearch":
        return True
    inner = body.get("error") if isinstance(body, dict) else None
    return meta.status in (401, 403) and isinstance(inner, dict) and "root_cause" in inner


def reason(error: ApiError) -> str:
    """The innermost reason of an error answer, with its cause when there is one."""
    return reason_of(error.body, error.meta)


def reason_of(body: Any, meta: ApiResponseMeta) -> str:
    """The same of a body as it was read; the name of the status where the body says nothing."""
    inner = body.get("error") if isinstance(body, dict) else None
    if isinstance(inner, str):
        return inner
    if not isinstance(inner, dict):
        return _text(body) or _name(meta.status)
    text = str(inner.get("reason") or inner.get("type") or _name(meta.status))
    cause = inner.get("caused_by")
    if isinstance(cause, dict) and cause.get("reason") and cause["reason"] not in text:
        text = f"{text} ({cause['reason']})"
    return text


def kind_of(body: Any) -> str:
    """The type of an error answer, as ``index_not_found_exception``; empty where it has none."""
    inner = body.get("error") if isinstance(body, dict) else None
    return str(inner.get("type", "")) if isinstance(inner, dict) else ""


def system_reason(error: BaseException) -> str:
    """What the system said, below the three layers that each wrap the message of the next."""
    found = system_error(error)
    if isinstance(found, OSError) and found.strerror:
        return found.strerror
    return str(found or error).partition("\n")[0] or type(found or error).__name__


def system_error(error: BaseException) -> BaseException | None:
    """The innermost error of the system, or else the innermost of all."""
    layers = list(layers_of(error))
    system = [layer for layer in layers if isinstance(layer, OSError)]
    return (system or layers)[-1]


def found_no_way(error: BaseException) -> bool:
    """Whether there was no connection to send anything on: refused, no such host, no way to it, or no answer from there."""
    found = system_error(error)
    if isinstance(found, ConnectionRefusedError | gaierror) or getattr(found, "errno", None) in _NO_WAY_THERE:
        return True
    return timed_out_connecting(error)


def timed_out_connecting(error: BaseException) -> bool:
    """Whether nobody took the connection within the time of a request."""
    return any(type(layer).__name__ == "ConnectTimeoutError" for layer in layers_of(error))


def layers_of(error: BaseException) -> Iterator[BaseException]:
    """An error and those below it, from the outside in."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        yield at
        inner = getattr(at, "errors", None)
        at = inner[-1] if inner and isinstance(inner[-1], BaseException) else at.__cause__ or at.__context__


def _text(body: Any) -> str:
    """A page of HTML by its title, anything else as it is, in one line of a bearable length."""
    if not isinstance(body, str):
        return ""
    found = _TITLE.search(body)
    words = " ".join((found.group(1) if found else body).split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def _name(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"
