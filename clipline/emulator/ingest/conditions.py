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
from clipline.emulator.ingest.document import java

Evaluate = Callable[[Mapping[str, Any]], Any]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\?\.|==|!=|<=|>=|&&|\|\||[<>!().\[\],]))"
)
_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,), "List": (list,), "Map": (dict,), "Number": (int, float), "Boolean": (bool,)
}  # fmt: skip
_METHODS: Mapping[tuple[type, str], Callable[..., Any]] = {
    (str, "isEmpty"): lambda value: not value,
    (str, "contains"): lambda value, text: text in value,
    (str, "length"): len,
    (str, "startsWith"): lambda value, text: value.startswith(text),
    (str, "endsWith"): lambda value, text: value.endswith(text),
    (str, "toLowerCase"): lambda value: value.lower(),
    (str, "toUpperCase"): lambda value: value.upper(),
    (list, "isEmpty"): lambda value: not value,
    (list, "contains"): lambda value, wanted: any(_same(item, wanted) for item in value),
    (list, "size"): len,
    (dict, "isEmpty"): lambda value: not value,
    (dict, "containsKey"): lambda value, key: key in value,
    (dict, "size"): len,
}
"""What a method means depends on the value that it meets, as it does for a ``def`` of Painless."""
_METHOD_NAMES = {name for _, name in _METHODS}


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
                    if name not in _METHOD_NAMES:
                        raise self._unknown()
                    value = _method(value, self._arguments(), name=name, safe=sign == "?.")
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

    def _arguments(self) -> list[Evaluate]:
        found: list[Evaluate] = []
        if self._take(")"):
            return found
        found.append(self._either())
        while self._take(","):
            found.append(self._either())
        self._expect(")")
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
        return _same(left(ctx), right(ctx)) is wanted

    return same


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _comparison(left: Evaluate, right: Evaluate, sign: str) -> Evaluate:
    def compare(ctx: Mapping[str, Any]) -> bool:
        a, b = left(ctx), right(ctx)
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in (a, b)):
            if a is None or b is None:
                raise _failed("null_pointer_exception", f"cannot apply [{sign}] to a null reference")
            raise _failed(
                "class_cast_exception", f"Cannot apply [{sign}] operation to types [{java(a)}] and [{java(b)}]."
            )
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
        if holder is None:
            raise _failed("null_pointer_exception", "cannot access an element of a null def reference")
        if isinstance(holder, Mapping):
            return holder.get(wanted) if not isinstance(wanted, list | dict) else None
        if isinstance(holder, list) and isinstance(wanted, int):
            # A negative index counts from the end, in Painless too.
            if -len(holder) <= wanted < len(holder):
                return holder[wanted]
            raise _failed("index_out_of_bounds_exception", f"Index {wanted} out of bounds for length {len(holder)}")
        raise _failed(
            "illegal_argument_exception", f"Attempting to address a non-array type [{java(holder)}] as an array."
        )

    return get


def _field(value: Evaluate, name: str, *, safe: bool) -> Evaluate:
    def get(ctx: Mapping[str, Any]) -> Any:
        holder = value(ctx)
        if holder is None and safe:
            return None
        if holder is None:
            raise _null(name)
        if isinstance(holder, list) and name == "length":
            return len(holder)
        if not isinstance(holder, Mapping):
            raise _failed("illegal_argument_exception", f"dynamic getter [{java(holder)}, {name}] not found")
        return holder.get(name)

    return get


def _method(value: Evaluate, arguments: list[Evaluate], *, name: str, safe: bool) -> Evaluate:
    def run(ctx: Mapping[str, Any]) -> Any:
        holder = value(ctx)
        if holder is None and safe:
            return None
        if holder is None:
            raise _null(name)
        given = [argument(ctx) for argument in arguments]
        if isinstance(holder, str) and None in given:
            raise _failed("null_pointer_exception", f"the argument of [{name}] is null")
        call = _METHODS.get((type(holder), name))
        try:
            if call is not None:
                return call(holder, *given)
        except TypeError:
            pass  # the wrong number or kind of arguments: no such method either
        reason = f"dynamic method [{java(holder)}, {name}/{len(arguments)}] not found"
        raise _failed("illegal_argument_exception", reason)

    return run


def _boolean(value: Any) -> bool:
    if value is None:
        raise _failed("null_pointer_exception", "cannot convert a null reference to [boolean]")
    if not isinstance(value, bool):
        raise _failed("class_cast_exception", f"Cannot cast from [{java(value)}] to [boolean].")
    return value


def _null(name: str) -> ApiError:
    return _failed("null_pointer_exception", f"cannot access method/field [{name}] from a null def reference")


def _failed(kind: str, reason: str) -> ApiError:
    meta = {"script_stack": [], "lang": "painless"}
    return ApiError(400, "script_exception", "runtime error", meta=meta, caused_by={"type": kind, "reason": reason})
