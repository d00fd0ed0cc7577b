"""``status``: of each state what a screen shows and what a monitor reads, and that what is forbidden is unknown, not a crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from clipline.core.errors import ModelError
from clipline.core.settings import Connection
from provisioning.plan import Plan
from provisioning.status import DeploymentStatus, IndexStatus, PipelineStatus, Status, Step, lines, read_status
from provisioning.status.read import Wanted
from tests.conftest import ROOT, TINY, Run
from tests.emulator.secure_node import secure_node
from tests.provisioning.conftest import ALIAS, INDEX, Cluster

PIPELINE = "image-embeddings"
WANTED = Wanted(stack="clipline", aliases=(ALIAS,), pipelines=(PIPELINE,), models={"clip-text": "d"})
VECTOR = [1.0] + [0.0] * 511


def read(cluster: Cluster, *, plan: Callable[[], Plan] | None = None) -> Status:
    """The status by the functions that the command uses."""
    target = Connection(url="http://here", patience=0)
    return read_status(cluster.client, WANTED, target=target, plan=plan or (lambda: cluster.plan(ROOT)))


def text(status: Status) -> str:
    return "\n".join(line for line, _ in lines(status))


def put(client: Elasticsearch, **fields: Any) -> None:
    client.index(index=ALIAS, document={"image_id": "a", "source": "s", **fields}, refresh=True)


def test_nothing_applied(cluster: Cluster) -> None:
    status = read(cluster)
    assert not status.serving
    assert status.indices == (IndexStatus(alias=ALIAS),)
    assert status.pipelines == (PipelineStatus(name=PIPELINE, failing={}),)
    assert status.models == (DeploymentStatus(model_alias="clip-text", deployment_id="d", state="absent"),)
    assert status.step is not None
    assert f"alias/{ALIAS}" in status.step.pending
    assert not status.unknown
    assert f"index      {ALIAS}: not there; run `clipline apply`" in text(status)


def test_applied_with_documents(cluster: Cluster, stack_copy: Path) -> None:
    cluster.apply(stack_copy)
    put(cluster.client, image_embedding=VECTOR)
    put(cluster.client, ingest_error="caption: it broke")
    status = read(cluster)
    (index,) = status.indices
    assert (index.index, index.generation, index.health) == (INDEX, 1, "green")
    assert (index.documents, index.without_vector, index.ingest_errors) == (2, 1, 1)
    assert index.size_bytes
    (pipeline,) = status.pipelines
    assert (pipeline.documents, pipeline.failed, pipeline.in_progress) == (2, 0, 0)
    assert status.step == Step(pending=(), problems=())
    assert "green, 2 documents, " in text(status)
    assert "1 without a vector, 1 with an ingest error" in text(status)
    assert "plan       in step with the files" in text(status)


def test_counters_of_failures(cluster: Cluster, stack_copy: Path) -> None:
    cluster.apply(stack_copy)
    fail = {"fail": {"message": "never", "tag": "mine"}}
    cluster.client.ingest.put_pipeline(id=PIPELINE, processors=[fail])
    for _ in range(2):
        with pytest.raises(Exception, match="never"):
            put(cluster.client)
    status = read(cluster)
    assert (status.pipelines[0].failed, status.pipelines[0].failing) == (2, {"fail:mine": 2})
    assert "failed inside: fail:mine 2x" in text(status)
    assert status.step is not None
    assert status.step.pending == () or status.step.problems == (f"ingest_pipeline/{PIPELINE}",)


def test_a_closed_index(cluster: Cluster, stack_copy: Path) -> None:
    cluster.apply(stack_copy)
    cluster.client.indices.close(index=INDEX)
    status = read(cluster)
    assert (status.indices[0].health, status.indices[0].documents, status.serving) == ("closed", None, False)
    assert status.step is not None
    assert status.step.problems == (f"index/{INDEX}",)
    assert f"plan       cannot be applied; `clipline plan` says why\n           index/{INDEX}" in text(status)


def test_two_indices_behind_the_alias(cluster: Cluster, stack_copy: Path) -> None:
    cluster.apply(stack_copy)
    second = f"{ALIAS}-000002"
    cluster.client.indices.create(
        index=second, aliases={ALIAS: {"is_write_index": False}}, settings={"number_of_replicas": 0}
    )
    cluster.client.indices.put_alias(index=INDEX, name=ALIAS, is_write_index=True)
    assert read(cluster).indices[0].index == INDEX


def test_a_plan_that_cannot_be_made_is_unknown(cluster: Cluster) -> None:
    def plan() -> Plan:
        raise ModelError("its files are not here")

    status = read(cluster, plan=plan)
    assert status.step is None
    assert status.unknown == {"step": "its files are not here"}
    assert "unknown    what is out of step: its files are not here" in text(status)


def test_what_is_forbidden_is_unknown(tmp_path: Path, stack_copy: Path) -> None:
    with secure_node(tmp_path) as secure:
        ca = secure.running.environment["ELASTICSEARCH_CA_CERTS"]
        with Elasticsearch(secure.running.url, basic_auth=secure.elastic, ca_certs=ca) as client:
            Cluster(client).apply(stack_copy)
        role = {"cluster": [], "indices": [{"names": [f"{ALIAS}*"], "privileges": ["read", "view_index_metadata"]}]}
        key = secure("POST", "/_security/api_key", {"name": "k", "role_descriptors": {"k": role}}, who=secure.elastic)
        with Elasticsearch(secure.running.url, api_key=key["encoded"], ca_certs=ca) as client:
            status = read(Cluster(client, TINY))
    assert status.indices[0].documents == 0
    assert status.unknown.keys() == {
        "version",
        "health",
        "kept",
        "size",
        "pipelines",
        "models",
        "step",
        "lock",
    }  # a search passes over what it may not see
    assert "index privilege monitor is missing" in status.unknown["size"]
    assert "unknown    the version: " in text(status)
    assert "health ?, 0 documents, size ?" in text(status)
    assert status.serving is None


FULL = Status(
    stack="clipline",
    target="http://127.0.0.1:9200",
    version="9.2.0",
    indices=(
        IndexStatus(
            alias=ALIAS, index=INDEX, generation=1, health="green", documents=10_000_000, without_vector=12,
            ingest_errors=3, size_bytes=52_428_800_000,
        ),
    ),
    pipelines=(
        PipelineStatus(name=PIPELINE, documents=10_000_000, failed=1, in_progress=64, mean_ms=12.5, failing={"inference:c": 3}),
    ),
    models=(
        DeploymentStatus(
            model_alias="clip-text", model_id="clip-cd8d1768", deployment_id="clip", state="started", allocations=1,
            wanted_allocations=2, queue=1024, queue_capacity=1024, throughput_last_minute=4800, inferences=10_000_000,
            mean_ms=11.2, errors=0, rejected=17, timeouts=2,
        ),
    ),
    step=Step(pending=("index_template/a", "index/a", "alias/a", "ingest_pipeline/b"), problems=()),
    lock="elastic on ops-1 (process 4711), `clipline apply`, since 2026-11-26 19:44:32 UTC",
    last_run={"command": "apply", "who": "elastic", "host": "ops-1", "started_at": "2026-11-26T19:44:32.120Z",
              "outcome": "failed"},
    unknown={},
)  # fmt: skip


def test_a_screen() -> None:
    shown = list(lines(FULL))
    assert [line for line, _ in shown] == [
        "stack clipline on http://127.0.0.1:9200 (Elasticsearch 9.2.0)",
        f"index      {ALIAS} → {INDEX} (generation 1)",
        "           green, 10000000 documents, 49 GB",
        "           12 without a vector, 3 with an ingest error",
        "pipeline   image-embeddings",
        "           10000000 through it, 1 failed, 64 in progress, 12.5 ms each",
        "           failed inside: inference:c 3x",
        "model      clip-text → clip-cd8d1768",
        "deployment clip",
        "           started, 1/2 allocations, queue 1024/1024, 4800 in the last minute",
        "           10000000 inferences of 11.2 ms, 0 errors, 17 rejected, 2 timed out",
        "plan       out of step; `clipline plan` shows how",
        "           index_template/a",
        "           index/a",
        "           alias/a",
        "           and 1 more",
        "lock       held by elastic on ops-1 (process 4711)",
        "           `clipline apply`, since 2026-11-26 19:44:32 UTC",
        "last run   apply by elastic@ops-1, 2026-11-26T19:44:32.120Z: failed",
    ]
    assert max(len(line) for line, _ in shown) <= 80
    assert len(shown) <= 24
    assert [line for line, bad in shown if bad] == [shown[-1][0]]
    assert FULL.serving


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"state": "failed", "reason": "it broke"}, "           it broke"),
        ({"state": "starting"}, "           starting, 1/2 allocations, queue 1024/1024, 4800 in the last minute"),
        ({"state": "absent"}, "           absent; run `clipline apply`"),
        ({"model_id": None}, "model      clip-text → no model"),
    ],
)
def test_a_model_that_does_not_serve(model: dict[str, Any], said: str) -> None:
    status = replace(FULL, models=(replace(FULL.models[0], **model),))
    assert not status.serving
    assert said in [line for line, bad in lines(status) if bad]


@pytest.mark.parametrize(("part", "serving"), [("models", None), ("indices", None), ("health", None), ("size", True)])
def test_whether_it_serves_may_not_be_known(part: str, serving: bool | None) -> None:
    assert replace(FULL, unknown={part: "forbidden"}).serving is serving


def test_a_red_index_does_not_serve() -> None:
    status = replace(FULL, indices=(replace(FULL.indices[0], health="red"),))
    assert not status.serving


def test_what_a_monitor_reads() -> None:
    body = json.loads(json.dumps(FULL.to_json()))
    page = (ROOT / "docs" / "reference" / "status.md").read_text("utf-8")

    def names(value: Any) -> set[str]:
        if isinstance(value, list):
            return names(value[0])
        return {name for key, child in value.items() for name in {key, *(names(child) if child and isinstance(child, dict | list)
                and key not in ("failing", "unknown") and not isinstance((child if isinstance(child, dict) else child[0]), str)
                else ())}} if isinstance(value, dict) else set()  # fmt: skip

    assert not [name for name in names(body) if f"`{name}`" not in page]


def test_the_command_before_the_first_apply(own_client: Elasticsearch, clipline: Run) -> None:
    url = str(next(iter(own_client.transport.node_pool.all())).base_url)
    variables = [word for value in TINY for word in ("--var", value)]
    done = clipline("status", *variables, "--url", url, code=1)
    assert "model      clip-text → no model" in done.stdout
    told = json.loads(clipline("status", *variables, "--url", url, "--json", code=1).stdout)
    assert told["serving"] is False
    assert told["stack"] == "clipline"
