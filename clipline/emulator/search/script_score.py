"""``script_score``: a script that was read, evaluated for all matching documents at once.

As in Java, whole numbers divide to a whole number; as in Elasticsearch, a score is not negative. Each branch of a condition
sees its own documents only: the other ones may lack what it reads.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import unsupported
from clipline.emulator.painless.failures import JavaError, runtime_error
from clipline.emulator.painless.values import Float, class_name, text
from clipline.emulator.search.context import Context, Result, ShardError
from clipline.emulator.search.script_functions import OPERATORS, is_number, rows_of

Value = Any
"""One value for all documents (a number, text or boolean of Python), or an array with one for each."""

Part = Callable[["Run"], Value]
Do = Callable[["Run"], None]


_ARRAYS = {"b": "java.lang.Boolean", "O": "java.lang.String"}
"""The class of what an array holds, where it is no number."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was read."""

    source: str
    params: Mapping[str, Any]
    body: Do

    def scores(self, context: Context, inner: Result) -> NDArray[np.float64]:
        """The script's value for each document that matches, zero for the others.

        Raises:
            ShardError: a wrong vector, a missing one, or a score that is not a number from zero up.
        """
        places = np.flatnonzero(inner.hits)
        root = Root(np.zeros(len(places)), np.zeros(len(places), dtype=bool))
        run = Run(self, context, places, inner.scores[places], np.arange(len(places)), root)
        with np.errstate(all="ignore"):
            self.body(run)
            # Elasticsearch scores are 32-bit.
            values = root.result.astype(np.float32).astype(np.float64)
        wrong = np.flatnonzero(~(values >= 0))
        if len(wrong):
            reason = (
                f"script_score script returned an invalid score [{text(Float(values[wrong[0]]))}] for doc "
                f"[{places[wrong[0]]}]. Must be a non-negative score!"
            )
            raise ShardError({"type": "illegal_argument_exception", "reason": reason})
        scores = np.zeros(len(inner.hits))
        scores[places] = values
        return scores


@dataclass(slots=True)
class Root:
    """What is known of all matching documents: what was returned for which, and the variables."""

    result: NDArray[np.float64]
    done: NDArray[np.bool_]
    variables: dict[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation: some of the documents that match, the scores they came with, and their rows in ``root``."""

    script: Script
    context: Context
    places: NDArray[np.int64]
    given: NDArray[np.float64]
    rows: NDArray[np.int64]
    root: Root

    def failed(self, at: int, reason: str, cause: str = "illegal_argument_exception") -> ShardError:
        """``script_exception``: the script was right and what it found was not."""
        source = self.script.source
        starts = [0, *(place + 1 for place, sign in enumerate(source) if sign == ";" and source[place + 1 :].strip())]
        start = starts[bisect_right(starts, at) - 1]
        end = next((other for other in starts if other > at), len(source))
        error = runtime_error(source, at, (start, end), JavaError(cause, reason))
        return ShardError(error.cause())

    def only(self, flags: NDArray[np.bool_]) -> Run:
        """The same for some of the documents."""
        return replace(self, places=self.places[flags], given=self.given[flags], rows=self.rows[flags])

    def unfinished(self) -> Run:
        """The same for the documents that the script has not returned for."""
        return self.only(~self.root.done[self.rows]) if self.root.done.any() else self

    def returns(self, value: Value) -> None:
        """What the script returns for these documents."""
        if not is_number(value):
            single = not isinstance(value, np.ndarray) or not value.ndim
            shown = class_name(value) if single else _ARRAYS.get(value.dtype.kind, "java.lang.Object")
            raise self.failed(0, f"Cannot cast from [{shown}] to [double].", "class_cast_exception")
        self.root.result[self.rows] = value
        self.root.done[self.rows] = True

    def variable(self, name: str) -> NDArray[Any]:
        """A variable's value for each of these documents."""
        return self.root.variables[name][self.rows]


def declared(run: Run, name: str, value: Value) -> None:
    """Give a variable a value for these documents."""
    fresh = _each(value)
    held = run.root.variables.get(name)
    if held is None:
        held = np.zeros(len(run.root.done), dtype=fresh.dtype)
    elif held.dtype != fresh.dtype:
        held = held.astype(_common(held, fresh))
    held = held.copy()
    held[run.rows] = fresh
    run.root.variables[name] = held


def of_type(run: Run, kind: str, value: Value, *, cast: bool = False) -> Value:
    """A value as one of a type of variables; a fraction becomes a whole number only by a cast."""
    array = _each(value)
    if kind == "def" or (kind == "boolean" and array.dtype == bool):
        return value
    if kind == "boolean" or array.dtype.kind not in "if":
        raise run.failed(0, f"Cannot cast to [{kind}].", "class_cast_exception")
    if kind in ("int", "long"):
        if array.dtype.kind == "f" and not cast:
            raise run.failed(0, f"Cannot cast from [double] to [{kind}].", "class_cast_exception")
        return np.trunc(array).astype(np.int64)
    return array.astype(np.float32).astype(np.float64) if kind == "float" else array.astype(np.float64)


def flagged(run: Run, value: Value, at: int) -> NDArray[np.bool_]:
    """A value where booleans are wanted, one for each document."""
    array = np.asarray(None if isinstance(value, list) else value)
    if array.dtype != bool:
        shown = class_name(value) if array.ndim == 0 else "java.lang.Double"
        raise run.failed(at, f"Cannot cast from [{shown}] to [boolean].", "class_cast_exception")
    return np.broadcast_to(array, run.places.shape)


def both(run: Run, ask: Part, yes: Do, no: Do | None) -> None:
    """``if (ask) yes else no``, each for its own documents."""
    flags = flagged(run, ask(run), 0)
    for chosen, branch in ((flags, yes), (~flags, no)):
        if branch is not None and chosen.any():
            branch(run.only(chosen))


def choose(run: Run, ask: Part, yes: Part, no: Part, at: int) -> Value:
    """``ask ? yes : no``, each branch over its own documents."""
    flags = flagged(run, ask(run), at)
    parts = [
        (chosen, _each(branch(run.only(chosen)))) for chosen, branch in ((flags, yes), (~flags, no)) if chosen.any()
    ]
    kind = _common(*(values for _, values in parts)) if parts else np.float64
    result = np.zeros(len(run.places), dtype=kind)
    for chosen, values in parts:
        result[chosen] = values
    return result


def _each(value: Value) -> NDArray[Any]:
    """A value as an array.

    Raises:
        ApiError: 501 for a list or null, which would have to stand for each document.
    """
    if value is None or isinstance(value, list | dict):
        raise unsupported("a list, an object or null as a value of its own in a script of script_score")
    return np.asarray(value)


def _common(*values: NDArray[Any]) -> Any:
    """The type that holds several arrays.

    Raises:
        ApiError: 501 where there is none, and numpy would make a number of a boolean or a text of a number.
    """
    kinds = {"number" if value.dtype.kind in "if" else value.dtype.kind for value in values}
    if len(kinds) > 1:
        raise unsupported("values of several kinds, one for some documents and one for others, in a script")
    return np.result_type(*values)


def _single(value: Value) -> Value:
    """What is one number for all documents as a number of Python."""
    return (
        value.item() if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0) else value
    )


def combined(sign: str, left: Part, right: Part, at: int) -> Part:
    """One operation on two values."""
    operator = OPERATORS[sign]

    def run_it(run: Run) -> Value:
        a, b = _single(left(run)), _single(right(run))
        try:
            return operator(a, b)
        except JavaError as error:
            raise run.failed(at, error.reason or "", error.kind) from error

    return run_it


@dataclass(frozen=True, slots=True)
class _Column:
    """A field of all documents: how many values each has, and its least one."""

    counts: NDArray[np.int64]
    least: NDArray[Any]


_WHOLE = ("long", "integer", "short", "byte")
_REAL = ("double", "float", "half_float", "scaled_float")


def _column(run: Run, name: str, at: int) -> tuple[str, _Column]:
    definition = run.context.definition(name)
    if definition is None:
        raise run.failed(at, f"No field found for [{name}] in mapping")
    kind = str(definition["type"])
    if kind in ("text", "flattened", "_id", "_index"):
        raise unsupported(f"doc['{name}'] in a script: a field of the type [{kind}]")
    snapshot = run.context.snapshot

    def make() -> _Column:
        if kind == "dense_vector":
            held: list[Any] = [[0] if name in document.parsed.vectors else () for document in snapshot.documents]
        else:
            held = [document.parsed.values.get(name, ()) for document in snapshot.documents]
        counts = np.fromiter(
            (len(set(values)) if len(values) > 1 else len(values) for values in held), np.int64, len(held)
        )
        dtype: Any = (
            np.int64 if kind in _WHOLE else np.float64 if kind in _REAL else bool if kind == "boolean" else object
        )
        least = np.zeros(len(held), dtype=dtype)
        for place, values in enumerate(held):
            if len(values):
                least[place] = values[0] if len(values) == 1 else min(values)
        return _Column(counts, least)

    column: _Column = snapshot.derived(("script", name, kind), make)
    return kind, column


def _size(run: Run, name: str, at: int) -> NDArray[np.int64]:
    return _column(run, name, at)[1].counts[run.places]


def _value(run: Run, name: str, at: int) -> NDArray[Any]:
    kind, column = _column(run, name, at)
    if kind not in (*_WHOLE, *_REAL, "boolean", "keyword"):
        raise unsupported(f"doc['{name}'].value in a script: a field of the type [{kind}]")
    if (column.counts[run.places] == 0).any():
        raise run.failed(
            at,
            "A document doesn't have a value for a field! Use doc[<field>].size()==0 to check if a document is missing a "
            "field!",
            "illegal_state_exception",
        )
    return column.least[run.places]


def _magnitude(run: Run, name: str, at: int) -> NDArray[np.float64]:
    return rows_of(run, name, at)[1].astype(np.float64)


held_fields: Mapping[str, Callable[[Run, str, int], Value]] = {
    "value": _value,
    "size()": _size,
    "length": _size,
    "isEmpty()": lambda run, name, at: _size(run, name, at) == 0,
    "empty": lambda run, name, at: _size(run, name, at) == 0,
    "magnitude": _magnitude,
}
"""What ``doc['field']`` has."""
