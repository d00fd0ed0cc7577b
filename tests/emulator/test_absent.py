"""What there is none of: listing it is empty, deleting all of it is done, one by name is missing, making it is 501."""

from __future__ import annotations

import pytest

from tests.emulator.conftest import Api


@pytest.mark.parametrize(
    ("path", "body"),
    [("/_snapshot", {}), ("/_snapshot/_all", {}), ("/_data_stream", {"data_streams": []}),
     ("/_data_stream/logs-*", {"data_streams": []})],
)  # fmt: skip
def test_there_are_none(api: Api, path: str, body: object) -> None:
    assert api("GET", path) == body


@pytest.mark.parametrize("path", ["/_data_stream/*?expand_wildcards=all", "/_template/*"])
def test_all_of_them_are_gone(api: Api, path: str) -> None:
    assert api("DELETE", path) == {"acknowledged": True}


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/_snapshot/backups", "repository_missing_exception"),
        ("DELETE", "/_snapshot/backups", "repository_missing_exception"),
        ("GET", "/_data_stream/logs", "index_not_found_exception"),
        ("DELETE", "/_data_stream/logs", "index_not_found_exception"),
        ("DELETE", "/_template/old", "index_template_missing_exception"),
    ],
)
def test_one_by_name_is_missing(api: Api, method: str, path: str, kind: str) -> None:
    assert api.error(method, path, code=404)[0] == kind


def test_a_legacy_template_is_not_there(api: Api) -> None:
    assert api("GET", "/_template/old", code=404) == {}


@pytest.mark.parametrize("path", ["/_snapshot/backups", "/_data_stream/logs", "/_template/old"])
def test_making_one_is_said_to_be_lacking(api: Api, path: str) -> None:
    api("PUT", path, {"a": 1}, code=501)
