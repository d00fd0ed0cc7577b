"""A document on its way through a pipeline, and access to its fields by dotted paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported

_METADATA = ("_version", "_version_type", "_routing", "_if_seq_no", "_if_primary_term", "_dynamic_templates")


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
        if path in ("_index", "_id"):
            value = self.index if path == "_index" else self.id
            if value is None:
                raise _absent(path, path)
            return value
        place, parts = self._root(path)
        for part in parts:
            place = _step(place, part, path, "resolve")
        return place

    def has(self, path: str) -> bool:
        """Whether there is something at a path, ``null`` included."""
        try:
            self.get(path)
        except ApiError as error:
            if error.status != 400:
                raise
            return False
        return True

    def set(self, path: str, value: Any) -> None:
        """Put a value at a path, making objects on the way.

        Raises:
            ApiError: 400 when something on the way is no object.
        """
        if path == "_index":
            self.index = str(value)
            return
        if path == "_id":
            self.id = str(value)
            return
        place, (*parents, leaf) = self._root(path)
        for part in parents:
            if isinstance(place, dict) and part not in place:
                place[part] = {}
            place = _step(place, part, path, "set")
        if isinstance(place, list):
            place[_position(place, leaf, path)] = value
        elif isinstance(place, dict):
            place[leaf] = value
        else:
            raise _no_parent(place, leaf, path)

    def remove(self, path: str) -> None:
        """Remove what is at a path.

        Raises:
            ApiError: 400 when it is not there.
        """
        if path in ("_index", "_id"):
            raise unsupported(f"the removal of [{path}]")
        place, (*parents, leaf) = self._root(path)
        for part in parents:
            place = _step(place, part, path, "resolve")
        _step(place, leaf, path, "remove")
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

    def _root(self, path: str) -> tuple[Any, list[str]]:
        parts = path.split(".")
        if not all(parts):
            raise illegal_argument("path cannot be null nor empty" if not path else f"path [{path}] is not valid")
        if parts[0] in _METADATA:
            raise unsupported(f"the metadata field [{parts[0]}] in pipelines")
        if parts[0] == "_ingest" and len(parts) > 1:
            return self.ingest, parts[1:]
        if parts[0] == "_source" and len(parts) > 1:
            return self.source, parts[1:]
        return self.source, parts


def now() -> str:
    """The present as an ingest timestamp."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def java(value: Any) -> str:
    """The Java class that Elasticsearch's messages name for a value."""
    if isinstance(value, dict):
        return "java.util.HashMap"
    if isinstance(value, list):
        return "java.util.ArrayList"
    if isinstance(value, bool):
        return "java.lang.Boolean"
    if isinstance(value, int):
        return "java.lang.Integer" if -(2**31) <= value < 2**31 else "java.lang.Long"
    names = {str: "String", float: "Double"}
    return f"java.lang.{names.get(type(value), 'Object')}"


def _step(place: Any, part: str, path: str, verb: str) -> Any:
    if isinstance(place, dict):
        if part not in place:
            raise _absent(part, path)
        return place[part]
    if isinstance(place, list):
        return place[_position(place, part, path)]
    if verb == "set":
        raise _no_parent(place, part, path)
    if place is None:
        raise illegal_argument(f"cannot {verb} [{part}] from null as part of path [{path}]")
    raise illegal_argument(f"cannot {verb} [{part}] from object of type [{java(place)}] as part of path [{path}]")


def _position(place: list[Any], part: str, path: str) -> int:
    try:
        position = int(part)
    except ValueError:
        raise illegal_argument(
            f"[{part}] is not an integer, cannot be used as an index as part of path [{path}]"
        ) from None
    if not 0 <= position < len(place):
        raise illegal_argument(
            f"[{position}] is out of bounds for array with length [{len(place)}] as part of path [{path}]"
        )
    return position


def _absent(part: str, path: str) -> ApiError:
    return illegal_argument(f"field [{part}] not present as part of path [{path}]")


def _no_parent(place: Any, part: str, path: str) -> ApiError:
    if place is None:
        return illegal_argument(f"cannot set [{part}] with null parent as part of path [{path}]")
    return illegal_argument(f"cannot set [{part}] with parent object of type [{java(place)}] as part of path [{path}]")
