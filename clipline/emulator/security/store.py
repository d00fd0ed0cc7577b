"""Users, roles and API keys in SQLite. Passwords and keys are kept as salted hashes; only ``elastic``'s stands in a file.

The password of ``elastic`` comes from the variable ELASTIC_PASSWORD at the first start, as it does in Elasticsearch's
images, else it is made up. The file ``elastic.password`` (readable by its owner only) is what ``--print-env`` tells; where
it was taken away, the next start makes a new password.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import orjson

from clipline.emulator.database import Database
from clipline.emulator.security.roles import RESERVED, Role, read_role
from clipline.emulator.security.subject import ELASTIC, User

_TABLES = (
    "CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, body BLOB, hash TEXT)",
    "CREATE TABLE IF NOT EXISTS roles (name TEXT PRIMARY KEY, body BLOB)",
    "CREATE TABLE IF NOT EXISTS api_keys (id TEXT PRIMARY KEY, body BLOB, hash TEXT)",
    "CREATE TABLE IF NOT EXISTS privileges (application TEXT, name TEXT, body BLOB, PRIMARY KEY (application, name))",
)
_PASSWORD_FILE = "elastic.password"  # noqa: S105 - the name of a file
_ROUNDS = 2**12
"""Of scrypt: few, because every request is checked and what is guarded is an emulator on this machine."""


class SecurityStore:
    """What is kept of users, roles and API keys."""

    def __init__(self, database: Database, data: Path) -> None:
        self._database = database
        self._file = data / _PASSWORD_FILE
        database.create(*_TABLES)
        self._settle_password()
        # Who takes the file away wants a new password.
        if self.user(ELASTIC) is None or not self._file.exists():
            user = User(name=ELASTIC, roles=("superuser",), metadata={"_reserved": True})
            self.put_user(user, os.environ.get("ELASTIC_PASSWORD") or secrets.token_urlsafe(15))

    def changing(self) -> AbstractContextManager[None]:
        """For a change of what was read inside: nobody else changes anything meanwhile, and all of it is kept or none."""
        return self._database.transaction()

    # -- users ---------------------------------------------------------------------------------------------------

    def users(self) -> dict[str, User]:
        """Every user, by name."""
        return {name: _user(body) for name, body in self._database.rows("SELECT name, body FROM users ORDER BY name")}

    def user(self, name: str) -> User | None:
        """One user."""
        row = self._database.row("SELECT body FROM users WHERE name = ?", (name,))
        return _user(row[0]) if row else None

    def put_user(self, user: User, password: str | None) -> None:
        """Store a user; without a password he keeps the one that he has."""
        body = orjson.dumps(user.shown())
        if password is None:
            self._database.execute("UPDATE users SET body = ? WHERE name = ?", (body, user.name))
            return
        if user.name == ELASTIC:
            _write_private(self._beside, password)
        self._database.execute("INSERT OR REPLACE INTO users VALUES (?, ?, ?)", (user.name, body, _hashed(password)))
        if user.name == ELASTIC:
            self._beside.replace(self._file)

    @property
    def _beside(self) -> Path:
        return self._file.with_suffix(".new")

    def _settle_password(self) -> None:
        """A process that died between the file and the database: the database says which password counts."""
        if self._beside.exists():
            if self.right_password(ELASTIC, self._beside.read_text("utf-8")):
                self._beside.replace(self._file)
            else:
                self._beside.unlink()

    def delete_user(self, name: str) -> bool:
        """Delete a user; false when there is none."""
        return self._database.execute("DELETE FROM users WHERE name = ?", (name,)) > 0

    def right_password(self, name: str, password: str) -> bool:
        """Whether this is a user's password."""
        row = self._database.row("SELECT hash FROM users WHERE name = ?", (name,))
        return row is not None and _fits(password, row[0])

    @property
    def elastic_password(self) -> str:
        """The password that ``elastic`` had last."""
        return self._file.read_text("utf-8")

    # -- roles ---------------------------------------------------------------------------------------------------

    def roles(self) -> dict[str, Role]:
        """Every role, the built-in ones too."""
        own = self._database.rows("SELECT name, body FROM roles ORDER BY name")
        return {**{name: _role(name, body) for name, body in own}, **RESERVED}

    def named(self, names: tuple[str, ...]) -> tuple[Role, ...]:
        """The roles of these names that there are; asked for with every request."""
        return tuple(role for name in names if (role := self._named(name)) is not None)

    def _named(self, name: str) -> Role | None:
        if name in RESERVED:
            return RESERVED[name]
        row = self._database.row("SELECT body FROM roles WHERE name = ?", (name,))
        return _role(name, row[0]) if row else None

    def put_role(self, role: Role) -> bool:
        """Store a role; false when it replaces one."""
        body = orjson.dumps(role.body)
        with self.changing():
            changed = self._database.execute("INSERT OR IGNORE INTO roles VALUES (?, ?)", (role.name, body))
            if not changed:
                self._database.execute("UPDATE roles SET body = ? WHERE name = ?", (body, role.name))
        return changed > 0

    def delete_role(self, name: str) -> bool:
        """Delete a role; false when there is none."""
        return self._database.execute("DELETE FROM roles WHERE name = ?", (name,)) > 0

    # -- application privileges ----------------------------------------------------------------------------------

    def privileges(self) -> list[dict[str, Any]]:
        """Every application privilege."""
        rows = self._database.rows("SELECT body FROM privileges ORDER BY application, name")
        return [orjson.loads(row[0]) for row in rows]

    def put_privilege(self, privilege: Mapping[str, Any]) -> bool:
        """Store one; false when it replaces one."""
        key, body = (privilege["application"], privilege["name"]), orjson.dumps(dict(privilege))
        with self._database.transaction():
            new = self._database.row("SELECT 1 FROM privileges WHERE application = ? AND name = ?", key) is None
            self._database.execute("INSERT OR REPLACE INTO privileges VALUES (?, ?, ?)", (*key, body))
        return new

    def delete_privilege(self, application: str, name: str) -> bool:
        """Delete one; false when there is none."""
        key = (application, name)
        return self._database.execute("DELETE FROM privileges WHERE application = ? AND name = ?", key) > 0

    # -- API keys ------------------------------------------------------------------------------------------------

    def api_keys(self) -> list[dict[str, Any]]:
        """Every key, in the order in which they were made."""
        return [orjson.loads(row[0]) for row in self._database.rows("SELECT body FROM api_keys ORDER BY rowid")]

    def api_key(self, key_id: str) -> dict[str, Any] | None:
        """One key."""
        row = self._database.row("SELECT body FROM api_keys WHERE id = ?", (key_id,))
        found: dict[str, Any] | None = orjson.loads(row[0]) if row else None
        return found

    def put_api_key(self, key: Mapping[str, Any], secret: str | None = None) -> None:
        """Store a key; without a secret it keeps the one that it has."""
        body = orjson.dumps(dict(key))
        if secret is None:
            self._database.execute("UPDATE api_keys SET body = ? WHERE id = ?", (body, key["id"]))
        else:
            self._database.execute("INSERT INTO api_keys VALUES (?, ?, ?)", (key["id"], body, _hashed(secret)))

    def right_secret(self, key_id: str, secret: str) -> bool:
        """Whether this is a key's secret."""
        row = self._database.row("SELECT hash FROM api_keys WHERE id = ?", (key_id,))
        return row is not None and _fits(secret, row[0])


def _user(body: bytes) -> User:
    read = orjson.loads(body)
    return User(
        name=read["username"],
        roles=tuple(read["roles"]),
        full_name=read["full_name"],
        email=read["email"],
        metadata=read["metadata"],
        enabled=read["enabled"],
    )


def _role(name: str, body: bytes) -> Role:
    return read_role(name, {key: value for key, value in orjson.loads(body).items() if key != "transient_metadata"})


def _hashed(secret: str) -> str:
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_derived(secret, salt)}"


def _fits(secret: str, stored: str) -> bool:
    salt, _, wanted = stored.partition("$")
    return hmac.compare_digest(_derived(secret, bytes.fromhex(salt)), wanted)


def _derived(secret: str, salt: bytes) -> str:
    return hashlib.scrypt(secret.encode(), salt=salt, n=_ROUNDS, r=8, p=1).hex()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
