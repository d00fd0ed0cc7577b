"""What Elasticsearch answered → a sentence with the next thing to do.

``_RULES`` is a table, looked through from above: the status, what the answer says of itself (``<type>: <reason>``), and the
sentence. Its wordings are those of Elasticsearch 8.15 to 9.5; where none fits, the server's own reason is told with what
was asked.
"""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from clipline.core.cluster.privileges import denied
from clipline.core.cluster.reasons import kind_of, reason
from clipline.core.errors import (
    AuthenticationError,
    BusyError,
    ClusterError,
    LicenceError,
    NotProvisionedError,
    PrivilegeError,
    VersionError,
)
from clipline.core.settings import Connection

if TYPE_CHECKING:
    from elasticsearch import ApiError

_CREDENTIALS = "ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD"
_LOG = "the cluster's log has more under the X-Opaque-Id that --verbose shows"


@dataclass(frozen=True, slots=True)
class _Rule:
    """``what`` may name ``{reason}``, ``{request}`` and the groups of ``says``; None stands for the server's reason."""

    status: tuple[int, ...]
    says: str
    error: type[ClusterError]
    what: str | None
    hint: str


_RULES = (
    _Rule(
        (401,),
        "missing authentication credentials",
        AuthenticationError,
        "the cluster wants credentials, and none are set",
        f"set {_CREDENTIALS}",
    ),
    _Rule(
        (401,),
        r"api key is expired|api key \[.*\] has been invalidated|unable to find apikey",
        AuthenticationError,
        "the cluster does not accept the API key: {reason}",
        "make a new key (POST /_security/api_key) and set ELASTICSEARCH_API_KEY to its `encoded`",
    ),
    _Rule(
        (401,),
        "invalid ApiKey value",
        AuthenticationError,
        "the cluster does not accept the API key: {reason}",
        "ELASTICSEARCH_API_KEY is the key's `encoded`, which is Base64 of id:api_key",
    ),
    _Rule(
        (401,),
        "",
        AuthenticationError,
        "the cluster does not accept the credentials: {reason}",
        f"check {_CREDENTIALS}",
    ),
    _Rule(
        (403,),
        r"current license is non-compliant for \[(?P<feature>[^\]]*)\]",
        LicenceError,
        "the cluster's licence does not include {feature}, or has expired",
        "machine learning needs a trial, platinum or enterprise licence: GET /_license shows this cluster's;"
        " POST /_license/start_trial?acknowledge=true starts a trial of 30 days",
    ),
    _Rule(
        (403, 429),
        "disk usage exceeded flood-stage watermark",
        ClusterError,
        "a disk of the cluster is nearly full, so it takes no more writes: {reason}",
        "free or add disk space; the block goes by itself; GET /_cat/allocation?v shows which node is full",
    ),
    _Rule(
        (403,),
        "cluster_block_exception",
        ClusterError,
        "the cluster does not take writes there: {reason}",
        "somebody made the index or cluster read-only: GET /<index>/_settings shows index.blocks.*",
    ),
    _Rule(
        (403,),
        "while cluster upgrade is in progress",
        ClusterError,
        None,
        "wait until all nodes have one version (GET /_cat/nodes?h=name,version), then run it again",
    ),
    _Rule(
        (403,),
        "",
        PrivilegeError,
        "not allowed: {reason}",
        "`clipline doctor --print-roles` prints what the stack needs",
    ),
    _Rule(
        (404, 409),
        r"must be deployed to use|is not allocated to any nodes|Trained model \[[^\]]*\] is \[|or a deployed ml model",
        NotProvisionedError,
        "the text model does not serve now: {reason}",
        "`clipline status` shows its deployment and why; `clipline apply` starts one that is not there",
    ),
    _Rule((404,), "index_not_found_exception", NotProvisionedError, None, "run `clipline apply` first"),
    _Rule(
        (404,),
        "",
        NotProvisionedError,
        "there is no such thing: {reason} ({request})",
        "somebody has deleted it meanwhile, or it was not made yet: `clipline plan` shows what is missing",
    ),
    _Rule(
        (409,),
        "version_conflict_engine_exception",
        ClusterError,
        "somebody else wrote it at the same moment: {reason}",
        "run it again",
    ),
    _Rule(
        (409,),
        "",
        ClusterError,
        "the cluster's state does not allow this now: {reason} ({request})",
        "run it again; `clipline status` shows what runs",
    ),
    _Rule(
        (400,),
        "resource_already_exists_exception|an existing deployment with the same id",
        ClusterError,
        "it is there already: {reason}",
        "somebody else made it meanwhile: run it again, it plans what is left",
    ),
    _Rule(
        (429,),
        "no ML nodes with sufficient capacity|not enough resources to provide all requested allocations",
        ClusterError,
        None,
        "give the cluster an ML node with that much free memory, or stop another deployment;"
        " GET /_ml/memory/_stats shows what is taken",
    ),
    _Rule(
        (429,),
        r"existing deployments reached the limit",
        ClusterError,
        None,
        "stop a deployment that nobody uses: `clipline status` shows this stack's",
    ),
    _Rule(
        (429,),
        "inference process queue is full",
        BusyError,
        "the model has more work waiting than its queue holds: {reason}",
        "load more slowly, or give the deployment more allocations or a larger queue_capacity in models/*.yml",
    ),
    _Rule(
        (429, 503),
        "circuit_breaking_exception",
        BusyError,
        "the cluster is short of memory: {reason}",
        "wait, or lower the load; GET /_nodes/stats/breaker shows which breaker is open",
    ),
    _Rule(
        (429,),
        "",
        BusyError,
        "the cluster is overloaded: {reason}",
        "wait, or lower the load; then run it again (--patience waits longer)",
    ),
    _Rule(
        (503,),
        "master_not_discovered_exception|no master|state not recovered|process_cluster_event_timeout",
        BusyError,
        "the cluster has no master, or one that does not keep up: {reason}",
        "wait until GET /_cluster/health answers; then run it again (--patience waits longer)",
    ),
    _Rule(
        (503,),
        "unavailable_shards_exception|no_shard_available_action_exception|all shards failed",
        BusyError,
        "a shard that is needed is not there: {reason}",
        "GET /_cluster/allocation/explain says why; run it again once the index is not red any more",
    ),
    _Rule((503,), "", BusyError, "the cluster is not ready: {reason}", "run it again later (--patience waits longer)"),
    _Rule(
        (408,),
        "",
        BusyError,
        "the cluster did not get it done in time: {reason} ({request})",
        "look at the cluster's load, then run it again",
    ),
    _Rule((500, 502, 504), "", ClusterError, "the cluster failed: {reason} ({request})", _LOG),
)


def explain_answer(error: ApiError, target: Connection) -> ClusterError:
    """The sentence for an error that Elasticsearch answered with."""
    status, where = error.meta.status, target.name
    if found := _version_refusal(error, where):
        return found
    text = _detailed(error)
    if status == 403 and (refusal := denied(text)):
        return PrivilegeError(refusal.what, where=where, hint=refusal.hint)
    said = f"{kind_of(error.body)}: {text}"
    for rule in _RULES:
        if status in rule.status and (match := re.search(rule.says, said)):
            what = (rule.what or "{reason}").format(reason=text, request=_request(error), **match.groupdict())
            return rule.error(f"{what}{tries_of(error)}", where=where, hint=rule.hint)
    hint = "the cluster will not take it as it is: correct what was asked for; --verbose shows each request"
    return ClusterError(f"the cluster answered {status} to {_request(error)}: {text}", where=where, hint=hint)


def _version_refusal(error: ApiError, where: str) -> VersionError | None:
    """``400 media_type_header_exception``: the client's major is not one that the server speaks (its own, and one less)."""
    if error.meta.status not in (400, 406) or "media_type_header_exception" not in str(error.body):
        return None
    client = importlib.metadata.version("elasticsearch")
    found = re.search(r"must be either version (\d+) or (\d+), but found (\d+)", str(error.body))
    server, spoken = (int(found[1]), int(found[3])) if found else (8, 9)
    if spoken > server:
        hint = f"pip install 'elasticsearch>={_OLDEST.get(server, server)},<{server + 1}' in an environment"
        return VersionError(
            f"the installed client (elasticsearch {client}) is ahead of this server, which is version {server} and speaks"
            f" {server} and {server - 1} only",
            where=where,
            hint=f"{hint} without clipline[models]" if server < 9 else hint,
        )
    return VersionError(
        f"the installed client (elasticsearch {client}) is too old for this server, which is version {server} and speaks"
        f" {server} and {server - 1} only",
        where=where,
        hint=f"pip install 'elasticsearch>={server - 1},<{server + 1}'",
    )


_OLDEST: dict[int, Any] = {8: "8.19"}
"""The oldest client of a major that clipline runs with."""


def _detailed(error: ApiError) -> str:
    """The reason; for credentials, what was wrong with them: the reason itself is the same for all API keys."""
    text = reason(error)
    inner = error.body.get("error") if isinstance(error.body, dict) else None
    detail = inner.get("additional_unsuccessful_credentials") if isinstance(inner, dict) else None
    return f"{detail}" if detail else text


def _request(error: ApiError) -> str:
    method, asked = getattr(error.meta, "method", ""), getattr(error.meta, "target", "")
    return f"{method} {unquote(asked.partition('?')[0])}" if method else "a request"


def tries_of(error: ApiError) -> str:
    """How often it was asked, where that was more than once."""
    tries, seconds = getattr(error.meta, "tries", 1), getattr(error.meta, "seconds", 0.0)
    return f" (asked {tries} times in {seconds:.0f} s)" if tries > 1 else ""
