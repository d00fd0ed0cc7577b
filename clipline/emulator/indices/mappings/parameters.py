"""One parameter of a field: how its value is read, its default, and whether a live field may change it.

Source: FieldMapper.Parameter. A reader takes the field's leaf name and the JSON value and raises ``Unfit`` with the real
text; ``type`` of that is what ``caused_by`` shows below ``Failed to parse mapping``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.refused import Unfit

Reader = Callable[[str, Any], Any]
NEVER, ALWAYS, TURN_OFF = "never", "always", "turn off"


@dataclass(frozen=True, slots=True)
class Parameter:
    """``always`` shows the value even where it is the default; ``only`` are the values that are emulated, if not all."""

    read: Reader
    default: Any = None
    change: str = NEVER
    always: bool = False
    only: tuple[Any, ...] | None = None

    def value(self, field: str, kind: str, key: str, given: Any) -> Any:
        """A given value in its own type.

        Raises:
            Unfit: it has another type.
            ApiError: 501 for a value that is not emulated.
        """
        if given is None:
            raise malformed(f"[{key}] on mapper [{field}] of type [{kind}] must not have a [null] value")
        value = self.read(field, given)
        if self.only is not None and value not in self.only:
            raise unsupported(f"the mapping parameter [{key}: {java.text(value)}] of [{kind}]")
        return value

    def may_change(self, before: Any, after: Any) -> bool:
        """Whether a live field may take another value."""
        return before == after or self.change == ALWAYS or (self.change == TURN_OFF and after is False)


def malformed(reason: str) -> Unfit:
    """What the real one throws as a MapperParsingException."""
    return Unfit(reason, "mapper_parsing_exception")


def boolean(field: str, value: Any) -> bool:
    """``true`` and ``false``, as text too."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise Unfit(f"Failed to parse value [{java.text(value)}] as only [true] or [false] are allowed.")


def integer(field: str, value: Any) -> int:
    """A whole number of 32 bits, as text too."""
    number = value
    if isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, float):
        raise Unfit(f"{java.text(value)} is not an integer")
    elif not isinstance(value, int) or isinstance(value, bool):
        shown = java.text(value)
        if not re.fullmatch(r"[+-]?[0-9]+", shown):
            raise Unfit(f'For input string: "{shown}"', "number_format_exception")
        number = int(shown)
    if not -(2**31) <= number < 2**31:
        raise Unfit("integer overflow", "arithmetic_exception")
    return int(number)


def double(field: str, value: Any) -> float:
    """A finite number, as text too."""
    shown = java.text(value)
    if not isinstance(value, bool) and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", shown, re.ASCII):
        number = float(shown)
        if math.isfinite(number):
            return number
    if not isinstance(value, bool) and shown.lstrip("+-")[:1] in ("N", "I", *"0123456789"):
        raise unsupported(f"the number [{shown}] in a mapping")
    raise Unfit(f'For input string: "{shown}"', "number_format_exception")


def string(field: str, value: Any) -> str:
    """Anything, as text."""
    return java.text(value)


def positive(key: str) -> Reader:
    """A whole number that is not negative."""

    def read(field: str, value: Any) -> int:
        number = integer(field, value)
        if number < 0:
            raise Unfit(f"[{key}] must be positive, got [{number}]")
        return number

    return read


def one_of(key: str, *accepted: str) -> Reader:
    """One of some words (Parameter.restrictedStringParam, enumParam)."""

    def read(field: str, value: Any) -> str:
        if value not in accepted:
            names = ", ".join(accepted)
            raise malformed(f"Unknown value [{java.text(value)}] for field [{key}] - accepted values are [{names}]")
        return str(value)

    return read


def meta(field: str, value: Any) -> dict[str, str]:
    """At most five short texts by short keys (TypeParsers.parseMeta)."""
    if not isinstance(value, dict):
        raise malformed(f"[meta] must be an object, got {java.kind(value)}[{java.text(value)}] for field [{field}]")
    if len(value) > 5:
        raise malformed(f"[meta] can't have more than 5 entries, but got {len(value)} on field [{field}]")
    for key, child in value.items():
        if len(key) > 20:
            raise malformed(f"[meta] keys can't be longer than 20 chars, but got [{key}] for field [{field}]")
        if child is None:
            raise malformed(f"[meta] values can't be null (field [{field}])")
        if not isinstance(child, str):
            shown = f"{java.kind(child)}[{java.text(child)}]"
            raise malformed(f"[meta] values can only be strings, but got {shown} for field [{field}]")
        if len(child) > 50:
            raise malformed(f"[meta] values can't be longer than 50 chars, but got [{child}] for field [{field}]")
    return dict(sorted(value.items()))


def copy_to(field: str, value: Any) -> list[str]:
    """Field names; GET shows them as an array."""
    names = [java.text(item) for item in value] if isinstance(value, list) else [java.text(value)]
    for name in names:
        if not all(part.strip() for part in name.split(".")):
            raise unsupported(f"[copy_to: {name}], which is no name of a field")
    return names
