"""The cluster's licence: which one it has, and which features it lets be used.

The licence that the process is started with (``--license``) is the cluster's, until the licence API changes it; the
change stays as long as the process is started with the same word. Unlike Elasticsearch's, a trial does not end.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from clipline.emulator.errors import ApiError

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_DAY = 86_400_000
_YEAR = 365 * _DAY
_ENDLESS = 4_102_444_800_000
"""The year 2100: nobody wants an emulator whose machine learning stops after 30 days."""


def require(node: Node, feature: str) -> None:
    """Refuse what the licence does not contain (LicenseUtils.newComplianceException).

    Raises:
        ApiError: 403 ``security_exception``.
    """
    if not node.licence.allows(feature):
        raise ApiError(
            403,
            "security_exception",
            f"current license is non-compliant for [{feature}]",
            meta={"license.expired.feature": feature},
        )


class Licence:
    """The licence of one cluster, kept in its database. Times are milliseconds since 1970."""

    def __init__(self, node: Node) -> None:
        self._database = node.database
        self._known: dict[str, str | None] = {}
        self._database.create("CREATE TABLE IF NOT EXISTS licence (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        if self._stored("given") != node.identity.license:
            self._begin(node.identity.license, node.version.major)
            self._store("given", node.identity.license)

    @property
    def type(self) -> str:
        """``basic``, ``trial`` or ``platinum``; the type of an expired one is that of what expired."""
        return "platinum" if self._word == "expired" else self._word

    @property
    def active(self) -> bool:
        """Whether it has not expired."""
        return self._word != "expired"

    @property
    def uid(self) -> str:
        """A UUID; another one for every licence that was begun."""
        return self._stored("uid") or ""

    @property
    def issued(self) -> int:
        """When it was issued."""
        began = int(self._stored("began") or 0)
        return began if self.active else began - 2 * _YEAR

    @property
    def expires(self) -> int | None:
        """When it ends; a basic licence never does."""
        if self.type == "basic":
            return None
        return _ENDLESS if self.active else self.issued + _YEAR

    def allows(self, feature: str) -> bool:
        """Whether a feature that basic does not contain may be used; all of those are in a trial and in platinum."""
        return self.active and self.type != "basic"

    def trial_left(self, major: int) -> bool:
        """Whether a trial may be started: once per major version."""
        return self._stored("trial") != str(major)

    def start(self, word: str, major: int) -> None:
        """Change to ``basic`` or ``trial``."""
        self._begin(word, major)

    @property
    def _word(self) -> str:
        return self._stored("current") or ""

    def _begin(self, word: str, major: int) -> None:
        with self._database.transaction():
            self._store("current", word)
            self._store("uid", str(uuid.uuid4()))
            self._store("began", str(time.time_ns() // 1_000_000))
            if word == "trial":
                self._store("trial", str(major))

    def _stored(self, name: str) -> str | None:
        # Every write of a document asks, so that the database is asked once.
        known = self._known
        if name not in known:
            row = self._database.row("SELECT value FROM licence WHERE name = ?", (name,))
            known[name] = None if row is None else str(row[0])
        return known[name]

    def _store(self, name: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO licence VALUES (?, ?)", (name, value))
        # A new one: who has just read what was before keeps it in the old one, which nobody reads any longer.
        self._known = {}
