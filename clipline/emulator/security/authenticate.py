"""The ``Authorization`` header → the subject of a request, or Elasticsearch's 401.

::

    Authorization: Basic base64(user:password)
    Authorization: ApiKey base64(id:secret)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
import time
from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import ApiError
from clipline.emulator.security.roles import Role, read_role
from clipline.emulator.security.store import SecurityStore
from clipline.emulator.security.subject import Subject, User

CHALLENGES = ('Basic realm="security", charset="UTF-8"', 'Bearer realm="security"', "ApiKey")
"""What a node with TLS offers: its token service is on then."""

_CACHE_SECONDS = 20.0
_CACHE_SIZE = 1000


class Authenticator:
    """Checks credentials; those that were right are believed again for a moment, because hashing is slow on purpose."""

    def __init__(self, store: SecurityStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._right: dict[bytes, float] = {}
        self._changes = 0

    def subject(self, headers: Mapping[str, str], uri: str) -> Subject:
        """Who makes a request.

        Raises:
            ApiError: 401.
        """
        header = headers.get("authorization", "").strip()
        scheme, _, value = header.partition(" ")
        if not header:
            raise refused(f"missing authentication credentials for REST request [{uri}]")
        if scheme.lower() == "basic":
            return self._user(value.strip(), uri)
        if scheme.lower() == "apikey":
            return self._key(value.strip())
        raise _refused_all(None)

    def forget(self) -> None:
        """Believe nobody any longer: a password, a user or a key was changed."""
        with self._lock:
            self._right.clear()
            self._changes += 1

    def _user(self, value: str, uri: str) -> Subject:
        decoded = _decoded(value)
        if decoded is None:
            raise refused("invalid basic authentication header encoding")
        name, separator, password = decoded.partition(":")
        if not separator:
            raise refused("invalid basic authentication header value")
        user = self._store.user(name)
        if user is None or not user.enabled or not self._believed("user", name, password):
            raise refused(f"unable to authenticate user [{name}] for REST request [{uri}]")
        return self._signed_in(user)

    def granted(self, name: str, password: str, action: str) -> Subject:
        """Somebody else, for whom a request brings the password.

        Raises:
            ApiError: 401.
        """
        user = self._store.user(name)
        if user is None or not user.enabled or not self._believed("user", name, password):
            raise refused(f"unable to authenticate user [{name}] for action [{action}]")
        return self._signed_in(user)

    def _signed_in(self, user: User) -> Subject:
        return Subject(user=user, limits=(self._store.named(user.roles),))

    def _key(self, value: str) -> Subject:
        key_id, separator, secret = (_decoded(value) or "").partition(":")
        if not separator:
            raise _refused_all("API key: invalid ApiKey value")
        key = self._store.api_key(key_id)
        if key is None:
            raise _refused_all(f"API key: unable to find apikey with id {key_id}")
        if key["invalidated"]:
            raise _refused_all(f"API key: api key [{key_id}] has been invalidated")
        if key["expiration"] is not None and key["expiration"] <= time.time() * 1000:
            raise _refused_all("API key: api key is expired")
        if not self._believed("key", key_id, secret):
            raise _refused_all(f"API key: invalid credentials for API key [{key_id}]")
        # As he was when he made it: a key outlives its owner's account.
        owner = User(name=key["username"], roles=(), **key.get("creator", {}))
        limits = [descriptors(key["limited_by"])]
        if key["role_descriptors"]:
            limits.append(descriptors(key["role_descriptors"]))
        return Subject(user=owner, limits=tuple(limits), key=key)

    def _believed(self, kind: str, name: str, secret: str) -> bool:
        seen = hashlib.sha256(f"{kind}\0{name}\0{secret}".encode()).digest()
        now = time.monotonic()
        with self._lock:
            if self._right.get(seen, -_CACHE_SECONDS) > now - _CACHE_SECONDS:
                return True
            changes = self._changes
        check = self._store.right_password if kind == "user" else self._store.right_secret
        if not check(name, secret):
            return False
        with self._lock:
            # Not what was looked up before a change that others have made meanwhile.
            if changes == self._changes:
                if len(self._right) >= _CACHE_SIZE:
                    self._right = {key: at for key, at in self._right.items() if at > now - _CACHE_SECONDS}
                self._right[seen] = now
        return True


def descriptors(bodies: Mapping[str, Any]) -> tuple[Role, ...]:
    """The roles that the descriptors of a key describe."""
    return tuple(
        read_role(name, {key: value for key, value in body.items() if key != "transient_metadata"})
        for name, body in bodies.items()
    )


def refused(reason: str, **meta: Any) -> ApiError:
    """401 with the challenges, in its headers and in its body."""
    meta = {**meta, "header": {"WWW-Authenticate": list(CHALLENGES)}}
    return ApiError(401, "security_exception", reason, meta=meta, headers={"WWW-Authenticate": CHALLENGES})


def _refused_all(detail: str | None) -> ApiError:
    reason = "unable to authenticate with provided credentials and anonymous access is not allowed for this request"
    return refused(reason, **({"additional_unsuccessful_credentials": detail} if detail else {}))


def _decoded(value: str) -> str | None:
    """The credentials of a header; ``None`` for what is no Base64. What is no UTF-8 is nobody's name or password."""
    try:
        return base64.b64decode(value.encode("latin-1"), validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return None
