"""The processors that change a document's fields; ``inference`` and ``pipeline`` have their own files.

Each is a pair in ``PROCESSORS``: its options with their kinds, and a function ``(options, document)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices.dates import iso, parse_date
from clipline.emulator.ingest.document import IngestDocument
from clipline.emulator.ingest.mustache import render

Options = Mapping[str, Any]
Run = Callable[[Options, IngestDocument], None]


class Dropped(Exception):
    """The document is dropped."""


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor's options (name → kind: string, boolean, list, map, any) and what it does."""

    run: Run
    options: Mapping[str, str]
    required: tuple[str, ...] = field(default=("field",))


def _set(options: Options, document: IngestDocument) -> None:
    name = render(options["field"], document)
    if not options.get("override", True) and document.has(name) and document.get(name) is not None:
        return
    value = document.get(options["copy_from"]) if "copy_from" in options else _rendered(options.get("value"), document)
    if options.get("ignore_empty_value") and value in (None, ""):
        return
    document.set(name, value)


def _remove(options: Options, document: IngestDocument) -> None:
    names = options["field"] if isinstance(options["field"], list) else [options["field"]]
    for name in (render(name, document) for name in names):
        if document.has(name):
            document.remove(name)
        elif not options.get("ignore_missing"):
            document.get(name)


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
    document.set(new, value)


def _append(options: Options, document: IngestDocument) -> None:
    name = render(options["field"], document)
    given = _rendered(options["value"], document)
    values = list(given) if isinstance(given, list) else [given]
    there = document.get(name) if document.has(name) else []
    merged = list(there) if isinstance(there, list) else [there]
    for value in values:
        if options.get("allow_duplicates", True) or value not in merged:
            merged.append(value)
    document.set(name, merged)


def _convert(options: Options, document: IngestDocument) -> None:
    def convert(value: Any) -> Any:
        return _converted(value, options["type"])

    _change(options, document, convert, texts_only=False)


def _converted(value: Any, kind: str) -> Any:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        if kind in ("integer", "long"):
            return int(text, 0) if text.lower().startswith(("0x", "-0x")) else int(text)
        if kind in ("float", "double"):
            return float(text)
    except ValueError:
        raise illegal_argument(f"unable to convert [{value}] to {kind}") from None
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise illegal_argument(f"[{value}] is not a boolean value, cannot convert to boolean")
        return text.lower() == "true"
    return text


def _gsub(options: Options, document: IngestDocument) -> None:
    replacement = re.sub(r"\$(\d)", r"\\\1", options["replacement"])
    _change(options, document, lambda value: re.sub(options["pattern"], replacement, value))


def _date(options: Options, document: IngestDocument) -> None:
    value = document.get(render(options["field"], document))
    formats = {"ISO8601": "strict_date_optional_time", "UNIX": "epoch_second", "UNIX_MS": "epoch_millis"}
    for name in options["formats"]:
        try:
            millis = parse_date(value, formats[name])
        except (ValueError, KeyError):
            continue
        document.set(options.get("target_field", "@timestamp"), iso(millis))
        return
    raise illegal_argument(f"unable to parse date [{value}]")


def _fail(options: Options, document: IngestDocument) -> None:
    raise ApiError(500, "fail_processor_exception", str(render(options["message"], document)))


def _drop(options: Options, document: IngestDocument) -> None:
    raise Dropped


def _change(
    options: Options, document: IngestDocument, change: Callable[[Any], Any], *, texts_only: bool = True
) -> None:
    name = render(options["field"], document)
    if not document.has(name) or document.get(name) is None:
        if options.get("ignore_missing"):
            return
        value = document.get(name)
        raise illegal_argument(f"field [{name}] is null, cannot process it.") if value is None else AssertionError
    value = document.get(name)

    def one(item: Any) -> Any:
        if texts_only and not isinstance(item, str):
            raise illegal_argument(
                f"field [{name}] of type [{type(item).__name__}] cannot be cast to [java.lang.String]"
            )
        return change(item)

    changed = [one(item) for item in value] if isinstance(value, list) else one(value)
    document.set(render(options.get("target_field", name), document), changed)


def _text(change: Callable[[str], str]) -> Run:
    return lambda options, document: _change(options, document, change)


def _rendered(value: Any, document: IngestDocument) -> Any:
    if isinstance(value, str):
        return render(value, document)
    if isinstance(value, list):
        return [_rendered(item, document) for item in value]
    if isinstance(value, dict):
        return {key: _rendered(child, document) for key, child in value.items()}
    return value


_FIELD = {"field": "string", "target_field": "string", "ignore_missing": "boolean"}

PROCESSORS: Mapping[str, Processor] = {
    "set": Processor(
        _set,
        {"field": "string", "value": "any", "copy_from": "string", "override": "boolean", "ignore_empty_value": "boolean",
         "media_type": "string"},
    ),
    "remove": Processor(_remove, {"field": "any", "ignore_missing": "boolean"}),
    "rename": Processor(_rename, {**_FIELD, "override": "boolean"}, ("field", "target_field")),
    "append": Processor(_append, {"field": "string", "value": "any", "allow_duplicates": "boolean"}, ("field", "value")),
    "convert": Processor(_convert, {**_FIELD, "type": "string"}, ("field", "type")),
    "date": Processor(_date, {"field": "string", "target_field": "string", "formats": "list"}, ("field", "formats")),
    "gsub": Processor(
        _gsub, {**_FIELD, "pattern": "string", "replacement": "string"}, ("field", "pattern", "replacement")
    ),
    "lowercase": Processor(_text(str.lower), _FIELD),
    "uppercase": Processor(_text(str.upper), _FIELD),
    "trim": Processor(_text(str.strip), _FIELD),
    "fail": Processor(_fail, {"message": "string"}, ("message",)),
    "drop": Processor(_drop, {}, ()),
}  # fmt: skip

CONVERT_TYPES = ("integer", "long", "float", "double", "boolean", "string")
DATE_FORMATS = ("ISO8601", "UNIX", "UNIX_MS")
REFUSED = frozenset(
    {"attachment", "bytes", "circle", "community_id", "csv", "date_index_name", "dissect", "dot_expander", "enrich",
     "fingerprint", "foreach", "geo_grid", "geoip", "grok", "html_strip", "ip_location", "join", "json", "kv",
     "network_direction", "normalize_for_stream", "recover_failure_document", "redact", "registered_domain", "reroute",
     "script", "set_security_user", "sort", "split", "terminate", "uri_parts", "urldecode", "user_agent"}
)  # fmt: skip
"""Elasticsearch has them, the emulator does not: 501 at PUT."""
