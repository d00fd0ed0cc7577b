"""Whether a subject may do what a route does, on the indices that the request names.

As in Elasticsearch: a name that was spelled out must be granted, or the request is 403; a wildcard reaches what is
granted, and the rest does not exist for the subject (``Security.visible``). Requests that carry their indices in the
body (``_bulk``, ``_mget``, ``_msearch``), and writes of one document, which are carried out as a bulk of one, need the
action on some index at all; each of their parts is asked for by ``Security.require`` when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from clipline.emulator.errors import ApiError
from clipline.emulator.http.wire import Call, Route
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.security.privileges import granting, is_cluster_action
from clipline.emulator.security.subject import Subject

_BY_NAME_ONLY = frozenset({"indices:data/write/bulk", "indices:data/write/index", "indices:data/write/delete",
                           "indices:data/read/mget", "indices:data/read/msearch",
                           "indices:data/write/simulate/bulk"})  # fmt: skip
"""``RBACEngine.shouldAuthorizeIndexActionNameOnly``."""
_SAME_USER = frozenset({"cluster:admin/xpack/security/user/authenticate",
                        "cluster:admin/xpack/security/user/has_privileges",
                        "cluster:admin/xpack/security/user/list_privileges",
                        "cluster:admin/xpack/security/user/change_password",
                        "cluster:admin/xpack/security/api_key/get"})  # fmt: skip
"""What everybody may do about himself (``RBACEngine.checkSameUserPermissions``)."""
_FREE = frozenset({"indices:data/read/close_point_in_time"})
"""Whoever knows the id may: no index is named."""
_BESIDES: Mapping[str, tuple[str, ...]] = {
    "/_cat/indices": ("cluster:monitor/state", "cluster:monitor/health", "indices:monitor/stats"),
    "/_cat/shards": ("cluster:monitor/state",),
    "/_cat/nodes": ("cluster:monitor/nodes/info", "cluster:monitor/nodes/stats"),
    "/_cat/master": ("cluster:monitor/nodes/info",),
    "/_cat/templates": ("indices:admin/index_template/get",),
    "/_cat/ml/trained_models": ("cluster:monitor/xpack/ml/inference/stats/get",),
}
"""The other actions that a table asks for (the classes Rest*Action of its package), by the beginning of its path."""

_NOTHING = "*,-*"
"""An expression that reaches no index; what the real resolver puts in the place of a wildcard that reaches none."""


def authorized(subject: Subject, route: Route, call: Call) -> Call:
    """The call as the subject may make it.

    Raises:
        ApiError: 403.
    """
    action = route.action
    if not action or action in _FREE:
        return call
    if action in _SAME_USER and _of_himself(subject, action, call):
        return call
    if is_cluster_action(action):
        _require_cluster(subject, action)
    elif not subject.allows_somewhere(action):
        raise denied(subject, action, call.args.get("index", "").split(","))
    elif action not in _BY_NAME_ONLY:
        call = _without_refused(subject, route, call)
    for other in _others(route):
        if is_cluster_action(other):
            _require_cluster(subject, other)
        elif not subject.allows_somewhere(other):
            raise denied(subject, other)
    return call


def denied(subject: Subject, action: str, names: Iterable[str] = (), *, but: Iterable[str] = ()) -> ApiError:
    """403, with the privileges that would have granted it, ``but`` for some that this request does not fit."""
    on = ",".join(name for name in dict.fromkeys(names) if name)
    reason = f"action [{action}] is unauthorized for {subject.described()}" + (f" on indices [{on}]" if on else "")
    if grants := [name for name in granting(action) if name not in but]:
        kind = "cluster" if is_cluster_action(action) else "index"
        reason += f", this action is granted by the {kind} privileges [{','.join(grants)}]"
    return ApiError(403, "security_exception", reason)


def spelled(expression: str) -> list[str]:
    """The names that an expression spells out, as date math resolves them."""
    parts = expression.split(",")
    return [
        resolve_name(part) for part in parts if part and "*" not in part and part != "_all" and not part.startswith("-")
    ]


def refused_names(subject: Subject, action: str, names: Iterable[str]) -> list[str]:
    """Those of several names that the subject may not reach by an action."""
    return [name for name in names if not subject.allows_index(action, name)]


def _require_cluster(subject: Subject, action: str) -> None:
    if not subject.allows_cluster(action):
        raise denied(subject, action)


def _others(route: Route) -> tuple[str, ...]:
    return next((actions for path, actions in _BESIDES.items() if route.path.startswith(path)), ())


def _of_himself(subject: Subject, action: str, call: Call) -> bool:
    if action == "cluster:admin/xpack/security/api_key/get":
        # A key may look at itself.
        return (
            subject.key is not None
            and call.params.get("id") == subject.key["id"]
            and "with_limited_by" not in call.params
        )
    if call.args.get("username", subject.user.name) != subject.user.name:
        return False
    # A password is changed by who signed in with it.
    return action != "cluster:admin/xpack/security/user/change_password" or subject.key is None


def _without_refused(subject: Subject, route: Route, call: Call) -> Call:
    expression = call.args.get("index", "")
    refused = refused_names(subject, route.action, spelled(expression))
    if not refused:
        return call
    # Who may not know of an index is told that it is not there.
    if "ignore_unavailable" not in route.params or not call.flag("ignore_unavailable"):
        raise denied(subject, route.action, refused)
    kept = [part for part in expression.split(",") if "*" in part or resolve_name(part) not in refused]
    return replace(call, args={**call.args, "index": ",".join(kept) or _NOTHING})
