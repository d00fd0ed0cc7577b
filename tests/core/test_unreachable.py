"""Where nothing is answered: real TLS with certificates made here, ports that are closed, names that nobody has."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from clipline.core.cluster import cluster_errors, connect
from clipline.core.errors import ClusterError, UnreachableError
from clipline.core.settings import Connection
from tests.conftest import ROOT
from tests.core.answering import Answer, answering, full

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def explained(target: Connection) -> UnreachableError:
    """What becomes of a request to it."""
    with pytest.raises(UnreachableError) as caught, cluster_errors(target), connect(target) as client:
        client.info()
    assert caught.value.where == target.name
    return caught.value


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "http_ca.crt"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


@contextmanager
def secured(certificate: trustme.LeafCert) -> Iterator[str]:
    """The URL of a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with answering(lambda *_: Answer(), context=context) as (url, _):
        yield url


def test_a_certificate_of_the_right_authority(authority: trustme.CA, ca_file: str) -> None:
    with secured(authority.issue_cert("127.0.0.1")) as url, connect(Connection(url=url, ca_certs=ca_file)) as client:
        assert client.info()["version"]["number"] == "9.2.0"


def test_no_authority_is_named(authority: trustme.CA) -> None:
    with secured(authority.issue_cert("127.0.0.1")) as url:
        error = explained(Connection(url=url))
    assert "is not signed by an authority that is trusted here" in error.what
    assert error.hint == "set ELASTICSEARCH_CA_CERTS to the cluster's CA file (config/certs/http_ca.crt of a node)"


def test_another_authority_is_named(ca_file: str) -> None:
    with secured(trustme.CA().issue_cert("127.0.0.1")) as url:
        error = explained(Connection(url=url, ca_certs=ca_file))
    assert "authority" in error.what
    assert (error.hint or "").startswith(f"{ca_file}, which ELASTICSEARCH_CA_CERTS names, is not this cluster's CA")


@pytest.mark.parametrize(
    ("file", "why"),
    [("nowhere.pem", "No such file or directory"), ("README.md", "it holds no certificate in PEM form")],
)
def test_a_ca_file_that_is_none(file: str, why: str) -> None:
    with pytest.raises(ClusterError) as caught:
        connect(Connection(url="https://127.0.0.1:1", ca_certs=str(ROOT / file)))
    assert caught.value.what == f"the CA file {ROOT / file} cannot be used: {why}"
    assert caught.value.where == "ELASTICSEARCH_CA_CERTS"


def test_a_ca_file_without_tls(ca_file: str) -> None:
    with pytest.raises(ClusterError, match="is set, which is for https, and the URL says http"):
        connect(Connection(url="http://127.0.0.1:1", ca_certs=ca_file))


def test_a_cloud_id_that_is_none() -> None:
    with pytest.raises(ClusterError, match="Cloud ID is not properly formatted") as caught:
        connect(Connection(cloud_id="x:nonsense"))
    assert "NAME:BASE64" in (caught.value.hint or "")


def test_a_certificate_that_signed_itself() -> None:
    # An authority's own certificate, served as a node's: nothing is above it.
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.private_key_pem.tempfile() as key, authority.cert_pem.tempfile() as certificate:
        context.load_cert_chain(certificate, key)
    with answering(lambda *_: Answer(), context=context) as (url, _):
        error = explained(Connection(url=url))
    assert "signed by itself" in error.what
    assert "set ELASTICSEARCH_CA_CERTS" in (error.hint or "")


def test_an_expired_certificate(authority: trustme.CA, ca_file: str) -> None:
    expired = authority.issue_cert("127.0.0.1", not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    with secured(expired) as url:
        error = explained(Connection(url=url, ca_certs=ca_file))
    assert error.what == "the server's certificate, or one above it, has expired"
    assert "clock" in (error.hint or "")


def test_a_certificate_of_tomorrow(authority: trustme.CA, ca_file: str) -> None:
    early = authority.issue_cert("127.0.0.1", not_before=NOW + DAY, not_after=NOW + 9 * DAY)
    with secured(early) as url:
        error = explained(Connection(url=url, ca_certs=ca_file))
    assert error.what == "the server's certificate is not valid yet"


def test_a_certificate_for_another_name(authority: trustme.CA, ca_file: str) -> None:
    with secured(authority.issue_cert("es.example.org")) as url:
        error = explained(Connection(url=url, ca_certs=ca_file))
        name = explained(Connection(url=url.replace("127.0.0.1", "localhost"), ca_certs=ca_file))
    assert error.what.startswith("the server's certificate is for another name than 127.0.0.1: ")
    assert name.what.startswith("the server's certificate is for another name than localhost: ")
    assert "use a name in the URL that the certificate holds" in (error.hint or "")


def test_https_where_http_is_spoken() -> None:
    with answering(lambda *_: Answer()) as (url, _):
        error = explained(Connection(url=url.replace("http://", "https://")))
    assert error.what == "the URL says https, and what answers there does not speak TLS"
    assert (error.hint or "").startswith(f"write {url} if this cluster has no TLS")


def test_http_where_tls_is_spoken(authority: trustme.CA) -> None:
    with secured(authority.issue_cert("127.0.0.1")) as url:
        error = explained(Connection(url=url.replace("https://", "http://")))
    assert "the connection broke before an answer came to GET /" in error.what
    assert (error.hint or "").startswith(f"if the cluster has TLS, write {url};")


def test_a_port_where_nobody_listens() -> None:
    error = explained(Connection(url="http://127.0.0.1:1"))
    assert error.what == "cannot connect: Connection refused"
    assert "--emulator starts one here" in (error.hint or "")


def test_a_name_that_nobody_has() -> None:
    error = explained(Connection(url="http://es.invalid:9200"))
    assert error.what.startswith("the name es.invalid is not known here: ")
    assert "DNS" in (error.hint or "")


def test_a_server_that_hangs_up() -> None:
    with answering(lambda *_: Answer(status=0)) as (url, _):
        error = explained(Connection(url=url))
    assert error.what.startswith("the connection broke before an answer came to GET /: ")
    assert "asked" not in error.what


def test_a_server_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        error = explained(Connection(url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=0.2))
    assert error.what == "no answer within 0.2 s to GET /"
    assert "run it again" in (error.hint or "")


def test_a_host_that_does_not_take_the_connection() -> None:
    with full(("127.0.0.1", 0)) as url:
        error = explained(Connection(url=url, timeout=0.3))
    assert error.what == "no connection within 0.3 s"
    assert "firewalls" in (error.hint or "")
