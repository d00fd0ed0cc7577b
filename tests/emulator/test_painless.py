"""The one subset of Painless: what conditions and scripts give, in Java's arithmetic, and what is refused how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.emulator.errors import ApiError
from clipline.emulator.painless import compile_script, parse
from clipline.emulator.painless.objects import Ctx
from clipline.emulator.painless.values import Float, text

DOCUMENT = {"a": {"b": 1}, "l": [1, 2, 3], "s": "xyz", "n": 7, "f": 2.5, "big": 3_000_000_000, "o": None, "_index": "i"}

CONDITIONS: dict[str, bool] = {
    "ctx.a.b == 1": True,
    "ctx?.q?.b == 1": False,
    "ctx.o?.x?.y != null": False,
    "ctx['a']['b'] == 1.0": True,
    "ctx.s == 'xyz' && ctx.l.contains(2) || ctx.nothing.at.all": True,
    "!(ctx.s instanceof List) && ctx.a instanceof Map && ctx.n instanceof Integer && ctx.big instanceof Long": True,
    "ctx.f instanceof Double && !(ctx.n instanceof Long) && ctx.n instanceof Number && !(ctx.o instanceof String)": True,
    "ctx.n > 5 ? true : false": True,
    "ctx.o ?: 5 == 5": True,
    "(ctx.o ?: 5) == 5": True,
    "return ctx.n / 2 == 3": True,
    "if (ctx.n > 100) return true": False,
    "for (x in ctx.l) { if (x == 3) return true; } return false": True,
    "ctx.l[-1] == 3 && ctx.l.0 == 1 && ctx.l.length == 3 && ctx.l.size() == 3": True,
    "ctx.s.toUpperCase().substring(1).equals('YZ') && ctx.s.indexOf('z') == 2": True,
    "def l = [1]; l.add(2); l.size() == 2": True,
    "'\U0001f600'.length() == 2": True,
    "ctx.containsKey('s') && !ctx.containsKey('zz') && ctx._index == 'i'": True,
    "": False,
}


@pytest.mark.parametrize("source", CONDITIONS)
def test_a_condition(source: str) -> None:
    assert compile_script(source, condition=True).run(Ctx(DOCUMENT), {}) is CONDITIONS[source]


SCRIPTS: dict[str, Any] = {
    "ctx.x = 7 / 2": 3,
    "ctx.x = -7 / 2": -3,
    "ctx.x = -7 % 3": -1,
    "ctx.x = 7 / 2.0": 3.5,
    "ctx.x = 1.0f / 3": 0.33333334,
    "ctx.x = 1 / 0.0 > Long.MAX_VALUE": True,
    "ctx.x = Integer.MAX_VALUE + 1": -(2**31),
    "ctx.x = Integer.MAX_VALUE + 1L": 2**31,
    "ctx.x = ctx.big * 2": 6_000_000_000,
    "ctx.x = (int) 2.9 + (int) -2.9": 0,
    "ctx.x = 'a' + 1 + 2.0 + null + true + 1e10 + [1, 'b']": "a12.0nulltrue1.0E10[1, b]",
    "ctx.x = 1 + 2 + 'a'": "3a",
    "int i = 0; ctx.x = i++ + ++i": 2,
    "int i = 5; i *= 2; i -= 1; ctx.x = i": 9,
    "ctx.a.b += 4; ctx.x = ctx.a.b": 5,
    "for (int i = 0; i < 3; i++) { ctx.n += i } ctx.x = ctx.n": 10,
    "int i = 0; while (true) { i++; if (i == 2) continue; if (i > 4) break; } ctx.x = i": 5,
    "int i = 0; do { i++ } while (i < 3); ctx.x = i": 3,
    "Map m = ['k': [1]]; m.k.add(2); m.put('z', m.k.size()); ctx.x = m": {"k": [1, 2], "z": 2},
    "def keys = ''; for (def e : ctx.a.entrySet()) { keys += e.getKey() + e.value } ctx.x = keys": "b1",
    "ctx.x = Math.max(1, 2)": 2.0,
    "ctx.x = '' + Math.ceil(-0.5) + Math.floor(2.5)": "-0.02.0",
    "ctx.x = Math.round(2.5)": 3,
    "ctx.x = ctx.s.splitOnToken('y')": ["x", "z"],
    "ctx.x = params.p + params['q'].size()": 7,
    "ctx.x = Integer.parseInt('12') + Double.parseDouble('0.5')": 12.5,
    "if (ctx.n == 7) { ctx.x = 1; return } ctx.x = 2": 1,
    "ctx.x = ctx.remove('s')": "xyz",
    "ctx.x = 0x1F + 010": 39,
    "String s = 'it\\'s'; ctx.x = s // a comment": "it's",
    "/* one */ ctx.x = (ctx.n) - 1": 6,
}


@pytest.mark.parametrize("source", SCRIPTS)
def test_a_script(source: str) -> None:
    ctx = Ctx(json.loads(json.dumps(DOCUMENT)))
    compile_script(source).run(ctx, {"p": 5, "q": [0, 0]})
    assert ctx["x"] == SCRIPTS[source]
    assert type(ctx["x"]) is type(SCRIPTS[source])


FAILURES: dict[str, tuple[str, str, list[str]]] = {
    "ctx.q.b == 1": (
        "null_pointer_exception", "cannot access method/field [b] from a null def reference",
        ["ctx.q.b == 1", "     ^---- HERE"],
    ),
    "def x = 1;\nreturn ctx.o.isEmpty();": (
        "null_pointer_exception", "cannot access method/field [isEmpty] from a null def reference",
        ["return ctx.o.isEmpty();", "            ^---- HERE"],
    ),
    "ctx.o > 1": (
        "null_pointer_exception", 'Cannot invoke "Object.getClass()" because "leftObject" is null',
        ["ctx.o > 1", "^---- HERE"],
    ),
    "ctx.s > 1": (
        "class_cast_exception", "Cannot apply [>] operation to types [java.lang.String] and [java.lang.Integer].",
        ["ctx.s > 1", "^---- HERE"],
    ),
    "ctx.n": ("class_cast_exception", "Cannot cast from [java.lang.Integer] to [boolean].", ["ctx.n", "   ^---- HERE"]),
    "ctx.n / 0 == 1": ("arithmetic_exception", "/ by zero", ["ctx.n / 0 == 1", "^---- HERE"]),
    "ctx.s.size() == 1": (
        "illegal_argument_exception", "dynamic method [java.lang.String, size/0] not found",
        ["ctx.s.size() == 1", "     ^---- HERE"],
    ),
    "ctx.l.add(1)": (
        "unsupported_operation_exception", "Mutating ingest documents in conditionals is not supported",
        ["ctx.l.add(1)", "     ^---- HERE"],
    ),
    "while (true) {}": (
        "painless_error", "The maximum number of statements that can be executed in a loop has been reached.",
        ["while (true) {}", "^---- HERE"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("source", FAILURES)
def test_a_script_that_fails(source: str) -> None:
    kind, reason, stack = FAILURES[source]
    with pytest.raises(ApiError) as caught:
        compile_script(source, condition=True).run(Ctx(DOCUMENT), {})
    error = caught.value
    assert (error.status, error.type, error.reason) == (400, "script_exception", "runtime error")
    assert error.caused_by == {"type": kind, "reason": reason}
    assert (error.meta["script_stack"], error.meta["script"], error.meta["lang"]) == (stack, source, "painless")


COMPILE_ERRORS: dict[str, str] = {
    "ctx.a ==": "unexpected end of script.",
    "ctx.a = 1 foo": "invalid sequence of tokens near ['foo'].",
    "ctx.a? .b": "invalid sequence of tokens near ['.'].",
    "'cat": "unexpected character ['cat].",
    "'\\a'": "unexpected character ['\\a]. The only valid escape sequences in strings starting with ['] are [\\\\] and [\\'].",
    "foo == 1": "cannot resolve symbol [foo]",
    "foo x = 1": "cannot resolve type [foo]",
    "def ctx = 1": "variable [ctx] is already defined",
    "int i = 'a'": "Cannot cast from [java.lang.String] to [int].",
    "if (5) { ctx.a = 1 }": "Cannot cast from [int] to [boolean].",
    "1 * 1; ctx.a = 1": "not a statement: result not used from multiplication operation [*]",
    "ctx.a; ctx.b = 1": "not a statement: result of dot operator [.] not used",
    "'1'; ctx.b = 1": "not a statement: string constant [1] not used",
    "1 * 1 = 2": "invalid assignment: cannot assign a value to multiplication operation [*]",
    "ctx.a = 864000000000": "Invalid int constant [864000000000]. If you want a long constant then change it to [864000000000L].",
}


@pytest.mark.parametrize("source", COMPILE_ERRORS)
def test_what_is_no_painless(source: str) -> None:
    with pytest.raises(ApiError) as caught:
        compile_script(source)
    error = caught.value
    assert (error.status, error.type, error.reason) == (400, "script_exception", "compile error")
    assert error.caused_by is not None
    assert error.caused_by["reason"] == COMPILE_ERRORS[source]


UNSUPPORTED: dict[str, str] = {
    "ctx.l.removeIf(x -> x == 1)": "a lambda",
    "ctx.l.stream().map(String::valueOf)": "a reference to a method",
    "try { ctx.a = 1 } catch (Exception e) {}": "try and catch",
    "boolean f(def x) { return true } ctx.a = f(1)": "a function of one's own",
    "ctx.a = ctx.s =~ /x/": "a match with a regular expression",
    "int[] a = new int[3]": "the type [int[]]",
    "ctx.a = 5 & 3": "the operator [&]",
    "ctx.a = new Date()": "[new Date]",
    "ctx.a = ZonedDateTime.now()": "the class [ZonedDateTime]",
    "ctx.a = ctx.s.charAt(0)": "the method [charAt/1]",
}


@pytest.mark.parametrize("source", UNSUPPORTED)
def test_what_is_not_emulated_is_named(source: str) -> None:
    with pytest.raises(ApiError) as caught:
        compile_script(source)
    assert caught.value.status == 501
    assert UNSUPPORTED[source] in caught.value.reason


@pytest.mark.parametrize(
    "source", ["ctx.a = 1" + "+1" * 10000, "ctx" + ".a" * 5000 + " = 1", "ctx.a = " + "!" * 5000 + "true"]
)
def test_a_script_that_is_too_deep_is_refused(source: str) -> None:
    assert _status(source) == 501


@given(st.text(alphabet="ctx.a[]()'\"=!<>+-*/%&|?:;{} 0123if else return true null instanceof\n", max_size=60))
def test_any_text_is_a_script_or_an_error(source: str) -> None:
    assert _status(source) in (200, 400, 501)


def _status(source: str) -> int:
    try:
        parse(source)
        compile_script(source)
    except ApiError as error:
        return error.status
    return 200


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1).filter(bool))
def test_whole_numbers_divide_as_in_java(a: int, b: int) -> None:
    ctx = Ctx(a=a, b=b)
    compile_script("ctx.q = ctx.a / ctx.b; ctx.r = ctx.a % ctx.b; ctx.back = ctx.q * ctx.b + ctx.r").run(ctx, {})
    assert ctx["back"] == a
    assert abs(ctx["r"]) < abs(b)
    assert ctx["r"] == 0 or (ctx["r"] < 0) == (a < 0)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_and_its_text(value: float) -> None:
    shown = text(value)
    assert float(shown) == value
    assert "." in shown
    assert ("E" in shown) == (value != 0 and not 1e-3 <= abs(value) < 1e7)


@pytest.mark.parametrize(("value", "shown"), [(1.1, "1.1"), (1e10, "1.0E10"), (3.4e38, "3.4E38"), (123.456, "123.456")])
def test_a_number_of_32_bits_and_its_text(value: float, shown: str) -> None:
    assert text(Float(value)) == shown
