"""Values as Java prints them in error messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def text(value: Any) -> str:
    """``{a=1}``, ``[1, 2]``, ``true``, ``null``."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={text(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    return floating(np.float64(value)) if isinstance(value, float) else str(value)


def floating(value: np.floating[Any]) -> str:
    """``Float.toString`` and ``Double.toString``: the shortest digits, ``1.0E10`` outside of [0.001, 10000000)."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return np.format_float_positional(value, unique=True, trim="0")
    return np.format_float_scientific(value, unique=True, trim="0", exp_digits=1).replace("e+", "E").replace("e", "E")


def kind(value: Any) -> str:
    """The simple name of the class that a JSON value becomes."""
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer" if -(2**31) <= value < 2**31 else "Long" if -(2**63) <= value < 2**63 else "BigInteger"
    names = {float: "Double", str: "String", list: "ArrayList", dict: "LinkedHashMap"}
    return names.get(type(value), "Object")


def class_name(value: Any) -> str:
    """The full name of the class that a JSON value becomes."""
    return f"java.util.{kind(value)}" if isinstance(value, list | dict) else f"java.lang.{kind(value)}"
