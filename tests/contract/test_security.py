"""Who is let in (reference, section 1.9): asked of a node with security."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import httpx
import pytest

from tests.contract.cluster import Cluster, trusted
from tests.contract.conftest import ES_URL
from tests.contract.facts import fact


@pytest.fixture(scope="module")
def stranger(target: Cluster, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A connection without credentials to a node that asks for them."""
    if ES_URL:
        with httpx.Client(base_url=target.http.base_url, verify=trusted()) as http:
            if http.get("/").status_code != 401:
                pytest.skip("this cluster lets everybody in")
            yield http
        return
    yield request.getfixturevalue("secured_node").http


@fact("1.9", evidence="K", source="DefaultAuthenticationFailureHandler")
def test_missing_credentials(cluster: Cluster, stranger: httpx.Client) -> None:
    """Without credentials the answer is 401 with the challenges in its headers and in its body."""
    answer = stranger.get("/_cluster/health?pretty")
    assert answer.status_code == 401
    offered = answer.headers.get_list("www-authenticate")
    assert any(offer.startswith('Basic realm="security"') for offer in offered)
    assert "ApiKey" in offered
    error = answer.json()["error"]
    assert error["type"] == "security_exception"
    assert error["reason"] == "missing authentication credentials for REST request [/_cluster/health?pretty]"
    assert set(error["header"]["WWW-Authenticate"]) == set(offered)


@fact("1.9", evidence="K", source="DefaultAuthenticationFailureHandler")
def test_wrong_password(cluster: Cluster, stranger: httpx.Client) -> None:
    """A wrong password is 401 and names the user."""
    answer = stranger.get("/", auth=("clipline-contract-nobody", "wrong-password"))
    assert answer.status_code == 401
    reason = "unable to authenticate user [clipline-contract-nobody] for REST request [/]"
    assert answer.json()["error"]["reason"] == reason


@fact("1.9", evidence="K", source="ApiKeyAuthenticator")
def test_unknown_key(cluster: Cluster, stranger: httpx.Client) -> None:
    """A key that does not exist is 401, with the reason apart."""
    key = base64.b64encode(b"clipline-contract:nothing").decode()
    error = stranger.get("/", headers={"Authorization": f"ApiKey {key}"}).json()["error"]
    assert error["reason"].startswith(
        "unable to authenticate with provided credentials and anonymous access is not allowed"
    )
    assert "clipline-contract" in error["additional_unsuccessful_credentials"]
