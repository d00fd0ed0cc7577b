"""The indices that a request names: its path, and the parameters that say how to read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.http.wire import Call
from clipline.emulator.indices.resolution import Options

if TYPE_CHECKING:
    from clipline.emulator.node import Node

FORBID_CLOSED = Options(forbid_closed=True)
"""How everything that needs the documents reads its path (``strictExpandOpenAndForbidClosed``)."""
PARAMS = frozenset({"ignore_unavailable", "allow_no_indices", "expand_wildcards"})


def named(node: Node, call: Call, *, hidden: bool = False, base: Options | None = None) -> list[str]:
    """The concrete names; ``_all`` when the path names none. Wildcards reach hidden indices if asked to.

    Raises:
        ApiError: 404 for a missing one, 400 for a parameter that is wrong.
    """
    options = read_options(call, replace(base or Options(), hidden=hidden))
    return node.indices.resolve(call.args.get("index", "_all"), options)


def check_destructive(node: Node, expression: str) -> None:
    """Refuse wildcards where ``action.destructive_requires_name`` (true by default) wants names.

    Raises:
        ApiError: 400.
    """
    if not node.settings.flag("action.destructive_requires_name"):
        return
    parts = expression.split(",")
    # As DestructiveOperations: this pattern takes everything away again.
    if parts != ["*", "-*"] and any("*" in part or part == "_all" for part in parts):
        raise illegal_argument("Wildcard expressions or all indices are not allowed")


def read_options(call: Call, base: Options) -> Options:
    """The three parameters over an API's own defaults.

    Raises:
        ApiError: 400.
    """
    options = base
    if "expand_wildcards" in call.params:
        states = _states(call.params["expand_wildcards"])
        expand = bool(states & {"open", "closed"})
        options = replace(
            options, expand=expand, open="open" in states, closed="closed" in states, hidden="hidden" in states
        )
    for key in ("ignore_unavailable", "allow_no_indices"):
        if key in call.params:
            options = replace(options, **{key: _boolean(key, call.params[key])})
    return options


def _states(text: str) -> set[str]:
    states: set[str] = set()
    for part in text.split(","):
        if part == "none":
            states = set()
        elif part == "all":
            states = {"open", "closed", "hidden"}
        elif part in ("open", "closed", "hidden"):
            states.add(part)
        else:
            raise illegal_argument(f"No valid expand wildcard value [{part}]")
    return states


def _boolean(name: str, value: str) -> bool:
    if value in ("true", "false", ""):
        return value != "false"
    reason = f"Failed to parse value [{value}] as only [true] or [false] are allowed."
    cause = {"type": "illegal_argument_exception", "reason": reason}
    raise ApiError(400, "illegal_argument_exception", f"Could not convert [{name}] to boolean", caused_by=cause)
