"""``if`` conditions: a small part of Painless, refused at PUT where it is not this part.

Field access on ``ctx`` (``ctx.a.b``, ``ctx?.a``, ``ctx['a']``), literals, ``== != < <= > >=``, ``&& || !``, parentheses,
``instanceof String|List|Map|Number``, and the methods in ``_METHODS``. A null in the wrong place is the
``null_pointer_exception`` that Painless throws. Written by hand: the grammar is a page, and no library parses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from clipline.emulator.errors import ApiError, unsupported

Evaluate = Callable[[Mapping[str, Any]], Any]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\?\.|==|!=|<=|>=|&&|\|\||[<>!().\[\],]))"
)
_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,), "List": (list,), "Map": (dict,), "Number": (int, float), "Boolean": (bool,)
}  # fmt: skip
_METHODS: Mapping[str, Callable[..., Any]] = {
    "isEmpty": lambda value: len(value) == 0,
    "contains": lambda value, item: item in value,
    "length": len,
    "size": len,
    "startsWith": lambda value, text: value.startswith(text),
    "endsWith": lambda value, text: value.endswith(text),
    "containsKey": lambda value, key: key in value,
    "equals": lambda value, other: value == other,
    "toLowerCase": lambda value: value.lower(),
    "toUpperCase": lambda value: value.upper(),
    "trim": lambda value: value.strip(),
}


def compile_condition(source: str) -> Evaluate:
    """A condition as a function of ``ctx``.

    Raises:
        ApiError: 501 for Painless that the emulator does not know, 400 for none at all.
    """
    return _Parser(source).whole()


class _Parser:
    """Precedence climbing, one method a level."""

    def __init__(self, source: str) -> None:
        self._source = source.strip().removeprefix("return ").rstrip(";")
        self._tokens = self._scan()
        self._at = 0

    def whole(self) -> Evaluate:
        expression = self._either()
        if self._at < len(self._tokens):
            raise self._unknown()
        return lambda ctx: _boolean(expression(ctx))

    def _either(self) -> Evaluate:
        left = self._both()
        while self._take("||"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Evaluate:
        left = self._equal()
        while self._take("&&"):
            left = _and(left, self._equal())
        return left

    def _equal(self) -> Evaluate:
        left = self._compared()
        while sign := self._take("==", "!="):
            left = _equality(left, self._compared(), sign == "==")
        return left

    def _compared(self) -> Evaluate:
        left = self._negated()
        if self._take("instanceof"):
            kind = self._next()
            if kind not in _TYPES:
                raise self._unknown()
            return _instance(left, _TYPES[kind])
        while sign := self._take("<=", ">=", "<", ">"):
            left = _comparison(left, self._negated(), sign)
        return left

    def _negated(self) -> Evaluate:
        if self._take("!"):
            inner = self._negated()
            return lambda ctx: not _boolean(inner(ctx))
        return self._postfix()

    def _postfix(self) -> Evaluate:
        value = self._primary()
        while True:
            if self._take("["):
                key = self._either()
                self._expect("]")
                value = _item(value, key)
            elif sign := self._take(".", "?."):
                name = self._next()
                if self._take("("):
                    value = _method(value, self._method(name), self._arguments(), name=name, safe=sign == "?.")
                else:
                    value = _field(value, name, safe=sign == "?.")
            else:
                return value

    def _primary(self) -> Evaluate:
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        token = self._next()
        constants: dict[str, Any] = {"true": True, "false": False, "null": None}
        if token == "ctx":  # noqa: S105 - a token of the language
            return lambda ctx: ctx
        if token in constants:
            return _constant(constants[token])
        if token[0] in "'\"":
            return _constant(re.sub(r"\\(.)", r"\1", token[1:-1]))
        if token[0].isdigit():
            return _constant(float(token) if "." in token else int(token))
        raise self._unknown()

    def _method(self, name: str) -> Callable[..., Any]:
        if name not in _METHODS:
            raise self._unknown()
        return _METHODS[name]

    def _arguments(self) -> list[Evaluate]:
        found: list[Evaluate] = []
        while not self._take(")"):
            found.append(self._either())
            self._take(",")
        return found

    def _scan(self) -> list[str]:
        tokens, at = [], 0
        while at < len(self._source.rstrip()):
            match = _TOKEN.match(self._source, at)
            if match is None:
                raise self._unknown()
            tokens.append(match[0].strip())
            at = match.end()
        if not tokens:
            raise ApiError(400, "script_exception", "compile error", meta={"lang": "painless", "script": self._source})
        return tokens

    def _take(self, *wanted: str) -> str | None:
        if self._at < len(self._tokens) and self._tokens[self._at] in wanted:
            self._at += 1
            return self._tokens[self._at - 1]
        return None

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise self._unknown()

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise self._unknown()
        self._at += 1
        return self._tokens[self._at - 1]

    def _unknown(self) -> ApiError:
        return unsupported(f"the Painless condition [{self._source}]")


def _constant(value: Any) -> Evaluate:
    return lambda _: value


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda ctx: _boolean(left(ctx)) or _boolean(right(ctx))


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda ctx: _boolean(left(ctx)) and _boolean(right(ctx))


def _equality(left: Evaluate, right: Evaluate, wanted: bool) -> Evaluate:
    def same(ctx: Mapping[str, Any]) -> bool:
        a, b = left(ctx), right(ctx)
        return (a == b and isinstance(a, bool) == isinstance(b, bool)) is wanted

    return same


def _comparison(left: Evaluate, right: Evaluate, sign: str) -> Evaluate:
    def compare(ctx: Mapping[str, Any]) -> bool:
        a, b = left(ctx), right(ctx)
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in (a, b)):
            raise _failed(f"Cannot apply [{sign}] operation to types", None in (a, b))
        return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign])

    return compare


def _instance(left: Evaluate, kinds: tuple[type, ...]) -> Evaluate:
    def check(ctx: Mapping[str, Any]) -> bool:
        value = left(ctx)
        return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))

    return check


def _item(value: Evaluate, key: Evaluate) -> Evaluate:
    def get(ctx: Mapping[str, Any]) -> Any:
        holder, wanted = value(ctx), key(ctx)
        if isinstance(holder, Mapping):
            return holder.get(wanted)
        if isinstance(holder, list) and isinstance(wanted, int) and 0 <= wanted < len(holder):
            return holder[wanted]
        raise _failed("cannot access an element", holder is None)

    return get


def _field(value: Evaluate, name: str, *, safe: bool) -> Evaluate:
    def get(ctx: Mapping[str, Any]) -> Any:
        holder = value(ctx)
        if holder is None and safe:
            return None
        if not isinstance(holder, Mapping):
            raise _failed(f"cannot access method/field [{name}] from a null def reference", holder is None)
        return holder.get(name)

    return get


def _method(value: Evaluate, call: Callable[..., Any], arguments: list[Evaluate], *, name: str, safe: bool) -> Evaluate:
    def run(ctx: Mapping[str, Any]) -> Any:
        holder = value(ctx)
        if holder is None and safe:
            return None
        if holder is None:
            raise _failed(f"cannot access method/field [{name}] from a null def reference", True)
        try:
            return call(holder, *(argument(ctx) for argument in arguments))
        except (TypeError, AttributeError) as error:
            raise _failed(f"dynamic method [{name}/{len(arguments)}] not found", False) from error

    return run


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _failed(f"Cannot cast [{type(value).__name__}] to [boolean]", value is None)
    return value


def _failed(reason: str, null: bool) -> ApiError:
    kind = "null_pointer_exception" if null else "class_cast_exception"
    meta = {"script_stack": [], "lang": "painless"}
    return ApiError(400, "script_exception", "runtime error", meta=meta, caused_by={"type": kind, "reason": reason})
