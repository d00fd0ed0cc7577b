"""Application privileges: kept and shown. Roles may name them; they grant nothing in Elasticsearch itself.

::

    {"app": {"read": {"actions": ["data:read/*"], "metadata": {}}}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, validation_failed, wrong_kind
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.patterns import simple_match
from clipline.emulator.security.privileges import CLUSTER, INDEX

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_APPLICATION = re.compile(r"[a-z][A-Za-z0-9]{2,}([-_].*)?")
_NAME = re.compile(r"[a-z][a-zA-Z0-9_.-]*")


def put_privileges(node: Node, call: Call) -> Reply:
    """``PUT|POST /_security/privilege``."""
    wanted = [
        _read(application, name, body)
        for application, bodies in call.required_body().items()
        for name, body in _object("privileges", application, bodies).items()
    ]
    if not wanted:
        raise validation_failed("At least one privilege must be provided")
    answer: dict[str, Any] = {}
    for privilege in wanted:
        created = node.security.store.put_privilege(privilege)
        answer.setdefault(privilege["application"], {})[privilege["name"]] = {"created": created}
    return Reply(body=answer)


def get_privileges(node: Node, call: Call) -> Reply:
    """``GET /_security/privilege[/{application}[/{name}]]``."""
    application, names = call.args.get("application", "*"), call.args.get("name")
    answer: dict[str, Any] = {}
    for privilege in node.security.store.privileges():
        if simple_match(application, privilege["application"]) and (
            names is None or privilege["name"] in names.split(",")
        ):
            answer.setdefault(privilege["application"], {})[privilege["name"]] = privilege
    return Reply(body=answer, status=404 if names is not None and not answer else 200)


def delete_privileges(node: Node, call: Call) -> Reply:
    """``DELETE /_security/privilege/{application}/{name}``."""
    application = call.args["application"]
    found = {name: node.security.store.delete_privilege(application, name) for name in call.args["name"].split(",")}
    body = {application: {name: {"found": there} for name, there in found.items()}}
    return Reply(body=body, status=200 if any(found.values()) else 404)


def built_in_privileges(node: Node, call: Call) -> Reply:
    """``GET /_security/privilege/_builtin``."""
    body = {"cluster": sorted(CLUSTER), "index": sorted(INDEX)}
    return Reply(body=body | ({"remote_cluster": ["monitor_enrich", "monitor_stats"]}))


def _read(application: str, name: str, body: Any) -> dict[str, Any]:
    given = _object("privilege", name, body)
    for key in given:
        if key not in ("application", "name", "actions", "metadata"):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [privilege] unknown field [{key}]")
    for key, outer in (("application", application), ("name", name)):
        if given.get(key, outer) != outer:
            reason = f"privilege {key} [{given[key]}] does not match the key [{outer}] that it stands under"
            raise ApiError(400, "illegal_argument_exception", reason)
    actions, metadata = given.get("actions") or [], given.get("metadata") or {}
    wrong = []
    if not isinstance(actions, list) or not all(isinstance(action, str) for action in actions):
        raise wrong_kind("privilege", "actions", actions)
    if not isinstance(metadata, Mapping):
        raise wrong_kind("privilege", "metadata", metadata)
    if not actions:
        wrong.append("Application privileges must have at least one action")
    if not _APPLICATION.fullmatch(application):
        wrong.append(
            f"An application name must begin with three letters or digits, a lowercase one first (but was [{application}])"
        )
    if not _NAME.fullmatch(name):
        wrong.append(f"Application privilege names must match the pattern [{_NAME.pattern}] (found [{name}])")
    wrong += [
        f"action [{action}] must contain one of [ '/' , '*' , ':' ]"
        for action in actions
        if not set("/*:") & set(action)
    ]
    if any(key.startswith("_") for key in metadata):
        wrong.append(f"metadata keys may not start with [_] (in privilege [{application}:{name}])")
    if wrong:
        raise validation_failed(*wrong)
    return {"application": application, "name": name, "actions": actions, "metadata": dict(metadata)}


def _object(parser: str, name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise wrong_kind(parser, name, value)
    return value


_ACTION = "cluster:admin/xpack/security/privilege"

ROUTES = [
    Route("GET", "/_security/privilege/_builtin", f"{_ACTION}/builtin/get", built_in_privileges),
    Route("PUT", "/_security/privilege", f"{_ACTION}/put", put_privileges, {"refresh"}),
    Route("POST", "/_security/privilege", f"{_ACTION}/put", put_privileges, {"refresh"}),
    Route("GET", "/_security/privilege", f"{_ACTION}/get", get_privileges),
    Route("GET", "/_security/privilege/{application}", f"{_ACTION}/get", get_privileges),
    Route("GET", "/_security/privilege/{application}/{name}", f"{_ACTION}/get", get_privileges),
    Route("DELETE", "/_security/privilege/{application}/{name}", f"{_ACTION}/delete", delete_privileges, {"refresh"}),
]
