"""The settings of the cluster: what was set, for good or until the end of the process, and what is in force."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.known_settings import DYNAMIC, FAMILIES, LOGGER, STATIC
from clipline.emulator.ml.tier import LAZY
from clipline.emulator.patterns import simple_match

if TYPE_CHECKING:
    from clipline.emulator.node import Node


class ClusterSettings:
    """``node.settings.flag("action.destructive_requires_name")``: transient wins over persistent, both over the default."""

    def __init__(self, node: Node) -> None:
        self._database = node.database
        # What the orchestrator would have written into the node's file.
        self._configured = {LAZY: "1"} if node.identity.lazy_ml_node is not None else {}
        self._lock = threading.Lock()
        self._database.create(
            "CREATE TABLE IF NOT EXISTS cluster_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
        )
        self.persistent: dict[str, str] = {
            str(name): str(value) for name, value in self._database.rows("SELECT name, value FROM cluster_settings")
        }
        self.transient: dict[str, str] = {}

    def value(self, name: str) -> str:
        """What is in force for a setting that has a default."""
        default = self._configured.get(name, DYNAMIC[name].default)
        assert default is not None
        return self.transient.get(name) or self.persistent.get(name) or default

    def defaults(self) -> dict[str, str]:
        """The values of the known settings that were not set by a request; what the node's file says is among them."""
        given = {**self.persistent, **self.transient}
        found = {name: one.default for name, one in DYNAMIC.items() if one.default is not None and name not in given}
        found |= {name: value for name, value in self._configured.items() if name not in given}
        for watermark in given:
            # A watermark that is set has no cap unless that is set too (DiskThresholdSettings).
            if (headroom := f"{watermark}.max_headroom") in found:
                found[headroom] = "-1"
        return found

    def flag(self, name: str) -> bool:
        """A boolean setting."""
        return self.value(name) == "true"

    def integer(self, name: str) -> int:
        """A whole-number setting."""
        return int(self.value(name))

    def update(
        self, persistent: Mapping[str, str | None], transient: Mapping[str, str | None]
    ) -> tuple[dict[str, str], ...]:
        """Change settings, all or none; ``None`` takes a value away. Gives what was set, persistent and transient.

        Raises:
            ApiError: 400 for a setting that there is not, that cannot be changed or not to this value; 501 for one
                that the emulator would not obey.
        """
        with self._lock:
            kept = _changed(self.persistent, persistent, "persistent")
            passing = _changed(self.transient, transient, "transient")
            with self._database.transaction():
                self._database.execute("DELETE FROM cluster_settings")
                self._database.execute_many("INSERT INTO cluster_settings VALUES (?, ?)", list(kept.items()))
            self.persistent, self.transient = kept, passing
        sets = (
            {name: value for name, value in given.items() if value is not None} for given in (persistent, transient)
        )
        return tuple(sets)


def _changed(before: Mapping[str, str], given: Mapping[str, str | None], kind: str) -> dict[str, str]:
    after = dict(before)
    for name, value in given.items():
        if value is None and "*" in name:
            after = {key: one for key, one in after.items() if not simple_match(name, key)}
            continue
        _check(name, value, kind)
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    return after


def _check(name: str, value: str | None, kind: str) -> None:
    if name in STATIC:
        raise illegal_argument(f"{kind} setting [{name}], not dynamically updateable")
    setting = LOGGER if name.startswith("logger.") else DYNAMIC.get(name)
    if setting is None:
        if name.split(".")[0] in FAMILIES:
            raise unsupported(f"the cluster setting [{name}]")
        raise illegal_argument(f"{kind} setting [{name}], not recognized")
    if value is None:
        return
    setting.check(name, value)
    if not (setting.effect or setting.idle or value == setting.default):
        raise unsupported(f"the cluster setting [{name}] with another value than [{setting.default}]")


def check_auto_create(setting: str, index: str) -> None:
    """Refuse to make an index for a write where ``action.auto_create_index`` forbids it (AutoCreateIndex).

    ``setting`` is ``true``, ``false``, or patterns of which the first that matches decides: ``+logs-*,-*``.

    Raises:
        ApiError: 404 ``index_not_found_exception``.
    """
    if setting == "true":
        return
    why = "[action.auto_create_index] is [false]"
    if setting != "false":
        patterns = [part.strip() for part in setting.split(",")]
        first = next((part for part in patterns if simple_match(part.lstrip("+-"), index)), None)
        if first is not None and not first.startswith("-"):
            return
        why = f"[action.auto_create_index] ([{setting}]) doesn't match"
        if first is not None:
            why = f"[action.auto_create_index] contains [{first}] which forbids automatic creation of the index"
    meta = {"index_uuid": "_na_", "index": index}
    raise ApiError(404, "index_not_found_exception", f"no such index [{index}] and {why}", meta=meta)


def flat(body: Any, prefix: str = "") -> dict[str, str | None]:
    """Nested or dotted settings as ``a.b.c`` → text; ``null`` stays ``None``."""
    found: dict[str, str | None] = {}
    for key, value in body.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found |= flat(value, f"{name}.")
        elif isinstance(value, list):
            found[name] = ",".join(map(_text, value))
        else:
            found[name] = None if value is None else _text(value)
    return found


def nested(settings: Mapping[str, str]) -> dict[str, Any]:
    """``a.b.c`` → text as objects within objects; a name that another one continues stays dotted."""
    body: dict[str, Any] = {}
    for name, value in sorted(settings.items()):
        place, parts = body, name.split(".")
        for depth, part in enumerate(parts[:-1]):
            below = place.setdefault(part, {})
            if not isinstance(below, dict):
                parts = [*parts[:depth], ".".join(parts[depth:])]
                break
            place = below
        place[parts[-1]] = value
    return body


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
