"""API keys: made, shown, changed, invalidated.

A key may do what its own descriptors allow and what its owner could do when it was made (``limited_by``).
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, validation_failed, wrong_kind
from clipline.emulator.security.authorize import denied
from clipline.emulator.security.privileges import grants_cluster
from clipline.emulator.security.roles import read_role
from clipline.emulator.security.subject import Subject
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_KEYS = {"name", "expiration", "role_descriptors", "metadata"}
_TIME = re.compile(r"(\d+)(nanos|micros|ms|s|m|h|d)")
_MILLIS = {"nanos": 1e-6, "micros": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7}
_HIDDEN = ("limited_by",)


def create_key(node: Node, call: Call) -> Reply:
    """``PUT|POST /_security/api_key``."""
    body = call.required_body()
    _check(body)
    name = body.get("name")
    if not name:
        raise validation_failed("api key name is required")
    if len(name) > 256:
        raise validation_failed("api key name may not be more than 256 characters long")
    if name != name.strip() or name.startswith("_"):
        wrong = "begin with an underscore" if name.startswith("_") else "begin or end with whitespace"
        raise validation_failed(f"api key name may not {wrong}")
    subject = node.security.subject
    described = _descriptors(body.get("role_descriptors"))
    if subject.key is not None and described:
        raise illegal_argument(
            "creating derived api keys requires an explicit role descriptor that is empty (has no privileges)"
        )
    now = int(time.time() * 1000)
    expiration = None if body.get("expiration") is None else now + _duration(str(body["expiration"]))
    key_id, secret = secrets.token_urlsafe(15), secrets.token_urlsafe(16)
    key = {
        "id": key_id,
        "name": name,
        "type": "rest",
        "creation": now,
        "expiration": expiration,
        "invalidated": False,
        "username": subject.user.name,
        "realm": subject.realm,
        "realm_type": subject.realm.removeprefix("default_"),
        "metadata": body.get("metadata") or {},
        "role_descriptors": described,
        "limited_by": {role.name: dict(role.body) for role in node.security.store.named(subject.user.roles)},
    }
    node.security.store.put_api_key(key, secret)
    encoded = base64.b64encode(f"{key_id}:{secret}".encode()).decode()
    shown = {"id": key_id, "name": name, **({"expiration": expiration} if expiration is not None else {})}
    return Reply(body={**shown, "api_key": secret, "encoded": encoded})


def get_keys(node: Node, call: Call) -> Reply:
    """``GET /_security/api_key``."""
    chosen = {name: call.params[name] for name in ("id", "name", "username", "realm_name") if call.params.get(name)}
    owner = call.flag("owner")
    _check_own(
        node, "cluster:admin/xpack/security/api_key/get", owner=owner, ids=[chosen["id"]] if "id" in chosen else []
    )
    found = [key for key in node.security.store.api_keys() if _fits(key, chosen)]
    if owner:
        found = [key for key in found if _is_own(node.security.subject, key)]
    if call.flag("active_only"):
        now = time.time() * 1000
        found = [key for key in found if not key["invalidated"] and (key["expiration"] or now + 1) > now]
    limited = call.flag("with_limited_by")
    shown = [_shown(key, limited=limited) for key in found]
    return Reply(body={"api_keys": shown}, status=404 if "id" in chosen and not shown else 200)


def update_key(node: Node, call: Call) -> Reply:
    """``PUT /_security/api_key/{id}``: its owner only."""
    body, store = call.body, node.security.store
    _check(body, known=_KEYS - {"name"})
    key = store.api_key(call.args["id"])
    if key is None or not _is_own(node.security.subject, key) or node.security.subject.key is not None:
        raise not_found(f"no API key owned by requesting user found for ID [{call.args['id']}]")
    if key["invalidated"]:
        raise illegal_argument(f"cannot update invalidated API key [{key['id']}]")
    changed = dict(key)
    if "role_descriptors" in body:
        changed["role_descriptors"] = _descriptors(body["role_descriptors"])
    if "metadata" in body:
        changed["metadata"] = body["metadata"] or {}
    if body.get("expiration") is not None:
        changed["expiration"] = int(time.time() * 1000) + _duration(str(body["expiration"]))
    roles = store.named(node.security.subject.user.roles)
    changed["limited_by"] = {role.name: dict(role.body) for role in roles}
    store.put_api_key(changed)
    return Reply(body={"updated": changed != key})


def invalidate_keys(node: Node, call: Call) -> Reply:
    """``DELETE /_security/api_key``."""
    body = call.required_body()
    for option in body:
        if option not in {"id", "ids", "name", "username", "realm_name", "owner"}:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [invalidate_api_key] unknown field [{option}]")
    ids = [str(one) for one in body.get("ids") or ([body["id"]] if body.get("id") else [])]
    owner = bool(body.get("owner", False))
    chosen = {name: str(body[name]) for name in ("name", "username", "realm_name") if body.get(name)}
    if not ids and not chosen and not owner:
        raise validation_failed(
            "One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false"
        )
    _check_own(node, "cluster:admin/xpack/security/api_key/invalidate", owner=owner, ids=ids)
    done: list[str] = []
    before: list[str] = []
    for key in node.security.store.api_keys():
        wanted = (not ids or key["id"] in ids) and _fits(key, chosen)
        if not wanted or (owner and not _is_own(node.security.subject, key)):
            continue
        (before if key["invalidated"] else done).append(key["id"])
        node.security.store.put_api_key({**key, "invalidated": True, "invalidation": int(time.time() * 1000)})
    node.security.authenticator.forget()
    answer = {"invalidated_api_keys": done, "previously_invalidated_api_keys": before, "error_count": 0}
    return Reply(body=answer, status=404 if ids and not done and not before else 200)


def _check(body: Mapping[str, Any], *, known: set[str] = _KEYS) -> None:
    for key in body:
        if key not in known:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [api_key_request] unknown field [{key}]")
    for key in ("metadata", "role_descriptors"):
        if not isinstance(body.get(key) or {}, Mapping):
            raise wrong_kind("api_key_request", key, body[key])
    for key in ("name", "expiration"):
        if not isinstance(body.get(key) or "", str):
            raise wrong_kind("api_key_request", key, body[key])
    reserved = [name for name in body.get("metadata") or {} if name.startswith("_")]
    if reserved:
        raise validation_failed("metadata keys may not start with [_]")


def _descriptors(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, body in (value or {}).items():
        if not isinstance(body, Mapping):
            raise wrong_kind("role_descriptors", name, body)
        found[name] = dict(read_role(name, body).body)
    return found


def _duration(text: str) -> int:
    match = _TIME.fullmatch(text.strip().lower())
    if match is None:
        reason = (
            f"failed to parse setting [expiration] with value [{text}] as a time value: unit is missing or unrecognized"
        )
        raise illegal_argument(reason)
    return int(int(match[1]) * _MILLIS[match[2]])


def _check_own(node: Node, action: str, *, owner: bool, ids: list[str]) -> None:
    """Whoever may handle his own keys only has to ask for those."""
    subject = node.security.subject
    limits = [role for roles in subject.limits for role in roles]
    if any(
        privilege.lower() != "manage_own_api_key" for role in limits for privilege in _granting(role.cluster, action)
    ):
        return
    store = node.security.store
    mine = bool(ids) and all((key := store.api_key(one)) is not None and _is_own(subject, key) for one in ids)
    if not owner and not mine:
        raise denied(subject, action)


def _granting(privileges: tuple[str, ...], action: str) -> list[str]:
    return [privilege for privilege in privileges if grants_cluster(privilege, action)]


def _is_own(subject: Subject, key: Mapping[str, Any]) -> bool:
    if subject.key is not None:
        return bool(key["id"] == subject.key["id"])
    return bool(key["username"] == subject.user.name)


def _fits(key: Mapping[str, Any], chosen: Mapping[str, str]) -> bool:
    table = {"id": "id", "name": "name", "username": "username", "realm_name": "realm"}
    return all(fnmatchcase(key[table[name]], value) for name, value in chosen.items())


def _shown(key: Mapping[str, Any], *, limited: bool) -> dict[str, Any]:
    shown = {name: value for name, value in key.items() if name not in _HIDDEN and value is not None}
    return {**shown, "limited_by": [key["limited_by"]]} if limited else shown


_KEY = "cluster:admin/xpack/security/api_key"

ROUTES = [
    Route("PUT", "/_security/api_key", f"{_KEY}/create", create_key, {"refresh"}),
    Route("POST", "/_security/api_key", f"{_KEY}/create", create_key, {"refresh"}),
    Route("GET", "/_security/api_key", f"{_KEY}/get", get_keys,
          {"id", "name", "username", "realm_name", "owner", "active_only", "with_limited_by"}, {"with_profile_uid"}),
    Route("PUT", "/_security/api_key/{id}", f"{_KEY}/update", update_key),
    Route("DELETE", "/_security/api_key", f"{_KEY}/invalidate", invalidate_keys),
]  # fmt: skip
