"""Processors that decide how a pipeline goes on: fail, drop, terminate, foreach, script."""

from __future__ import annotations

from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import MISSING, IngestDocument, java
from clipline.emulator.ingest.mustache import render
from clipline.emulator.ingest.processors.base import Dropped, Work
from clipline.emulator.ingest.processors.json_text import parsed
from clipline.emulator.ingest.processors.texts import byte_count, url_decoded
from clipline.emulator.painless import compile_script
from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.objects import Ctx
from clipline.emulator.painless.request import read_script
from clipline.emulator.painless.statics import Statics


def fail(options: Options) -> Work:
    """``fail``: FailProcessor."""
    message = options.template("message")

    def work(document: IngestDocument) -> None:
        raise ApiError(500, "fail_processor_exception", render(message, document))

    return work


def drop(options: Options) -> Work:
    """``drop``: DropProcessor."""

    def work(document: IngestDocument) -> None:
        raise Dropped

    return work


def terminate(options: Options) -> Work:
    """``terminate``: ends the pipeline, not the one that called it."""

    def work(document: IngestDocument) -> None:
        document.terminated = True

    return work


def foreach(options: Options) -> Work:
    """``foreach``: ForEachProcessor; the element is ``_ingest._value``, of an object ``_ingest._key`` too."""
    field, ignore_missing = options.string("field"), options.boolean("ignore_missing")
    given = options.mapping("processor")
    if len(given) != 1:
        raise options.wrong("processor", "Must specify exactly one processor type")
    ((kind, inner),) = given.items()
    assert options.nested is not None  # every processor of a pipeline is read with it
    each = options.nested(kind, inner)

    def work(document: IngestDocument) -> None:
        values = document.get(field, ignore_missing=ignore_missing)
        if values is None:
            if ignore_missing:
                return
            raise illegal_argument(f"field [{field}] is null, cannot loop over its elements.")
        if isinstance(values, dict):
            document.set(field, _objects(document, values, each))
        elif isinstance(values, list):
            document.set(field, [_one(document, {"_value": value}, each)["_value"] for value in list(values)])
        else:
            raise illegal_argument(f"field [{field}] of type [{java(values)}] cannot be cast to a list or map")

    return work


def _objects(document: IngestDocument, values: dict[str, Any], each: Work) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for key, value in list(values.items()):
        done = _one(document, {"_key": key, "_value": value}, each)
        if isinstance(done["_key"], str) and done["_key"].strip():
            changed[done["_key"]] = done["_value"]
    return changed


def _one(document: IngestDocument, given: dict[str, Any], each: Work) -> dict[str, Any]:
    """Run on one element; what stood under the same names before comes back, for a loop in a loop."""
    before = {name: document.ingest.get(name, MISSING) for name in given}
    document.ingest |= given
    try:
        each(document)
        return {name: document.ingest.get(name) for name in given}
    finally:
        for name, value in before.items():
            if value is MISSING:
                document.ingest.pop(name, None)
            else:
                document.ingest[name] = value


def script(options: Options) -> Work:
    """``script``: ScriptProcessor, Painless only."""
    names = ("id", "source", "inline", "lang", "params", "options")
    source, params = read_script({name: options.values.pop(name) for name in list(options.values) if name in names})
    compiled = compile_script(source, statics=_PROCESSORS)

    def work(document: IngestDocument) -> None:
        ctx = document.ctx()
        try:
            compiled.run(ctx, params)
        finally:
            # What a script did before it failed is done.
            document.take(ctx)

    return work


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise JavaError("class_cast_exception", f"Cannot cast {java(value)} to java.lang.String")
    return value


def _wrapped(function: Any) -> Any:
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ApiError as error:
            if error.status != 400:
                raise
            raise JavaError(error.type, error.reason) from error

    return call


def _json_into(target: Any, field: Any) -> None:
    """``Processors.json(map, field)``: the JSON of a field becomes fields beside it."""
    if not isinstance(target, dict):
        raise JavaError("class_cast_exception", f"Cannot cast {java(target)} to java.util.Map")
    found = parsed(target.get(_text(field)), duplicates=False)
    if not isinstance(found, dict):
        raise JavaError("illegal_argument_exception", "cannot add non-map fields to root of document")
    for key, value in found.items():
        if isinstance(target, Ctx):
            target.check(key, value)
        target[key] = value


_PROCESSORS: Statics = {
    ("Processors", "lowercase", 1): lambda value: _text(value).lower(),
    ("Processors", "uppercase", 1): lambda value: _text(value).upper(),
    ("Processors", "bytes", 1): _wrapped(lambda value: byte_count(_text(value))),
    ("Processors", "urlDecode", 1): _wrapped(lambda value: url_decoded(_text(value))),
    ("Processors", "json", 1): _wrapped(lambda value: parsed(value, duplicates=False)),
    ("Processors", "json", 2): _wrapped(_json_into),
}
