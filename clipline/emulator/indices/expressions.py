"""The indices that a request names: its path, and the parameters that say how to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.wire import Call

if TYPE_CHECKING:
    from clipline.emulator.node import Node

PARAMS = frozenset({"ignore_unavailable", "allow_no_indices", "expand_wildcards"})
_STATES = frozenset({"open", "closed", "hidden", "all"})


def named(node: Node, call: Call, *, hidden: bool = False) -> list[str]:
    """The concrete names; ``_all`` when the path names none. Wildcards reach hidden indices if asked to.

    Raises:
        ApiError: 404 for a missing one, 400 for a parameter that is wrong.
    """
    states = set(call.params.get("expand_wildcards", "open").split(","))
    if "none" in states:
        raise unsupported("[expand_wildcards=none]")
    if wrong := sorted(states - _STATES):
        raise illegal_argument(f"No valid expand wildcard value [{wrong[0]}]")
    return node.indices.resolve(
        call.args.get("index", "_all"),
        ignore_unavailable=call.flag("ignore_unavailable"),
        allow_no_indices=call.flag("allow_no_indices", default=True),
        hidden=hidden or bool(states & {"hidden", "all"}),
    )
