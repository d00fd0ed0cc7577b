"""Text → tree."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lark import Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError
from lark.tree import Meta

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.painless import nodes as n
from clipline.emulator.painless.failures import compile_error
from clipline.emulator.painless.grammar import parser

_LONGEST = 65535
_DEEPEST = 200
"""Brackets in brackets; Java's stack ends somewhere beyond, too."""
_MOST_DIGITS = 100
"""Of a whole number; it fits into 64 bits with 20 of them."""


@lru_cache(maxsize=512)
def parse(source: str) -> n.Block:
    """The statements of a script.

    Raises:
        ApiError: 400 for what is no Painless.
    """
    if len(source) > _LONGEST:
        reason = f"exceeded max allowed inline script size in bytes [{_LONGEST}] with size [{len(source)}]"
        raise ApiError(400, "illegal_argument_exception", reason)
    _check_depth(source)
    try:
        tree = parser().parse(source)
        block: n.Block = _Builder(source).transform(tree)
    except UnexpectedToken as error:
        at = error.token.start_pos or 0
        text = "unexpected end of script." if at >= len(source.rstrip()) else _near(str(error.token))
        raise compile_error(source, min(at, len(source)), text) from error
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise compile_error(source, at, _unexpected(source, at)) from error
    except UnexpectedInput as error:
        raise compile_error(source, len(source), "unexpected end of script.") from error
    except (VisitError, RecursionError) as error:
        cause = error.orig_exc if isinstance(error, VisitError) else error
        raise unsupported("a script of this depth") if isinstance(cause, RecursionError) else cause from error
    return block


def _near(text: str) -> str:
    return f"invalid sequence of tokens near ['{text}']."


def _unexpected(source: str, at: int) -> str:
    sign = source[at]
    if sign not in "'\"":
        return f"unexpected character [{sign}]."
    escape = re.match(r"(?:\\[\\" + sign + r"]|[^\\" + sign + r"])*", source[at + 1 :])
    end = at + 1 + (escape.end() if escape else 0)
    if end < len(source) and source[end] == "\\":
        shown = source[at : end + 2]
        return (
            f"unexpected character [{shown}]. The only valid escape sequences in strings starting with [{sign}] are [\\\\] and "
            f"[\\{sign}]."
        )
    return f"unexpected character [{source[at:]}]."


def _check_depth(source: str) -> None:
    depth = 0
    for at, sign in enumerate(source):
        depth += (sign in "([{") - (sign in ")]}")
        if depth > _DEEPEST:
            raise compile_error(source, at, "the script is nested too deeply", "stack_overflow_error")


@v_args(meta=True)
class _Builder(Transformer[Token, Any]):
    """lark's tree → ours, one method a rule of the grammar."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source

    def script(self, meta: Meta, parts: list[Any]) -> n.Block:
        return n.Block(0, tuple(parts))

    def block(self, meta: Meta, parts: list[Any]) -> n.Block:
        return n.Block(_at(meta), tuple(parts))

    trailer = loop = block

    def expression(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Expression(_at(meta), parts[0])

    def declare(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Declare(_at(meta), parts[0], tuple(parts[1:]))

    def variable(self, meta: Meta, parts: list[Any]) -> tuple[int, str, n.Node | None]:
        return (_at(meta), str(parts[0]), parts[1])

    def type(self, meta: Meta, parts: list[Token]) -> str:
        return str(parts[0])

    def if_(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.If(_at(meta), *parts)

    def while_(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Loop(_at(meta), None, parts[0], None, parts[1])

    def do_(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Loop(_at(meta), None, parts[1], None, parts[0], first=False)

    def for_(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Loop(_at(meta), *parts)

    def start(self, meta: Meta, parts: list[Any]) -> Any:
        return parts[0]

    def each(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Each(_at(meta), parts[0] or "def", str(parts[1]), parts[2], parts[3])

    def return_(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Return(_at(meta), parts[0])

    def break_(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Jump(_at(meta), "break")

    def continue_(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Jump(_at(meta), "continue")

    def choice(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Choice(_at(meta), *parts)

    def elvis(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Elvis(_at(meta), *parts)

    def assign(self, meta: Meta, parts: list[Any]) -> n.Node:
        sign = str(parts[1])[:-1] if len(parts) == 3 else ""
        return n.Assign(_at(meta), parts[0], sign, parts[-1])

    def or_(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Binary(_at(meta), "||", *parts)

    def and_(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Binary(_at(meta), "&&", *parts)

    def equal(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Binary(_at(meta), str(parts[1]), parts[0], parts[2])

    compare = sum = product = bits = shift = equal

    def instance(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Instance(_at(meta), *parts)

    def before(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Assign(_at(meta), parts[1], str(parts[0])[0], n.Const(_at(meta), 1, "int"))

    def after(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Assign(_at(meta), parts[0], str(parts[1])[0], n.Const(_at(meta), 1, "int"), after=True)

    def sign(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Unary(_at(meta), str(parts[0]), parts[1])

    not_ = sign

    def cast(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Cast(_at(meta), str(parts[0])[1:-1].strip(), parts[1])

    def field(self, meta: Meta, parts: list[Any]) -> n.Node:
        target, dot, name = parts
        return n.Field(dot.start_pos, target, str(name), str(dot) == "?.")

    def call(self, meta: Meta, parts: list[Any]) -> n.Node:
        target, dot, name, arguments = parts
        return n.Call(dot.start_pos, target, str(name), arguments, str(dot) == "?.")

    def item(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Item(parts[1].start_pos, parts[0], parts[2])

    def arguments(self, meta: Meta, parts: list[Any]) -> tuple[n.Node, ...]:
        return tuple(part for part in parts if part is not None)

    def local(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Call(_at(meta), None, str(parts[0]), parts[1])

    def new(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.New(_at(meta), str(parts[0]), parts[1])

    def name(self, meta: Meta, parts: list[Token]) -> n.Node:
        return n.Name(_at(meta), str(parts[0]))

    def number(self, meta: Meta, parts: list[Token]) -> n.Node:
        value, kind = _number(str(parts[0]))
        return n.Const(_at(meta), value, kind)

    def text(self, meta: Meta, parts: list[Token]) -> n.Node:
        text = str(parts[0])
        return n.Const(_at(meta), text[1:-1].replace("\\" + text[0], text[0]).replace("\\\\", "\\"), "String")

    def true(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Const(_at(meta), True, "boolean")

    def false(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Const(_at(meta), False, "boolean")

    def null(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Const(_at(meta), None, "null")

    def items(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Items(_at(meta), tuple(parts))

    def entries(self, meta: Meta, parts: list[Any]) -> n.Node:
        return n.Entries(_at(meta), tuple(parts))

    def entry(self, meta: Meta, parts: list[Any]) -> tuple[n.Node, n.Node]:
        return (parts[0], parts[1])


_WORDS = {
    "function": "a function of one's own", "try_": "try and catch", "throw": "throw", "lambda": "a lambda",
    "reference": "a reference to a method", "regex": "a regular expression", "find": "a match with a regular expression",
    "array": "an array", "catch": "try and catch",
}  # fmt: skip


def _unknown(what: str) -> Any:
    def build(_self: Any, meta: Meta, _parts: list[Any]) -> n.Node:
        return n.Unknown(_at(meta), what)

    return build


for _rule, _what in _WORDS.items():
    setattr(_Builder, _rule, v_args(meta=True)(_unknown(_what)))


def _at(meta: Meta) -> int:
    return 0 if meta.empty else meta.start_pos


def _number(text: str) -> tuple[int | float, str]:
    """The value of a number as it is written, and its static type."""
    if text[:2] in ("0x", "0X"):
        digits = text[2:].rstrip("lL")
        value = int(digits, 16)
        bits = 64 if text[-1] in "lL" else 32
        return value - (value >> (bits - 1) << bits), "long" if bits == 64 else "int"
    suffix = text[-1].lower() if text[-1].isalpha() else ""
    bare = text[:-1] if suffix else text
    if suffix in ("f", "d") or not bare.isdigit():
        return float(bare), "float" if suffix == "f" else "double"
    if len(bare) > _MOST_DIGITS:
        raise unsupported(f"a number of {len(bare)} digits in a script")
    octal = len(bare) > 1 and bare[0] == "0"
    return int(bare, 8 if octal else 10), "long" if suffix == "l" else "int"
