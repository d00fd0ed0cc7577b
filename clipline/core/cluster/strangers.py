"""An answer that is not Elasticsearch's: another product, or a proxy in between. → a sentence.

Elasticsearch puts ``X-elastic-product: Elasticsearch`` on its answers since 7.14; the client refuses a success without it
(``UnsupportedProductError``), and an error without it comes from whatever stands in front, but for 401 and 403 in
Elasticsearch's form (``reasons.is_elasticsearch``) and for a 413, which its HTTP layer gives without header and body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.core.cluster.answers import tries_of
from clipline.core.cluster.reasons import reason
from clipline.core.errors import AuthenticationError, BusyError, ClusterError, UnreachableError, VersionError
from clipline.core.settings import Connection

if TYPE_CHECKING:
    from elasticsearch import ApiError

_FIRST_WITH_HEADER = (7, 14)


def explain_stranger(error: ApiError, target: Connection) -> ClusterError:
    """The sentence for an answer without Elasticsearch's header."""
    where, status = target.name, error.meta.status
    if status < 300:
        return _product(error, where)
    said = f"{status}: {reason(error)}"
    if location := error.meta.headers.get("location"):
        return UnreachableError(
            f"what answers there sends us elsewhere ({status}, to {location}), which the client does not follow",
            where=where,
            hint="give the URL that it names",
        )
    if status == 400 and "plain HTTP request was sent to HTTPS port" in said:
        return UnreachableError("what answers there speaks TLS only", where=where, hint=f"write {_secure(where)}")
    if status == 413:
        who = "a proxy in front of the cluster does" if error.body else "the cluster, or a proxy in front of it, does"
        return ClusterError(
            f"{who} not let a request of this size through (413)",
            where=where,
            hint="raise the limit to 16 MB (nginx: client_max_body_size, whose default is 1 MB; Elasticsearch:"
            " http.max_content_length, whose default is 100 MB); a model goes in parts of 1.4 MB, a load in chunks of 8 MB",
        )
    if status in (401, 403, 407):
        return AuthenticationError(
            f"not the cluster but something in front of it refuses us ({said})",
            where=where,
            hint="check the URL, and what that proxy wants; credentials of the cluster are none of its own",
        )
    if status == 404:
        return UnreachableError(
            f"what answers there is not Elasticsearch ({said})",
            where=where,
            hint="check the URL: the port, and the path if a proxy serves the cluster under one",
        )
    if status in (429, 502, 503, 504):
        return BusyError(
            f"a proxy answers in the cluster's place ({said}){tries_of(error)}",
            where=where,
            hint="look whether the cluster runs behind it; --patience waits longer",
        )
    return UnreachableError(
        f"what answers there is not Elasticsearch ({said})",
        where=where,
        hint="check the URL; a proxy may stand in between",
    )


def _product(error: ApiError, where: str) -> ClusterError:
    """A success without the header: who says what it is, in the body of ``GET /``?"""
    body: Mapping[str, Any] = error.body if isinstance(error.body, Mapping) else {}
    version = body.get("version")
    told: Mapping[str, Any] = version if isinstance(version, Mapping) else {}
    number = str(told.get("number", ""))
    if told.get("distribution") == "opensearch" or "opensearch" in str(body.get("tagline", "")).lower():
        return UnreachableError(
            f"what answers there is OpenSearch {number}".rstrip(),
            where=where,
            hint="clipline needs Elasticsearch 8.15 or newer: OpenSearch has other vector fields and other model APIs",
        )
    if body.get("tagline") == "You Know, for Search":
        if _numbers(number) < _FIRST_WITH_HEADER:
            return VersionError(
                f"this is Elasticsearch {number}", where=where, hint="clipline runs with Elasticsearch 8.15 and newer"
            )
        return UnreachableError(
            "a proxy in front of the cluster takes away the header X-elastic-product, by which the client knows"
            " Elasticsearch",
            where=where,
            hint="let the proxy pass the cluster's answers on with all their headers",
        )
    media = error.meta.headers.get("content-type") or "no content type"
    page = f", {reason(error)!r}" if isinstance(error.body, str) else ""
    return UnreachableError(
        f"what answers there is not Elasticsearch ({media}{page})",
        where=where,
        hint="check the URL and its port (9200, or 443 and 9243 in Elastic Cloud); Kibana's address is not the cluster's",
    )


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split("-")[0].split(".")
    return tuple(int(part) for part in parts if part.isdecimal())


def _secure(where: str) -> str:
    return f"https://{where.partition('://')[2]}"
