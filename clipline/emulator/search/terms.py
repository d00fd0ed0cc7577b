"""Queries that compare whole values: term, terms, ids, exists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.dates import DEFAULT_FORMAT, KNOWN_FORMATS
from clipline.emulator.indices.field_types import FLOATS, INTEGERS
from clipline.emulator.indices.values import convert
from clipline.emulator.patterns import simple_match
from clipline.emulator.search import text
from clipline.emulator.search.analysis import lower
from clipline.emulator.search.columns import NO_PLACES, Places, in_order, postings, present, stored
from clipline.emulator.search.context import Context, Result
from clipline.emulator.search.dates import moment
from clipline.emulator.search.similarity import Statistics, similarity_of

NUMBERS = (*INTEGERS, *FLOATS)
MAX_TERMS = 65_536
"""``index.max_terms_count``."""


@dataclass(frozen=True, slots=True)
class Term:
    """One value, scored by its rarity where the field's type is indexed as terms."""

    field: str
    value: Any
    boost: float = 1.0
    ignore_case: bool = False

    def run(self, context: Context) -> Result:
        """Match one shard."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        if self.ignore_case:
            return context.at(self._alike(context, definition), self.boost)
        kind = definition["type"]
        if kind == "text":
            # A term query does not analyse its value: it is compared with the tokens as they are.
            return text.score_text(context, self.field, [java_text(self.value)], least=1, boost=self.boost)
        found = places(context, self.field, definition, self.value)
        if kind not in ("keyword", "boolean", "flattened") or definition.get("index") is False:
            return context.at(found, self.boost)
        if not len(found):
            return context.none()
        similarity = similarity_of(context, self.field)
        return context.at(found, text.score_value(found, statistics(context, self.field), similarity, boost=self.boost))

    def _alike(self, context: Context, definition: Mapping[str, Any]) -> Places:
        kind = definition["type"]
        if kind not in ("keyword", "text", "_id", "_index"):
            raise context.query_error(
                f"[{self.field}] field which is of type [{kind}], does not support case insensitive term queries"
            )
        if kind in ("_id", "_index"):
            raise unsupported(f"[case_insensitive] for the field [{self.field}]")
        wanted = java_text(self.value).lower()
        held = terms_of(context, self.field, kind)
        return together([held[value] for value in held if value.lower() == wanted])


@dataclass(frozen=True, slots=True)
class Terms:
    """One of several values, all with the same score."""

    field: str
    values: tuple[Any, ...]
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one shard."""
        most = int(context.index.settings.get("max_terms_count") or MAX_TERMS)
        if len(self.values) > most:
            raise context.refusal(
                f"The number of terms [{len(self.values)}] used in the Terms Query request has exceeded the allowed maximum "
                f"of [{most}]. This maximum can be set by changing the [index.max_terms_count] index level setting."
            )
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        if definition["type"] == "text":
            held = terms_of(context, self.field, "text")
            found = [held.get(java_text(value), NO_PLACES) for value in self.values]
        else:
            found = [places(context, self.field, definition, value) for value in self.values]
        return context.at(together(found), self.boost)


@dataclass(frozen=True, slots=True)
class Ids:
    """The documents with these ids."""

    ids: tuple[str, ...]
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one shard."""
        window = int(context.index.settings.get("max_result_window") or 10_000)
        if len(set(self.ids)) > window:
            raise context.refusal(f"Too many ids specified, allowed max result window is [{window}]")
        return Terms("_id", self.ids, self.boost).run(context)


@dataclass(frozen=True, slots=True)
class Exists:
    """A field, a field below an object, or a pattern of fields that has some value."""

    field: str
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one shard."""
        if self.field in ("_id", "_index", "_seq_no", "_version"):
            return context.everything(self.boost)
        if self.field == "_routing":
            routed = [document.routing is not None for document in context.snapshot.documents]
            return Result.constant(np.asarray(routed, dtype=bool), self.boost)
        if self.field == "_source":
            raise context.query_error("The _source field is not searchable")
        if "*" not in self.field:
            context.definition(self.field)
        return Result.constant(present(context, self.field), self.boost)


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


def places(context: Context, name: str, definition: Mapping[str, Any], value: Any) -> Places:
    """Where a field that is not analysed has a value."""
    kind = definition["type"]
    if kind == "_id":
        ids = context.snapshot.derived("ids", lambda: {doc.id: at for at, doc in enumerate(context.snapshot.documents)})
        return np.asarray([ids[java_text(value)]]) if java_text(value) in ids else NO_PLACES
    if kind == "_index":
        matches = simple_match(java_text(value), context.index.name)
        return np.arange(len(context.snapshot.documents)) if matches else NO_PLACES
    if kind == "date":
        first, last = (date_of(context, definition, value, up=up) for up in (False, True))
        return in_order(context, name).between(first, last, from_low=True, to_high=True)
    held = postings(context, name)
    if kind in ("keyword", "flattened"):
        return held.get(normal(definition, java_text(value)), NO_PLACES)
    if kind in NUMBERS:
        # One that the type cannot hold is no error: no document has it.
        return held.get(stored(kind, number_of(context, value)), NO_PLACES)
    try:
        return held.get(convert(name, definition, value), NO_PLACES)
    except (ValueError, TypeError) as error:
        raise context.refusal(str(error)) from error


def terms_of(context: Context, name: str, kind: str) -> Mapping[str, Places]:
    """value or token → the documents that hold it."""
    if kind != "text":
        return postings(context, name)
    made: Mapping[str, Places] = context.snapshot.derived(
        ("token places", name),
        lambda: {token: held.places for token, held in text.terms(context, name).postings.items()},
    )
    return made


def together(found: list[Places]) -> Places:
    """All places of several lists."""
    return np.concatenate(found) if found else NO_PLACES


def date_of(
    context: Context,
    definition: Mapping[str, Any],
    value: Any,
    *,
    up: bool,
    formats: str | None = None,
    zone: Any = None,
) -> int:
    """A date of a query in milliseconds.

    Raises:
        ApiError: 501 for a format that is not emulated.
        ShardError: it is no date.
    """
    formats = formats or str(definition.get("format", DEFAULT_FORMAT))
    if any(part not in KNOWN_FORMATS for part in formats.split("||")):
        raise unsupported(f"the date format [{formats}]")
    try:
        more = {} if zone is None else {"zone": zone}
        return moment(value, formats, now=context.now, up=up, **more)
    except (ValueError, OverflowError) as error:
        raise context.refusal(str(error), cause="parse_exception") from error


def number_of(context: Context, value: Any) -> int | float:
    """A number of a query; ``5.0`` finds the whole number 5."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return int(value) if re.fullmatch(r"[+-]?\d{1,30}", str(value)) else float(str(value))
    except ValueError:
        raise context.refusal(f'For input string: "{java_text(value)}"', cause="number_format_exception") from None


def normal(definition: Mapping[str, Any], value: str) -> str:
    """A keyword's value as its normalizer makes it."""
    return lower(value) if definition.get("normalizer") == "lowercase" else value


def java_text(value: Any) -> str:
    """A JSON value as Elasticsearch turns it into a term."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def statistics(context: Context, name: str) -> Statistics:
    """How many documents have the field, and how many values they hold together."""
    root = context.flattened_root(name) if name not in context.types else None

    def make() -> Statistics:
        documents = values = 0
        for document in context.snapshot.documents:
            held = document.parsed.values
            names = [key for key in held if key.startswith(f"{root}.")] if root else [name] if name in held else []
            documents += bool(names)
            values += sum(len(set(held[key])) for key in names)
        return Statistics(documents, values)

    result: Statistics = context.snapshot.derived(("statistics", root or name, root is None), make)
    return result
