"""``--secure`` as a process: what lies on the disk, what it survives, and what it makes of headers."""

from __future__ import annotations

import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clipline.emulator.launch import started
from tests.emulator.secure_node import Secure, secure_node


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    data = tmp_path_factory.mktemp("secure-process")
    with started(data):
        pass  # a folder of a time without security
    with secure_node(data) as secure:
        yield secure


def data_of(secure: Secure) -> Path:
    return Path(secure.running.environment["ELASTICSEARCH_CA_CERTS"]).parent


def test_files_are_for_their_owner_only(secure: Secure) -> None:
    secure("PUT", "/kept/_doc/1", {"a": 1}, who=secure.elastic, code=201)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data_of(secure).rglob("*") if path.is_file()}
    assert {"elastic.password", "emulator.sqlite", "emulator.json", "node.key"} <= modes.keys()
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_only_this_machine_is_served_and_only_over_tls(secure: Secure) -> None:
    url = httpx.URL(secure.running.url)
    assert (url.scheme, url.host) == ("https", "127.0.0.1")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{url.port}/", timeout=5)
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1"}:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, url.port), timeout=2).close()


def test_no_password_is_said_or_written(secure: Secure) -> None:
    word = "very-secret-word"
    user = {"password": word, "roles": []}
    secure("PUT", "/_security/user/quiet", user, who=secure.elastic)
    for body in (f'{{"password": "{word}", "roles": [}}', f'{{"password": ["{word}"], "roles": []}}', f'"{word}"'):
        answer = secure.http.put("/_security/user/quiet", content=body, auth=httpx.BasicAuth(*secure.elastic),
                                 headers={"content-type": "application/json"})  # fmt: skip
        assert answer.status_code == 400
        assert word not in answer.text
    assert word not in str(secure("GET", "/", who=("quiet", word), code=403))
    assert word not in str(secure("GET", "/", who=("other", word), code=401))
    key = secure("POST", "/_security/api_key", {"name": "k"}, who=secure.elastic)
    written = b"".join(path.read_bytes() for path in data_of(secure).rglob("*") if path.is_file())
    assert word.encode() not in written
    assert key["api_key"].encode() not in written


def test_two_credentials_are_one_too_many(secure: Secure) -> None:
    headers = [("Authorization", "Basic eDp5"), ("Authorization", "Basic eDp6")]
    answer = secure.http.get("/", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (
        400, "multiple values for single-valued header [Authorization].",
    )  # fmt: skip


def test_a_header_without_end(secure: Secure) -> None:
    answer = secure.http.get("/", headers={"Authorization": "Basic " + "A" * 20_000})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "too_long_http_header_exception")
    # 10 kB of password are hashed like any other, and soon.
    begun = time.monotonic()
    assert secure.http.get("/", auth=("elastic", "x" * 10_000)).status_code == 401
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("header", ["Basic", "Basic Og==", "ApiKey Og==", "ApiKey /w==", "Negotiate x"])
def test_credentials_that_are_none(secure: Secure, header: str) -> None:
    assert secure.http.get("/", headers={"Authorization": header}).status_code == 401


def test_credentials_that_are_no_text(secure: Secure) -> None:
    answer = secure.http.get("/", headers=[(b"authorization", b"Basic \xe9")])
    assert (answer.status_code, answer.json()["error"]["reason"]) == (
        401,
        "invalid basic authentication header encoding",
    )


def test_a_browser_may_ask_what_is_allowed(secure: Secure) -> None:
    answer = secure.http.options("/_search")
    assert (answer.status_code, answer.headers["allow"]) == (200, "GET,POST")


def test_running_as_somebody_else_is_not_ignored(secure: Secure) -> None:
    headers = {"es-security-runas-user": "quiet"}
    answer = secure.http.get("/", headers=headers, auth=httpx.BasicAuth(*secure.elastic))
    assert (answer.status_code, answer.json()["error"]["type"]) == (501, "emulator_unsupported_exception")


def test_what_was_answered_survives_the_death_of_the_process(tmp_path: Path) -> None:
    with secure_node(tmp_path) as first:
        secret = first.elastic
        first("POST", "/_security/user/elastic/_password", {"password": "changed-word"}, who=secret)
        first(
            "PUT", "/_security/role/r", {"cluster": ["monitor", "manage_own_api_key"]}, who=("elastic", "changed-word")
        )
        made = first(
            "PUT", "/_security/user/u", {"password": "word-of-u", "roles": ["r"]}, who=("elastic", "changed-word")
        )
        assert made == {"created": True}
        key = first("POST", "/_security/api_key", {"name": "k"}, who=("u", "word-of-u"))["encoded"]
        os.kill(first.running.pid, signal.SIGKILL)
    # As if it had died before the file was renamed.
    (tmp_path / "elastic.password").rename(tmp_path / "elastic.new")
    with secure_node(tmp_path) as second:
        assert second.elastic == ("elastic", "changed-word")
        second("GET", "/", who=("u", "word-of-u"))
        second("DELETE", "/_security/user/u", who=second.elastic)
        second("GET", "/", who=("u", "word-of-u"), code=401)
        # A key does not need its owner's account any longer.
        assert second("GET", "/_security/_authenticate", who=f"ApiKey {key}")["username"] == "u"
    (tmp_path / "elastic.password").unlink()
    with secure_node(tmp_path) as third:
        assert third.elastic[1] != "changed-word"
        third("GET", "/", who=third.elastic)
