"""JSON that is deeper than what prints our answers can be is refused before anything of it is kept."""

from __future__ import annotations

import pytest

from clipline.emulator.http.json_body import DEEPEST
from tests.emulator.conftest import Api

HEADERS = {"Content-Type": "application/json"}


def deep(levels: int, *, array: bool = False) -> str:
    opened, closed = ("[", "]") if array else ('{"a":', "}")
    return opened * levels + "1" + closed * levels


@pytest.mark.parametrize("array", [False, True])
def test_documents(api: Api, name: str, array: bool) -> None:
    api("PUT", f"/{name}", {"mappings": {"dynamic": False}})
    path = f"/{name}/_doc/1?refresh=true"
    most = f'{{"x":{deep(DEEPEST - 1, array=array)}}}'
    api("PUT", path, content=most, headers=HEADERS, code=201)
    assert api("POST", f"/{name}/_search", {})["hits"]["hits"][0]["_source"] == api("GET", f"/{name}/_source/1")
    more = f'{{"x":{deep(DEEPEST, array=array)}}}'
    assert api.error("PUT", path, content=more, headers=HEADERS, code=501)[0] == "emulator_unsupported_exception"
    lines = f'{{"index":{{"_id":"2"}}}}\n{more}\n{{"index":{{"_id":"3"}}}}\n{most}\n'
    items = api("POST", f"/{name}/_bulk", content=lines, headers=HEADERS)["items"]
    assert [item["index"]["status"] for item in items] == [501, 201]


def test_other_bodies(api: Api, name: str) -> None:
    for method, path, body in (
        ("PUT", f"/{name}", f'{{"mappings":{{"_meta":{deep(DEEPEST)}}}}}'),
        ("POST", f"/{name}/_update/1", f'{{"doc":{deep(DEEPEST)},"doc_as_upsert":true}}'),
    ):
        assert api.error(method, path, content=body, headers=HEADERS, code=501)[1].endswith("of more than 200 levels")


def test_many_brackets_are_not_deep(api: Api, name: str) -> None:
    api("PUT", f"/{name}/_doc/1", {"a": [{"b": [number]} for number in range(500)]}, code=201)
