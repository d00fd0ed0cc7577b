"""``script_score``: a script that was read, evaluated for all matching documents at once.

As in Java, two whole numbers divide to a whole number; as in Elasticsearch, a score is not negative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import unsupported
from clipline.emulator.search.context import Context, Result, ShardError

Value = NDArray[np.float64] | int | float
"""One value for all documents, or one for each."""

Part = Callable[["Run"], Value]


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was read."""

    source: str
    params: Mapping[str, Any]
    part: Part

    def scores(self, context: Context, inner: Result) -> NDArray[np.float64]:
        """The script's value for each document that matches, zero for the others.

        Raises:
            ShardError: a wrong vector, a missing one, or a score that is not a number from zero up.
        """
        places = np.flatnonzero(inner.hits)
        run = Run(self, context, places, inner.scores[places])
        with np.errstate(all="ignore"):
            values = np.broadcast_to(np.asarray(self.part(run), dtype=np.float64), places.shape)
        # Elasticsearch scores are 32-bit.
        values = values.astype(np.float32).astype(np.float64)
        wrong = np.flatnonzero(~(values >= 0))
        if len(wrong):
            reason = (
                f"script_score script returned an invalid score [{np.float32(values[wrong[0]])}] for doc "
                f"[{places[wrong[0]]}]. Must be a non-negative score!"
            )
            raise ShardError({"type": "illegal_argument_exception", "reason": reason})
        scores = np.zeros(len(inner.hits))
        scores[places] = values
        return scores


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation: the documents that match, and the scores they came with."""

    script: Script
    context: Context
    places: NDArray[np.int64]
    given: NDArray[np.float64]
    narrowed: bool = False

    def failed(self, reason: str, cause: str = "illegal_argument_exception") -> ShardError:
        """``script_exception``: the script was right and what it found was not."""
        return ShardError(
            {
                "type": "script_exception",
                "reason": "runtime error",
                "script": self.script.source,
                "lang": "painless",
                "caused_by": {"type": cause, "reason": reason},
            }
        )

    def only(self, flags: NDArray[np.bool_]) -> Run:
        """The same for some of the documents: one branch of ``? :``."""
        return Run(self.script, self.context, self.places[flags], self.given[flags], True)


def binary(sign: str, left: Part, right: Part) -> Part:
    """One arithmetic operation."""

    def run_it(run: Run) -> Value:
        a, b = left(run), right(run)
        if sign == "+":
            return a + b
        if sign == "-":
            return a - b
        if sign == "*":
            return a * b
        whole = isinstance(a, int) and isinstance(b, int)
        if whole and b == 0:
            raise run.failed("/ by zero", "arithmetic_exception")
        if sign == "%":
            return int(np.fmod(a, b)) if whole else np.fmod(a, b)
        return int(a / b) if whole else np.divide(a, b)

    return run_it


def choose(run: Run, condition: Any, yes: Part, no: Part) -> Value:
    """``condition ? yes : no``, each branch over its own documents."""
    flags = np.broadcast_to(np.asarray(condition, dtype=bool), run.places.shape)
    # Each branch sees its own documents only: the other ones may lack the vector it reads.
    result = np.zeros(len(run.places))
    for chosen, part in ((flags, yes), (~flags, no)):
        if chosen.any():
            result[chosen] = part(run.only(chosen))
    return result


def _held(run: Run, name: str) -> list[list[Any]]:
    definition = run.context.definition(name)
    if definition is None:
        raise run.failed(f"No field found for [{name}] in mapping")
    documents = run.context.snapshot.documents
    if definition["type"] == "dense_vector":
        return [[1] if name in documents[place].parsed.vectors else [] for place in run.places]
    if definition["type"] in ("text", "flattened", "_id"):
        raise unsupported(f"doc['{name}'] in a script: a field of the type [{definition['type']}]")
    return [sorted(set(documents[place].parsed.values.get(name, ()))) for place in run.places]


def doc_size(run: Run, name: str) -> NDArray[np.float64]:
    """``doc['field'].size()``."""
    return np.asarray([len(values) for values in _held(run, name)], dtype=np.float64)


def doc_value(run: Run, name: str) -> NDArray[np.float64]:
    """``doc['field'].value`` of a number."""
    definition = run.context.definition(name)
    if definition is not None and definition["type"] in ("keyword", "boolean", "date", "geo_point", "dense_vector"):
        raise unsupported(f"doc['{name}'].value in a script: a field of the type [{definition['type']}]")
    held = _held(run, name)
    if any(not values for values in held):
        raise run.failed(
            "A document doesn't have a value for a field! Use doc[<field>].size()==0 to check if a document is missing a "
            "field!",
            "illegal_state_exception",
        )
    return np.asarray([values[0] for values in held], dtype=np.float64)


def vector_value(run: Run, function: str, vector: Any, name: str) -> NDArray[np.float64]:
    """One of the vector functions, for each document."""
    definition = run.context.definition(name)
    if definition is None or definition["type"] != "dense_vector":
        raise run.failed(f"No field found for [{name}] in mapping")
    numbers = vector if isinstance(vector, list) else []
    if not set(map(type, numbers)) <= {int, float}:
        raise run.failed("the query vector must be a list of numbers", "class_cast_exception")
    query = np.asarray(numbers, dtype=np.float32)
    if (element := definition.get("element_type", "float")) in ("byte", "bit"):
        raise unsupported(f"vector functions over vectors with the element_type [{element}]")
    dims = definition.get("dims")
    if dims is not None and len(query) != dims:
        raise run.failed(
            f"The query vector has a different number of dimensions [{len(query)}] than the document vectors [{dims}]."
        )
    if not len(run.places):
        return np.zeros(0)
    vectors = run.context.snapshot.vectors(name)
    chosen = np.searchsorted(vectors.places, run.places)
    found = chosen < len(vectors.places)
    found[found] = vectors.places[chosen[found]] == run.places[found]
    if not found.all():
        raise run.failed("A document doesn't have a value for a vector field!")
    rows = vectors.rows[chosen]
    if function == "l1norm":
        return np.asarray(np.abs(rows - query).sum(axis=1), dtype=np.float64)
    if function == "l2norm":
        return np.asarray(np.linalg.norm(rows - query, axis=1), dtype=np.float64)
    products = (rows @ query).astype(np.float64)
    if function == "dotProduct":
        return products
    return products / (vectors.norms[chosen].astype(np.float64) * float(np.linalg.norm(query)))
