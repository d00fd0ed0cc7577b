"""Methods of values: which one a name means depends on the value that it meets, as it does for a ``def`` of Painless.

A table per class: (name, number of arguments) → function of the value and the arguments. ``CHANGING`` are those that a
condition may not call on what belongs to the document.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.objects import Ctx, Entry, Keys
from clipline.emulator.painless.operators import COMPARE
from clipline.emulator.painless.values import among, class_name, equals, kind, plain, text, text_key, truncated

Method = Callable[..., Any]
Table = Mapping[tuple[str, int], Method]
JAVA_BLANK = "".join(map(chr, range(0x21)))
"""What Java's ``trim`` takes away: everything up to the space, and no other blank of Unicode."""


def units(value: str) -> str:
    """A text with a character for each 16 bits, as Java counts."""
    if value.isascii() or max(value) <= "\uffff":
        return value
    coded = value.encode("utf-16-le")
    return "".join(chr(int.from_bytes(coded[at : at + 2], "little")) for at in range(0, len(coded), 2))


def _whole(value: str) -> str:
    return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _string(value: Any) -> str:
    if value is None:
        raise JavaError("null_pointer_exception", None)
    if not isinstance(value, str):
        raise JavaError("class_cast_exception", f"Cannot cast {class_name(value)} to java.lang.String")
    return value


def _int(value: Any) -> int:
    if kind(value) != "int":
        raise JavaError("wrong_method_type_exception", f"cannot convert [{class_name(value)}] to [int]")
    return int(value)


def _substring(value: str, begin: Any, end: Any = None) -> str:
    held = units(value)
    first, last = _int(begin), len(held) if end is None else _int(end)
    if not 0 <= first <= last <= len(held):
        reason = f"begin {first}, end {last}, length {len(held)}"
        raise JavaError("string_index_out_of_bounds_exception", reason)
    return _whole(held[first:last])


def _pieces(value: str, token: Any, limit: Any = -1) -> list[str]:
    # Augmentation.splitOnToken keeps empty pieces, the last ones too.
    most = _int(limit)
    return value.split(_string(token), most - 1 if most > 0 else -1) if token else [value]


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise JavaError("illegal_argument_exception", "Illegal base64 character") from error


def _place(values: list[Any], index: Any, *, end: int | None = None) -> int:
    at, size = _int(index), len(values)
    if not 0 <= at < (size if end is None else end):
        raise JavaError("index_out_of_bounds_exception", f"Index {at} out of bounds for length {size}")
    return at


def _add(values: list[Any], value: Any) -> bool:
    values.append(plain(value))
    return True


def _add_all(values: list[Any], more: Any) -> bool:
    values.extend(map(plain, list(more)))
    return len(more) > 0


def _insert(values: list[Any], index: Any, value: Any) -> None:
    if not 0 <= _int(index) <= len(values):
        raise JavaError("index_out_of_bounds_exception", f"Index: {index}, Size: {len(values)}")
    values.insert(index, plain(value))


def _set(values: list[Any], index: Any, value: Any) -> Any:
    at = _place(values, index)
    before, values[at] = values[at], plain(value)
    return before


def _put(values: dict[Any, Any], key: Any, value: Any) -> Any:
    text_key(key)
    if isinstance(values, Ctx):
        values.check(key, value)
    before = values.get(key)
    values[key] = plain(value)
    return before


def _drop(values: dict[Any, Any], key: Any) -> Any:
    if isinstance(values, Ctx):
        values.check_removal(key)
    return values.pop(key, None) if isinstance(key, str) else None


def _clear(values: dict[Any, Any]) -> None:
    if isinstance(values, Ctx):
        raise unsupported("the method [clear] on [ctx], which holds the document's metadata, too,")
    values.clear()


def _get(values: dict[Any, Any], key: Any, otherwise: Any = None) -> Any:
    return values.get(key, otherwise) if isinstance(key, str) else otherwise


def _put_all(values: dict[Any, Any], more: Any) -> None:
    for key, value in more.items():
        _put(values, key, value)


def _sort(values: list[Any], order: Any) -> None:
    if order is not None or len({type(value) for value in values}) > 1:
        raise unsupported("a comparator, or values of several kinds, for [sort]")
    values.sort(key=lambda value: units(value) if isinstance(value, str) else value)


def _sub_list(values: list[Any], begin: Any, end: Any) -> list[Any]:
    first, last = _int(begin), _int(end)
    if not 0 <= first <= last <= len(values):
        raise JavaError("index_out_of_bounds_exception", f"fromIndex: {first}, toIndex: {last}, size: {len(values)}")
    return Keys(values[first:last])


def _index(values: list[Any], value: Any) -> int:
    return next((at for at, item in enumerate(values) if equals(item, value)), -1)


def _ordered(a: Any, b: Any) -> int:
    return -1 if COMPARE["<"](a, b) else int(COMPARE[">"](a, b))


_ALL: Table = {("equals", 1): equals, ("toString", 0): text}
_STRING: Table = {
    **_ALL,
    ("isEmpty", 0): lambda value: not value,
    ("length", 0): lambda value: len(units(value)),
    ("contains", 1): lambda value, part: _string(part) in value,
    ("startsWith", 1): lambda value, part: value.startswith(_string(part)),
    ("endsWith", 1): lambda value, part: value.endswith(_string(part)),
    ("toLowerCase", 0): str.lower,
    ("toUpperCase", 0): str.upper,
    ("trim", 0): lambda value: value.strip(JAVA_BLANK),
    ("substring", 1): _substring,
    ("substring", 2): _substring,
    ("indexOf", 1): lambda value, part: units(value).find(units(_string(part))),
    ("indexOf", 2): lambda value, part, at: units(value).find(units(_string(part)), max(_int(at), 0)),
    ("lastIndexOf", 1): lambda value, part: units(value).rfind(units(_string(part))),
    ("replace", 2): lambda value, old, new: value.replace(_string(old), _string(new)),
    ("equalsIgnoreCase", 1): lambda value, other: (
        isinstance(other, str)
        and len(value) == len(other)
        and all(a.upper() == b.upper() or a.lower() == b.lower() for a, b in zip(value, other, strict=True))
    ),
    ("concat", 1): lambda value, more: value + _string(more),
    ("splitOnToken", 1): _pieces,
    ("splitOnToken", 2): _pieces,
    ("encodeBase64", 0): lambda value: base64.b64encode(value.encode()).decode(),
    ("decodeBase64", 0): _decoded,
}
_LIST: Table = {
    **_ALL,
    ("isEmpty", 0): lambda value: not value,
    ("size", 0): len,
    ("contains", 1): lambda values, value: among(value, values),
    ("containsAll", 1): lambda values, others: all(among(value, values) for value in others),
    ("get", 1): lambda values, index: values[_place(values, index)],
    ("indexOf", 1): _index,
    ("lastIndexOf", 1): lambda values, value: (
        len(values) - 1 - _index(values[::-1], value) if among(value, values) else -1
    ),
    ("add", 1): _add,
    ("add", 2): _insert,
    ("addAll", 1): lambda values, more: _add_all(values, more),
    ("set", 2): _set,
    ("remove", 1): lambda values, index: values.pop(_place(values, index)),
    ("clear", 0): list.clear,
    ("sort", 1): _sort,
    ("subList", 2): _sub_list,
    ("join", 1): lambda values, separator: _string(separator).join(map(text, values)),
}
_MAP: Table = {
    **_ALL,
    ("isEmpty", 0): lambda value: not value,
    ("size", 0): len,
    ("containsKey", 1): lambda values, key: isinstance(key, str) and key in values,
    ("containsValue", 1): lambda values, value: among(value, values.values()),
    ("get", 1): _get,
    ("getOrDefault", 2): _get,
    ("put", 2): _put,
    ("putAll", 1): _put_all,
    ("putIfAbsent", 2): lambda values, key, value: (
        values[key] if _get(values, key) is not None else _put(values, key, value)
    ),
    ("remove", 1): _drop,
    ("clear", 0): _clear,
    ("keySet", 0): Keys,
    ("values", 0): lambda values: Keys(values.values()),
    ("entrySet", 0): lambda values: Keys(Entry(*pair) for pair in values.items()),
}
_NUMBER: Table = {
    **_ALL,
    **{
        (f"{name}Value", 0): lambda value, wanted=name: truncated(value, wanted)
        for name in ("int", "long", "float", "double")
    },
    ("compareTo", 1): _ordered,
}
_BOOLEAN: Table = {**_ALL, ("booleanValue", 0): lambda value: value}
_ENTRY: Table = {("getKey", 0): lambda entry: entry.key, ("getValue", 0): lambda entry: entry.value}

_SEEN = frozenset(key for key in _LIST if key[0] in ("isEmpty", "size", "contains", "containsAll", "join", "toString"))
CHANGING = frozenset(
    {("add", 1), ("add", 2), ("addAll", 1), ("set", 2), ("remove", 1), ("clear", 0), ("sort", 1), ("put", 2),
     ("putAll", 1), ("putIfAbsent", 2)}
)  # fmt: skip
KNOWN = frozenset().union(_STRING, _LIST, _MAP, _NUMBER, _BOOLEAN, _ENTRY)
"""Every method that some value has here."""


def table_of(value: Any) -> Table:
    """The methods of a value."""
    if isinstance(value, str):
        return _STRING
    if isinstance(value, dict):
        return _MAP
    if isinstance(value, list):
        return _LIST
    if isinstance(value, bool):
        return _BOOLEAN
    return _ENTRY if isinstance(value, Entry) else _NUMBER


def invoke(value: Any, name: str, arguments: list[Any]) -> Any:
    """``value.name(arguments)``.

    Raises:
        JavaError: no such method, or what it throws.
        ApiError: 501 for a change of what may only be looked at here.
    """
    if value is None:
        raise JavaError("null_pointer_exception", f"cannot access method/field [{name}] from a null def reference")
    key = (name, len(arguments))
    method = table_of(value).get(key)
    if method is None:
        reason = f"dynamic method [{class_name(value)}, {name}/{len(arguments)}] not found"
        raise JavaError("illegal_argument_exception", reason)
    if type(value) is Keys and key not in _SEEN:
        raise unsupported(f"the method [{name}] on the keys or a part of a collection")
    try:
        return method(value, *arguments)
    except (TypeError, AttributeError) as error:
        # An argument of a class that the method does not take.
        raise JavaError("class_cast_exception", f"wrong arguments for [{class_name(value)}, {name}]") from error
