"""The parameters that every write has in common, and what follows from them after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.http.wire import Call
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.optimistic import Condition, version_type, wanted_number
from clipline.emulator.indices.write import Written

if TYPE_CHECKING:
    from clipline.emulator.node import Node

WRITE = frozenset({
    "refresh", "timeout", "if_seq_no", "if_primary_term", "wait_for_active_shards", "routing", "version",
    "version_type",
})  # fmt: skip
"""Parameters of every write of one document."""

_NEVER = "false"


def refresh_wanted(call: Call) -> str:
    """How a write asks to be searchable when it is acknowledged: ``false``, ``true`` or ``wait_for``.

    Raises:
        ApiError: 400 for another value.
    """
    call.millis("timeout", default="1m")
    value = call.params.get("refresh", _NEVER)
    if value not in ("", "true", "false", "wait_for"):
        raise illegal_argument(f"Unknown value for refresh: [{value}].")
    return value or "true"


def refreshed(node: Node, policy: str, written: Iterable[Written | ApiError]) -> set[str]:
    """Do what ``refresh`` asks for the shards that were written to; gives the indices where it was forced."""
    touched: dict[str, set[int]] = {}
    for one in written if policy != _NEVER else []:
        if isinstance(one, Written) and one.seq_no is not None and one.copies:
            touched.setdefault(one.index, set()).add(one.shard)
    forced = set()
    for name, numbers in sorted(touched.items()):
        try:
            index = node.indices.get(name)
            if policy == "wait_for":
                if index.wait_until_searchable(numbers):
                    forced.add(name)
            else:
                with index.lock:
                    index.shard.refresh(numbers)
                forced.add(name)
        except ApiError as error:
            # Deleted meanwhile: there is nothing to show.
            if error.status != 404:
                raise
    return forced


def check_copies(node: Node, call: Call, names: Iterable[str]) -> None:
    """Refuse to wait for more copies than what these names stand for has on one node.

    Raises:
        ApiError: 400 for what is no number of copies, 501 where the real one would wait in vain.
    """
    check_active_shards(call)
    if call.params.get("wait_for_active_shards") == "all":
        check_active_shards(call, max((_replicas(node, name) for name in set(names)), default=0))


def check_active_shards(call: Call, replicas: int | None = None) -> None:
    """Refuse to wait for more copies than one node ever has.

    Raises:
        ApiError: 400 for what is no number of copies, 501 where the real one would wait in vain.
    """
    value = call.params.get("wait_for_active_shards")
    if value is None or value == "" or (value == "all" and replicas == 0):
        return
    if value != "all":
        try:
            wanted = int(value)
        except ValueError:
            raise illegal_argument(f"cannot parse ActiveShardCount[{value}]") from None
        if wanted < 0:
            raise illegal_argument(f"cannot parse ActiveShardCount[{value}]")
        if wanted <= 1:
            return
    elif replicas is None:
        return
    raise unsupported(f"[wait_for_active_shards={value}]: one node never has more than one active copy of a shard")


def _replicas(node: Node, name: str) -> int:
    try:
        index = node.indices.write_index(resolve_name(name))
    except ApiError:
        return 0  # the write will say so itself
    # An index that a write makes has one replica, as any that nobody asked to be otherwise.
    return 1 if index is None else index.copies - 1


def condition(call: Call) -> Condition:
    """The versions and sequence numbers that a call names.

    Raises:
        ApiError: 400 for what is no such number.
    """
    return Condition(
        version=long(call, "version") if "version" in call.params else None,
        kind=version_type(call.params.get("version_type")),
        if_seq_no=_number(call, "if_seq_no"),
        if_primary_term=_number(call, "if_primary_term"),
    )


def long(call: Call, name: str) -> int:
    """A parameter that is a 64-bit number.

    Raises:
        ApiError: 400.
    """
    text = call.params[name]
    try:
        value = int(text)
        if not -(2**63) <= value < 2**63:
            raise ValueError
    except ValueError:
        raise ApiError(400, "number_format_exception", f'For input string: "{text}"') from None
    return value


def _number(call: Call, name: str) -> int | None:
    return wanted_number(name, call.integer(name, default=0)) if name in call.params else None
