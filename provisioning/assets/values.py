"""The nodes of a YAML file → plain values, with a mark for each.

Merges (``<<``) and aliases are followed here rather than by PyYAML, which makes of ten lines of aliases to aliases as many
values as fit into no memory: a file has ``MAX_VALUES`` at most and ``MAX_CHARACTERS`` in them, however it spells them.
"""

from __future__ import annotations

from typing import Any

import yaml

from clipline.core.errors import AssetError, Finding
from provisioning.assets.documents import MAX_BYTES, MAX_DEPTH, Document, Mark, PathKey, Substitute
from provisioning.assets.scalars import KINDS, value_in_json, value_of

MAX_VALUES = 25_000
"""A file of MAX_BYTES without aliases can hold more only if it is all commas."""

MAX_CHARACTERS = 4 * MAX_BYTES
"""Room for texts that stand in several places by aliases; a file without aliases has at most MAX_BYTES."""

_MERGE = "tag:yaml.org,2002:merge"
_Pairs = dict[str, tuple[yaml.Node, yaml.Node]]


class Builder:
    """Turns one file's nodes into values and marks."""

    def __init__(self, document: Document, substitute: Substitute | None, *, in_json: bool, as_text: bool) -> None:
        self._document = document
        self._substitute = substitute
        self._in_json = in_json
        self._as_text = as_text
        self._open: set[int] = set()
        self._values = 0
        self._characters = 0

    def build(self, root: yaml.Node) -> None:
        """Fill the document.

        Raises:
            AssetError: as ``read_document`` says.
        """
        self._document.value = self._value(root, ())

    def _value(self, node: yaml.Node, path: PathKey) -> Any:
        line = node.start_mark.line + 1
        self._document.marks[path] = Mark(line, None, self._document.file.parent)
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._document.error(f"this file has more than {MAX_VALUES} values, aliases followed", *path)
        if len(path) > MAX_DEPTH:
            raise self._document.error(f"this is nested deeper than {MAX_DEPTH} levels", *path)
        self._enter(node, path)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                self._check_tag(node, path, "seq")
                return [self._value(child, (*path, number)) for number, child in enumerate(node.value)]
            assert isinstance(node, yaml.ScalarNode)  # YAML has no fourth kind
            return self._scalar(node, path)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: PathKey) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, (key, child) in self._pairs(node, path).items():
            values[name] = self._value(child, (*path, name))
            if child.start_mark.line != key.start_mark.line and isinstance(child, yaml.CollectionNode):
                base = self._document.marks[(*path, name)].base
                self._document.marks[(*path, name)] = Mark(key.start_mark.line + 1, None, base)
        return values

    def _pairs(self, node: yaml.MappingNode, path: PathKey) -> _Pairs:
        """The keys of a mapping with their nodes: its own, and those merged into it that it has not itself."""
        self._check_tag(node, path, "map")
        own: _Pairs = {}
        merged: _Pairs = {}
        for key, child in node.value:
            if key.tag == _MERGE:
                for name, pair in self._merged(child, path).items():
                    merged.setdefault(name, pair)  # of several, the first that has a key
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise self._at(key, "a key must be a plain text")
            name = self._key(key)
            if name in own:
                first = own[name][0].start_mark.line + 1
                raise self._at(key, f"the key {name!r} stands here a second time (first in line {first})")
            own[name] = key, child
        return {**merged, **own}

    def _merged(self, node: yaml.Node, path: PathKey) -> _Pairs:
        self._enter(node, path)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._pairs(node, path)
            if not isinstance(node, yaml.SequenceNode) or any(
                not isinstance(item, yaml.MappingNode) for item in node.value
            ):
                raise self._at(node, "<< merges a mapping, or a list of mappings")
            pairs: _Pairs = {}
            for item in node.value:
                self._values += len(item.value)
                if self._values > MAX_VALUES:
                    raise self._at(node, f"this file has more than {MAX_VALUES} values, aliases followed")
                for name, pair in self._merged(item, path).items():
                    pairs.setdefault(name, pair)
            return pairs
        finally:
            self._open.discard(id(node))

    def _scalar(self, node: yaml.ScalarNode, path: PathKey) -> Any:
        self._check_tag(node, path, *KINDS)
        line = node.start_mark.line + 1
        text, base, whole = node.value, self._document.file.parent, False
        if self._substitute is not None:
            text, base, whole = self._substitute(node.value, f"{self._document.name}:{line}")
        self._document.marks[path] = Mark(line, text, base)
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise self._at(node, f"this file has more than {MAX_CHARACTERS} characters, aliases followed")
        if self._as_text or (text != node.value and not whole):
            return text
        given = _parsed(text) if whole else node
        try:
            if self._in_json and not whole:
                return value_in_json(node)
            return value_of(given, text)
        except ValueError as error:
            raise self._at(node, f"{_short(text)} {error}") from error

    def _key(self, key: yaml.ScalarNode) -> str:
        try:
            return str(value_in_json(key)) if self._in_json else key.value
        except ValueError as error:
            raise self._at(key, f"{_short(key.value)} {error}") from error

    def _enter(self, node: yaml.Node, path: PathKey) -> None:
        if id(node) in self._open:
            raise self._document.error("an alias that contains itself", *path)
        self._open.add(id(node))

    def _check_tag(self, node: yaml.Node, path: PathKey, *allowed: str) -> None:
        prefix, _, kind = node.tag.rpartition(":")
        if prefix != "tag:yaml.org,2002" or kind not in allowed:
            raise self._document.error(
                f"the tag {node.tag!r} is not allowed here: assets hold plain values only", *path
            )

    def _at(self, node: yaml.Node, what: str) -> AssetError:
        return AssetError([Finding(f"{self._document.name}:{node.start_mark.line + 1}", what)])


def _parsed(text: str) -> yaml.ScalarNode:
    """What a variable's text is where a reference to it stands alone: a scalar of whatever kind, or the text itself."""
    try:
        parsed = yaml.compose(text or "null", Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, yaml.ScalarNode) and parsed.tag.rpartition(":")[2] in KINDS and not parsed.style:
        return parsed
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="'")


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}…")
