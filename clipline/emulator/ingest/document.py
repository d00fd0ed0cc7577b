"""A document on its way through a pipeline, and access to its fields by dotted paths (IngestDocument).

``_ingest.x`` is the ingest metadata, ``_source.x`` and ``x`` a field; a part of a path is a key or, in a list, a position.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.objects import Ctx
from clipline.emulator.painless.statics import whole
from clipline.emulator.painless.values import among, class_name, text

MATCH_ANY = -3
"""The version of a write that asks for none (``Versions.MATCH_ANY``)."""

MISSING: Any = object()
"""What is not there, where ``None`` is."""


def now() -> str:
    """The present as an ingest timestamp."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


@dataclass(slots=True)
class IngestDocument:
    """``source`` is changed in place by processors; ``ingest`` is the ``_ingest`` metadata."""

    index: str
    id: str | None
    source: dict[str, Any]
    ingest: dict[str, Any] = field(default_factory=lambda: {"timestamp": now()})
    routing: str | None = None
    stack: list[str] = field(default_factory=list)
    """The pipelines that are running, the outermost first."""
    terminated: bool = False

    def find(self, path: str) -> Any:
        """The value at a path, ``MISSING`` when there is none.

        Raises:
            ApiError: 400 for what is no path.
        """
        inside, parts = _parts(path)
        place: Any = self.ingest if inside else self.source
        if not inside and parts[0] in Ctx.METADATA:
            place = self._metadata()
        for part in parts:
            if isinstance(place, dict):
                place = place.get(part, MISSING)
            elif isinstance(place, list):
                position = _whole(part)
                place = place[position] if position is not None and 0 <= position < len(place) else MISSING
            else:
                return MISSING
        return place

    def has(self, path: str) -> bool:
        """Whether there is something at a path, ``null`` included."""
        return self.find(path) is not MISSING

    def get(self, path: str, kind: type = object, *, ignore_missing: bool = False) -> Any:
        """The value at a path; ``None`` where it is missing and may be.

        Raises:
            ApiError: 400 when it is not there, or of another kind (``str``, ``list``, ``dict``), in Elasticsearch's words.
        """
        value = self.find(path)
        if value is MISSING:
            if ignore_missing:
                return None
            inside, parts = _parts(path)
            place: Any = self.ingest if inside else {**self._metadata(), **self.source}
            for part in parts:
                place = _step(place, part, path)
        if value is not None and not isinstance(value, kind):
            raise illegal_argument(f"field [{path}] of type [{java(value)}] cannot be cast to [{_INTERFACES[kind]}]")
        return value

    def set(self, path: str, value: Any) -> None:
        """Put a value at a path, making objects on the way.

        Raises:
            ApiError: 400 when something on the way is no object.
        """
        place, leaf = self._parent(path)
        if place is None:
            self._set_metadata(leaf, value)
        elif isinstance(place, dict):
            place[leaf] = value
        else:
            place[_position(place, leaf, path)] = value

    def append(self, path: str, value: Any, *, allow_duplicates: bool = True) -> None:
        """Add a value, or the values of a list, to what is at a path; a single value there becomes a list.

        Raises:
            ApiError: 400 when something on the way is no object.
        """
        there = self.find(path)
        values = list(value) if isinstance(value, list) else [value]
        before = [] if there is MISSING else there if isinstance(there, list) else [there]
        if not allow_duplicates and there is not MISSING:
            fresh: list[Any] = []
            for item in values:
                if not among(item, before) and not among(item, fresh):
                    fresh.append(item)
            if not fresh:
                return
            values = fresh
        self.set(path, [*before, *values])

    def remove(self, path: str, *, ignore_missing: bool = False) -> None:
        """Remove what is at a path.

        Raises:
            ApiError: 400 when it is not there.
        """
        inside, parts = _parts(path)
        if self.find(path) is MISSING:
            if ignore_missing:
                return
            place: Any = self.ingest if inside else {**self._metadata(), **self.source}
            for part in parts[:-1]:
                place = _step(place, part, path)
            leaf = parts[-1]
            if not isinstance(place, dict | list):
                holder = "null" if place is None else f"object of type [{java(place)}]"
                raise illegal_argument(f"cannot remove [{leaf}] from {holder} as part of path [{path}]")
            _step(place, leaf, path)
        if not inside and parts[0] in Ctx.METADATA and len(parts) == 1:
            if parts[0] in ("_index", "_version"):
                raise illegal_argument(f"{parts[0]} cannot be removed")
            self._set_metadata(parts[0], None)
            return
        place = self.ingest if inside else self.source
        for part in parts[:-1]:
            place = place[part] if isinstance(place, dict) else place[int(part)]
        if isinstance(place, dict):
            del place[parts[-1]]
        else:
            del place[int(parts[-1])]

    def ctx(self) -> Ctx:
        """What a script sees as ``ctx``."""
        return Ctx(self.source, **self._metadata())

    def take(self, ctx: Ctx) -> None:
        """Become what a script made of ``ctx``."""
        self.index, self.id, self.routing = ctx.pop("_index"), ctx.pop("_id", None), ctx.pop("_routing", None)
        for key in Ctx.METADATA:
            ctx.pop(key, None)
        self.source.clear()
        self.source.update(ctx)

    def _metadata(self) -> dict[str, Any]:
        # A routing that there is not is absent, an id null (IngestDocMetadata.metadataMap).
        routing = {} if self.routing is None else {"_routing": self.routing}
        return {"_index": self.index, "_id": self.id, "_version": MATCH_ANY, "_version_type": "internal", **routing}

    def _set_metadata(self, name: str, value: Any) -> None:
        if name not in Ctx.SETTABLE:
            raise unsupported(f"a change of the metadata [{name}] by a pipeline")
        if value is None and name == "_index":
            raise illegal_argument(f"{name} cannot be null")
        if value is not None and not isinstance(value, str):
            raise illegal_argument(
                f"{name} [{text(value)}] is wrong type, expected assignable to [java.lang.String], not [{java(value)}]"
            )
        setattr(self, name[1:], value)

    def _parent(self, path: str) -> tuple[Any, str]:
        """What holds the last part of a path, and that part; ``None`` for the metadata of the document."""
        inside, parts = _parts(path)
        if not inside and parts[0] in Ctx.METADATA:
            if len(parts) == 1:
                return None, parts[0]
            raise unsupported(f"a change of the metadata [{parts[0]}] by a pipeline")
        place: Any = self.ingest if inside else self.source
        for part in parts[:-1]:
            if isinstance(place, dict):
                place = place[part] if part in place else place.setdefault(part, {})
            else:
                place = _step(place, part, path)
        if isinstance(place, dict | list):
            return place, parts[-1]
        leaf = parts[-1]
        holder = "null parent" if place is None else f"parent object of type [{java(place)}]"
        raise illegal_argument(f"cannot set [{leaf}] with {holder} as part of path [{path}]")


def encoded(source: dict[str, Any], where: str = "") -> bytes:
    """A source as JSON.

    Raises:
        ApiError: 400 for one that a script made hold itself, 501 for what is nested more deeply than is emulated.
    """
    try:
        return orjson.dumps(source)
    except TypeError as error:
        if _holds_itself(source, set()):
            raise illegal_argument(f"Iterable object is self-referencing itself{where}") from error
        raise unsupported("a document of this depth in a pipeline") from error


def _holds_itself(value: Any, above: set[int]) -> bool:
    """Whether a list or an object is a part of itself (CollectionUtils.ensureNoSelfReferences)."""
    if not isinstance(value, dict | list):
        return False
    if id(value) in above:
        return True
    above.add(id(value))
    found = any(_holds_itself(item, above) for item in (value.values() if isinstance(value, dict) else value))
    above.discard(id(value))
    return found


def java(value: Any) -> str:
    """The Java class that Elasticsearch's messages name for a value."""
    return class_name(value)


_INTERFACES: dict[type, str] = {str: "java.lang.String", list: "java.util.List", dict: "java.util.Map"}


@lru_cache(maxsize=2048)
def _parts(path: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a path is one of the ingest metadata, and its parts; as in Java, dots at its end say nothing."""
    if not path:
        raise illegal_argument("path cannot be null nor empty")
    inside = path.startswith("_ingest.")
    bare = path.removeprefix("_ingest.") if inside else path.removeprefix("_source.")
    parts = bare.rstrip(".").split(".")
    if bare == "":
        raise illegal_argument(f"path [{path}] is not valid")
    if not all(parts):
        raise illegal_argument("fieldName cannot be empty")
    return inside, tuple(parts)


def _whole(part: str) -> int | None:
    try:
        return whole(part, "int")
    except JavaError:
        return None


def _step(place: Any, part: str, path: str) -> Any:
    if isinstance(place, dict):
        if part not in place:
            raise illegal_argument(f"field [{part}] not present as part of path [{path}]")
        return place[part]
    if isinstance(place, list):
        return place[_position(place, part, path)]
    holder = "null" if place is None else f"object of type [{java(place)}]"
    raise illegal_argument(f"cannot resolve [{part}] from {holder} as part of path [{path}]")


def _position(place: list[Any], part: str, path: str) -> int:
    position = _whole(part)
    if position is None:
        raise illegal_argument(f"[{part}] is not an integer, cannot be used as an index as part of path [{path}]")
    if not 0 <= position < len(place):
        raise illegal_argument(
            f"[{position}] is out of bounds for array with length [{len(place)}] as part of path [{path}]"
        )
    return position
