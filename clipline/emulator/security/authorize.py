"""Whether a subject may do what a route does, on the indices that the request names.

As in Elasticsearch: a name that was spelled out must be granted, or the request is 403; a wildcard reaches what is
granted, and the rest does not exist for the subject (``Security.visible``). Requests that carry their indices in the
body (``_bulk``, ``_mget``, ``_aliases``) need the action on some index at all; each of their parts is asked for by
``Security.require`` when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from clipline.emulator.errors import ApiError
from clipline.emulator.security.privileges import granting, is_cluster_action
from clipline.emulator.security.subject import Subject
from clipline.emulator.wire import Call, Route

_COMPOSITE = frozenset({"indices:data/write/bulk", "indices:data/read/mget", "indices:data/read/msearch",
                        "indices:data/write/simulate/bulk"})  # fmt: skip
_SAME_USER = frozenset({"cluster:admin/xpack/security/user/authenticate",
                        "cluster:admin/xpack/security/user/has_privileges",
                        "cluster:admin/xpack/security/user/list_privileges"})  # fmt: skip
"""What everybody may ask about himself."""

_NOTHING = "*,-*"
"""An expression that reaches no index; what the real resolver puts in the place of a wildcard that reaches none."""


def authorized(subject: Subject, route: Route, call: Call) -> Call:
    """The call as the subject may make it.

    Raises:
        ApiError: 403.
    """
    action = _action(route, call)
    if action in _SAME_USER and call.args.get("username", subject.user.name) == subject.user.name:
        return call
    if is_cluster_action(action):
        if not subject.allows_cluster(action):
            raise denied(subject, action)
        return call
    if not subject.allows_somewhere(action):
        raise denied(subject, action, _spelled(call.args.get("index", "")))
    return call if action in _COMPOSITE else _without_refused(subject, action, call)


def denied(subject: Subject, action: str, names: Iterable[str] = ()) -> ApiError:
    """403, with the privileges that would have granted it."""
    on = ",".join(dict.fromkeys(names))
    reason = f"action [{action}] is unauthorized for {subject.described()}" + (f" on indices [{on}]" if on else "")
    if grants := granting(action):
        kind = "cluster" if is_cluster_action(action) else "index"
        reason += f", this action is granted by the {kind} privileges [{','.join(grants)}]"
    return ApiError(403, "security_exception", reason)


def refused_names(subject: Subject, action: str, expression: str) -> list[str]:
    """The names that an expression spells out and that the subject may not reach by an action."""
    return [name for name in _spelled(expression) if not subject.allows_index(action, name)]


def _without_refused(subject: Subject, action: str, call: Call) -> Call:
    expression = call.args.get("index", "")
    refused = refused_names(subject, action, expression)
    if not refused:
        return call
    # Who may not know of an index is told that it is not there.
    if not (call.flag("ignore_unavailable") and action.startswith("indices:data/read/")):
        raise denied(subject, action, refused)
    kept = [part for part in expression.split(",") if part not in refused]
    return replace(call, args={**call.args, "index": ",".join(kept) or _NOTHING})


def _spelled(expression: str) -> list[str]:
    parts = expression.split(",")
    return [part for part in parts if part and "*" not in part and part != "_all" and not part.startswith("-")]


def _action(route: Route, call: Call) -> str:
    """The action, as fine as privileges tell it apart."""
    if route.action == "indices:data/write/index" and (
        "/_create" in route.path or call.params.get("op_type") == "create"
    ):
        return "indices:data/write/index:op_type/create"
    return route.action
