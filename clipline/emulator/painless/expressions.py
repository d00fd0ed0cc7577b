"""Expressions → functions of a ``Run``, each with its static type where Painless would know one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from clipline.emulator.painless import nodes as n
from clipline.emulator.painless.access import call, get_field, get_item, set_field, set_item, static
from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.methods import CHANGING, KNOWN
from clipline.emulator.painless.operators import (
    ARITHMETIC,
    COMPARE,
    EQUAL,
    TYPES,
    boolean,
    cast,
    compare,
    negate,
    positive,
)
from clipline.emulator.painless.scope import CANONICAL, FIXED, Run, Scopes, Typed, Value, guard
from clipline.emulator.painless.statics import CLASSES, CONSTANTS, CONSTRUCTORS
from clipline.emulator.painless.values import RANK, plain, text_key
from clipline.emulator.painless.words import operation

_FUNCTIONS = ("metadata", "field", "$")
"""What the contexts of ingest scripts offer besides ``ctx``."""


class Expressions(Scopes):
    """Compiles the expressions of one script."""

    def condition(self, node: n.Node) -> Value:
        """An expression where a boolean is wanted."""
        value, kind = self.value(node)
        if kind in FIXED - {"boolean"}:
            shown = CANONICAL.get(kind, kind)
            raise self.wrong(node.at, f"Cannot cast from [{shown}] to [boolean].", "class_cast_exception")
        if kind == "boolean":
            return value
        at = node.at

        def ask(run: Run) -> bool:
            found = value(run)
            return found if found is True or found is False else guard(boolean, at, found)

        return ask

    def value(self, node: n.Node) -> Typed:
        """Any expression."""
        method: Callable[[Any], Typed] = getattr(self, f"_{type(node).__name__.lower()}")
        return method(node)

    def _unknown(self, node: n.Unknown) -> NoReturn:
        raise self.unknown(node.what)

    def _const(self, node: n.Const) -> Typed:
        value = node.value
        if node.type == "int" and not -(2**31) <= value < 2**31:
            hint = f" If you want a long constant then change it to [{value}L]." if -(2**63) <= value < 2**63 else ""
            raise self.wrong(node.at, f"Invalid int constant [{value}].{hint}")
        if node.type in ("long", "float"):
            value = cast(value, node.type)
        return Typed(lambda _: value, node.type if node.type != "null" else "def")

    def _name(self, node: n.Name) -> Typed:
        name = node.name
        found = self.variable(name)
        if found is not None:
            place, kind = found
            return Typed(lambda run: run.variables[place], kind if kind in FIXED else "def")
        if name == "ctx":
            return Typed(lambda run: run.ctx)
        if name == "params":
            return Typed(lambda run: run.params)
        if name[0].isupper() or name in ("java", "org"):
            raise self.unknown(f"the class [{name}]")
        raise self.wrong(node.at, f"cannot resolve symbol [{name}]")

    def _field(self, node: n.Field) -> Typed:
        if isinstance(node.target, n.Name) and not self._is_variable(node.target.name):
            constant = CONSTANTS.get((node.target.name, node.name))
            if constant is not None:
                return Typed(lambda _: constant)
        target, name, at = self.value(node.target).run, node.name, node.at
        safe = node.safe

        def get(run: Run) -> Any:
            holder = target(run)
            if type(holder) is dict:
                return holder.get(name)
            if holder is None and safe:
                return None
            return guard(get_field, at, holder, name)

        return Typed(get)

    def _item(self, node: n.Item) -> Typed:
        target, key, at = self.value(node.target).run, self.value(node.key).run, node.at
        return Typed(lambda run: guard(get_item, at, target(run), key(run)))

    def _call(self, node: n.Call) -> Typed:
        if node.target is None:
            if node.name in _FUNCTIONS:
                raise self.unknown(f"the function [{node.name}]")
            for argument in node.arguments:
                self.value(argument)
            raise self.wrong(node.at, f"Unknown call [{node.name}] with [{len(node.arguments)}] arguments.")
        arguments = [self.value(argument).run for argument in node.arguments]
        count, name, at, safe = len(arguments), node.name, node.at, node.safe
        if isinstance(node.target, n.Name) and not self._is_variable(node.target.name):
            function = self.statics.get((node.target.name, name, count))
            if function is None and node.target.name in CLASSES | {cls for cls, _, _ in self.statics}:
                raise self.unknown(f"the method [{node.target.name}.{name}/{count}]")
            if function is not None:
                return Typed(lambda run: guard(static, at, function, *[argument(run) for argument in arguments]))
        target = self.value(node.target).run
        if (name, count) not in KNOWN:
            raise self.unknown(f"the method [{name}/{count}]")
        changing = (name, count) in CHANGING

        def invoke(run: Run) -> Any:
            holder = target(run)
            if holder is None and safe:
                return None
            if changing:
                _check_change(run, holder, at)
            return guard(call, at, holder, name, [argument(run) for argument in arguments])

        return Typed(invoke)

    def _new(self, node: n.New) -> Typed:
        make = CONSTRUCTORS.get((node.type, len(node.arguments)))
        if make is None:
            raise self.unknown(f"[new {node.type}]")
        arguments, at = [self.value(argument).run for argument in node.arguments], node.at
        return Typed(lambda run: _made(run, guard(static, at, make, *[argument(run) for argument in arguments])))

    def _items(self, node: n.Items) -> Typed:
        values = [self.value(value).run for value in node.values]
        return Typed(lambda run: _made(run, [plain(value(run)) for value in values]), "List")

    def _entries(self, node: n.Entries) -> Typed:
        pairs = [(self.value(key).run, self.value(value).run) for key, value in node.pairs]
        return Typed(lambda run: _made(run, {text_key(key(run)): plain(value(run)) for key, value in pairs}), "Map")

    def _unary(self, node: n.Unary) -> Typed:
        if node.sign == "!":
            inner = self.condition(node.value)
            return Typed(lambda run: not inner(run), "boolean")
        if node.sign == "~":
            raise self.unknown("the operator [~]")
        constant = node.value
        if node.sign == "-" and isinstance(constant, n.Const) and constant.type in ("int", "long"):
            # The sign is a part of the number, or the least one could not be written.
            return self._const(n.Const(constant.at, -constant.value, constant.type))
        value, kind = self.value(node.value)
        function, at = negate if node.sign == "-" else positive, node.at
        return Typed(lambda run: guard(function, at, value(run)), kind if kind in RANK else "def")

    def _cast(self, node: n.Cast) -> Typed:
        wanted, at = self.known_type(node.type, node.at), node.at
        value = self.value(node.value).run
        return Typed(lambda run: guard(cast, at, value(run), wanted), wanted if wanted in FIXED else "def")

    def _binary(self, node: n.Binary) -> Typed:
        sign, at = node.sign, node.at
        if sign in ("&&", "||"):
            first, second = self.condition(node.left), self.condition(node.right)
            if sign == "&&":
                return Typed(lambda run: first(run) and second(run), "boolean")
            return Typed(lambda run: first(run) or second(run), "boolean")
        left, right = self.value(node.left), self.value(node.right)
        a, b = left.run, right.run
        if sign in EQUAL:
            equal = EQUAL[sign]
            return Typed(lambda run: equal(a(run), b(run)), "boolean")
        if sign not in COMPARE and sign not in ARITHMETIC:
            raise self.unknown(f"the operator [{sign}]")
        text = sign == "+" and "String" in (left.type, right.type)
        for kind in (left.type, right.type):
            if kind in FIXED and kind not in RANK and not text:
                types = " and ".join(f"[{CANONICAL.get(side, side)}]" for side in (left.type, right.type))
                reason = f"Cannot apply {operation(node)} to types {types}."
                raise self.wrong(node.at, reason, "class_cast_exception")
        function: Callable[[Any, Any], Any] = compare(sign) if sign in COMPARE else ARITHMETIC[sign]
        kind = "boolean" if sign in COMPARE else "String" if text else _wider(left.type, right.type)

        def apply(run: Run) -> Any:
            try:
                return function(a(run), b(run))
            except JavaError as error:
                raise error.placed(at) from error

        return Typed(apply, kind)

    def _instance(self, node: n.Instance) -> Typed:
        value = self.value(node.value).run
        ask = TYPES.get(self.known_type(node.type, node.at))
        if ask is None:
            raise self.unknown(f"[instanceof {node.type}]")
        return Typed(lambda run: ask(value(run)), "boolean")

    def _choice(self, node: n.Choice) -> Typed:
        ask = self.condition(node.condition)
        yes, no = self.value(node.yes), self.value(node.no)
        first, second = yes.run, no.run
        kind = yes.type if yes.type == no.type else _wider(yes.type, no.type)
        return Typed(lambda run: first(run) if ask(run) else second(run), kind)

    def _elvis(self, node: n.Elvis) -> Typed:
        value, otherwise = self.value(node.value).run, self.value(node.otherwise).run

        def either(run: Run) -> Any:
            found = value(run)
            return otherwise(run) if found is None else found

        return Typed(either)

    def _assign(self, node: n.Assign) -> Typed:
        if node.sign and node.sign not in ARITHMETIC:
            raise self.unknown(f"the operator [{node.sign}=]")
        given, target, at = self.value(node.value), node.target, node.at
        value = given.run
        combine = ARITHMETIC[node.sign] if node.sign else None
        variable = self.variable(target.name) if isinstance(target, n.Name) else None
        if variable is not None:
            place, kind = variable
            fitted = self.fits(given, kind, at) if combine is None else value

            def assign(run: Run) -> Any:
                before = run.variables[place]
                found = fitted(run)
                if combine is not None:
                    found = guard(cast, at, guard(combine, at, before, found), kind)
                run.variables[place] = found
                return before if node.after else found

            return Typed(assign, kind if kind in FIXED else "def")
        if not isinstance(target, n.Field | n.Item):
            if isinstance(target, n.Name):
                self.value(target)
                raise self.wrong(at, f"invalid assignment: cannot assign a value to variable [{target.name}]")
            raise self.wrong(at, f"invalid assignment: cannot assign a value to {operation(target)}")
        holder = self.value(target.target).run
        key = self.value(target.key).run if isinstance(target, n.Item) else None
        name = target.name if isinstance(target, n.Field) else ""
        spot = target.at

        def store(run: Run) -> Any:
            place = holder(run)
            _check_change(run, place, spot)
            where = key(run) if key else name
            before = None
            if combine is not None:
                before = guard(get_item if key else get_field, spot, place, where)
                found = guard(combine, at, before, value(run))
            else:
                found = value(run)
            guard(set_item if key else set_field, spot, place, where, plain(found))
            return before if node.after else found

        return Typed(store)

    def _is_variable(self, name: str) -> bool:
        return name in ("ctx", "params") or self.variable(name) is not None


def _made(run: Run, value: Any) -> Any:
    if run.frozen:
        run.own.add(id(value))
    return value


def _check_change(run: Run, holder: Any, at: int) -> None:
    if holder is run.params:
        # Script.getParams is an unmodifiable map; what it holds is none.
        raise JavaError("unsupported_operation_exception", None).placed(at)
    if run.frozen and holder is not None and id(holder) not in run.own:
        reason = "Mutating ingest documents in conditionals is not supported"
        raise JavaError("unsupported_operation_exception", reason).placed(at)


def _wider(left: str, right: str) -> str:
    if left in RANK and right in RANK:
        return left if RANK[left] >= RANK[right] else right
    return "def"
