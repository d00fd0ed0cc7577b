"""The text of a script → what can be run: a small, honest part of Painless.

Arithmetic, comparison and ``? :`` over numbers, ``_score``, ``params.name``, ``doc['field'].value``,
``doc['field'].size()``, ``Math`` functions and the vector functions ``cosineSimilarity``, ``dotProduct``, ``l1norm`` and
``l2norm``. A script with anything else is refused with 501.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, wrong_kind
from clipline.emulator.search.script_score import Part, Script, binary, choose, doc_size, doc_value, vector_value

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.\d*|\.\d+|\d+)(?P<suffix>[fFdDL]?)|(?P<text>'[^'\\]*'|\"[^\"\\]*\")|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|==|!=|[-+*/%()?:.,\[\]<>;]))"
)
_VECTOR_FUNCTIONS = ("cosineSimilarity", "dotProduct", "l1norm", "l2norm")
_MATH: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "abs": (1, np.abs),
    "exp": (1, np.exp),
    "log": (1, np.log),
    "log10": (1, np.log10),
    "max": (2, np.maximum),
    "min": (2, np.minimum),
    "pow": (2, np.power),
    "sqrt": (1, np.sqrt),
}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def read_script(script: Any) -> Script:
    """A script of a request.

    Raises:
        ApiError: 501 for a script outside the emulated part, 400 when it is no script at all.
    """
    options: Any = {"source": script} if isinstance(script, str) else script
    if not isinstance(options, Mapping):
        raise ApiError(400, "x_content_parse_exception", "[1:1] [script_score] failed to parse field [script]")
    if "id" in options:
        raise unsupported("stored scripts")
    if options.get("lang", "painless") != "painless":
        raise unsupported(f"scripts in [{options['lang']}]")
    if unknown := next((key for key in options if key not in ("source", "lang", "params", "options")), None):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [script] unknown field [{unknown}]")
    if not isinstance(options.get("source"), str):
        raise illegal_argument("must specify either [source] for an inline script or [id] for a stored script")
    if not isinstance(options.get("params") or {}, Mapping):
        raise wrong_kind("script", "params", options["params"])
    source, params = options["source"], options.get("params") or {}
    return Script(source, params, _Reader(source, params).whole())


class _Reader:
    """Recursive descent over the tokens of a script."""

    def __init__(self, source: str, params: Mapping[str, Any]) -> None:
        self._source = source
        self._params = params
        self._tokens: list[tuple[str, str]] = []
        self._next = 0
        text, place = source.strip(), 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise self._refused()
            kind = str(match.lastgroup) if match.lastgroup != "suffix" else "number"
            self._tokens.append((kind, match[kind] + (match["suffix"] or "" if kind == "number" else "")))
            place = match.end()

    def whole(self) -> Part:
        """The expression that the script consists of."""
        if self._peek() == "return":
            self._next += 1
        part = self._choice()
        if self._peek() == ";":
            self._next += 1
        if self._next != len(self._tokens):
            raise self._refused()
        return part

    def _choice(self) -> Part:
        left = self._comparison()
        if self._peek() != "?":
            return left
        self._take("?")
        yes = self._choice()
        self._take(":")
        no = self._choice()
        return lambda run: choose(run, left(run), yes, no)

    def _comparison(self) -> Part:
        left = self._sum()
        sign = self._peek()
        if sign not in _COMPARE:
            return left
        self._next += 1
        right, compare = self._sum(), _COMPARE[sign]
        return lambda run: compare(left(run), right(run))

    def _sum(self) -> Part:
        part = self._product()
        while self._peek() in ("+", "-"):
            part = binary(self._sign(), part, self._product())
        return part

    def _product(self) -> Part:
        part = self._unary()
        while self._peek() in ("*", "/", "%"):
            part = binary(self._sign(), part, self._unary())
        return part

    def _unary(self) -> Part:
        if self._peek() == "-":
            self._take("-")
            inner = self._unary()
            return lambda run: -inner(run)
        return self._primary()

    def _primary(self) -> Part:
        kind, text = self._tokens[self._next] if self._next < len(self._tokens) else ("", "")
        self._next += 1
        if kind == "number":
            bare = text.rstrip("fFdDL")
            value: int | float = int(bare) if bare.isdigit() and text[-1] not in "fFdD" else float(bare)
            return lambda _: value
        if text == "(":
            inner = self._choice()
            self._take(")")
            return inner
        if text == "_score":
            return lambda run: run.given
        if text == "params":
            return self._param_number()
        if text == "doc":
            return self._field()
        if text == "Math":
            return self._math()
        if text in _VECTOR_FUNCTIONS:
            return self._vector_function(text)
        raise self._refused()

    def _param(self) -> str:
        if self._peek() == "[":
            self._take("[")
            name = self._text()
            self._take("]")
            return name
        self._take(".")
        return self._name()

    def _param_number(self) -> Part:
        value = self._params.get(self._param())
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refused()
        return lambda _: value

    def _field(self) -> Part:
        self._take("[")
        name = self._text()
        for sign in ("]", "."):
            self._take(sign)
        member = self._name()
        if member == "value":
            return lambda run: doc_value(run, name)
        for sign in ("(", ")"):
            self._take(sign)
        if member == "size":
            return lambda run: doc_size(run, name)
        if member == "isEmpty":
            return lambda run: doc_size(run, name) == 0
        raise self._refused()

    def _math(self) -> Part:
        self._take(".")
        arity, function = _MATH.get(self._name(), (0, None))
        if function is None:
            raise self._refused()
        self._take("(")
        parts = [self._choice()]
        while self._peek() == ",":
            self._take(",")
            parts.append(self._choice())
        self._take(")")
        if len(parts) != arity:
            raise self._refused()
        return lambda run: function(*(part(run) for part in parts))

    def _vector_function(self, function: str) -> Part:
        self._take("(")
        self._take("params")
        param = self._param()
        self._take(",")
        field = self._text()
        self._take(")")
        vector = self._params.get(param)
        return lambda run: vector_value(run, function, vector, field)

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _sign(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][1]

    def _take(self, text: str) -> None:
        if self._peek() != text:
            raise self._refused()
        self._next += 1

    def _name(self) -> str:
        if self._next >= len(self._tokens) or self._tokens[self._next][0] != "name":
            raise self._refused()
        return self._sign()

    def _text(self) -> str:
        if self._next >= len(self._tokens) or self._tokens[self._next][0] != "text":
            raise self._refused()
        return self._sign()[1:-1]

    def _refused(self) -> ApiError:
        return unsupported(f"the script [{self._source}]")
