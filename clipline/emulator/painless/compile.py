"""Statements → a script that can be run."""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.painless import nodes as n
from clipline.emulator.painless.expressions import Expressions
from clipline.emulator.painless.failures import JavaError, runtime_error
from clipline.emulator.painless.operators import held
from clipline.emulator.painless.parse import parse
from clipline.emulator.painless.scope import Run, Value
from clipline.emulator.painless.statics import Statics
from clipline.emulator.painless.values import class_name
from clipline.emulator.painless.words import idle

_TURNS = 1_000_000
"""The turns that all loops of a script may take together (``max_loop_counter``)."""

_BREAK, _CONTINUE, _RETURN = "break", "continue", "return"
Do = Callable[[Run], str | None]
"""A statement; what it gives is how it ended, ``None`` for going on."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script ready to run."""

    source: str
    body: Do
    size: int
    starts: tuple[int, ...]
    frozen: bool

    def run(self, ctx: Any, params: Mapping[str, Any]) -> Any:
        """What the script returns; a condition that returns nothing is false.

        Raises:
            ApiError: 400 ``script_exception``, with the statement that failed.
        """
        # A script may change what its parameters hold, and shall not change the request or the pipeline that gave them.
        given = params if self.frozen else {name: _own(value) for name, value in params.items()}
        run = Run(ctx, given, [None] * self.size, frozen=self.frozen)
        try:
            self.body(run)
        except JavaError as error:
            at = error.at or 0
            following = bisect_right(self.starts, at)
            start = self.starts[following - 1] if following else 0
            end = self.starts[following] if following < len(self.starts) else len(self.source)
            raise runtime_error(self.source, at, (start, end), error) from error
        except RecursionError as error:
            raise runtime_error(
                self.source, 0, (0, len(self.source)), JavaError("stack_overflow_error", None)
            ) from error
        return run.result if run.result is not None or not self.frozen else False


def compile_script(source: str, *, condition: bool = False, statics: Statics | None = None) -> Script:
    """A script of an ingest pipeline; a ``condition`` returns a boolean and may not change the document.

    Raises:
        ApiError: 400 for what Painless refuses, 501 for what is not emulated.
    """
    return _compiled(source, condition) if statics is None else _made(source, condition, statics)


@lru_cache(maxsize=512)
def _compiled(source: str, condition: bool) -> Script:
    return _made(source, condition, {})


def _made(source: str, condition: bool, statics: Statics) -> Script:
    statements = _Statements(source, statics, condition=condition)
    try:
        body = statements.whole(parse(source))
    except RecursionError as error:
        raise unsupported("a script of this depth") from error
    starts = tuple(sorted(set(statements.starts)))
    return Script(source, body, statements.expressions.count, starts, condition)


class _Statements:
    """Compiles the statements of one script."""

    def __init__(self, source: str, statics: Statics, *, condition: bool) -> None:
        self.expressions = Expressions(source, statics)
        self.condition = condition
        self.starts: list[int] = []

    def whole(self, block: n.Block) -> Do:
        """The script; the value of a condition's last expression is what it returns."""
        statements = list(block.statements)
        last = statements[-1] if statements else None
        if self.condition and isinstance(last, n.Expression):
            statements[-1] = n.Return(last.at, last.value)
        return self._sequence(statements)

    def _sequence(self, statements: list[n.Node]) -> Do:
        steps: list[Do] = []
        for position, statement in enumerate(statements):
            steps.append(self.statement(statement))
            if isinstance(statement, n.Return | n.Jump) and position + 1 < len(statements):
                following = statements[position + 1]
                raise self.expressions.wrong(following.at, "unreachable statement")
        if len(steps) == 1:
            return steps[0]

        def run_all(run: Run) -> str | None:
            for step in steps:
                ended = step(run)
                if ended is not None:
                    return ended
            return None

        return run_all

    def statement(self, node: n.Node) -> Do:
        """Any statement."""
        if isinstance(node, n.Unknown):
            raise self.expressions.unknown(node.what)
        if not isinstance(node, n.Block | n.Declare):
            self.starts.append(node.at)
        method: Callable[[Any], Do] = getattr(self, f"_{type(node).__name__.lower()}")
        return method(node)

    def _block(self, node: n.Block) -> Do:
        self.expressions.scopes.append({})
        try:
            return self._sequence(list(node.statements))
        finally:
            self.expressions.scopes.pop()

    def _expression(self, node: n.Expression) -> Do:
        value = self.expressions.value(node.value).run
        if (reason := idle(node.value)) is not None:
            raise self.expressions.wrong(node.at, reason)

        def do(run: Run) -> None:
            value(run)

        return do

    def _declare(self, node: n.Declare) -> Do:
        kind = self.expressions.known_type(node.type, node.at)
        first = {"boolean": False, "int": 0, "long": 0, "float": 0.0, "double": 0.0}.get(kind)
        steps: list[tuple[int, Value | None]] = []
        for at, name, given in node.variables:
            self.starts.append(at)
            value = self.expressions.fits(self.expressions.value(given), kind, at) if given is not None else None
            steps.append((self.expressions.declare(name, kind, at), value))

        def do(run: Run) -> None:
            for place, value in steps:
                run.variables[place] = first if value is None else value(run)

        return do

    def _if(self, node: n.If) -> Do:
        ask = self.expressions.condition(node.condition)
        yes = self._block(node.yes)
        no = self._block(node.no) if node.no is not None else None

        def do(run: Run) -> str | None:
            if ask(run):
                return yes(run)
            return no(run) if no is not None else None

        return do

    def _loop(self, node: n.Loop) -> Do:
        self.expressions.scopes.append({})
        try:
            start = self.statement(node.start) if node.start is not None else None
            ask = self.expressions.condition(node.condition) if node.condition is not None else None
            step = self.expressions.value(node.step).run if node.step is not None else None
            body, first, at = self._block(node.body), node.first, node.at
        finally:
            self.expressions.scopes.pop()

        def do(run: Run) -> str | None:
            if start is not None:
                start(run)
            asked = first
            while not asked or ask is None or ask(run):
                asked = True
                _turn(run, at)
                ended = body(run)
                if ended == _BREAK:
                    break
                if ended == _RETURN:
                    return ended
                if step is not None:
                    step(run)
            return None

        return do

    def _each(self, node: n.Each) -> Do:
        values = self.expressions.value(node.values).run
        kind = self.expressions.known_type(node.type, node.at)
        self.expressions.scopes.append({})
        try:
            place = self.expressions.declare(node.name, kind, node.at)
            body, at = self._block(node.body), node.at
        finally:
            self.expressions.scopes.pop()

        def do(run: Run) -> str | None:
            found = values(run)
            if not isinstance(found, list):
                raise _no_iterable(found).placed(at)
            size = len(found)
            for value in found:
                if len(found) != size:
                    raise JavaError("concurrent_modification_exception", None).placed(at)
                _turn(run, at)
                try:
                    run.variables[place] = held(value, kind)
                except JavaError as error:
                    raise error.placed(at) from error
                ended = body(run)
                if ended == _BREAK:
                    break
                if ended == _RETURN:
                    return ended
            return None

        return do

    def _return(self, node: n.Return) -> Do:
        if node.value is None:
            if self.condition:
                reason = "cannot cast from [void] to [boolean]"
                raise self.expressions.wrong(node.at, reason, "class_cast_exception")
            return lambda _: _RETURN
        if not self.condition:
            self.expressions.value(node.value)
            raise self.expressions.unknown("a value returned by a script that has none to return")
        value = self.expressions.condition(node.value)

        def do(run: Run) -> str:
            run.result = value(run)
            return _RETURN

        return do

    def _jump(self, node: n.Jump) -> Do:
        word = _BREAK if node.word == "break" else _CONTINUE
        return lambda _: word


def _own(value: Any) -> Any:
    return copy.deepcopy(value) if isinstance(value, list | dict) else value


def _turn(run: Run, at: int) -> None:
    run.turns += 1
    if run.turns >= _TURNS:
        reason = "The maximum number of statements that can be executed in a loop has been reached."
        raise JavaError("painless_error", reason).placed(at)


def _no_iterable(value: Any) -> JavaError:
    if value is None:
        return JavaError("null_pointer_exception", "Cannot iterate over a null reference")
    return JavaError("illegal_argument_exception", f"Cannot iterate over [{class_name(value)}]")
