"""What was done to a stack: one document a run, written before the first change and after each.

The document ``run:<stack>:<started_at>:<token of the lock>``::

    {"kind": "run", "stack": "clipline", "started_at": "2026-11-26T19:44:32.120Z", "outcome": "done", "body": {
       "command": "apply", "who": "elastic", "host": "ops-1", "clipline": "0.1.0", "server": "9.2.0",
       "ended_at": "2026-11-26T19:44:40.512Z", "error": null,
       "changes": [{"address": "alias/my-image-embeddings", "verb": "create", "digest": "sha256:…", "state": "done",
                    "seconds": 0.012, "detail": ""}]}}

``outcome`` is ``running``, ``done``, ``failed``, ``interrupted``, or ``stopped`` for a run that was killed: the next one
of the stack finds it ``running`` although nobody holds the lock any more. The newest ``KEPT`` runs of a stack are kept.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from clipline.core.cluster import explain, reason
from clipline.core.output import say
from clipline.core.settings import Connection
from provisioning.plan import Change, Plan
from provisioning.state.clock import now
from provisioning.state.renewal import Lock
from provisioning.state.store import ensure_index, remove, search_runs, write

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

KEPT = 200


class Outcome(StrEnum):
    """How a run ended, or that it has not."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"


class Run:
    """One run while it goes on. A write that fails is told once and made up for by the next: each holds everything."""

    def __init__(self, client: Elasticsearch, *, lock: Lock, plan: Plan, tell: Callable[[str], None]) -> None:
        self._client = client
        self._tell = tell
        self._failed = False
        self._stack = plan.stack
        self._started_at = now()
        self._outcome = Outcome.RUNNING
        self._changes = {id(change): _entry(change) for change in plan.pending}
        self._body: dict[str, Any] = {
            "command": str(plan.purpose),
            "who": lock.owner,
            "host": lock.host,
            "clipline": importlib.metadata.version("clipline"),
            "server": plan.version,
            "ended_at": None,
            "error": None,
        }
        self.id = f"run:{plan.stack}:{self._started_at}:{lock.token}"

    def begin(self) -> None:
        """Write the run down before anything is done.

        Raises:
            elasticsearch.ApiError, elasticsearch.TransportError: it cannot be written, so nothing should be done.
        """
        ensure_index(self._client)
        write(self._client, self.id, self._document(), searchable=True)

    def mark(self, change: Change, state: str, *, seconds: float = 0.0, detail: str = "") -> None:
        """Write down what became of one change: ``begun`` or ``done``."""
        self._changes[id(change)] |= {"state": state, "seconds": round(seconds, 3), "detail": detail}
        self._write()

    def end(self, outcome: Outcome, *, error: str | None = None) -> None:
        """Write down how the run ended; one that failed or was interrupted is not kept waiting for a cluster that is away."""
        if outcome is not Outcome.DONE:
            self._client = self._client.options(max_retries=0)
        self._outcome = outcome
        self._body |= {"ended_at": now(), "error": error}
        self._write(searchable=True)

    def _write(self, *, searchable: bool = False) -> None:
        from elasticsearch import ApiError, TransportError

        try:
            write(self._client, self.id, self._document(), searchable=searchable)
        except (ApiError, TransportError) as error:
            if self._failed:
                return
            self._failed = True
            self._client = self._client.options(max_retries=0)  # the patience was spent
            self._tell(f"the history could not be written ({explain(error, Connection()).what})")

    def _document(self) -> dict[str, Any]:
        return {
            "kind": "run",
            "stack": self._stack,
            "started_at": self._started_at,
            "outcome": str(self._outcome),
            "body": {**self._body, "changes": list(self._changes.values())},
        }


@contextmanager
def recorded(client: Elasticsearch, *, lock: Lock, plan: Plan, tell: Callable[[str], None] = say) -> Iterator[Run]:
    """Record a block as one run, whatever becomes of it; runs that were killed are marked first, old ones deleted.

    Raises:
        elasticsearch.ApiError, elasticsearch.TransportError: the history cannot be written before the first change.
    """
    run = Run(client, lock=lock, plan=plan, tell=tell)
    run.begin()
    _tidy(client, plan.stack, keep=run)
    try:
        yield run
    except KeyboardInterrupt:
        run.end(Outcome.INTERRUPTED)
        raise
    except BaseException as error:
        run.end(Outcome.FAILED, error=_told(error))
        raise
    run.end(Outcome.DONE)


def _told(error: BaseException) -> str:
    from elasticsearch import ApiError

    return f"{error.meta.status}: {reason(error)}" if isinstance(error, ApiError) else str(error)


def read_history(client: Elasticsearch, stack: str, *, limit: int) -> list[Mapping[str, Any]]:
    """The runs of a stack, newest first, as their documents say with ``id`` added. Read-only."""
    return [
        {"id": stored.id, **{key: value for key, value in stored.source.items() if key != "body"}, **stored.body}
        for stored in search_runs(client, stack=stack, limit=limit)
    ]


def _tidy(client: Elasticsearch, stack: str, *, keep: Run) -> None:
    """Under the lock nobody else runs: what says so was killed."""
    for number, stored in enumerate(search_runs(client, stack=stack, limit=2 * KEPT)):
        if stored.id == keep.id:
            continue
        if number >= KEPT:
            remove(client, stored.id)
        elif stored.source.get("outcome") == Outcome.RUNNING:
            write(client, stored.id, {**stored.source, "outcome": str(Outcome.STOPPED)}, searchable=True)


def _entry(change: Change) -> dict[str, Any]:
    text = json.dumps(change.request, sort_keys=True, separators=(",", ":"), default=str)
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return {
        "address": change.address,
        "verb": str(change.verb),
        "digest": digest,
        "state": "not begun",
        "seconds": 0.0,
        "detail": "",
    }
