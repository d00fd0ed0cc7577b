"""At most one operator changes a stack at a time.

The document ``lock:<stack>``::

    {"kind": "lock", "stack": "clipline", "body": {
       "token": "9c0e4b6fd0f94e0d", "owner": "elastic", "command": "apply",
       "host": "ops-1", "pid": 4711, "process_start": 8131245, "namespace": "0b8f4c0e-… pid:[4026531836]",
       "acquired_at": "2026-11-26T19:44:32.120Z", "expires_at": "2026-11-26T19:46:12.310Z", "renew_seconds": 20.0}}

It is made by ``op_type=create``, renewed, taken over and deleted under the condition that nobody wrote it meanwhile. Three
kinds of lock are taken over: one whose process is provably dead, at once; one that has expired; and, with
``break_lock``, any.

**Clocks.** ``expires_at`` is by the holder's clock and read by the contender's, and Elasticsearch sends no ``Date`` to
compare them with. A clock that is ahead must not take a living lock: a lock that has expired is watched for one and a
half of its holder's renewals first, and left alone if it moves. A clock that is behind only waits longer. The holder
itself measures by the time that has passed, never by the clock: it calls its lock lost once it could not renew it for
as long as the lock lives, counted from before its last renewal was sent.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from clipline.core.errors import LockError
from clipline.core.output import say
from provisioning.state.clock import elapsed, is_past, now, readable
from provisioning.state.renewal import Claim, Lock
from provisioning.state.store import Position, Stored, ensure_index, read, write
from provisioning.state.who import Process, own_process, who

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

LIFETIME = 60.0
RENEWED_EVERY = 20.0
"""Seconds. Two renewals may fail before the lock is lost."""

_WATCHED = 1.5
_ATTEMPTS = 20
"""How often taking the lock is tried while it changes hands; each time somebody else was quicker."""

_ours: set[str] = set()
"""The tokens of the locks that this process holds or is about to."""


class Why(StrEnum):
    """Why a lock was taken over."""

    DEAD = "its process is dead"
    EXPIRED = "it had expired"
    BROKEN = "--break-lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, as its document says."""

    token: str
    owner: str
    command: str
    process: Process
    acquired_at: str
    expires_at: str
    renew_seconds: float

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Holder:
        """The holder that a document names."""
        return cls(
            token=str(body.get("token", "")),
            owner=str(body.get("owner", "somebody")),
            command=str(body.get("command", "")),
            process=Process.of_body(body),
            acquired_at=str(body.get("acquired_at", "")),
            expires_at=str(body.get("expires_at", "")),
            renew_seconds=float(body.get("renew_seconds") or RENEWED_EVERY),
        )

    def __str__(self) -> str:
        """``elastic on ops-1 (process 4711), `clipline apply`, since 2026-11-26 19:44:32 UTC``."""
        return (
            f"{self.owner} on {self.process.host} (process {self.process.pid}), `clipline {self.command}`, since "
            f"{readable(self.acquired_at)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """Whose lock was taken over, and why that was allowed."""

    holder: Holder
    why: Why

    def __str__(self) -> str:
        return f"took over the lock of {self.holder}: {self.why}"


@contextmanager
def held(
    client: Elasticsearch,
    *,
    stack: str,
    command: str,
    break_lock: bool = False,
    lifetime: float = LIFETIME,
    renewed_every: float = RENEWED_EVERY,
    tell: Callable[[str], None] = say,
) -> Iterator[Lock]:
    """Hold the lock of a stack for the time of a block, and release it whatever happens in there.

    ``lock.check()`` before each change raises once the lock is lost; ``lock.taken_over`` says whose it was, which is told
    too. A release that fails is told, not raised: the lock ends by its time.

    Args:
        client: the cluster.
        stack: whose lock.
        command: the command that works, as ``apply``; shown to others who wait.
        break_lock: take the lock whoever holds it.
        lifetime: seconds after which a lock that is not renewed has expired.
        renewed_every: seconds between renewals.
        tell: what becomes of sentences for the operator.

    Raises:
        LockError: somebody else holds it.
        ClusterError: the index ``clipline-state`` is not ours.
        elasticsearch.ApiError, elasticsearch.TransportError: the cluster said no, or nothing.
    """
    token = uuid.uuid4().hex[:16]
    _ours.add(token)
    try:
        claim = Claim(
            stack=stack,
            token=token,
            lifetime=lifetime,
            renewed_every=renewed_every,
            body={
                "token": token,
                "owner": who(client),
                "command": command,
                **own_process().to_body(),
                "acquired_at": now(),
                "renew_seconds": renewed_every,
            },
        )
        lock = _take(client, claim, break_lock=break_lock, tell=tell)
        try:
            if lock.taken_over:
                tell(lock.taken_over)
            lock.keep()
            yield lock
        finally:
            if note := lock.release():
                tell(note)
    finally:
        _ours.discard(token)


def read_holder(client: Elasticsearch, stack: str) -> Holder | None:
    """Who holds the lock of a stack, alive or not; one GET. Read-only."""
    stored = read(client, lock_id(stack))
    return None if stored is None else Holder.of_body(stored.body)


def lock_id(stack: str) -> str:
    """The id of a stack's lock."""
    return f"lock:{stack}"


def _take(client: Elasticsearch, claim: Claim, *, break_lock: bool, tell: Callable[[str], None]) -> Lock:
    from elasticsearch import ConflictError

    ensure_index(client)
    taken_over: TakenOver | None = None
    broken: str | None = (
        None  # the token that --break-lock is for: not that of another who breaks it, too, a moment later
    )
    after: Position | None = None
    for _ in range(_ATTEMPTS):
        sent = elapsed()
        try:
            position = write(client, claim.id, claim.document(), create=after is None, after=after)
        except ConflictError:
            stored = read(client, claim.id)
        else:
            return _locked(client, claim, position, sent=sent, taken_over=taken_over)
        if stored is None:  # released since
            after, taken_over = None, None
            continue
        holder = Holder.of_body(stored.body)
        if holder.token == claim.token:  # the client repeated a write whose answer was lost
            return _locked(client, claim, stored.position, sent=sent, taken_over=taken_over)
        broken = broken or holder.token
        why = _may_take(holder, break_lock=break_lock and holder.token == broken)
        if why is None or (why is Why.EXPIRED and _moves(client, stored, holder, tell=tell)):
            raise _taken(claim.stack, holder)
        after, taken_over = stored.position, TakenOver(holder=holder, why=why)
    raise LockError("the lock changes hands all the time", where=claim.id, hint="try again")


def _locked(
    client: Elasticsearch, claim: Claim, position: Position, *, sent: float, taken_over: TakenOver | None
) -> Lock:
    return Lock(client, claim, position, sent=sent, taken_over="" if taken_over is None else str(taken_over))


def _may_take(holder: Holder, *, break_lock: bool) -> Why | None:
    if holder.process == own_process() and holder.token not in _ours:
        return Why.DEAD  # of an earlier command in this process, whose release did not reach the cluster
    if holder.process.is_dead():
        return Why.DEAD
    if break_lock:
        return Why.BROKEN
    return Why.EXPIRED if is_past(holder.expires_at) else None


def _moves(client: Elasticsearch, stored: Stored, holder: Holder, *, tell: Callable[[str], None]) -> bool:
    """Whether a lock that has expired by our clock is still renewed, or was taken by another meanwhile."""
    seconds = _WATCHED * holder.renew_seconds
    tell(f"the lock of {holder} has expired; waiting {seconds:g} s to be sure that it is not renewed any more")
    time.sleep(seconds)
    again = read(client, stored.id)
    return again is not None and again.position != stored.position


def _taken(stack: str, holder: Holder) -> LockError:
    return LockError(
        f"the stack {stack} is being changed by {holder}; the lock lasts until {readable(holder.expires_at)} and is "
        "renewed while that process works",
        where=lock_id(stack),
        hint="wait until it is done; if that process cannot be working any more, run this again with --break-lock",
    )
