"""The client's transport: a request that found the cluster busy or away is sent again, after a pause.

elastic-transport by itself repeats at once, whatever the request is, and passes over ``Retry-After``. Here the pauses grow
(0.5 s, doubled up to 15 s, with some chance in it, so that many clients do not come back together), ``Retry-After`` is
obeyed, all of them together are bounded in time, and each is told. ``repeating`` says what may be sent twice.

A cluster that has not answered yet is not waited for when the connection fails: then the address is wrong more often
than the cluster is down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import unquote

import elastic_transport
from elastic_transport import ApiResponseMeta, Transport, TransportApiResponse, TransportError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from clipline.core.cluster.reasons import found_no_way, is_elasticsearch, kind_of, reason_of, system_reason
from clipline.core.cluster.repeating import BUSY, GATEWAY, may_be_done_twice

_GROWING = wait_exponential(multiplier=0.5, max=15.0) + wait_random(0.0, 0.5)
_FOR_GOOD = {
    429: ("status_exception", "cluster_block_exception"),  # no room: no ML node, a full disk
    503: ("unavailable_shards_exception",),  # the server has waited a minute for the shard by itself
}
"""Kinds of answers after which asking again does not help."""


@dataclass
class AskedMeta(ApiResponseMeta):
    """What was asked, how often, and for how many seconds; beside what an answer says of itself."""

    method: str = ""
    target: str = ""
    tries: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a request failed for good: goes with the client's exception, as ``failure``."""

    method: str
    target: str
    tries: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many seconds in all a request is sent again, and who is told of each pause."""

    where: str
    seconds: float
    tell: Callable[[str], None]


class PatientTransport(Transport):
    """elastic-transport's, with patience; ``max_retries=0`` of a single request means: once, and no more."""

    patience: ClassVar[Patience]
    _has_answered = False

    @classmethod
    def of(cls, patience: Patience) -> type[PatientTransport]:
        """The class for one cluster: the client makes its transport itself, and passes nothing of ours on to it."""
        return type(cls.__name__, (cls,), {"patience": patience})

    def perform_request(
        self, method: str, target: str, *, body: Any = None, max_retries: Any = None, **options: Any
    ) -> TransportApiResponse:
        """Send a request, and again while that may help, until the patience is over."""
        asked = _Asked(method=method, target=target, twice=may_be_done_twice(method, target, body))
        send = super().perform_request

        def once() -> TransportApiResponse:
            answer = send(method, target, body=body, max_retries=0, **options)
            self._has_answered = True
            return answer

        retrying = Retrying(
            retry=retry_if_result(asked.is_worth_repeating) | retry_if_exception(self._is_worth_waiting(asked)),
            wait=_pause,
            stop=stop_before_delay(0.0 if max_retries == 0 else self.patience.seconds),
            before_sleep=self._tell_of(asked),
            retry_error_callback=_as_it_is,
        )
        try:
            answer = retrying(once)
        except TransportError as error:
            error.failure = asked.failed()  # type: ignore[attr-defined]
            raise
        if answer.meta.status < 300:
            return answer
        return TransportApiResponse(asked.noted(answer.meta), answer.body)

    def _is_worth_waiting(self, asked: _Asked) -> Callable[[BaseException], bool]:
        def is_worth(error: BaseException) -> bool:
            if not isinstance(error, TransportError) or not self._has_answered:
                return False
            broke = isinstance(error, elastic_transport.ConnectionError)
            return found_no_way(error) or (broke and asked.twice)

        return is_worth

    def _tell_of(self, asked: _Asked) -> Callable[[RetryCallState], None]:
        def told(state: RetryCallState) -> None:
            asked.tries = state.attempt_number + 1
            left = self.patience.seconds - (state.seconds_since_start or 0.0)
            self.patience.tell(
                f"{self.patience.where}: {asked} {_what_happened(state)}; asking again in {state.upcoming_sleep:.1f} s"
                f" (giving up in {left:.0f} s)"
            )

        return told


@dataclass(slots=True, kw_only=True)
class _Asked:
    """A request under way."""

    method: str
    target: str
    twice: bool
    tries: int = 1
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        return f"{self.method} {unquote(self.target.partition('?')[0])}"

    def is_worth_repeating(self, answer: TransportApiResponse) -> bool:
        status, own = answer.meta.status, is_elasticsearch(answer.meta, answer.body)
        if own and status in BUSY:
            return kind_of(answer.body) not in _FOR_GOOD[status]
        # Not the cluster's words: a proxy that limits the rate has not passed it on, one that waited in vain has.
        return status == 429 or (status in GATEWAY and self.twice)

    def failed(self) -> Failure:
        return Failure(method=self.method, target=self.target, tries=self.tries, seconds=time.monotonic() - self.began)

    def noted(self, meta: ApiResponseMeta) -> AskedMeta:
        return AskedMeta(
            node=meta.node,
            duration=meta.duration,
            http_version=meta.http_version,
            status=meta.status,
            headers=meta.headers,
            method=self.method,
            target=self.target,
            tries=self.tries,
            seconds=time.monotonic() - self.began,
        )


def _pause(state: RetryCallState) -> float:
    """The next pause: what the answer asks for, where that is longer than ours."""
    own = _GROWING(state)
    outcome = state.outcome
    if outcome is None or outcome.failed:
        return own
    return max(own, _asked_for(outcome.result().meta.headers))


def _asked_for(headers: Mapping[str, str]) -> float:
    """The seconds of ``Retry-After``, which is a number or a date; 0 where there is none."""
    given = (headers.get("retry-after") or "").strip()
    if not given:
        return 0.0
    if given.isdecimal():
        return float(given)
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _what_happened(state: RetryCallState) -> str:
    assert state.outcome is not None  # tenacity asks after an attempt only
    error = state.outcome.exception()
    if error is not None:
        return f"got no answer ({system_reason(error)})"
    answer = state.outcome.result()
    return f"was answered {answer.meta.status} ({reason_of(answer.body, answer.meta)})"


def _as_it_is(state: RetryCallState) -> TransportApiResponse:
    """The last answer, or the last exception, rather than one of tenacity's."""
    assert state.outcome is not None  # there was an attempt
    answer: TransportApiResponse = state.outcome.result()
    return answer
