"""What an HTTP library does not let one send: cut, pipelined, old and strange requests, byte by byte."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests.emulator.conftest import Api


@pytest.fixture
def talk(emulator_url: str) -> Callable[..., bytes]:
    """Send these bytes on a connection of their own and give all that comes back until it is closed or silent."""

    def exchange(*pieces: bytes, wait: float = 5.0, until: bytes = b"") -> bytes:
        parts = urlsplit(emulator_url)
        with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=wait) as connection:
            for piece in pieces:
                connection.sendall(piece)
            received = b""
            while not (until and until in received):
                try:
                    some = connection.recv(65536)
                except TimeoutError:
                    break
                if not some:
                    break
                received += some
            return received

    return exchange


CLOSE = b"Host: x\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (b"pretty=%", "unterminated escape sequence at end of string: %"),
        (b"pretty=%1", "partial escape sequence at end of string: %1"),
        (b"pretty=%xy", "invalid escape sequence `%xy' at index 0 of: %xy"),
        (b"operatorRequest=true", "parameter [operatorRequest] is reserved and may not be set"),
    ],
)
def test_a_query_string_that_cannot_be_decoded(talk: Callable[..., bytes], query: bytes, reason: str) -> None:
    answer = talk(b"GET /?" + query + b" HTTP/1.1\r\n" + CLOSE + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"type":"bad_parameter_exception"' in answer
    assert reason.encode() in answer


def test_an_escape_in_the_path_that_cannot_be_decoded(talk: Callable[..., bytes]) -> None:
    answer = talk(b"GET /a%zz HTTP/1.1\r\n" + CLOSE + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"invalid escape sequence" in answer


def test_a_doubled_slash_before_an_api(talk: Callable[..., bytes]) -> None:
    answer = talk(b"GET //_cluster/health/ HTTP/1.1\r\n" + CLOSE + b"\r\n")
    assert b'"number_of_nodes":1' in answer


def test_an_unknown_method(talk: Callable[..., bytes]) -> None:
    answer = talk(b"BREW / HTTP/1.1\r\n" + CLOSE + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 405")
    assert b"Unexpected http method: BREW" in answer


def test_http_1_0_gets_a_whole_answer_without_compression(talk: Callable[..., bytes]) -> None:
    answer = talk(b"GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")
    assert answer.endswith(b'"tagline" : "You Know, for Search"\n}\n')


def test_pipelined_requests_are_answered_in_their_order(talk: Callable[..., bytes]) -> None:
    answer = talk(b"GET /_license HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n" + CLOSE + b"\r\n")
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.index(b'"license"') < answer.index(b'"tagline"')


def test_chunks(talk: Callable[..., bytes], api: Api, name: str) -> None:
    head = (
        b"PUT /%s/_doc/1 HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n" % name.encode()
    )
    answer = talk(head + CLOSE + b"\r\n", b'4\r\n{"a"\r\n', b"4\r\n: 1}\r\n", b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 201")
    assert api("GET", f"/{name}/_doc/1")["_source"] == {"a": 1}


def test_a_body_that_is_cut_is_not_carried_out(talk: Callable[..., bytes], api: Api, name: str) -> None:
    api("PUT", f"/{name}")
    head = b"PUT /%s/_doc/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" % name.encode()
    assert talk(head + b'Content-Length: 100\r\n\r\n{"a": 1}', wait=0.2) == b""
    assert api("GET", f"/{name}/_doc/1", code=404)["found"] is False


@pytest.mark.parametrize("piece", [b"GET / HT", b"", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_half_a_request_hurts_nobody(talk: Callable[..., bytes], api: Api, piece: bytes) -> None:
    talk(piece, wait=0.2)
    assert api("GET", "/")["tagline"]


def test_who_expects_to_continue_is_told_to(talk: Callable[..., bytes], name: str) -> None:
    head = b"PUT /%s/_doc/1 HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 7\r\n" % name.encode()
    answer = talk(head + b"Expect: 100-continue\r\n" + CLOSE + b"\r\n", b'{"a":1}')
    assert answer.startswith(b"HTTP/1.1 100")
    assert b"HTTP/1.1 201" in answer


def test_another_expectation_fails(talk: Callable[..., bytes]) -> None:
    answer = talk(b"GET / HTTP/1.1\r\nExpect: coffee\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 417")


def test_a_body_over_the_limit_is_413_without_words(talk: Callable[..., bytes]) -> None:
    size = 100 * 1024 * 1024 + 1
    head = b"PUT /x/_doc/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % size
    answer = talk(head, bytes(size))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()
    assert answer.endswith(b"\r\n\r\n")


def test_many_that_wait_hold_nobody_up(emulator_url: str, name: str) -> None:
    limits = httpx.Limits(max_connections=100)
    with httpx.Client(base_url=emulator_url, timeout=30, limits=limits) as http, ThreadPoolExecutor(80) as pool:
        waiting = [pool.submit(http.get, f"/_cluster/health/{name}?timeout=3s") for _ in range(80)]
        begun = time.monotonic()
        assert http.get("/").status_code == 200
        assert time.monotonic() - begun < 2.5
        assert {one.result().status_code for one in waiting} == {408}
