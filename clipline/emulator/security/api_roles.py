"""Roles: put, get, delete, one or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, unsupported, validation_failed, wrong_kind
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.security.names import wrong_name
from clipline.emulator.security.roles import LACKING_ROLES, RESERVED, read_role, texts

if TYPE_CHECKING:
    from clipline.emulator.node import Node


_LONGEST = 1000


def put_role(node: Node, call: Call) -> Reply:
    """``PUT|POST /_security/role/{name}``."""
    name = call.args["name"]
    _check_own(name, "modified")
    _check_role(name, call.body)
    created = node.security.store.put_role(read_role(name, call.required_body()))
    return Reply(body={"role": {"created": created}})


def get_roles(node: Node, call: Call) -> Reply:
    """``GET /_security/role[/{name}]``."""
    roles = node.security.store.roles()
    if "name" in call.args:
        wanted = call.args["name"].split(",")
        if lacking := sorted(LACKING_ROLES & set(wanted)):
            raise unsupported(f"the built-in role [{lacking[0]}]")
        roles = {name: role for name, role in roles.items() if name in wanted}
        if not roles:
            return Reply(body={}, status=404)
    return Reply(body={name: dict(role.body) for name, role in roles.items()})


def delete_role(node: Node, call: Call) -> Reply:
    """``DELETE /_security/role/{name}``."""
    name = call.args["name"]
    _check_own(name, "deleted")
    found = node.security.store.delete_role(name)
    return Reply(body={"found": found}, status=200 if found else 404)


def put_roles(node: Node, call: Call) -> Reply:
    """``POST /_security/role``: several; what is wrong with one does not stop the others."""
    wanted = _only(call, "roles")
    if not isinstance(wanted, Mapping) or not wanted:
        raise validation_failed("one or more roles must be specified")
    done: dict[str, list[str]] = {"created": [], "updated": [], "noop": []}
    wrong: dict[str, Any] = {}
    before = node.security.store.roles()
    for name, body in wanted.items():
        if not isinstance(body, Mapping):
            raise wrong_kind("bulk_put_role", name, body)
        try:
            _check_own(name, "modified")
            _check_role(name, body)
            role = read_role(name, body)
        except ApiError as error:
            if error.status == 501:
                raise
            wrong[name] = error.cause()
            continue
        same = name in before and before[name].body == role.body
        if not same:
            node.security.store.put_role(role)
        done["noop" if same else "updated" if name in before else "created"].append(name)
    return Reply(body=_listed(done, wrong))


def delete_roles(node: Node, call: Call) -> Reply:
    """``DELETE /_security/role``."""
    names = texts(_only(call, "names"), "names")
    if not names:
        raise validation_failed("one or more role names must be specified")
    done: dict[str, list[str]] = {"deleted": [], "not_found": []}
    wrong: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        try:
            _check_own(name, "deleted")
        except ApiError as error:
            wrong[name] = error.cause()
            continue
        done["deleted" if node.security.store.delete_role(name) else "not_found"].append(name)
    return Reply(body=_listed(done, wrong))


def _only(call: Call, field: str) -> Any:
    body = call.required_body()
    for key in body:
        if key != field:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [bulk_roles_request] unknown field [{key}]")
    return body.get(field)


def _listed(done: Mapping[str, list[str]], wrong: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {outcome: names for outcome, names in done.items() if names}
    return body | ({"errors": {"count": len(wrong), "details": wrong}} if wrong else {})


def _check_role(name: str, body: Mapping[str, Any]) -> None:
    if sentence := wrong_name("Role", name):
        raise ApiError(400, "validation_exception", f"Validation Failed: 1: {sentence};")
    for field, kind, known in (("description", str, "string"), ("metadata", dict, "object")):
        if body.get(field) is not None and not isinstance(body[field], kind):
            raise ApiError(
                400,
                "parse_exception",
                f"failed to parse role [{name}]. unexpected value for field [{field}], expected {known}",
            )
    wrong = []
    if any(key.startswith("_") for key in body.get("metadata") or {}):
        wrong.append("role descriptor metadata keys may not start with [_]")
    if len(body.get("description") or "") > _LONGEST:
        wrong.append(f"Role description must be less than {_LONGEST} characters.")
    if wrong:
        raise validation_failed(*wrong)


def _check_own(name: str, done: str) -> None:
    if name in RESERVED or name in LACKING_ROLES:
        raise ApiError(400, "illegal_argument_exception", f"role [{name}] is reserved and may not be {done}.")


_ROLE = "cluster:admin/xpack/security/role"

ROUTES = [
    Route("GET", "/_security/role", f"{_ROLE}/get", get_roles),
    Route("GET", "/_security/role/{name}", f"{_ROLE}/get", get_roles),
    Route("PUT", "/_security/role/{name}", f"{_ROLE}/put", put_role, {"refresh"}),
    Route("POST", "/_security/role/{name}", f"{_ROLE}/put", put_role, {"refresh"}),
    Route("DELETE", "/_security/role/{name}", f"{_ROLE}/delete", delete_role, {"refresh"}),
    Route("POST", "/_security/role", f"{_ROLE}/bulk_put", put_roles, {"refresh"}),
    Route("DELETE", "/_security/role", f"{_ROLE}/bulk_delete", delete_roles, {"refresh"}),
]
