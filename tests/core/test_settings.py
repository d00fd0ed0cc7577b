"""Where the cluster is and how to sign in: flags, environment, and what excludes what."""

from __future__ import annotations

import base64

import pytest

from clipline.core.cluster import connect
from clipline.core.errors import UsageError
from clipline.core.settings import Connection, connection

URL = "https://host:9200"
CLOUD = "mine:" + base64.b64encode(b"eu-west-1.aws.found.io$abc$def").decode()


def test_nothing_is_assumed() -> None:
    with pytest.raises(UsageError, match="no cluster is named") as caught:
        connection(environment={})
    hint = str(caught.value.hint)
    assert all(name in hint for name in ("--url", "ELASTICSEARCH_URL", "--cloud-id", "ELASTIC_CLOUD_ID", "--emulator"))


def test_the_environment() -> None:
    environment = {
        "ELASTICSEARCH_URL": URL,
        "ELASTICSEARCH_USERNAME": "me",
        "ELASTICSEARCH_PASSWORD": "hidden-word",
        "ELASTICSEARCH_CA_CERTS": "/ca.crt",
    }
    found = connection(environment=environment, timeout=5)
    assert (found.url, found.username, found.password, found.ca_certs, found.timeout) == (
        URL, "me", "hidden-word", "/ca.crt", 5,
    )  # fmt: skip


def test_a_flag_overrules_the_environment() -> None:
    assert connection(environment={"ELASTICSEARCH_URL": "http://other:1"}, url=URL).url == URL
    by_flag = connection(environment={"ELASTIC_CLOUD_ID": CLOUD}, url=URL)
    assert (by_flag.url, by_flag.cloud_id) == (URL, None)
    by_flag = connection(environment={"ELASTICSEARCH_URL": URL}, cloud_id=CLOUD)
    assert (by_flag.url, by_flag.cloud_id) == (None, CLOUD)


def test_an_empty_variable_is_none() -> None:
    found = connection(environment={"ELASTICSEARCH_API_KEY": "", "ELASTICSEARCH_USERNAME": ""}, url=URL)
    assert (found.api_key, found.username) == (None, None)


@pytest.mark.parametrize(
    ("environment", "flags", "wanted"),
    [
        ({"ELASTICSEARCH_URL": URL, "ELASTIC_CLOUD_ID": CLOUD}, {}, "both a URL and a Cloud id"),
        ({}, {"url": URL, "cloud_id": CLOUD}, "both a URL and a Cloud id"),
        (
            {"ELASTICSEARCH_API_KEY": "k", "ELASTICSEARCH_USERNAME": "me", "ELASTICSEARCH_PASSWORD": "p"},
            {"url": URL},
            "both an API key and a user name",
        ),
        ({"ELASTICSEARCH_USERNAME": "me"}, {"url": URL}, "go together"),
        ({"ELASTICSEARCH_PASSWORD": "p"}, {"url": URL}, "go together"),
        ({"ELASTICSEARCH_API_KEY": "k"}, {"url": "https://me:secret@host:9200"}, "both an API key and a user name"),
        (
            {"ELASTICSEARCH_USERNAME": "me", "ELASTICSEARCH_PASSWORD": "p"},
            {"url": "https://you:secret@host:9200"},
            "the URL and the environment both name a user",
        ),
        ({}, {"url": "https://me@host:9200"}, "go together"),
    ],
)
def test_what_excludes_each_other(environment: dict[str, str], flags: dict[str, str], wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted) as caught:
        connection(environment=environment, **flags)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["host:9200", "localhost", "ftp://host", "https://", "http://host:99999", "http://host:0", "http://[::1", "x"],
)
def test_no_url(url: str) -> None:
    with pytest.raises(UsageError, match="is not the URL of a cluster") as caught:
        connection(environment={}, url=url)
    assert caught.value.hint == "write it as https://host:9200"


def test_a_bad_url_does_not_give_its_password_away() -> None:
    with pytest.raises(UsageError, match="is not the URL of a cluster") as caught:
        connection(environment={}, url="ftp://me:hidden-word@host")
    assert "hidden-word" not in str(caught.value)


def test_credentials_in_the_url_are_used_and_never_shown() -> None:
    found = connection(environment={}, url="https://me:hidden%2Fword@host:9200/path")
    assert (found.username, found.password) == ("me", "hidden/word")
    assert found.url == found.name == "https://host:9200/path"
    assert "hidden" not in repr(found) + str(found)
    with connect(found) as client:
        sent = client._headers["authorization"]
        assert base64.b64decode(sent.removeprefix("Basic ")) == b"me:hidden/word"


def test_an_api_key_is_sent_as_one() -> None:
    found = connection(environment={"ELASTICSEARCH_API_KEY": "abc=="}, url=URL)
    assert "abc" not in repr(found)
    with connect(found) as client:
        assert client._headers["authorization"] == "ApiKey abc=="


def test_names_to_print() -> None:
    assert Connection(url="http://[::1]:9200").name == "http://[::1]:9200"
    assert Connection(cloud_id=CLOUD).name == "Elastic Cloud deployment mine"
