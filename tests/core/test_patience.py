"""What is asked again, what is not, how long, and what is said of it: real HTTP, the genuine client."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch, TransportError
from hypothesis import given
from hypothesis import strategies as st

from clipline.core.cluster import cluster_errors, connect
from clipline.core.cluster.patience import _asked_for
from clipline.core.cluster.repeating import may_be_done_twice
from clipline.core.errors import BusyError, UnreachableError
from clipline.core.settings import Connection
from tests.core.answering import Answer, answering, full, refusal

FULL = refusal(429, "es_rejected_execution_exception", "rejected execution of coordinating operation")
STARTING = refusal(503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered];")
NO_ROOM = refusal(429, "status_exception", "no ML nodes with sufficient capacity were found")
FULL_DISK = refusal(429, "cluster_block_exception", "disk usage exceeded flood-stage watermark")
NO_SHARD = refusal(503, "unavailable_shards_exception", "primary shard is not active Timeout: [1m]")
PROXY = Answer(status=502, body="<title>502 Bad Gateway</title>", elasticsearch=False)
HANGS_UP = Answer(status=0)
DONE = Answer(body={"acknowledged": True})


@contextmanager
def cluster(*answers: Answer, patience: float = 20.0) -> Iterator[tuple[Elasticsearch, list[str], list[str]]]:
    """A client of a server that gives these answers, the last of them for ever; what it was asked, what was told."""
    told: list[str] = []
    with (
        answering(lambda number, _: answers[min(number, len(answers)) - 1]) as (url, asked),
        connect(Connection(url=url, patience=patience), tell=told.append) as client,
    ):
        yield client, asked, told


def start(client: Elasticsearch) -> Any:
    return client.ml.start_trained_model_deployment(model_id="m")


@pytest.mark.parametrize("busy", [FULL, STARTING, PROXY], ids=["429", "503", "502 of a proxy"])
def test_a_cluster_that_is_busy_is_asked_again(busy: Answer) -> None:
    with cluster(busy, busy, DONE) as (client, asked, told):
        began = time.monotonic()
        assert client.ingest.put_pipeline(id="p", processors=[]).body == {"acknowledged": True}
        assert time.monotonic() - began > 1.4  # 0.5 + 1 s, and some chance
    assert asked == ["PUT /_ingest/pipeline/p"] * 3
    assert len(told) == 2
    assert f"PUT /_ingest/pipeline/p was answered {busy.status} (" in told[0]
    assert "asking again in " in told[0]
    assert "(giving up in 20 s)" in told[0]


@pytest.mark.parametrize("busy", [FULL, STARTING], ids=["429", "503"])
def test_what_was_refused_was_not_carried_out_whatever_it_is(busy: Answer) -> None:
    with cluster(busy, DONE) as (client, asked, _):
        assert start(client).body == {"acknowledged": True}
    assert len(asked) == 2


def test_patience_ends() -> None:
    with (
        cluster(STARTING, patience=1.2) as (client, asked, told),
        pytest.raises(BusyError) as caught,
        cluster_errors(Connection(url="http://x")),
    ):
        client.cluster.health()
    assert len(asked) == 2  # after 0.5 to 1 s; the next pause would be longer than what is left
    assert len(told) == 1
    assert "(asked 2 times in " in caught.value.what
    assert "--patience waits longer" in (caught.value.hint or "")


@pytest.mark.parametrize("how", ["none", "once"])
def test_no_patience(how: str) -> None:
    with cluster(FULL, DONE, patience=0 if how == "none" else 20) as (client, asked, told), pytest.raises(ApiError):
        (client if how == "none" else client.options(max_retries=0)).cluster.health()
    assert (len(asked), told) == (1, [])


@pytest.mark.parametrize("answer", [NO_ROOM, FULL_DISK, NO_SHARD], ids=["no ML node", "full disk", "no shard"])
def test_what_does_not_get_better_by_asking(answer: Answer) -> None:
    with cluster(answer, DONE) as (client, asked, told), pytest.raises(ApiError):
        start(client)
    assert (len(asked), told) == (1, [])


def test_retry_after_is_obeyed() -> None:
    later = Answer(status=503, body="", headers={"Retry-After": "2"}, elasticsearch=False)
    with cluster(later, DONE) as (client, _, told):
        began = time.monotonic()
        client.cluster.health()
        assert time.monotonic() - began >= 2
    assert "asking again in 2.0 s" in told[0]


def test_retry_after_that_is_longer_than_the_patience_is_not_waited_for() -> None:
    later = Answer(status=503, body="", headers={"Retry-After": "3600"}, elasticsearch=False)
    with cluster(later, DONE) as (client, asked, told), pytest.raises(ApiError):
        client.cluster.health()
    assert (len(asked), told) == (1, [])


def test_the_forms_of_retry_after() -> None:
    assert _asked_for({}) == 0
    assert _asked_for({"retry-after": "7"}) == 7
    assert _asked_for({"retry-after": "soon"}) == 0
    assert (
        80 < _asked_for({"retry-after": format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)}) < 91
    )
    assert _asked_for({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0


@pytest.mark.parametrize("failure", [HANGS_UP, PROXY], ids=["hangs up", "502 of a proxy"])
def test_what_may_have_been_done_is_repeated_only_where_twice_is_as_once(failure: Answer) -> None:
    with cluster(DONE, failure, DONE) as (client, asked, _):
        client.cluster.health()
        client.ingest.put_pipeline(id="p", processors=[])
        assert len(asked) == 3
    with cluster(DONE, failure, DONE) as (client, asked, told):
        client.cluster.health()
        with pytest.raises((ApiError, TransportError)):
            start(client)
        assert (len(asked), told) == (2, [])


def test_a_cluster_that_never_answered_is_not_waited_for() -> None:
    with cluster(HANGS_UP, DONE) as (client, asked, told), pytest.raises(TransportError):
        client.info()
    assert (len(asked), told) == (1, [])


def test_a_node_that_starts_again_is_waited_for() -> None:
    told: list[str] = []
    last = Answer(body={}, headers={"Connection": "close"})
    with answering(lambda *_: last) as (url, _):
        client = connect(Connection(url=url, patience=1.2), tell=told.append)
        client.cluster.health()
    with client, pytest.raises(UnreachableError) as caught, cluster_errors(Connection(url=url)):
        start(client)  # nothing was sent: that may be repeated, too
    assert "got no answer (Connection refused)" in told[0]
    assert "(asked 2 times in " in caught.value.what


def test_a_host_that_is_gone_is_waited_for() -> None:
    told: list[str] = []
    last = Answer(body={}, headers={"Connection": "close"})
    with answering(lambda *_: last) as (url, _):
        client = connect(Connection(url=url, patience=2, timeout=0.2), tell=told.append)
        client.cluster.health()
    address = ("127.0.0.1", int(url.rpartition(":")[2]))
    with client, full(address), pytest.raises(UnreachableError) as caught, cluster_errors(Connection(url=url)):
        start(client)  # nothing was sent: that may be repeated, too
    assert told
    assert "POST /_ml/trained_models/m/deployment/_start got no answer (" in told[0]
    assert re.fullmatch(r"no connection within 30 s \(asked [2-4] times in \d s\)", caught.value.what)


@given(st.text(max_size=20) | st.integers().map(str) | st.datetimes().map(format_datetime))
def test_whatever_a_server_asks_for_is_a_time(given_text: str) -> None:
    assert _asked_for({"retry-after": given_text}) >= 0


BULK = "/my-images/_bulk?require_alias=true"


@pytest.mark.parametrize(
    ("method", "target", "body", "wanted"),
    [
        ("GET", "/", None, True),
        ("HEAD", "/my-images", None, True),
        ("DELETE", "/my-images", None, True),
        ("PUT", "/_index_template/x", {}, True),
        ("PUT", "/my-images/_mapping", {}, True),
        ("PUT", "/my-images/_doc/1", {}, True),
        ("PUT", "/clipline-state/_doc/lock:x?op_type=create", {}, True),
        ("PUT", "/my-images", {}, False),
        ("PUT", "/my-images?timeout=1s", {}, False),
        ("PUT", "/my-images/_create/1", {}, False),
        ("PUT", "/_ml/trained_models/m", {}, False),
        ("PUT", "/_ml/trained_models/m/vocabulary", {}, False),
        ("PUT", "/_ml/trained_models/m/definition/17", {}, False),
        ("PUT", "/_ml/trained_models/m/model_aliases/a?reassign=true", None, True),
        ("POST", "/_ml/trained_models/m/deployment/_start?wait_for=starting", None, False),
        ("POST", "/_ml/trained_models/m/deployment/_update", {}, False),
        ("POST", "/_ml/trained_models/m/_infer", {}, True),
        ("POST", "/_aliases", {"actions": [{"remove": {"index": "a"}}, {"add": {"index": "b"}}]}, True),
        ("POST", "/_aliases", {"actions": [{"remove": {"index": "a"}}]}, False),
        ("POST", "/_aliases", {"actions": [{"remove_index": {"index": "a"}}, {"add": {"index": "b"}}]}, False),
        ("POST", "/my-images/_doc", {}, False),
        ("POST", "/my-images/_search?size=1", {}, True),
        ("POST", "/_search", {}, True),
        ("POST", "/my-images/_refresh", None, True),
        ("POST", "/_ingest/pipeline/p/_simulate", {}, True),
        ("POST", "/_security/user/_has_privileges", {}, True),
        ("POST", "/_security/api_key", {}, False),
        ("PUT", BULK, [{"index": {"_id": "1"}}, {"a": 1}, {"delete": {"_id": "2"}}], True),
        ("PUT", BULK, [{"index": {"_id": "1"}}, {"a": 1}, {"index": {}}, {"a": 1}], False),
        ("PUT", BULK, [{"create": {"_id": "1"}}, {"a": 1}], False),
        ("PUT", BULK, [{"update": {"_id": "1"}}, {"doc": {}}], False),
        ("POST", "/_bulk", '{"index": {"_id": "1"}}\n{}\n', False),
    ],
)  # fmt: skip
def test_what_may_be_done_twice(method: str, target: str, body: Any, wanted: bool) -> None:
    assert may_be_done_twice(method, target, body) is wanted
