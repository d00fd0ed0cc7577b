"""A document on its way through a pipeline, and access to its fields by dotted paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clipline.emulator.errors import illegal_argument

_ABSENT = object()


@dataclass(slots=True)
class IngestDocument:
    """``source`` is changed in place by processors; ``ingest`` is the ``_ingest`` metadata."""

    index: str
    id: str | None
    source: dict[str, Any]
    ingest: dict[str, Any] = field(default_factory=lambda: {"timestamp": now()})

    def get(self, path: str) -> Any:
        """The value at a path.

        Raises:
            ApiError: 400 when it is not there, in Elasticsearch's words.
        """
        value = self.find(path)
        if value is _ABSENT:
            raise illegal_argument(f"field [{path.split('.')[-1]}] not present as part of path [{path}]")
        return value

    def has(self, path: str) -> bool:
        """Whether there is something at a path, ``null`` included."""
        return self.find(path) is not _ABSENT

    def find(self, path: str) -> Any:
        """The value at a path, or a sentinel that ``has`` knows."""
        if path == "_index":
            return self.index
        if path == "_id":
            return self.id if self.id is not None else _ABSENT
        value: Any = self.source
        parts = path.split(".")
        if parts[0] == "_ingest":
            value, parts = self.ingest, parts[1:]
        elif parts[0] == "_source":
            parts = parts[1:]
        for part in parts:
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                return _ABSENT
        return value

    def set(self, path: str, value: Any) -> None:
        """Put a value at a path, making objects on the way."""
        if path == "_index":
            self.index = str(value)
            return
        if path == "_id":
            self.id = str(value)
            return
        *parents, leaf = path.removeprefix("_source.").split(".")
        place: Any = self.source
        for part in parents:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise illegal_argument(
                    f"cannot set [{leaf}] with parent object of type [{java(place)}] as part of path [{path}]"
                )
        place[leaf] = value

    def remove(self, path: str) -> None:
        """Remove what is at a path.

        Raises:
            ApiError: 400 when it is not there.
        """
        self.get(path)
        *parents, leaf = path.removeprefix("_source.").split(".")
        place: Any = self.source
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            del place[int(leaf)]
        else:
            del place[leaf]

    def append(self, path: str, value: Any) -> None:
        """Put a value at a path, or make a list with what is there: how the inference processor writes."""
        if not self.has(path):
            self.set(path, value)
            return
        there = self.get(path)
        self.set(path, [*there, value] if isinstance(there, list) else [there, value])


def now() -> str:
    """The present as an ingest timestamp."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def java(value: Any) -> str:
    """The Java class that Elasticsearch's messages name for a value."""
    names = {str: "String", bool: "Boolean", int: "Integer", float: "Double"}
    if isinstance(value, dict):
        return "java.util.HashMap"
    if isinstance(value, list):
        return "java.util.ArrayList"
    return f"java.lang.{names.get(type(value), 'Object')}"
