"""Queries that compare whole values: term, terms, ids, exists, range, prefix, wildcard."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.indices.dates import DEFAULT_FORMAT, KNOWN_FORMATS, parse_span
from clipline.emulator.indices.field_types import FLOATS, INTEGERS
from clipline.emulator.indices.values import convert
from clipline.emulator.search import text
from clipline.emulator.search.context import Context, Result

NUMBERS = (*INTEGERS, *FLOATS)


@dataclass(frozen=True, slots=True)
class Term:
    """One value, scored by its rarity where the field's type is indexed as terms."""

    field: str
    value: Any
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one index."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        kind = definition["type"]
        if kind == "text":
            # A term query does not analyse its value: it is compared with the tokens as they are.
            return text.score_text(context, self.field, [java_text(self.value)], least=1, boost=self.boost)
        found = places(context, self.field, definition, self.value)
        if kind not in ("keyword", "boolean", "flattened") or definition.get("index") is False:
            return context.at(found, self.boost)
        documents, values = _statistics(context, self.field)
        return text.score_value(found, documents=documents, values=values, boost=self.boost, context=context)


@dataclass(frozen=True, slots=True)
class Terms:
    """One of several values, all with the same score."""

    field: str
    values: tuple[Any, ...]
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one index."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        if definition["type"] == "text":
            postings = text.terms(context, self.field).postings
            found = [place for value in self.values for place in postings.get(java_text(value), ())]
        else:
            found = [place for value in self.values for place in places(context, self.field, definition, value)]
        return context.at(found, self.boost)


@dataclass(frozen=True, slots=True)
class Exists:
    """A field, a field below an object, or a pattern of fields that has some value."""

    field: str
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one index."""
        if self.field == "_id":
            return context.everything(self.boost)
        if "*" not in self.field:
            context.definition(self.field)
        return Result.constant(context.present(self.field), self.boost)


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds: ``gt``, ``gte``, ``lt``, ``lte``."""

    field: str
    bounds: Mapping[str, Any]
    format: str | None = None
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one index."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        if definition["type"] not in (*NUMBERS, "date", "keyword", "flattened"):
            raise unsupported(f"the query [range] on a field of the type [{definition['type']}]")
        tests = [(_TESTS[key], self._bound(context, definition, key)) for key in self.bounds]
        found = [
            place
            for value, held in context.postings(self.field).items()
            if all(test(value, bound) for test, bound in tests)
            for place in held
        ]
        return context.at(found, self.boost)

    def _bound(self, context: Context, definition: Mapping[str, Any], key: str) -> Any:
        value, kind = self.bounds[key], definition["type"]
        if kind in ("keyword", "flattened"):
            return java_text(value)
        if kind == "date":
            first, last = date_span(context, value, self.format or str(definition.get("format", DEFAULT_FORMAT)))
            return last if key in ("gt", "lte") else first
        return _number(context, value)


@dataclass(frozen=True, slots=True)
class Pattern:
    """``prefix`` and ``wildcard`` on fields that are not analysed."""

    kind: str
    field: str
    pattern: str
    boost: float = 1.0
    ignore_case: bool = False

    def run(self, context: Context) -> Result:
        """Match one index."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        if definition["type"] not in ("keyword", "text"):
            raise context.refusal(
                f"Can only use {self.kind} queries on keyword, text and wildcard fields - not on [{self.field}] which "
                f"is of type [{definition['type']}]"
            )
        held: Mapping[Any, Any] = (
            text.terms(context, self.field).postings if definition["type"] == "text" else context.postings(self.field)
        )
        found = [place for value, inside in held.items() if self._fits(value) for place in inside]
        return context.at(found, self.boost)

    def _fits(self, value: str) -> bool:
        pattern = self.pattern
        if self.ignore_case:
            value, pattern = value.lower(), pattern.lower()
        if self.kind == "prefix":
            return value.startswith(pattern)
        return fnmatchcase(value, pattern.replace("[", "[[]"))


def searchable(context: Context, name: str) -> dict[str, Any] | None:
    """The definition of a field that values can be looked up in.

    Raises:
        ShardError: the field cannot be searched so.
    """
    definition = context.definition(name)
    if definition is None:
        return None
    kind = definition["type"]
    if kind == "dense_vector":
        raise context.refusal(f"Field [{name}] of type [dense_vector] doesn't support term queries")
    if kind == "geo_point":
        raise context.refusal(
            f"Geometry fields do not support exact searching, use dedicated geometry queries instead: [{name}]"
        )
    if definition.get("index") is False:
        if kind == "text":
            raise context.refusal(f"Cannot search on field [{name}] since it is not indexed.")
        if definition.get("doc_values") is False:
            raise context.refusal(f"Cannot search on field [{name}] since it is not indexed nor has doc values.")
    return definition


def places(context: Context, name: str, definition: Mapping[str, Any], value: Any) -> list[int]:
    """Where a field that is not analysed has a value."""
    kind = definition["type"]
    if kind == "_id":
        ids = context.snapshot.derived("ids", lambda: {doc.id: at for at, doc in enumerate(context.snapshot.documents)})
        return [ids[java_text(value)]] if java_text(value) in ids else []
    postings = context.postings(name)
    if kind == "date":
        first, last = date_span(context, value, str(definition.get("format", DEFAULT_FORMAT)))
        return [place for moment, held in postings.items() if first <= moment <= last for place in held]
    if kind in ("keyword", "flattened"):
        return postings.get(java_text(value), [])
    if kind in NUMBERS:
        # One that the type cannot hold is no error: no document has it.
        return postings.get(_number(context, value), [])
    try:
        return postings.get(convert(name, definition, value), [])
    except (ValueError, TypeError) as error:
        raise context.refusal(str(error)) from error


def date_span(context: Context, value: Any, formats: str) -> tuple[int, int]:
    """The span of a date in a query.

    Raises:
        ApiError: 501 for date arithmetic.
        ShardError: it is no date.
    """
    if isinstance(value, str) and (value.startswith("now") or "||" in value):
        raise unsupported(f"date math, as in [{value}]")
    if any(part not in KNOWN_FORMATS for part in formats.split("||")):
        raise unsupported(f"the date format [{formats}]")
    try:
        return parse_span(value, formats)
    except ValueError as error:
        raise context.refusal(str(error), cause="parse_exception") from error


def java_text(value: Any) -> str:
    """A JSON value as Elasticsearch turns it into a term."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def malformed(kind: str, reason: str) -> ApiError:
    """400 ``parsing_exception``."""
    return ApiError(400, "parsing_exception", f"[{kind}] {reason}", meta={"line": 1, "col": 1})


def _number(context: Context, value: Any) -> int | float:
    """A number of a query; ``5.0`` finds the whole number 5."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return int(value) if re.fullmatch(r"[+-]?\d+", str(value)) else float(str(value))
    except ValueError:
        raise context.refusal(f'For input string: "{java_text(value)}"', cause="number_format_exception") from None


def _statistics(context: Context, name: str) -> tuple[int, int]:
    """How many documents have the field, and how many values they hold together."""
    root = context.flattened_root(name) if name not in context.types else None

    def make() -> tuple[int, int]:
        documents = values = 0
        for document in context.snapshot.documents:
            held = document.parsed.values
            names = [key for key in held if key.startswith(f"{root}.")] if root else [name] if name in held else []
            documents += bool(names)
            values += sum(len(set(held[key])) for key in names)
        return documents, values

    result: tuple[int, int] = context.snapshot.derived(("statistics", root or name, root is None), make)
    return result


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, bound: bool(value > bound),
    "gte": lambda value, bound: bool(value >= bound),
    "lt": lambda value, bound: bool(value < bound),
    "lte": lambda value, bound: bool(value <= bound),
}
