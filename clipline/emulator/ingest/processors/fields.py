"""Processors that move fields about: set, remove, rename, append, dot_expander."""

from __future__ import annotations

import copy
from typing import Any

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import MISSING, IngestDocument, java
from clipline.emulator.ingest.mustache import check_template, is_template, render, render_all
from clipline.emulator.ingest.processors.base import Work


def set_(options: Options) -> Work:
    """``set``: SetProcessor."""
    field = options.template("field")
    copy_from = options.template("copy_from", None)
    value = options.anything("value") if copy_from is None else options.optional("value")
    if copy_from is not None and value is not None:
        raise options.wrong("copy_from", "cannot set both `copy_from` and `value` in the same processor")
    check_template(value)
    override = options.boolean("override", True)
    ignore_empty = options.boolean("ignore_empty_value")
    media_type = options.media_type()
    # Only what a reference gave can count as empty; an empty text that stands there as it is does not.
    templated = is_template(value)

    def work(document: IngestDocument) -> None:
        name = render(field, document)
        if not override:
            there = document.find(name)
            if there is not MISSING and there is not None:
                return
        if copy_from is not None:
            found = copy.deepcopy(document.get(render(copy_from, document), ignore_missing=ignore_empty))
            if ignore_empty and found in (None, ""):
                return
        else:
            found = render_all(value, document, media_type)
            if ignore_empty and templated and not found:
                return
        document.set(name, found)

    return work


def remove(options: Options) -> Work:
    """``remove``: RemoveProcessor."""
    fields, kept = _names(options, "field"), _names(options, "keep")
    if not fields and not kept:
        raise options.wrong("keep", "or [field] must be specified")
    if fields and kept:
        raise options.wrong("keep", "and [field] cannot both be used in the same processor")
    ignore_missing = options.boolean("ignore_missing")

    def work(document: IngestDocument) -> None:
        if kept:
            _keep(document.source, "", [render(name, document) for name in kept])
        for field in fields:
            name = render(field, document)
            if not ignore_missing or (name and document.has(name)):
                document.remove(name)

    return work


def _names(options: Options, name: str) -> list[str]:
    given = options.optional(name)
    names = given if isinstance(given, list) else [given] if given is not None else []
    for item in names:
        if not isinstance(item, str):
            raise options.wrong(name, f"property isn't a string, but of type [{java(item)}]")
        check_template(item)
    return names


def _keep(place: dict[str, Any], prefix: str, kept: list[str]) -> None:
    for key in list(place):
        path = prefix + key
        if path in kept or any(path.startswith(f"{name}.") for name in kept):
            continue
        if any(name.startswith(f"{path}.") for name in kept):
            if isinstance(place[key], dict):
                _keep(place[key], f"{path}.", kept)
            continue
        del place[key]


def rename(options: Options) -> Work:
    """``rename``: RenameProcessor."""
    field, target = options.template("field"), options.template("target_field")
    ignore_missing, override = options.boolean("ignore_missing"), options.boolean("override")

    def work(document: IngestDocument) -> None:
        old = render(field, document)
        value = document.find(old) if old else MISSING
        if value is MISSING:
            if ignore_missing:
                return
            raise illegal_argument(f"field [{old}] doesn't exist" if old else "field path cannot be null nor empty")
        new = render(target, document)
        if document.has(new) and not override:
            raise illegal_argument(f"field [{new}] already exists")
        document.remove(old)
        try:
            document.set(new, value)
        except Exception:
            document.set(old, value)  # as if nothing had been tried
            raise

    return work


def append(options: Options) -> Work:
    """``append``: AppendProcessor; ``copy_from`` and ``ignore_empty_values`` from 9.2 on."""
    field = options.template("field")
    later = options.node.version >= (9, 2)
    copy_from = options.template("copy_from", None) if later else None
    value = options.anything("value") if copy_from is None else options.optional("value")
    if copy_from is not None and value is not None:
        raise options.wrong("copy_from", "cannot set both `copy_from` and `value` in the same processor")
    check_template(value)
    allow_duplicates = options.boolean("allow_duplicates", True)
    media_type = options.media_type()
    ignore_empty = options.boolean("ignore_empty_values") if later else False

    def work(document: IngestDocument) -> None:
        if copy_from is None:
            found = render_all(value, document, media_type)
        else:
            found = copy.deepcopy(document.get(render(copy_from, document), ignore_missing=ignore_empty))
        if ignore_empty:
            found = [item for item in (found if isinstance(found, list) else [found]) if item not in (None, "")]
            if not found:
                return
        document.append(render(field, document), found, allow_duplicates=allow_duplicates)

    return work


def dot_expander(options: Options) -> Work:
    """``dot_expander``: DotExpanderProcessor."""
    field = options.string("field")
    if "." not in field and field != "*":
        raise options.wrong("field", "field does not contain a dot and is not a wildcard")
    if field.startswith(".") or field.endswith("."):
        raise options.wrong("field", "Field can't start or end with a dot")
    if ".." in field:
        raise options.wrong("field", "No space between dots")
    path = options.string("path", None)
    override = options.boolean("override")

    def work(document: IngestDocument) -> None:
        holder = document.get(path, dict) if path is not None else document.source
        if holder is None:
            raise unsupported("the dot_expander processor below a field that is null")
        names = [key for key in holder if key.find(".") > 0] if field == "*" else [field]
        for name in names:
            if name in holder:
                _expand(document, f"{path}.{name}" if path is not None else name, holder.pop(name), override)

    return work


def _expand(document: IngestDocument, path: str, value: Any, override: bool) -> None:
    if document.has(path):
        if override:
            document.set(path, value)
        else:
            document.append(path, value)
        return
    parts = path.split(".")
    for end in range(1, len(parts)):
        part = ".".join(parts[:end])
        there = document.find(part)
        if there is MISSING:
            break
        if not isinstance(there, dict):
            reason = f"cannot expand [{path}], because [{part}] is not an object field, but a value field"
            raise illegal_argument(reason)
    document.set(path, value)
