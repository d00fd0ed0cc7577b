"""``_license`` over HTTP, each kind of licence, and the ways from one to another."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from clipline.emulator.launch import running_emulator
from tests.emulator.conftest import Api


@pytest.mark.parametrize(
    ("word", "kind", "status", "ml"),
    [
        ("basic", "basic", "active", False),
        ("platinum", "platinum", "active", True),
        ("expired", "platinum", "expired", False),
    ],
)
def test_each_licence(tmp_path: Path, word: str, kind: str, status: str, ml: bool) -> None:
    with running_emulator(tmp_path, "--license", word) as url, httpx.Client(base_url=url) as http:
        licence = http.get("/_license").json()["license"]
        assert (licence["type"], licence["status"]) == (kind, status)
        assert ("expiry_date_in_millis" in licence) is (word != "basic")
        xpack = http.get("/_xpack").json()
        assert xpack["license"]["status"] == status
        assert xpack["features"]["ml"]["available"] is ml
        assert xpack["features"]["sql"]["available"] is True


def test_a_trial_has_twelve_fields(api: Api) -> None:
    licence = api("GET", "/_license")["license"]
    assert (licence["type"], licence["status"], licence["issuer"], len(licence)) == (
        "trial",
        "active",
        "elasticsearch",
        12,
    )
    assert licence["issue_date"].endswith("Z")
    assert api("GET", "/_license/trial_status") == {"eligible_to_start_trial": False}
    assert api("GET", "/_license/basic_status") == {"eligible_to_start_basic": True}


def test_accept_enterprise(api: Api) -> None:
    for path in ("/_license", "/_xpack"):
        assert "accept_enterprise" in api.http.get(f"{path}?accept_enterprise=true").headers["warning"]
        refused = api.http.get(f"{path}?accept_enterprise=false")
        assert "accept_enterprise" in refused.headers["warning"]
        assert refused.json()["error"]["reason"] == "The [accept_enterprise] parameters may not be false"


def test_from_trial_to_basic_and_no_way_back(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as url, httpx.Client(base_url=url) as http:
        api = Api(http)
        asked = api("POST", "/_license/start_basic")
        assert (asked["acknowledged"], asked["basic_was_started"]) == (False, False)
        assert asked["error_message"] == "Operation failed: Needs acknowledgement."
        assert asked["acknowledge"]["ml"] == ["Machine learning will be disabled"]
        done = api("POST", "/_license/start_basic?acknowledge=true")
        assert done == {"acknowledged": True, "basic_was_started": True}
        again = api("POST", "/_license/start_basic", code=403)
        message = "Operation failed: Current license is basic."
        assert again == {"acknowledged": True, "basic_was_started": False, "error_message": message}
        assert "x-elastic-product" not in http.post("/_license/start_basic").headers
        late = api("POST", "/_license/start_trial?acknowledge=true", code=403)
        assert late["error_message"] == "Operation failed: Trial was already activated."


def test_from_basic_to_trial_and_back(tmp_path: Path) -> None:
    with running_emulator(tmp_path, "--license", "basic") as url, httpx.Client(base_url=url) as http:
        api = Api(http)
        assert api("POST", "/_license/start_trial")["acknowledge"]["message"].startswith("This API initiates")
        done = api("POST", "/_license/start_trial?acknowledge=true")
        assert done == {"acknowledged": True, "trial_was_started": True, "type": "trial"}
        uid = api("GET", "/_license")["license"]["uid"]
        assert api("DELETE", "/_license") == {"acknowledged": True}
        basic = api("GET", "/_license")["license"]
        assert (basic["type"], basic["uid"] != uid) == ("basic", True)
        api("DELETE", "/_license")
        assert api("GET", "/_license")["license"]["uid"] == basic["uid"]


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_no_licence_can_be_installed(api: Api, method: str) -> None:
    reason = "The license must be provided in the request body"
    assert api.error(method, "/_license", code=400) == ("illegal_argument_exception", reason)
    assert api.error(method, "/_license", {"licenses": []}, code=501)[0] == "emulator_unsupported_exception"
    assert api.error("POST", "/_license/start_trial?type=basic", code=400)[0] == "illegal_argument_exception"
