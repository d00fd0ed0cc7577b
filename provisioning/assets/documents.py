"""YAML and JSON files as plain values with the line of every one of them.

PyYAML composes the nodes; they are turned into values here, so that duplicate keys are errors, tags other than YAML's
own plain ones are refused, dates stay text, ``${name}`` is replaced per scalar, and each path has a mark. JSON is read
by the same road, because its lines matter as much.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from clipline.core.errors import AssetError, Finding

PathKey = tuple[str | int, ...]
Substitute = Callable[[str, str], "tuple[str, Path, bool]"]
"""``(scalar, "file:line") → (text, folder of a relative path in it, whether the scalar was one whole reference)``."""

MAX_BYTES = 1024 * 1024
"""An asset is a page or two of text; a larger file is one that was put here by mistake."""

_SCALARS = ("str", "int", "float", "bool", "null", "timestamp")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands: its line (from 1), its text as written, the folder that a relative path belongs to."""

    line: int
    text: str | None
    base: Path


@dataclass(slots=True)
class Document:
    """A file's value with the marks of everything in it."""

    file: Path
    name: str
    value: Any = None
    marks: dict[PathKey, Mark] = field(default_factory=dict)

    def mapping(self) -> dict[str, Any]:
        """The value as a mapping, empty for an empty file.

        Raises:
            AssetError: it is something else.
        """
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.error("this file must hold one mapping of keys to values")
        return self.value

    def mark(self, *path: str | int) -> Mark:
        """The mark of a path, or of its nearest parent that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.marks:
                return self.marks[path[:length]]
        return Mark(1, None, self.file.parent)

    def where(self, *path: str | int) -> str:
        """``file:line`` of a path."""
        return f"{self.name}:{self.mark(*path).line}"

    def finding(self, what: str, *path: str | int, hint: str | None = None) -> Finding:
        """A finding at a path."""
        return Finding(self.where(*path), what, hint)

    def error(self, what: str, *path: str | int, hint: str | None = None) -> AssetError:
        """An error at a path."""
        return AssetError([self.finding(what, *path, hint=hint)])


def read_document(file: Path, *, name: str | None = None, substitute: Substitute | None = None) -> Document:
    """Read one YAML or JSON file.

    Args:
        file: the file.
        name: how messages call it, by default its path.
        substitute: replaces references in scalars; none are replaced without it.

    Raises:
        AssetError: not readable, not UTF-8, too large, not YAML, a duplicate key, an unknown tag.
    """
    document = Document(file, name or str(file))
    root = _compose(document)
    if root is not None:
        _Builder(document, substitute).build(root)
    return document


def _compose(document: Document) -> yaml.Node | None:
    try:
        if document.file.stat().st_size > MAX_BYTES:
            raise document.error(f"this file is larger than {MAX_BYTES // 1024} KiB: not an asset")
        text = document.file.read_text("utf-8-sig")
    except OSError as error:
        raise document.error(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise AssetError([Finding(f"{document.name}:{line}", "this file is not UTF-8")]) from error
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or str(error)
        if "'\\t'" in problem:
            problem = "a tab where YAML allows only spaces"
        raise AssetError([Finding(f"{document.name}:{line}", f"not valid YAML: {problem}")]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise document.error(f"not valid YAML: {str(error).partition(chr(10))[0]}") from error


class _Builder:
    """Turns one file's nodes into values and marks."""

    def __init__(self, document: Document, substitute: Substitute | None) -> None:
        self._document = document
        self._substitute = substitute
        self._constructor = yaml.SafeLoader("")
        self._open: set[int] = set()

    def build(self, root: yaml.Node) -> None:
        """Fill the document."""
        self._document.value = self._value(root, ())

    def _value(self, node: yaml.Node, path: PathKey) -> Any:
        line = node.start_mark.line + 1
        self._document.marks[path] = Mark(line, None, self._document.file.parent)
        if id(node) in self._open:
            raise self._document.error("an alias that contains itself", *path)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self._value(child, (*path, number)) for number, child in enumerate(node.value)]
            assert isinstance(node, yaml.ScalarNode)  # YAML has no fourth kind
            return self._scalar(node, path)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: PathKey) -> dict[str, Any]:
        self._check_tag(node, path, "map")
        seen: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise AssetError([Finding(f"{self._document.name}:{line}", "a key must be a plain text")])
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                what = f"the key {key.value!r} stands here a second time (first in line {seen[key.value]})"
                raise AssetError([Finding(f"{self._document.name}:{line}", what)])
            seen[key.value] = line
        self._constructor.flatten_mapping(node)  # merges (<<) come first, so that own keys overrule them
        values: dict[str, Any] = {}
        for key, child in node.value:
            values[key.value] = self._value(child, (*path, key.value))
            if child.start_mark.line != key.start_mark.line and isinstance(child, yaml.CollectionNode):
                base = self._document.marks[(*path, key.value)].base
                self._document.marks[(*path, key.value)] = Mark(key.start_mark.line + 1, None, base)
        return values

    def _scalar(self, node: yaml.ScalarNode, path: PathKey) -> Any:
        self._check_tag(node, path, *_SCALARS)
        line = node.start_mark.line + 1
        text, base, whole = node.value, self._document.file.parent, False
        if self._substitute is not None:
            text, base, whole = self._substitute(node.value, f"{self._document.name}:{line}")
        self._document.marks[path] = Mark(line, text, base)
        if whole:
            try:
                parsed = yaml.compose(text or "null", Loader=yaml.SafeLoader)
            except yaml.YAMLError:
                return text
            if not isinstance(parsed, yaml.ScalarNode):
                return text
            node = parsed
        elif text != node.value:
            return text
        kind = node.tag.rpartition(":")[2]
        if kind in ("str", "timestamp") or kind not in _SCALARS:
            return text
        return self._constructor.construct_object(node)

    def _check_tag(self, node: yaml.Node, path: PathKey, *allowed: str) -> None:
        prefix, _, kind = node.tag.rpartition(":")
        if prefix != "tag:yaml.org,2002" or kind not in allowed:
            raise self._document.error(
                f"the tag {node.tag!r} is not allowed here: assets hold plain values only", *path
            )
