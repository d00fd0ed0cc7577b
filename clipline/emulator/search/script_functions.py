"""The operators and functions of ``script_score`` over all documents at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import unsupported
from clipline.emulator.painless import nodes as n
from clipline.emulator.painless.failures import JavaError, compile_error, not_emulated
from clipline.emulator.painless.operators import ARITHMETIC, COMPARE, EQUAL, compare
from clipline.emulator.painless.values import kind

if TYPE_CHECKING:
    from clipline.emulator.search.script_score import Part, Run, Value

_VECTOR = ("cosineSimilarity", "dotProduct", "l1norm", "l2norm")
_KNOWN = ("hamming", "randomScore", "decayNumericLinear", "decayNumericExp", "decayNumericGauss", "decayDateLinear",
          "decayDateExp", "decayDateGauss", "decayGeoLinear", "decayGeoExp", "decayGeoGauss")  # fmt: skip


def _arithmetic(sign: str) -> Callable[[Any, Any], Any]:
    one = ARITHMETIC[sign]

    def apply(a: Any, b: Any) -> Any:
        if not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
            return one(a, b)
        left, right = _both(a, b, one)
        whole = left.dtype.kind == "i" and right.dtype.kind == "i"
        if sign in "/%" and whole and (right == 0).any():
            raise JavaError("arithmetic_exception", "/ by zero")
        if sign == "/" and whole:
            quotient = np.abs(left) // np.abs(right)
            return np.where((left < 0) == (right < 0), quotient, -quotient)
        return _ARRAYS[sign](left, right)

    return apply


_ARRAYS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "%": np.fmod,
}  # fmt: skip


def _both(a: Any, b: Any, one: Callable[[Any, Any], Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two operands as numbers; what else they are is what ``one``, the operator on single values, says."""
    if not (is_number(a) and is_number(b)):
        one(_sample(a), _sample(b))
        raise unsupported("texts in the arithmetic of a script")
    return np.asarray(a), np.asarray(b)


def is_number(value: Any) -> bool:
    """Whether a value is a number, or one for each document; a list of numbers is none."""
    return not isinstance(value, list | dict) and np.asarray(value).dtype.kind in "if"


def _sample(value: Any) -> Any:
    """One of the values that an array holds."""
    if isinstance(value, np.ndarray):
        value = value.flat[0] if value.size else 0.0
    return value.item() if isinstance(value, np.generic) else value


def _comparison(sign: str) -> Callable[[Any, Any], Any]:
    one = compare(sign)
    many = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[sign]

    def apply(a: Any, b: Any) -> Any:
        if not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
            return one(a, b)
        return many(*_both(a, b, one))

    return apply


def _equality(sign: str) -> Callable[[Any, Any], Any]:
    one = EQUAL[sign]

    def apply(a: Any, b: Any) -> Any:
        if not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
            return one(a, b)
        left, right = (np.asarray(None if isinstance(side, list | dict) else side) for side in (a, b))
        if (left.dtype == bool) is (right.dtype == bool):
            same = np.asarray(left == right, dtype=bool)
        else:
            same = np.zeros(np.broadcast_shapes(left.shape, right.shape), dtype=bool)
        return same if sign == "==" else ~same

    return apply


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    **{sign: _arithmetic(sign) for sign in ARITHMETIC},
    **{sign: _comparison(sign) for sign in COMPARE},
    **{sign: _equality(sign) for sign in EQUAL},
}

MATH: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("abs", 1): np.abs, ("exp", 1): np.exp, ("log", 1): np.log, ("log10", 1): np.log10, ("sqrt", 1): np.sqrt,
    ("ceil", 1): np.ceil, ("floor", 1): np.floor, ("sin", 1): np.sin, ("cos", 1): np.cos, ("tan", 1): np.tan,
    ("cbrt", 1): np.cbrt, ("signum", 1): np.sign, ("max", 2): np.maximum, ("min", 2): np.minimum, ("pow", 2): np.power,
    ("atan2", 2): np.arctan2, ("hypot", 2): np.hypot,
    ("round", 1): lambda value: np.floor(value + 0.5).astype(np.int64),
}  # fmt: skip
"""Painless has one method a name and number of arguments: they take and give doubles."""


def numbers(run: Run, value: Value, at: int) -> NDArray[np.float64] | NDArray[np.int64]:
    """A value as numbers; whole ones become doubles where a function takes them."""
    if not is_number(value):
        raise run.failed(at, "Cannot cast the argument to [double].", "class_cast_exception")
    return np.asarray(value).astype(np.float64)


def read(source: str, node: n.Call, parts: list[Part]) -> Part:
    """A function of the context of ``script_score``.

    Raises:
        ApiError: 501 for one that is not emulated, 400 for one that there is not.
    """
    name, at = node.name, node.at
    if name in _VECTOR and len(parts) == 2:
        return lambda run: _vector(run, name, parts[0](run), parts[1](run), at)
    if name == "saturation" and len(parts) == 2:
        return lambda run: _saturation(*(numbers(run, part(run), at) for part in parts))
    if name == "sigmoid" and len(parts) == 3:
        return lambda run: _sigmoid(*(numbers(run, part(run), at) for part in parts))
    if name in (*_VECTOR, *_KNOWN):
        raise not_emulated(source, f"the function [{name}/{len(parts)}]")
    raise compile_error(source, at, f"Unknown call [{name}] with [{len(parts)}] arguments.")


def _saturation(value: Any, k: Any) -> Any:
    return value / (k + value)


def _sigmoid(value: Any, k: Any, a: Any) -> Any:
    power = np.power(value, a)
    return power / (np.power(k, a) + power)


def rows_of(run: Run, name: str, at: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The vectors of these documents, and their norms.

    Raises:
        ShardError: there is no such field of vectors, or a document without one.
    """
    definition = run.context.definition(name) if isinstance(name, str) else None
    if definition is None or definition["type"] != "dense_vector":
        raise run.failed(at, f"No field found for [{name}] in mapping")
    if (element := definition.get("element_type", "float")) in ("byte", "bit"):
        raise unsupported(f"vector functions over vectors with the element_type [{element}]")
    vectors = run.context.snapshot.vectors(name)
    if not len(run.places):
        return np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.float32)
    chosen = np.searchsorted(vectors.places, run.places)
    found = chosen < len(vectors.places)
    found[found] = vectors.places[chosen[found]] == run.places[found]
    if not found.all():
        raise run.failed(at, "A document doesn't have a value for a vector field!")
    if len(chosen) == len(vectors.rows):
        return vectors.rows, vectors.norms
    return vectors.rows[chosen], vectors.norms[chosen]


def _vector(run: Run, function: str, vector: Value, name: Value, at: int) -> NDArray[np.float64]:
    """One of the vector functions, for each document."""
    if isinstance(vector, str):
        raise unsupported("a query vector in hexadecimal digits in a script")
    given = vector if isinstance(vector, list) else []
    if not all(kind(number) for number in given):
        raise run.failed(at, "the query vector must be a list of numbers", "class_cast_exception")
    query = np.asarray(given, dtype=np.float32)
    dims = (run.context.definition(name) or {}).get("dims") if isinstance(name, str) else None
    if dims is not None and len(query) != dims:
        raise run.failed(
            at,
            f"The query vector has a different number of dimensions [{len(query)}] than the document vectors [{dims}].",
        )
    rows, norms = rows_of(run, name, at)
    if not len(run.places):
        return np.zeros(0)
    if function == "l1norm":
        return np.asarray(np.abs(rows - query).sum(axis=1), dtype=np.float64)
    if function == "l2norm":
        return np.asarray(np.linalg.norm(rows - query, axis=1), dtype=np.float64)
    products = (rows @ query).astype(np.float64)
    if function == "dotProduct":
        return products
    return products / (norms.astype(np.float64) * float(np.linalg.norm(query)))
