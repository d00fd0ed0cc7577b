"""Reading and writing ``a.b`` and ``a[b]`` of values known only when the script runs (DefBootstrap, Def)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.methods import invoke
from clipline.emulator.painless.objects import Ctx, Entry
from clipline.emulator.painless.statics import whole
from clipline.emulator.painless.values import class_name, kind, text_key

call = invoke


def static(function: Callable[..., Any], *arguments: Any) -> Any:
    """A static method or a constructor.

    Raises:
        JavaError: what it throws, also for an argument of a class that it does not take.
    """
    try:
        return function(*arguments)
    except (TypeError, AttributeError, ValueError, OverflowError) as error:
        shown = ", ".join("null" if value is None else class_name(value) for value in arguments)
        raise JavaError("class_cast_exception", f"wrong arguments [{shown}]") from error


def get_field(holder: Any, name: str) -> Any:
    """``holder.name``.

    Raises:
        JavaError: there is no such thing.
    """
    if isinstance(holder, dict):
        return holder.get(name)
    if holder is None:
        raise JavaError("null_pointer_exception", f"cannot access method/field [{name}] from a null def reference")
    if isinstance(holder, list):
        if name == "length":
            return len(holder)
        if name.isdigit():
            return holder[_place(holder, _number(name))]
    if isinstance(holder, list | str) and name == "empty":
        return not holder
    if isinstance(holder, Entry) and name in ("key", "value"):
        return getattr(holder, name)
    raise JavaError("illegal_argument_exception", f"dynamic getter [{class_name(holder)}, {name}] not found")


def set_field(holder: Any, name: str, value: Any) -> None:
    """``holder.name = value``.

    Raises:
        JavaError: it cannot be.
    """
    if isinstance(holder, dict):
        set_item(holder, name, value)
    elif holder is None:
        raise JavaError("null_pointer_exception", f"cannot access method/field [{name}] from a null def reference")
    elif isinstance(holder, list) and name.isdigit():
        set_item(holder, _number(name), value)
    else:
        raise JavaError("illegal_argument_exception", f"dynamic setter [{class_name(holder)}, {name}] not found")


def get_item(holder: Any, key: Any) -> Any:
    """``holder[key]``.

    Raises:
        JavaError: there is no such thing.
    """
    if isinstance(holder, dict):
        return holder.get(key) if isinstance(key, str | int | float | None) else None
    if isinstance(holder, list):
        return holder[_place(holder, key)]
    raise _no_holder(holder)


def set_item(holder: Any, key: Any, value: Any) -> None:
    """``holder[key] = value``.

    Raises:
        JavaError: it cannot be.
    """
    if isinstance(holder, dict):
        text_key(key)
        if isinstance(holder, Ctx):
            holder.check(key, value)
        holder[key] = value
    elif isinstance(holder, list):
        holder[_place(holder, key)] = value
    else:
        raise _no_holder(holder)


def _number(name: str) -> int:
    """``holder.0``; Painless reads it as an Integer (Integer.parseInt)."""
    return whole(name, "int")


def _place(values: list[Any], index: Any) -> int:
    if kind(index) != "int":
        raise JavaError("wrong_method_type_exception", f"cannot convert [{class_name(index)}] to [int]")
    # A negative index counts from the end.
    at = int(index) + len(values) if index < 0 else int(index)
    if not 0 <= at < len(values):
        raise JavaError("index_out_of_bounds_exception", f"Index {at} out of bounds for length {len(values)}")
    return at


def _no_holder(holder: Any) -> JavaError:
    if holder is None:
        return JavaError("null_pointer_exception", "cannot access an element of a null def reference")
    reason = f"Attempting to address a non-array-like type [{class_name(holder)}] as an array."
    return JavaError("illegal_argument_exception", reason)
