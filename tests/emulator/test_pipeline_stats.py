"""The counters of pipelines, as ``_nodes/stats/ingest`` shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clipline.emulator.errors import ApiError
from clipline.emulator.ingest.document import IngestDocument
from clipline.emulator.node import Node


@pytest.fixture
def node(tmp_path: Path) -> Any:
    """A node of the test's own, whose counters begin at zero."""
    node = Node(tmp_path)
    yield node
    node.close()


def _document(**source: Any) -> IngestDocument:
    return IngestDocument("i", "1", source)


def test_every_run_counts_and_every_failure(node: Node) -> None:
    node.pipelines.put("p", {"processors": [{"rename": {"field": "a", "target_field": "b", "tag": "r"}}]})
    node.pipelines.run("p", _document(a=1))
    with pytest.raises(ApiError):
        node.pipelines.run("p", _document(c=1))
    stats = node.pipelines.stats()
    assert {key: value for key, value in stats["total"].items() if key != "time_in_millis"} == {
        "count": 2, "current": 0, "failed": 1
    }  # fmt: skip
    shown = stats["pipelines"]["p"]
    assert (shown["count"], shown["failed"]) == (2, 1)
    assert shown["produced_as_first_pipeline_in_bytes"] == len('{"b":1}')
    (processor,) = shown["processors"]
    assert processor["rename:r"]["type"] == "rename"
    assert (processor["rename:r"]["stats"]["count"], processor["rename:r"]["stats"]["failed"]) == (2, 1)


def test_processors_have_the_names_of_their_wrappers(node: Node) -> None:
    processors = [
        {"set": {"tag": "a", "field": "a", "value": 1}},
        {"set": {"tag": "b", "field": "b", "value": 1, "if": "false"}},
        {"set": {"field": "c", "value": 1, "ignore_failure": True}},
        {"set": {"tag": "d", "field": "d", "value": 1, "if": "true", "ignore_failure": True}},
        {"pipeline": {"name": "q", "ignore_missing_pipeline": True}},
    ]
    node.pipelines.put("p", {"processors": processors})
    node.pipelines.run("p", _document())
    shown = [next(iter(entry.items())) for entry in node.pipelines.stats()["pipelines"]["p"]["processors"]]
    assert [(name, entry["type"], entry["stats"]["count"]) for name, entry in shown] == [
        ("set:a", "set", 1),
        ("set:b", "conditional", 0),
        ("set", "set", 1),
        ("compound:CompoundProcessor-d", "conditional", 1),
        ("pipeline:q", "pipeline", 1),
    ]


def test_a_changed_pipeline_goes_on_counting(node: Node) -> None:
    node.pipelines.put("p", {"processors": [{"set": {"field": "a", "value": 1}}]})
    node.pipelines.run("p", _document())
    node.pipelines.put("p", {"processors": [{"set": {"field": "a", "value": 2}}]})
    node.pipelines.run("p", _document())
    shown = node.pipelines.stats()["pipelines"]["p"]
    assert (shown["count"], shown["processors"][0]["set"]["stats"]["count"]) == (2, 2)
    node.pipelines.delete("p")
    assert node.pipelines.stats()["pipelines"] == {}
    assert node.pipelines.stats()["total"]["count"] == 2


def test_a_pipeline_that_this_version_does_not_accept_fails_when_it_runs(tmp_path: Path) -> None:
    before = Node(tmp_path)
    before.pipelines.put("p", {"processors": []})
    before.database.execute("UPDATE pipelines SET body = ?", (b'{"processors": [{"set": {}}]}',))
    before.close()
    after = Node(tmp_path)
    with pytest.raises(ApiError, match=r"pipeline with id \[p\] could not be loaded, caused by"):
        after.pipelines.run("p", _document())
    after.close()
