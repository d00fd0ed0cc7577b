"""A lock that is held: kept by a thread, found lost in time, released.

Each renewal writes the lock's document (see ``lock``) with a new ``expires_at``, under the condition that it still is
as the last one left it. One that fails is tried again soon, until the lock would have expired.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.core.cluster import explain
from clipline.core.errors import LockError
from clipline.core.settings import Connection
from provisioning.state.clock import elapsed, now, readable
from provisioning.state.store import Position, read, remove, write

if TYPE_CHECKING:
    from elasticsearch import ApiError, Elasticsearch, TransportError

_HINT = "what was done stays; run it again, it goes on from there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a lock's document says but for its end. ``lifetime`` and ``renewed_every`` are in seconds."""

    stack: str
    token: str
    lifetime: float
    renewed_every: float
    body: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The document's id."""
        return f"lock:{self.stack}"

    def document(self) -> dict[str, Any]:
        """The document of a lock that is taken or renewed now."""
        body = {**self.body, "expires_at": now(later=self.lifetime)}
        return {"kind": "lock", "stack": self.stack, "body": body}


class Lock:
    """A lock that was taken; ``taken_over`` is a sentence about whose it was, empty where it was free."""

    def __init__(
        self, client: Elasticsearch, claim: Claim, position: Position, *, sent: float, taken_over: str = ""
    ) -> None:
        # Short and without repetition: a renewal that waits long is worth less than the next one.
        seconds = max(0.2, min(10.0, claim.renewed_every))
        self._client = client.options(request_timeout=seconds, max_retries=0, retry_on_timeout=False)
        self._claim = claim
        self._position = position
        self._valid_until = sent + claim.lifetime
        self._lost: str | None = None
        self._failure = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_ended, name=f"lock of {claim.stack}", daemon=True)
        self.taken_over = taken_over

    @property
    def stack(self) -> str:
        """Whose lock it is."""
        return self._claim.stack

    @property
    def token(self) -> str:
        """What tells it from every other lock."""
        return self._claim.token

    @property
    def owner(self) -> str:
        """Who holds it, as the cluster knows them."""
        return str(self._claim.body["owner"])

    @property
    def host(self) -> str:
        """Where it is held."""
        return str(self._claim.body["host"])

    @property
    def command(self) -> str:
        """The command it is held for."""
        return str(self._claim.body["command"])

    def check(self) -> None:
        """Go on only while the lock is ours; makes no request.

        Raises:
            LockError: somebody took it, deleted it, or it could not be renewed in time.
        """
        if self._lost is None and elapsed() >= self._valid_until:
            # Also right after the machine slept, before the thread had its turn.
            because = f" ({self._failure})" if self._failure else ""
            self._lost = f"it could not be renewed for {self._claim.lifetime:g} s{because}"
        if self._lost is not None:
            raise LockError(
                f"the lock of the stack {self.stack} is lost: {self._lost}", where=self._claim.id, hint=_HINT
            )

    def keep(self) -> None:
        """Begin to renew it."""
        self._thread.start()

    def release(self) -> str:
        """Stop renewing it and give it back, if it still is ours; gives a sentence if that did not work, else "".

        Never raises over what the cluster answers, or that it does not.
        """
        from elasticsearch import ApiError, ConflictError, TransportError

        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._lost is not None:
            return ""  # somebody else's by now, or its end has come
        try:
            try:
                remove(self._client, self._claim.id, after=self._position)
            except ConflictError:
                # A renewal whose answer was lost has moved it, or somebody else has.
                if self._is_still_ours():
                    remove(self._client, self._claim.id, after=self._position)
        except ConflictError:
            return ""
        except (ApiError, TransportError) as error:
            return (
                f"the lock of the stack {self.stack} could not be given back ({_said(error)}); it ends by itself within "
                f"{self._claim.lifetime:g} s"
            )
        return ""

    def _renew_until_ended(self) -> None:
        pause = self._claim.renewed_every
        while not self._ended.wait(pause):
            if self._renewed():
                pause = self._claim.renewed_every
                continue
            if self._lost is not None or elapsed() >= self._valid_until:
                return  # check says so
            pause = self._claim.renewed_every / 4

    def _renewed(self) -> bool:
        from elasticsearch import ApiError, ConflictError, TransportError

        sent = elapsed()
        try:
            self._position = write(self._client, self._claim.id, self._claim.document(), after=self._position)
        except ConflictError:
            return self._is_found_again()
        except (ApiError, TransportError) as error:
            self._failure = _said(error)
            return False
        self._valid_until = sent + self._claim.lifetime
        return True

    def _is_found_again(self) -> bool:
        """After a conflict: false, as after a failed renewal, but the next one can succeed unless the lock is lost."""
        from elasticsearch import ApiError, TransportError

        try:
            self._is_still_ours()
        except (ApiError, TransportError) as error:
            self._failure = _said(error)
        return False

    def _is_still_ours(self) -> bool:
        stored = read(self._client, self._claim.id)
        if stored is None:
            self._lost = "somebody deleted it"
            return False
        if stored.body.get("token") == self._claim.token:
            self._position = stored.position
            return True
        body = stored.body
        self._lost = (
            f"{body.get('owner')} on {body.get('host')} (process {body.get('pid')}) took it at "
            f"{readable(str(body.get('acquired_at')))} for `clipline {body.get('command')}`"
        )
        return False


def _said(error: ApiError | TransportError) -> str:
    return explain(error, Connection()).what
