"""The processors that change a document's fields; ``inference`` and ``pipeline`` have their own places.

Each is a line in ``PROCESSORS``: its options with their kinds, and a function ``(options, document)``.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices.dates import iso
from clipline.emulator.ingest.convert import converted
from clipline.emulator.ingest.dates import milliseconds
from clipline.emulator.ingest.document import IngestDocument, java
from clipline.emulator.ingest.mustache import render, render_all

Options = Mapping[str, Any]
Run = Callable[[Options, IngestDocument], None]
_JAVA_BLANK = "".join(map(chr, range(0x21)))
"""What Java's ``trim`` takes away: everything up to the space, and no other blank of Unicode."""


class Dropped(Exception):
    """The document is dropped."""


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor's options (name → kind: string, boolean, list, map, any) and what it does.

    ``refused`` are options that Elasticsearch has and the emulator has not.
    """

    run: Run
    options: Mapping[str, str]
    required: tuple[str, ...] = field(default=("field",))
    refused: tuple[str, ...] = field(default=())


def _set(options: Options, document: IngestDocument) -> None:
    name = render(options["field"], document)
    if not options.get("override", True) and document.has(name) and document.get(name) is not None:
        return
    ignore_empty = options.get("ignore_empty_value", False)
    if "copy_from" in options:
        source = render(options["copy_from"], document)
        value = None if ignore_empty and not document.has(source) else copy.deepcopy(document.get(source))
    else:
        escape = options.get("media_type", "application/json") == "application/json"
        value = render_all(options["value"], document, escape=escape)
    if ignore_empty and value in (None, ""):
        return
    document.set(name, value)


def _remove(options: Options, document: IngestDocument) -> None:
    names = options["field"] if isinstance(options["field"], list) else [options["field"]]
    for name in (render(name, document) for name in names):
        if document.has(name) or not options.get("ignore_missing"):
            document.remove(name)


def _rename(options: Options, document: IngestDocument) -> None:
    old, new = render(options["field"], document), render(options["target_field"], document)
    if not document.has(old):
        if options.get("ignore_missing"):
            return
        raise illegal_argument(f"field [{old}] doesn't exist")
    if document.has(new) and not options.get("override"):
        raise illegal_argument(f"field [{new}] already exists")
    value = document.get(old)
    document.remove(old)
    try:
        document.set(new, value)
    except ApiError:
        document.set(old, value)  # as if nothing had been tried
        raise


def _append(options: Options, document: IngestDocument) -> None:
    name = render(options["field"], document)
    given = render_all(options["value"], document)
    there = document.get(name) if document.has(name) else []
    merged = list(there) if isinstance(there, list) else [there]
    for value in given if isinstance(given, list) else [given]:
        if options.get("allow_duplicates", True) or value not in merged:
            merged.append(value)
    document.set(name, merged)


def _convert(options: Options, document: IngestDocument) -> None:
    name, kind = render(options["field"], document), options["type"]
    if not document.has(name) and options.get("ignore_missing"):
        return
    value = document.get(name)
    if value is None:
        if options.get("ignore_missing"):
            return
        raise illegal_argument(f"Field [{name}] is null, cannot be converted to type [{kind}]")
    changed = [converted(item, kind) for item in value] if isinstance(value, list) else converted(value, kind)
    document.set(render(options.get("target_field", name), document), changed)


def _date(options: Options, document: IngestDocument) -> None:
    value = document.get(render(options["field"], document))
    for name in options["formats"]:
        try:
            millis = milliseconds(value, name)
        except ValueError:
            continue
        document.set(render(options.get("target_field", "@timestamp"), document), iso(millis))
        return
    raise illegal_argument(f"unable to parse date [{value}]")


def _gsub(options: Options, document: IngestDocument) -> None:
    pattern = re.compile(options["pattern"], re.ASCII)  # Java's \d and \w know ASCII only
    replacement = re.sub(r"\$(\d)", r"\\g<\1>", options["replacement"])
    _change(options, document, lambda value: pattern.sub(replacement, value))


def _fail(options: Options, document: IngestDocument) -> None:
    raise ApiError(500, "fail_processor_exception", render(options["message"], document))


def _drop(options: Options, document: IngestDocument) -> None:
    raise Dropped


def _text(change: Callable[[str], str]) -> Run:
    return lambda options, document: _change(options, document, change)


def _change(options: Options, document: IngestDocument, change: Callable[[str], str]) -> None:
    name = render(options["field"], document)
    if not document.has(name) and options.get("ignore_missing"):
        return
    value = document.get(name)
    changed: str | list[str]
    if value is None:
        if options.get("ignore_missing"):
            return
        raise illegal_argument(f"field [{name}] is null, cannot process it.")
    if isinstance(value, list):
        for item in value:
            if not isinstance(item, str):
                reason = (
                    f"value [{item}] of type [{java(item)}] in list field [{name}] cannot be cast to [java.lang.String]"
                )
                raise illegal_argument(reason)
        changed = [change(item) for item in value]
    elif isinstance(value, str):
        changed = change(value)
    else:
        raise illegal_argument(f"field [{name}] of type [{java(value)}] cannot be cast to [java.lang.String]")
    document.set(render(options.get("target_field", name), document), changed)


_FIELD = {"field": "string", "target_field": "string", "ignore_missing": "boolean"}

PROCESSORS: Mapping[str, Processor] = {
    "set": Processor(
        _set,
        {"field": "string", "value": "any", "copy_from": "string", "override": "boolean", "ignore_empty_value": "boolean",
         "media_type": "string"},
    ),
    "remove": Processor(_remove, {"field": "strings", "ignore_missing": "boolean"}, refused=("keep",)),
    "rename": Processor(_rename, {**_FIELD, "override": "boolean"}, ("field", "target_field")),
    "append": Processor(
        _append, {"field": "string", "value": "any", "allow_duplicates": "boolean", "media_type": "string"},
        ("field", "value"), ("copy_from", "ignore_empty_values"),
    ),
    "convert": Processor(_convert, {**_FIELD, "type": "string"}, ("field", "type")),
    "date": Processor(
        _date, {"field": "string", "target_field": "string", "formats": "list"}, ("field", "formats"),
        ("timezone", "locale", "output_format"),
    ),
    "gsub": Processor(
        _gsub, {**_FIELD, "pattern": "string", "replacement": "string"}, ("field", "pattern", "replacement")
    ),
    "lowercase": Processor(_text(str.lower), _FIELD),
    "uppercase": Processor(_text(str.upper), _FIELD),
    "trim": Processor(_text(lambda text: text.strip(_JAVA_BLANK)), _FIELD),
    "fail": Processor(_fail, {"message": "string"}, ("message",)),
    "drop": Processor(_drop, {}, ()),
}  # fmt: skip

REFUSED = frozenset(
    {"attachment", "bytes", "circle", "community_id", "csv", "date_index_name", "dissect", "dot_expander", "enrich",
     "fingerprint", "foreach", "geo_grid", "geoip", "grok", "html_strip", "ip_location", "join", "json", "kv",
     "network_direction", "normalize_for_stream", "recover_failure_document", "redact", "registered_domain", "reroute",
     "script", "set_security_user", "sort", "split", "terminate", "uri_parts", "urldecode", "user_agent"}
)  # fmt: skip
"""Elasticsearch has them, the emulator does not: 501 at PUT."""
