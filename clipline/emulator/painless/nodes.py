"""The tree of a script. ``at`` is where in the text a node stands, for the ``script_stack`` of an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of a script."""

    at: int


@dataclass(frozen=True, slots=True)
class Const(Node):
    """A literal; ``type`` is its static type (int, long, float, double, boolean, String, null)."""

    value: Any
    type: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, or a class before a static method."""

    name: str


@dataclass(frozen=True, slots=True)
class Field(Node):
    """``target.name``, or ``target?.name`` when ``safe``."""

    target: Node
    name: str
    safe: bool


@dataclass(frozen=True, slots=True)
class Item(Node):
    """``target[key]``."""

    target: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``target.name(arguments)``; without ``target`` a function of the script or its context."""

    target: Node | None
    name: str
    arguments: tuple[Node, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class New(Node):
    """``new type(arguments)``."""

    type: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Items(Node):
    """``[a, b]``."""

    values: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entries(Node):
    """``['a': 1]``."""

    pairs: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``-x``, ``+x``, ``!x``, ``~x``."""

    sign: str
    value: Node


@dataclass(frozen=True, slots=True)
class Cast(Node):
    """``(type) x``."""

    type: str
    value: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two values with an operator between them."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Instance(Node):
    """``x instanceof type``."""

    value: Node
    type: str


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """``condition ? yes : no``."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Elvis(Node):
    """``value ?: otherwise``."""

    value: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """``target = value``, or with an operator before the sign of equality; ``after`` gives the value from before."""

    target: Node
    sign: str
    value: Node
    after: bool = False


@dataclass(frozen=True, slots=True)
class Unknown(Node):
    """What Painless has and the emulator has not, in words."""

    what: str


@dataclass(frozen=True, slots=True)
class Declare(Node):
    """``type a = 1, b``."""

    type: str
    variables: tuple[tuple[int, str, Node | None], ...]


@dataclass(frozen=True, slots=True)
class Expression(Node):
    """An expression as a statement."""

    value: Node


@dataclass(frozen=True, slots=True)
class Block(Node):
    """Statements in their own scope."""

    statements: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if (condition) yes else no``."""

    condition: Node
    yes: Block
    no: Block | None


@dataclass(frozen=True, slots=True)
class Loop(Node):
    """``for``, ``while`` and ``do``: the condition is asked ``first`` or after the body."""

    start: Node | None
    condition: Node | None
    step: Node | None
    body: Block
    first: bool = True


@dataclass(frozen=True, slots=True)
class Each(Node):
    """``for (type name : values)``."""

    type: str
    name: str
    values: Node
    body: Block


@dataclass(frozen=True, slots=True)
class Return(Node):
    """``return value``."""

    value: Node | None


@dataclass(frozen=True, slots=True)
class Jump(Node):
    """``break`` or ``continue``."""

    word: str
