"""The client, and what its errors mean.

The client repeats what is safe to repeat (429, 502, 503, 504 and connection errors, three times). Everything it raises
is turned into a sentence by ``explain``; ``cluster_errors`` does that around a block.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clipline.core.errors import (
    AuthenticationError,
    ClusterError,
    NotProvisionedError,
    PrivilegeError,
    UnreachableError,
    VersionError,
)
from clipline.core.settings import Connection

if TYPE_CHECKING:
    from elasticsearch import ApiError, Elasticsearch, TransportError


def connect(target: Connection, *, opaque_id: str | None = None) -> Elasticsearch:
    """A client for one cluster; makes no request.

    ``opaque_id`` is sent with every request as ``X-Opaque-Id``, so that the server's logs show who asked.
    """
    from elasticsearch import Elasticsearch

    options: dict[str, Any] = {
        "request_timeout": target.timeout,
        "max_retries": 3,
        "retry_on_status": (429, 502, 503, 504),
        "retry_on_timeout": False,
        "headers": {"x-opaque-id": opaque_id or new_opaque_id()},
    }
    if target.api_key:
        options["api_key"] = target.api_key
    elif target.username and target.password:
        options["basic_auth"] = (target.username, target.password)
    if target.ca_certs:
        options["ca_certs"] = target.ca_certs
    try:
        if target.url:
            return Elasticsearch(target.url, **options)
        return Elasticsearch(cloud_id=target.cloud_id, **options)
    except (ValueError, OSError) as error:
        raise ClusterError(f"the connection cannot be set up: {error}", where=target.name) from error


def new_opaque_id() -> str:
    """A name for one command's requests."""
    return f"clipline-{uuid.uuid4().hex[:8]}"


def log_requests(opaque_id: str) -> None:
    """Print every request to stderr: method, address, status, milliseconds, X-Opaque-Id."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"%(message)s [{opaque_id}]"))
    logger = logging.getLogger("elastic_transport.transport")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


@contextmanager
def cluster_errors(target: Connection) -> Iterator[None]:
    """Turn whatever the client raises inside into a ``ClusterError`` that says where, what and what next."""
    from elasticsearch import ApiError, TransportError

    try:
        yield
    except (ApiError, TransportError) as error:
        raise explain(error, target) from error


def explain(error: ApiError | TransportError, target: Connection) -> ClusterError:
    """The sentence for one of the client's exceptions."""
    from elastic_transport import TlsError
    from elasticsearch import ApiError, ConnectionTimeout, UnsupportedProductError

    where = target.name
    if isinstance(error, UnsupportedProductError):
        return UnreachableError(
            "what answers there is not Elasticsearch", where=where, hint="check the URL; a proxy may stand in between"
        )
    if isinstance(error, ApiError):
        return _explain_answer(error, where)
    if isinstance(error, TlsError):
        return UnreachableError(
            f"TLS failed: {_first_line(error)}",
            where=where,
            hint="set ELASTICSEARCH_CA_CERTS to the cluster's CA file (http_ca.crt)",
        )
    if isinstance(error, ConnectionTimeout):
        return UnreachableError(
            f"no answer within {target.timeout:g} s", where=where, hint="raise --timeout, or look at the cluster's load"
        )
    return UnreachableError(
        f"cannot connect: {_innermost(error)}",
        where=where,
        hint="check the URL and that the cluster runs; --emulator starts one here",
    )


def _explain_answer(error: ApiError, where: str) -> ClusterError:
    status = error.meta.status
    if _is_version_refusal(error):
        return VersionError(
            "the installed client is a major version ahead of this server, which refuses it",
            where=where,
            hint="pip install 'elasticsearch>=8.19,<9' in an environment without clipline[models]",
        )
    what = reason(error)
    if status == 401:
        return AuthenticationError(
            f"the cluster does not accept the credentials: {what}",
            where=where,
            hint="check ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD",
        )
    if status == 403 and "license" in what:
        return PrivilegeError(
            f"the cluster's licence does not allow this: {what}",
            where=where,
            hint="machine learning needs a trial, platinum or enterprise licence",
        )
    if status == 403:
        return PrivilegeError(f"not allowed: {what}", where=where, hint="ask for the privilege that the message names")
    if status == 404 and "index_not_found" in str(error.message):
        return NotProvisionedError(what, where=where, hint="run `clipline apply` first")
    if status == 429 and "no ML nodes with sufficient capacity" in what:
        return ClusterError(
            what,
            where=where,
            hint="give the cluster an ML node with that much free memory, or stop another deployment;"
            " GET _ml/memory/_stats shows what is taken",
        )
    if status == 429:
        return ClusterError(
            f"the cluster is overloaded: {what}", where=where, hint="wait, or lower the load; then run it again"
        )
    return ClusterError(f"the cluster answered {status}: {what}", where=where)


def reason(error: ApiError) -> str:
    """The innermost reason of an error answer, with its cause when there is one."""
    body = error.body
    if not isinstance(body, dict):
        return str(error.message)
    inner = body.get("error")
    if isinstance(inner, str):
        return inner
    if not isinstance(inner, dict):
        return str(error.message)
    text = str(inner.get("reason") or inner.get("type") or error.message)
    cause = inner.get("caused_by")
    if isinstance(cause, dict) and cause.get("reason") and cause["reason"] not in text:
        text = f"{text} ({cause['reason']})"
    return text


def _is_version_refusal(error: ApiError) -> bool:
    if error.meta.status not in (400, 406):
        return False
    text = str(error.body)
    return "media_type_header_exception" in text or "compatible-with" in text


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _innermost(error: BaseException) -> str:
    """What the system said, below the three layers that each wrap the message of the next."""
    seen: list[BaseException] = [error]
    while (below := _below(seen[-1])) is not None and below not in seen:
        seen.append(below)
    said = [layer.strerror for layer in seen if isinstance(layer, OSError) and layer.strerror]
    return said[-1] if said else _first_line(error)


def _below(error: BaseException) -> BaseException | None:
    inner = getattr(error, "errors", None)
    if inner and isinstance(inner[-1], BaseException):
        return inner[-1]
    return error.__cause__ or error.__context__
