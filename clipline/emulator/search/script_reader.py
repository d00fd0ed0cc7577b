"""The text of a script → what can be run for all documents at once: the numeric part of Painless.

Arithmetic, comparison, ``&& || !`` and ``? :`` over numbers, local variables, ``if`` and ``return``; ``_score``,
``params.name``, ``doc['field']`` with ``value``, ``size()``, ``length``, ``isEmpty()``, ``vectorValue`` and ``magnitude``;
``Math`` and the functions of ``script_functions``. The tree is that of ``clipline.emulator.painless``; what it can say
besides is refused with 501.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from clipline.emulator.errors import ApiError
from clipline.emulator.painless import nodes as n
from clipline.emulator.painless import parse
from clipline.emulator.painless.failures import compile_error, not_emulated
from clipline.emulator.painless.request import read_script as read_request
from clipline.emulator.painless.words import idle
from clipline.emulator.search import script_functions as functions
from clipline.emulator.search.script_score import (
    Do,
    Part,
    Run,
    Script,
    both,
    choose,
    combined,
    declared,
    flagged,
    held_fields,
    of_type,
)

_TYPES = ("def", "double", "float", "long", "int", "boolean")


def read_script(script: Any) -> Script:
    """A script of a request.

    Raises:
        ApiError: 501 for a script outside the emulated part, 400 when it is no script at all.
    """
    options: Any = {"source": script} if isinstance(script, str) else script
    if not isinstance(options, Mapping):
        raise ApiError(400, "x_content_parse_exception", "[1:1] [script_score] failed to parse field [script]")
    source, params = read_request(options)
    return Script(source, params, _Reader(source, params).whole(parse(source)))


class _Reader:
    """Compiles the tree of one script."""

    def __init__(self, source: str, params: Mapping[str, Any]) -> None:
        self._source = source
        self._params = params
        self._variables: set[str] = set()

    def whole(self, block: n.Block) -> Do:
        """The script; the value of its last expression is what it returns."""
        statements = list(block.statements)
        if statements and isinstance(last := statements[-1], n.Expression):
            statements[-1] = n.Return(last.at, last.value)
        return self._sequence(statements)

    def _sequence(self, statements: list[n.Node]) -> Do:
        steps = [self._statement(statement) for statement in statements]

        def do(run: Run) -> None:
            for step in steps:
                step(run.unfinished())

        return do

    def _statement(self, node: n.Node) -> Do:
        if isinstance(node, n.Block):
            return self._sequence(list(node.statements))
        if isinstance(node, n.Return):
            value = self._value(node.value) if node.value is not None else None
            if value is None:
                raise self._refused("[return] without a value")
            return lambda run: run.returns(value(run))
        if isinstance(node, n.If):
            ask, yes = self._value(node.condition), self._statement(node.yes)
            no = self._statement(node.no) if node.no is not None else None
            return lambda run: both(run, ask, yes, no)
        if isinstance(node, n.Declare):
            return self._declare(node)
        if isinstance(node, n.Expression):
            return self._expression(node)
        raise self._refused(node.what if isinstance(node, n.Unknown) else "a loop")

    def _declare(self, node: n.Declare) -> Do:
        if node.type not in _TYPES:
            raise self._refused(f"a variable of the type [{node.type}]")
        steps: list[tuple[str, Part]] = []
        for at, name, given in node.variables:
            if name in self._variables:
                raise compile_error(self._source, at, f"variable [{name}] is already defined")
            if given is None:
                raise self._refused("a variable without a value")
            steps.append((name, self._value(given)))
            self._variables.add(name)

        def do(run: Run) -> None:
            for name, value in steps:
                run.root.variables.pop(name, None)
                declared(run, name, of_type(run, node.type, value(run)))

        return do

    def _expression(self, node: n.Expression) -> Do:
        if isinstance(node.value, n.Assign) and isinstance(node.value.target, n.Name) and not node.value.after:
            target = node.value.target
            if target.name not in self._variables:
                raise compile_error(self._source, target.at, f"cannot resolve symbol [{target.name}]")
            value = self._value(node.value.value)
            if node.value.sign:
                before = self._value(target)
                value = combined(node.value.sign, before, value, node.at)
            return lambda run: declared(run, target.name, value(run))
        self._value(node.value)
        raise compile_error(self._source, node.at, idle(node.value) or "not a statement")

    def _value(self, node: n.Node) -> Part:
        method: Callable[[Any], Part] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise self._refused(node.what if isinstance(node, n.Unknown) else f"[{type(node).__name__.lower()}]")
        return method(node)

    def _const(self, node: n.Const) -> Part:
        value = node.value
        return lambda _: value

    def _name(self, node: n.Name) -> Part:
        if node.name in self._variables:
            return lambda run: run.variable(node.name)
        if node.name == "_score":
            return lambda run: run.given
        if node.name in ("doc", "params", "Math") or node.name[0].isupper():
            raise self._refused(f"[{node.name}] as a value")
        raise compile_error(self._source, node.at, f"cannot resolve symbol [{node.name}]")

    def _field(self, node: n.Field) -> Part:
        if _is(node.target, "params"):
            value = self._params.get(node.name)
            return lambda _: value
        if _is(node.target, "Math") and node.name in ("PI", "E"):
            constant = np.pi if node.name == "PI" else np.e
            return lambda _: float(constant)
        read = held_fields.get(node.name)
        name = self._column(node.target)
        if read is None or name is None:
            raise self._refused(f"the field [{node.name}]")
        return lambda run: read(run, name, node.at)

    def _item(self, node: n.Item) -> Part:
        if _is(node.target, "params") and isinstance(node.key, n.Const):
            value = self._params.get(node.key.value)
            return lambda _: value
        raise self._refused("[]")

    def _call(self, node: n.Call) -> Part:
        if node.target is None:
            return functions.read(self._source, node, [self._value(part) for part in self._arguments(node)])
        if _is(node.target, "Math"):
            function = functions.MATH.get((node.name, len(node.arguments)))
            if function is None:
                raise self._refused(f"[Math.{node.name}]")
            parts = [self._value(part) for part in node.arguments]
            return lambda run: function(*(functions.numbers(run, part(run), node.at) for part in parts))
        if _is(node.target, "doc") and node.name == "containsKey" and len(node.arguments) == 1:
            asked = self._value(node.arguments[0])
            return lambda run: isinstance(name := asked(run), str) and run.context.definition(name) is not None
        read = held_fields.get(f"{node.name}()")
        name = self._column(node.target)
        if read is None or name is None or node.arguments:
            raise self._refused(f"the method [{node.name}/{len(node.arguments)}]")
        return lambda run: read(run, name, node.at)

    def _arguments(self, node: n.Call) -> tuple[n.Node, ...]:
        # A list of numbers may stand in the place of a parameter.
        return tuple(
            n.Const(part.at, [value.value for value in part.values if isinstance(value, n.Const)], "List")
            if isinstance(part, n.Items) and all(isinstance(value, n.Const) for value in part.values)
            else part
            for part in node.arguments
        )

    def _unary(self, node: n.Unary) -> Part:
        value = self._value(node.value)
        if node.sign == "!":
            return lambda run: ~flagged(run, value(run), node.at)
        if node.sign == "-":
            return lambda run: -functions.numbers(run, value(run), node.at)
        raise self._refused(f"the operator [{node.sign}]")

    def _cast(self, node: n.Cast) -> Part:
        if node.type not in _TYPES:
            raise self._refused(f"a cast to [{node.type}]")
        value = self._value(node.value)
        return lambda run: of_type(run, node.type, value(run), cast=True)

    def _binary(self, node: n.Binary) -> Part:
        left, right = self._value(node.left), self._value(node.right)
        if node.sign == "&&":
            return lambda run: choose(run, left, right, lambda _: False, node.at)
        if node.sign == "||":
            return lambda run: choose(run, left, lambda _: True, right, node.at)
        if node.sign in functions.OPERATORS:
            return combined(node.sign, left, right, node.at)
        raise self._refused(f"the operator [{node.sign}]")

    def _choice(self, node: n.Choice) -> Part:
        ask, yes, no = self._value(node.condition), self._value(node.yes), self._value(node.no)
        return lambda run: choose(run, ask, yes, no, node.at)

    def _column(self, node: n.Node) -> str | None:
        """The field that ``doc['name']`` or ``doc.name`` stands for."""
        if isinstance(node, n.Field) and _is(node.target, "doc"):
            return node.name
        if isinstance(node, n.Item) and _is(node.target, "doc"):
            key = node.key.value if isinstance(node.key, n.Const) else self._parameter(node.key)
            return key if isinstance(key, str) else None
        return None

    def _parameter(self, node: n.Node) -> Any:
        return self._params.get(node.name) if isinstance(node, n.Field) and _is(node.target, "params") else None

    def _refused(self, what: str) -> ApiError:
        return not_emulated(self._source, what)


def _is(node: n.Node, name: str) -> bool:
    return isinstance(node, n.Name) and node.name == name
