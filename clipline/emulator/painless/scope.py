"""What a script runs on, and what its names and types mean while it is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from clipline.emulator.painless.failures import JavaError, compile_error, not_emulated
from clipline.emulator.painless.operators import NUMBERS, TYPES, held
from clipline.emulator.painless.statics import STATICS, Statics
from clipline.emulator.painless.values import RANK

Value = Callable[["Run"], Any]


@dataclass(slots=True)
class Run:
    """One run of a script: what it sees and how far it is."""

    ctx: Any
    params: Mapping[str, Any]
    variables: list[Any] = field(default_factory=list)
    result: Any = None
    turns: int = 0
    frozen: bool = False
    """Whether what belongs to the document may not be changed."""
    own: set[int] = field(default_factory=set)
    """The lists and maps that a condition made itself, by identity."""


class Typed(NamedTuple):
    """A compiled expression and its static type, ``def`` where only the value knows."""

    run: Value
    type: str = "def"


FIXED = frozenset({"int", "long", "float", "double", "boolean", "String", "List", "Map"})
_SAMPLES: Mapping[str, Any] = {"String": "", "List": [], "Map": {}}
CANONICAL = {"String": "java.lang.String", "List": "java.util.ArrayList", "Map": "java.util.HashMap"}


class Scopes:
    """What the names and types of one script mean."""

    def __init__(self, source: str, statics: Statics) -> None:
        self.source = source
        self.statics: Statics = {**STATICS, **statics}
        self.scopes: list[dict[str, tuple[int, str]]] = [{}]
        self.count = 0

    def declare(self, name: str, kind: str, at: int) -> int:
        """A place for a new variable.

        Raises:
            ApiError: 400 for a name that is taken.
        """
        if any(name in scope for scope in self.scopes) or name in ("ctx", "params"):
            raise self.wrong(at, f"variable [{name}] is already defined")
        self.scopes[-1][name] = (self.count, kind)
        self.count += 1
        return self.count - 1

    def variable(self, name: str) -> tuple[int, str] | None:
        """The place and the type of a variable."""
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    def known_type(self, name: str, at: int) -> str:
        """The name of a type of variables.

        Raises:
            ApiError: 501 for one that Painless may know, 400 for one that it does not.
        """
        if name in NUMBERS or name in TYPES or name == "boolean":
            return name
        if name[0].isupper() or name in ("byte", "short", "char") or not name.isidentifier():
            raise self.unknown(f"the type [{name}]")
        raise self.wrong(at, f"cannot resolve type [{name}]")

    def fits(self, given: Typed, kind: str, at: int) -> Value:
        """A value for a variable of a type; what cannot fit by its own type is a compile error.

        Raises:
            ApiError: 400.
        """
        own, number = given.type, NUMBERS.get(kind)
        if own in FIXED and kind not in ("def", "Object", own):
            fitting = (
                (own in RANK and (RANK[own] <= RANK[number] if kind[0].islower() else own == number))
                if number
                else (own in ("String", "List", "Map") and TYPES[kind](_SAMPLES[own]))
                if kind in TYPES
                else kind == own
            )
            if not fitting and not (kind == "Boolean" and own == "boolean") and not (kind == "Number" and own in RANK):
                names = (CANONICAL.get(own, own), CANONICAL.get(kind, kind))
                raise self.wrong(at, f"Cannot cast from [{names[0]}] to [{names[1]}].", "class_cast_exception")
        value = given.run
        if kind in ("def", "Object", own):
            return value
        return lambda run: guard(held, at, value(run), kind)

    def wrong(self, at: int, reason: str, kind: str = "illegal_argument_exception") -> Exception:
        """A compile error."""
        return compile_error(self.source, at, reason, kind)

    def unknown(self, what: str) -> Exception:
        """501."""
        return not_emulated(self.source, what)


def guard(function: Callable[..., Any], at: int, *arguments: Any) -> Any:
    """Call a function of values; what it throws gets its place."""
    try:
        return function(*arguments)
    except JavaError as error:
        raise error.placed(at) from error
