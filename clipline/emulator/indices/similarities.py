"""``index.similarity.*``: how terms are scored, by a name that fields can ask for.

::

    {"similarity": {"mild": {"type": "BM25", "k1": 1.0, "b": 0.5}, "default": {"type": "boolean"}}}

Source: SimilarityService, SimilarityProviders, BM25Similarity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from clipline.emulator.errors import illegal_argument, unsupported

PREFIX = "similarity."
_BUILT_IN = ("BM25", "boolean", "DFR", "IB", "LMDirichlet", "LMJelinekMercer", "DFI", "scripted")
_OPTIONS = {"BM25": ("k1", "b", "discount_overlaps"), "boolean": ()}


def similarities(settings: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """name → its options, of the flat settings of an index."""
    found: dict[str, dict[str, str]] = {}
    for key, value in settings.items():
        if key.startswith(PREFIX) and value is not None:
            name, _, option = key.removeprefix(PREFIX).partition(".")
            found.setdefault(name, {})[option] = value
    return found


def check_name(name: str) -> None:
    """Refuse a name that says no option of a similarity.

    Raises:
        ApiError: 501.
    """
    if name.startswith(PREFIX):
        group, _, option = name.removeprefix(PREFIX).partition(".")
        if not group or not option or "." in option:
            raise unsupported(f"the setting [index.{name}]")


def check(settings: Mapping[str, str | None]) -> None:
    """Refuse similarities that are none.

    Raises:
        ApiError: 400 in Elasticsearch's words, 501 for a type that is not emulated.
    """
    for name, options in similarities(settings).items():
        if name in _BUILT_IN:
            raise illegal_argument(f"illegal value for [index.similarity.{name}] cannot redefine built-in similarity")
        kind = options.get("type")
        if kind is None:
            raise illegal_argument(f"Similarity [{name}] must have an associated type")
        if kind not in _BUILT_IN:
            raise illegal_argument(f"Unknown Similarity type [{kind}] for [{name}]")
        if kind not in _OPTIONS:
            raise unsupported(f"the similarity [{kind}]")
        if unknown := [option for option in options if option not in (*_OPTIONS[kind], "type")]:
            raise illegal_argument(f"Unknown settings for similarity of type [{kind}]: [{', '.join(unknown)}]")
        _check_numbers(name, options)


def known(settings: Mapping[str, str | None]) -> set[str]:
    """The names that a field's ``similarity`` may have."""
    return {"BM25", "boolean", *similarities(settings)}


def _check_numbers(name: str, options: Mapping[str, str]) -> None:
    k1, b = _number(name, "k1", options.get("k1", "1.2")), _number(name, "b", options.get("b", "0.75"))
    if not math.isfinite(k1) or k1 < 0:
        raise illegal_argument(f"illegal k1 value: {k1}, must be a non-negative finite value")
    if math.isnan(b) or not 0 <= b <= 1:
        raise illegal_argument(f"illegal b value: {b}, must be between 0 and 1")
    if options.get("discount_overlaps", "true") not in ("true", "false"):
        raise illegal_argument(
            f"Failed to parse value [{options['discount_overlaps']}] as only [true] or [false] are allowed."
        )


def _number(name: str, option: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise unsupported(f"the setting [index.similarity.{name}.{option}: {value}]") from None
