"""API keys: made, shown, changed, invalidated.

A key may do what its own descriptors allow and what its owner could do when it was made (``limited_by``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, unsupported, validation_failed, wrong_kind
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.patterns import simple_match
from clipline.emulator.security.authorize import denied
from clipline.emulator.security.key_request import check, descriptors, millis, new_key
from clipline.emulator.security.privileges import grants_cluster
from clipline.emulator.security.roles import texts
from clipline.emulator.security.subject import Subject

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_HIDDEN = ("limited_by", "creator")


def create_key(node: Node, call: Call) -> Reply:
    """``PUT|POST /_security/api_key``."""
    return Reply(body=new_key(node.security.store, node.security.subject, call.required_body()))


def grant_key(node: Node, call: Call) -> Reply:
    """``POST /_security/api_key/grant``: a key of somebody whose password the request brings."""
    body = call.required_body()
    for option in body:
        if option not in {"api_key", "grant_type", "username", "password", "access_token", "run_as",
                          "client_authentication", "refresh"}:  # fmt: skip
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [grant_api_key_request] unknown field [{option}]")
    if body.get("grant_type") != "password" or body.get("run_as"):
        raise unsupported("grants of API keys by access token, and [run_as]")
    if not isinstance(body.get("username"), str) or not isinstance(body.get("password"), str):
        raise validation_failed("[username] and [password] are required for grant_type [password]")
    wanted = body.get("api_key")
    if not isinstance(wanted, Mapping):
        raise ApiError(400, "illegal_argument_exception", "Required [api_key]")
    owner = node.security.authenticator.granted(body["username"], body["password"], f"{_KEY}/grant")
    return Reply(body=new_key(node.security.store, owner, wanted))


def get_keys(node: Node, call: Call) -> Reply:
    """``GET /_security/api_key``."""
    chosen = {name: call.params[name] for name in ("id", "name", "username", "realm_name") if call.params.get(name)}
    owner = call.flag("owner")
    _check_choice(chosen, owner=owner, done="retrieving", many="")
    subject, limited = node.security.subject, call.flag("with_limited_by")
    itself = subject.key is not None and chosen.get("id") == subject.key["id"]
    if not may_all(subject, f"{_KEY}/get"):
        # What limits a key is shown to it only where it may see all keys.
        seen = _means_own(subject, chosen, owner=owner) and not (limited and subject.key is not None)
        if not seen or not (subject.allows_cluster(f"{_KEY}/get") or itself):
            raise denied(subject, f"{_KEY}/get", but=["manage_own_api_key"])
    found = [key for key in node.security.store.api_keys() if _fits(key, chosen)]
    if owner:
        found = [key for key in found if _is_owners(subject, key)]
    if call.flag("active_only"):
        now = time.time() * 1000
        found = [key for key in found if not key["invalidated"] and (key["expiration"] or now + 1) > now]
    answer = [shown(key, limited=limited) for key in found]
    return Reply(body={"api_keys": answer}, status=404 if "id" in chosen and not answer else 200)


def update_key(node: Node, call: Call) -> Reply:
    """``PUT /_security/api_key/{id}``: its owner only."""
    body = call.body
    check(body, left_out={"name"})
    _check_signed_in(node.security.subject)
    return Reply(body={"updated": _update(node, call.args["id"], body)})


def update_keys(node: Node, call: Call) -> Reply:
    """``POST /_security/api_key/_bulk_update``: several at once; what goes wrong with one does not stop the others."""
    body = call.required_body()
    changes = {option: value for option, value in body.items() if option != "ids"}
    check(changes, left_out={"name"})
    _check_signed_in(node.security.subject)
    ids = body.get("ids")
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise validation_failed("Field [ids] cannot be empty")
    answer: dict[str, Any] = {"updated": [], "noops": []}
    wrong: dict[str, Any] = {}
    for key_id in dict.fromkeys(ids):
        try:
            answer["updated" if _update(node, key_id, changes) else "noops"].append(key_id)
        except ApiError as error:
            wrong[key_id] = error.cause()
    return Reply(body=answer | ({"errors": {"count": len(wrong), "details": wrong}} if wrong else {}))


def invalidate_keys(node: Node, call: Call) -> Reply:
    """``DELETE /_security/api_key``."""
    body = call.required_body()
    for option in body:
        if option not in {"id", "ids", "name", "username", "realm_name", "owner"}:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [invalidate_api_key] unknown field [{option}]")
    ids = texts([body["id"]] if body.get("id") else body.get("ids"), "ids")
    if body.get("id") and body.get("ids"):
        raise illegal_argument("Must use either [id] or [ids], not both at the same time")
    owner = _owner(body)
    chosen = {name: str(body[name]) for name in ("name", "username", "realm_name") if body.get(name)}
    if not ids and not chosen and not owner:
        raise validation_failed(
            "One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false"
        )
    _check_choice({**chosen, **({"id": ids[0]} if ids else {})}, owner=owner, done="invalidating", many="(s)")
    subject = node.security.subject
    each = [{**chosen, "id": one} for one in ids] or [chosen]
    if not may_all(subject, f"{_KEY}/invalidate") and not all(_means_own(subject, one, owner=owner) for one in each):
        raise denied(subject, f"{_KEY}/invalidate", but=["manage_own_api_key"])
    done: list[str] = []
    before: list[str] = []
    with node.security.store.changing():
        for key in node.security.store.api_keys():
            wanted = (not ids or key["id"] in ids) and _fits(key, chosen)
            if not wanted or (owner and not _is_owners(subject, key)):
                continue
            if key["invalidated"]:
                before.append(key["id"])
                continue
            done.append(key["id"])
            node.security.store.put_api_key({**key, "invalidated": True, "invalidation": int(time.time() * 1000)})
    node.security.authenticator.forget()
    answer = {"invalidated_api_keys": done, "previously_invalidated_api_keys": before, "error_count": 0}
    return Reply(body=answer, status=404 if ids and not done and not before else 200)


def is_own(subject: Subject, key: Mapping[str, Any]) -> bool:
    """Whether a key is the subject's; of one who signed in with a key, whether it is that key."""
    if subject.key is not None:
        return bool(key["id"] == subject.key["id"])
    return bool(key["username"] == subject.user.name and key["realm"] == subject.realm)


def shown(key: Mapping[str, Any], *, limited: bool) -> dict[str, Any]:
    """A key as the APIs show it."""
    parts = {name: value for name, value in key.items() if name not in _HIDDEN and value is not None}
    return {**parts, "limited_by": [key["limited_by"]]} if limited else parts


def _owner(body: Mapping[str, Any]) -> bool:
    value = body.get("owner", False)
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise wrong_kind("invalidate_api_key", "owner", value)


def _update(node: Node, key_id: str, body: Mapping[str, Any]) -> bool:
    with node.security.store.changing():
        key = node.security.store.api_key(key_id)
        if key is None or not is_own(node.security.subject, key):
            raise not_found(f"no API key owned by requesting user found for ID [{key_id}]")
        return _change(node, key, body)


def _change(node: Node, key: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    if key["invalidated"]:
        raise illegal_argument(f"cannot update invalidated API key [{key['id']}]")
    if key["expiration"] is not None and key["expiration"] <= time.time() * 1000:
        raise illegal_argument(f"cannot update expired API key [{key['id']}]")
    changed = dict(key)
    if body.get("role_descriptors") is not None:
        changed["role_descriptors"] = descriptors(body["role_descriptors"])
    if body.get("metadata") is not None:
        changed["metadata"] = dict(body["metadata"])
    if body.get("expiration") is not None:
        changed["expiration"] = int(time.time() * 1000) + millis(body["expiration"])
    roles = node.security.store.named(node.security.subject.user.roles)
    changed["limited_by"] = {role.name: dict(role.body) for role in roles}
    node.security.store.put_api_key(changed)
    return changed != key


def _check_signed_in(subject: Subject) -> None:
    if subject.key is not None:
        raise illegal_argument("authentication via API key not supported: only the owner user can update an API key")


def _check_choice(chosen: Mapping[str, str], *, owner: bool, done: str, many: str) -> None:
    """What may not be asked for together (``GetApiKeyRequest`` and ``InvalidateApiKeyRequest``)."""
    whose, which = chosen.keys() & {"username", "realm_name"}, chosen.keys() & {"id", "name"}
    wrong = []
    if whose and which:
        verb = "are" if many else "is"
        wrong.append(
            f"username or realm name must not be specified when the api key id{many} or api key name {verb} specified"
        )
    if owner and whose:
        wrong.append(f"neither username nor realm-name may be specified when {done} owned API keys")
    if len(which) > 1:
        wrong.append(f"only one of [api key id{many}, api key name] can be specified")
    if wrong:
        raise validation_failed(*wrong)


def _means_own(subject: Subject, chosen: Mapping[str, str], *, owner: bool) -> bool:
    """Whether a request is about one's own keys (``ManageOwnApiKeyClusterPrivilege``): by its words, not by what it finds."""
    if owner:
        return True
    if subject.key is not None:
        return bool(chosen.get("id") == subject.key["id"])
    return chosen.get("username") == subject.user.name and chosen.get("realm_name") == subject.realm


def _is_owners(subject: Subject, key: Mapping[str, Any]) -> bool:
    """Whether a key is the user's, or of the user whose key signed in."""
    realm = subject.realm if subject.key is None else subject.key["realm"]
    return bool(key["username"] == subject.user.name and key["realm"] == realm)


def may_all(subject: Subject, action: str) -> bool:
    """Whether an action on everybody's keys is granted."""
    return all(
        any(
            privilege.lower() != "manage_own_api_key" and grants_cluster(privilege, action)
            for role in roles
            for privilege in role.cluster
        )
        for roles in subject.limits
    )


def _fits(key: Mapping[str, Any], chosen: Mapping[str, str]) -> bool:
    table = {"id": "id", "name": "name", "username": "username", "realm_name": "realm"}
    return all(
        simple_match(value, key["name"]) if name == "name" else key[table[name]] == value
        for name, value in chosen.items()
    )


_KEY = "cluster:admin/xpack/security/api_key"

ROUTES = [
    Route("PUT", "/_security/api_key", f"{_KEY}/create", create_key, {"refresh"}),
    Route("POST", "/_security/api_key", f"{_KEY}/create", create_key, {"refresh"}),
    Route("POST", "/_security/api_key/grant", f"{_KEY}/grant", grant_key, {"refresh"}),
    Route("GET", "/_security/api_key", f"{_KEY}/get", get_keys,
          {"id", "name", "username", "realm_name", "owner", "active_only", "with_limited_by"}, {"with_profile_uid"}),
    Route("PUT", "/_security/api_key/{id}", f"{_KEY}/update", update_key),
    Route("POST", "/_security/api_key/_bulk_update", f"{_KEY}/bulk_update", update_keys),
    Route("DELETE", "/_security/api_key", f"{_KEY}/invalidate", invalidate_keys),
]  # fmt: skip
