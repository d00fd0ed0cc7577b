"""One entry of ``POST /_aliases``: read, with the refusals of the real parser; nothing is carried out here.

Wire format::

    {"add": {"index" | "indices": …, "alias" | "aliases": …, "filter"?, "routing"?, "is_write_index"?, "is_hidden"?}}
    {"remove": {"index" | "indices": …, "alias" | "aliases": …, "must_exist"?}}   {"remove_index": {"index" | "indices": …}}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, wrong_kind
from clipline.emulator.indices.alias_options import OPTIONS, read_options
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.parsing import field_failed, inside
from clipline.emulator.spelling import unknown_field

_VERBS = ("add", "remove", "remove_index")
_NAMES = ("index", "indices", "alias", "aliases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One wanted change: ``indices`` as they were named, ``aliases`` too, ``must_exist`` only if it was said."""

    verb: str
    indices: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    must_exist: bool | None = None


def read_actions(body: dict[str, Any]) -> list[Action]:
    """The actions of a request.

    Raises:
        ApiError: 400 in the words of the real parser.
    """
    for key in body:
        if key != "actions":
            raise unknown_field("aliases", key, ("actions",))
    actions = body.get("actions")
    if actions is None:
        raise illegal_argument("Required [actions]")
    if not isinstance(actions, list):
        raise wrong_kind("aliases", "actions", actions)
    try:
        read = [_action(action) for action in actions]
    except ApiError as error:
        if error.type != "x_content_parse_exception":
            raise
        raise field_failed("aliases", "actions", error) from error
    for action in read:
        if wrong := _lacking(action):
            # What is found when the whole list was read.
            built = inside("Failed to build [aliases] after last required field arrived", illegal_argument(wrong))
            raise field_failed("aliases", "actions", built)
    return read


def add_action(indices: str, alias: str | None, body: dict[str, Any]) -> Action:
    """The action of ``PUT …/_alias``: the path's names over the body's, unknown fields passed over.

    Raises:
        ApiError: 400.
    """
    expression = indices or body.get("index")
    names = tuple(part for part in str(expression or "").split(",") if part)
    if not names:
        raise illegal_argument("[indices] can't be empty")
    alias = alias or body.get("alias")
    if not isinstance(alias, str) or not alias:
        raise illegal_argument("One of [alias] or [aliases] is required" if alias is None
                               else "[alias] can't be empty string")  # fmt: skip
    return Action(
        verb="add", indices=names, aliases=(resolve_name(alias),), options=read_options(alias, body, strict=False)
    )


def _action(value: Any) -> Action:
    if not isinstance(value, dict):
        raise wrong_kind("aliases", "actions", value)
    for verb in value:
        if verb not in _VERBS:
            raise unknown_field("alias_action", verb, _VERBS)
    if len(value) != 1:
        text = "Too many operations declared on operation entry" if value else "no action"
        raise inside("Failed to build [alias_action] after last required field arrived", illegal_argument(text))
    ((verb, body),) = value.items()
    if not isinstance(body, dict):
        raise wrong_kind("alias_action", verb, body)
    try:
        return _read(verb, body)
    except ApiError as error:
        if error.type != "x_content_parse_exception":
            raise
        raise field_failed("alias_action", verb, error) from error


def _read(verb: str, body: dict[str, Any]) -> Action:
    known = [*_NAMES, *(OPTIONS if verb == "add" else ()), *(["must_exist"] if verb == "remove" else [])]
    for key in body:
        if key not in known:
            raise unknown_field(verb, key, known)
    indices = _names(verb, body, "index", "indices")
    if verb == "remove_index":
        if given := [key for key in ("alias", "aliases") if key in body]:
            raise field_failed(verb, given[0], illegal_argument(f"[{given[0]}] is unsupported for [REMOVE_INDEX]"))
        return Action(verb=verb, indices=indices)
    aliases = _names(verb, body, "alias", "aliases")
    if verb == "remove":
        must_exist = body.get("must_exist")
        if must_exist is not None and not isinstance(must_exist, bool):
            raise wrong_kind(verb, "must_exist", must_exist)
        return Action(verb=verb, indices=indices, aliases=aliases, must_exist=must_exist)
    options = {key: body[key] for key in body if key in OPTIONS}
    for key, value in options.items():
        _check_option(verb, key, value)
    options = read_options("", options)
    return Action(verb=verb, indices=indices, aliases=tuple(map(resolve_name, aliases)), options=options)


def _check_option(verb: str, key: str, value: Any) -> None:
    if key == "filter":
        fits = isinstance(value, dict)
    elif key.startswith("is_"):
        fits = isinstance(value, bool | str)
        if isinstance(value, str) and value not in ("true", "false"):
            reason = f"Failed to parse value [{value}] as only [true] or [false] are allowed."
            raise field_failed(verb, key, illegal_argument(reason))
    else:
        fits = isinstance(value, int | float | str) and not isinstance(value, bool)
    if not fits:
        raise wrong_kind(verb, key, value)


def _names(verb: str, body: dict[str, Any], one: str, many: str) -> tuple[str, ...]:
    """The names under either of two fields, of which only one may be given."""
    keys = [key for key in body if key in (one, many)]
    if len(keys) > 1:
        raise field_failed(verb, keys[1], illegal_argument(f"Only one of [{one}] and [{many}] is supported"))
    if not keys:
        return ()
    (key,) = keys
    value = body[key]
    if not isinstance(value, str) and (key == one or not isinstance(value, list)):
        raise wrong_kind(verb, key, value)
    values = value if isinstance(value, list) else [value]
    if wrong := [item for item in values if item is None or isinstance(item, dict | list | bool)]:
        raise wrong_kind(verb, key, wrong[0])
    wanting = " string" if key == one else ""
    if not values or (key == one and not value):
        raise field_failed(verb, key, illegal_argument(f"[{key}] can't be empty{wanting}"))
    if "" in values:
        raise field_failed(verb, key, illegal_argument(f"[{key}] can't contain empty string"))
    return tuple(map(str, values))


def _lacking(action: Action) -> str | None:
    if not action.indices:
        return "One of [index] or [indices] is required"
    if action.verb != "remove_index" and not action.aliases:
        return "One of [alias] or [aliases] is required"
    return None
