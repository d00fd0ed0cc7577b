"""YAML and JSON files as plain values with the line of every one of them.

PyYAML composes the nodes; ``values`` turns them into values, so that duplicate keys are errors, tags other than YAML's
own plain ones are refused, dates stay text, ``${name}`` is replaced per scalar, and each path has a mark. JSON is read
by the same road, because its lines matter as much.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from clipline.core.errors import AssetError, Finding

PathKey = tuple[str | int, ...]
Substitute = Callable[[str, str], "tuple[str, Path, bool]"]
"""``(scalar, "file:line") → (text, folder of a relative path in it, whether the scalar was one whole reference)``."""

MAX_BYTES = 256 * 1024
"""An asset is a page or two of text; a larger file is one that was put here by mistake."""

MAX_DEPTH = 64
"""Elasticsearch's own limit for mappings is 20 (``index.mapping.depth.limit``)."""


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


def read_document(
    file: Path, *, name: str | None = None, substitute: Substitute | None = None, as_text: bool = False
) -> Document:
    """Read one YAML or JSON file.

    Args:
        file: the file.
        name: how messages call it, by default its path.
        substitute: replaces references in scalars; none are replaced without it.
        as_text: leave every scalar the text that it is written as.

    Raises:
        AssetError: not readable, not UTF-8, too large, too deep, not YAML, a duplicate key, an unknown tag, a spelling
            that readers of YAML disagree about.
    """
    from provisioning.assets.values import Builder

    document = Document(file, name or str(file))
    text = _text(document)
    in_json = file.suffix.lower() == ".json" and bool(text.strip())
    if in_json:
        _check_json(document, text)
        text = text.replace("\t", " ")  # JSON has tabs between its tokens only, and PyYAML does not want them there
    try:
        root = _compose(document, text)
        if root is not None:
            Builder(document, substitute, in_json=in_json, as_text=as_text).build(root)
    except RecursionError as error:
        raise document.error(f"is nested deeper than {MAX_DEPTH} levels") from error
    return document


def _text(document: Document) -> str:
    try:
        with document.file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)  # no more, also of what has no size: a pipe, a device
    except OSError as error:
        raise document.error(f"cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise document.error(f"this file is larger than {MAX_BYTES // 1024} KiB: not an asset")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        what = f"this file is {'UTF-16' if utf16 else 'not UTF-8'}"
        hint = (
            "save it as UTF-8" if utf16 else f"the byte {raw[error.start]:#04x} in this line is the first that is not"
        )
        raise AssetError([Finding(f"{document.name}:{line}", what, hint)]) from error


def _check_json(document: Document, text: str) -> None:
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise AssetError([Finding(f"{document.name}:{error.lineno}", f"not valid JSON: {error.msg}")]) from error
    except ValueError as error:
        raise document.error(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise document.error(f"is nested deeper than {MAX_DEPTH} levels") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"it has no number {name}")


def _compose(document: Document, text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        # The only error of PyYAML's with a position in the text rather than a mark.
        line = text.count("\n", 0, error.position) + 1
        what = f"not valid YAML: the character U+{int(error.character):04X} is not allowed"
        raise AssetError([Finding(f"{document.name}:{line}", what)]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise AssetError([Finding(f"{document.name}:{line}", f"not valid YAML: {_problem(error)}")]) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # ValueError: an escape beyond U+10FFFF, a huge %YAML
        raise document.error(f"not valid YAML: {str(error).partition(chr(10))[0]}") from error


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or str(error)
    if "'\\t'" in problem:
        return "a tab where YAML allows only spaces"
    if "found another document" in problem:
        return "a second document begins here, and one file is one resource"
    return problem
