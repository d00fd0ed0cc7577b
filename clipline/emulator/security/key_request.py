"""The request for a new API key, read and carried out.

::

    {"name": "k", "expiration": "1d", "role_descriptors": {"r": {"cluster": ["monitor"]}}, "metadata": {"app": 1}}
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, validation_failed, wrong_kind
from clipline.emulator.security.roles import read_role
from clipline.emulator.security.store import SecurityStore
from clipline.emulator.security.subject import Subject
from clipline.emulator.units import parse_time

_KEYS = {"name", "expiration", "role_descriptors", "metadata"}


def new_key(store: SecurityStore, owner: Subject, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make a key for somebody, and the answer that tells its secret.

    Raises:
        ApiError: 400.
    """
    check(body)
    name = _name(body.get("name"))
    described = descriptors(body.get("role_descriptors") or {})
    if owner.key is not None and (not described or any(map(_grants, described.values()))):
        raise illegal_argument(
            "creating derived api keys requires an explicit role descriptor that is empty (has no privileges)"
        )
    now = int(time.time() * 1000)
    expiration = None if body.get("expiration") is None else now + millis(body["expiration"])
    key_id, secret = secrets.token_urlsafe(15), secrets.token_urlsafe(16)
    user = owner.user
    key = {
        "id": key_id,
        "name": name,
        "type": "rest",
        "creation": now,
        "expiration": expiration,
        "invalidated": False,
        "username": user.name,
        "realm": owner.realm,
        "realm_type": owner.realm.removeprefix("default_"),
        "metadata": body.get("metadata") or {},
        "role_descriptors": described,
        "limited_by": {role.name: dict(role.body) for role in store.named(user.roles)},
        "creator": {"full_name": user.full_name, "email": user.email, "metadata": dict(user.metadata)},
    }
    store.put_api_key(key, secret)
    encoded = base64.b64encode(f"{key_id}:{secret}".encode()).decode()
    shown = {"id": key_id, "name": name, **({"expiration": expiration} if expiration is not None else {})}
    return {**shown, "api_key": secret, "encoded": encoded}


def check(body: Mapping[str, Any], *, left_out: frozenset[str] | set[str] = frozenset()) -> None:
    """Refuse fields that a request about keys does not have, or of another kind.

    Raises:
        ApiError: 400.
    """
    for key in body:
        if key not in _KEYS - left_out:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [api_key_request] unknown field [{key}]")
    for key in ("metadata", "role_descriptors"):
        if not isinstance(body.get(key) or {}, Mapping):
            raise wrong_kind("api_key_request", key, body[key])
    for key in ("name", "expiration"):
        if not isinstance(body.get(key) or "", str):
            raise wrong_kind("api_key_request", key, body[key])
    if any(name.startswith("_") for name in body.get("metadata") or {}):
        raise validation_failed("API key metadata keys may not start with [_]")


def descriptors(value: Mapping[str, Any]) -> dict[str, Any]:
    """The role descriptors of a request, in their full form.

    Raises:
        ApiError: 400 or 501.
    """
    found: dict[str, Any] = {}
    for name, body in value.items():
        if not isinstance(body, Mapping):
            raise wrong_kind("role_descriptors", name, body)
        found[name] = dict(read_role(name, body).body)
    return found


def millis(text: str) -> int:
    """How long a key is good for.

    Raises:
        ApiError: 400.
    """
    return int(parse_time(text, "expiration"))


def _name(name: str | None) -> str:
    if not name:
        raise validation_failed("api key name is required")
    wrong = []
    if len(name) > 256:
        wrong.append("api key name may not be more than 256 characters long")
    if name != name.strip():
        wrong.append("api key name may not begin or end with whitespace")
    if name.startswith("_"):
        wrong.append("api key name may not begin with an underscore")
    if wrong:
        raise validation_failed(*wrong)
    return name


def _grants(body: Mapping[str, Any]) -> bool:
    return any(body[part] for part in ("cluster", "indices", "applications", "run_as"))
