"""Processors of values: convert, json, sort."""

from __future__ import annotations

from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import IngestDocument, java
from clipline.emulator.ingest.processors.base import Work
from clipline.emulator.ingest.processors.convert import TYPES, converted
from clipline.emulator.ingest.processors.json_text import parsed
from clipline.emulator.painless.methods import units
from clipline.emulator.painless.values import kind


def convert(options: Options) -> Work:
    """``convert``: ConvertProcessor."""
    field, name = options.string("field"), options.string("type")
    target = options.string("target_field", field)
    wanted = name.lower()
    if wanted not in TYPES:
        raise options.wrong("type", f"type [{name}] not supported, cannot convert field.")
    ignore_missing = options.boolean("ignore_missing")

    def work(document: IngestDocument) -> None:
        value = document.get(field, ignore_missing=ignore_missing)
        if value is None:
            if ignore_missing:
                return
            raise illegal_argument(f"Field [{field}] is null, cannot be converted to type [{wanted}]")
        changed = [converted(item, wanted) for item in value] if isinstance(value, list) else converted(value, wanted)
        document.set(target, changed)

    return work


def json(options: Options) -> Work:
    """``json``: JsonProcessor."""
    field, target = options.string("field"), options.string("target_field", None)
    to_root, duplicates = options.boolean("add_to_root"), options.boolean("allow_duplicate_keys")
    strategy = options.string("add_to_root_conflict_strategy", None)
    if strategy is not None and strategy.lower() not in ("replace", "merge"):
        reason = f"conflict strategy [{strategy}] not supported, cannot convert field."
        raise options.wrong("add_to_root_conflict_strategy", reason)
    if to_root and target is not None:
        raise options.wrong("target_field", "Cannot set a target field while also setting `add_to_root` to true")
    if not to_root and strategy is not None:
        reason = "Cannot set `add_to_root_conflict_strategy` if `add_to_root` is false"
        raise options.wrong("add_to_root_conflict_strategy", reason)
    if not options.boolean("strict_json_parsing", True):
        raise unsupported("[strict_json_parsing: false] of the json processor")

    def work(document: IngestDocument) -> None:
        if not to_root:
            document.set(target or field, parsed(document.get(field), duplicates=duplicates))
            return
        # The field is a key here, no path.
        value = parsed(document.source.get(field), duplicates=duplicates)
        if not isinstance(value, dict):
            raise illegal_argument("cannot add non-map fields to root of document")
        for key, item in value.items():
            both = isinstance(item, dict) and isinstance(document.source.get(key), dict)
            if strategy is not None and strategy.lower() == "merge" and both:
                _merge(document.source[key], item)
            else:
                document.set(f"_source.{key}", item) if key.startswith("_") else document.source.update({key: item})

    return work


def _merge(old: dict[str, Any], new: dict[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            _merge(old[key], value)
        else:
            old[key] = value


def sort(options: Options) -> Work:
    """``sort``: SortProcessor."""
    field = options.string("field")
    target = options.string("target_field", field)
    order = options.string("order", "asc")
    if order not in ("asc", "desc"):
        raise options.wrong("order", f"Sort direction [{order}] not recognized. Valid values are: [asc, desc]")

    def work(document: IngestDocument) -> None:
        values = document.get(field, list)
        if values is None:
            raise illegal_argument(f"field [{field}] is null, cannot sort.")
        kinds = {kind(value) or java(value) for value in values}
        if len(kinds) > 1 or (kinds and not isinstance(values[0], str | int | float)):
            # What Java compares first, and so what it complains about, depends on its sort.
            reason = "values of several classes cannot be compared with each other"
            raise ApiError(500, "class_cast_exception", reason)
        document.set(target, sorted(values, key=_rank, reverse=order == "desc"))

    return work


def _rank(value: Any) -> Any:
    return units(value) if isinstance(value, str) else value
