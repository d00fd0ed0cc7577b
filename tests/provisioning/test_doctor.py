"""What ``doctor`` finds: on clusters put into each state, and from answers where no emulator can be put into one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from clipline.core.sizes import MIB
from provisioning.doctor import Facts, Finding, Level, Needs, examine
from provisioning.doctor.checks import disk, licence, memory, ml_nodes, unasked, version
from provisioning.doctor.facts import Answer
from provisioning.doctor.gather import gather
from provisioning.doctor.model_users import users_of_models
from provisioning.doctor.needs import BundleFacts, needs_of
from provisioning.ml_memory import memory_need
from tests.conftest import TINY, Run
from tests.emulator.secure_node import secure_node
from tests.nodes import CLIENT, VERSION, running_emulator
from tests.provisioning.conftest import ALIAS, INDEX, Cluster

DEPLOYMENT = "sentence-transformers__clip-vit-b-32-multilingual-v1"
SMALL = BundleFacts(model_id="clip-0123", model_bytes=10 * MIB, metadata={})
NOT_APPLIED = {"indices", "deployments"}
"""The checks that have a note for a cluster on which nothing was applied."""


@pytest.fixture(scope="module")
def needs(tmp_path_factory: pytest.TempPathFactory) -> Needs:
    """Those of the default stack, with a small text model."""
    from tests.conftest import ROOT

    return needs_of(Cluster(None, TINY).read(ROOT), bundles={DEPLOYMENT: SMALL}, job="provisioner", cloud=False)  # type: ignore[arg-type]


def found(client: Elasticsearch, needs: Needs, *, check: str) -> list[Finding]:
    """What one check finds, but for what is in order."""
    findings = examine(gather(client, needs), needs)
    return [finding for finding in findings if finding.check == check and finding.level is not Level.OK]


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    assert finding.cause, finding
    assert finding.next_step, finding
    return finding


def test_an_empty_cluster(own_client: Elasticsearch, needs: Needs) -> None:
    findings = examine(gather(own_client, needs), needs)
    assert {finding.check for finding in findings if finding.level is Level.NOTE} == {
        "privileges",  # security is off
        "unasked",  # the emulator has no inference endpoints
        *NOT_APPLIED,
    }
    assert {finding.level for finding in findings} == {Level.NOTE, Level.OK}
    ok = {finding.check for finding in findings if finding.level is Level.OK}
    assert ok == {"version", "licence", "ml_nodes", "memory", "templates", "disk"}


def test_a_stack_that_is_applied(cluster: Cluster, stack_copy: Path, needs: Needs) -> None:
    cluster.apply(stack_copy)
    findings = examine(gather(cluster.client, needs), needs)
    ok = {(finding.check, finding.subject): finding.what for finding in findings if finding.level is Level.OK}
    assert ok["indices", f"alias/{ALIAS}"] == f"points to {INDEX}"
    assert ok["templates", "index_template/image-embeddings"] == f"wins for {INDEX}"
    assert not [
        finding for finding in findings if finding.check in ("indices", "templates") and finding.level != Level.OK
    ]


# --- indices


def _concrete(client: Elasticsearch) -> None:
    client.indices.delete(index=INDEX)
    client.indices.create(index=ALIAS, settings={"number_of_replicas": 0})


def _without_alias(client: Elasticsearch) -> None:
    client.indices.delete_alias(index=INDEX, name=ALIAS)


def _two_behind(client: Elasticsearch) -> None:
    client.indices.put_alias(index=INDEX, name=ALIAS, is_write_index=False)
    client.indices.create(index=f"{ALIAS}-000002", aliases={ALIAS: {}}, settings={"number_of_replicas": 0})


def _blocked(client: Elasticsearch) -> None:
    client.indices.put_settings(index=INDEX, settings={"index.blocks.write": True})


def _closed(client: Elasticsearch) -> None:
    client.indices.close(index=INDEX)


def _with_a_replica(client: Elasticsearch) -> None:
    client.indices.put_settings(index=INDEX, settings={"number_of_replicas": 1})


def _flooded(client: Elasticsearch) -> None:
    client.indices.put_settings(index=INDEX, settings={"index.blocks.read_only_allow_delete": True})


@pytest.mark.parametrize(
    ("spoil", "level", "subject", "what", "next_step"),
    [
        (_concrete, "blocks", f"alias/{ALIAS}", "an index has this very name", "--var index_alias="),
        (_without_alias, "blocks", f"alias/{ALIAS}", f"is missing, and {INDEX} is there", "clipline apply"),
        (_two_behind, "warning", f"alias/{ALIAS}", "points to 2 indices", "POST _aliases"),
        (_blocked, "blocks", f"index/{INDEX}", "index.blocks.write is set", '{"index.blocks.write": null}'),
        (_closed, "blocks", f"index/{INDEX}", "is closed", f"POST {INDEX}/_open"),
        (_with_a_replica, "note", f"index/{INDEX}", "is yellow: 1 replica without a node", "add a data node"),
        (_flooded, "blocks", f"index/{INDEX}", "takes no documents", "once there is room on the disk"),
    ],
)
def test_indices(
    cluster: Cluster,
    stack_copy: Path,
    needs: Needs,
    spoil: Callable[[Elasticsearch], None],
    level: str,
    subject: str,
    what: str,
    next_step: str,
) -> None:
    cluster.apply(stack_copy)
    spoil(cluster.client)
    finding = only(found(cluster.client, needs, check="indices"))
    assert (finding.level, finding.subject) == (level, subject)
    assert what in finding.what
    assert next_step in finding.next_step


def test_indices_of_others_with_a_name_like_ours(cluster: Cluster, stack_copy: Path, needs: Needs) -> None:
    cluster.apply(stack_copy)
    blocked = {"number_of_replicas": 0, "blocks.write": True}
    cluster.client.indices.create(index=f"{ALIAS}-archive-000001", settings=blocked)
    assert not found(cluster.client, needs, check="indices")


def test_the_commands_that_the_finding_on_a_block_names(cluster: Cluster, stack_copy: Path, needs: Needs) -> None:
    cluster.apply(stack_copy)
    _blocked(cluster.client)
    words = only(found(cluster.client, needs, check="indices")).next_step.split(" ", 2)
    cluster.client.perform_request(words[0], f"/{words[1]}", body=json.loads(words[2]),
                                   headers={"content-type": "application/json", "accept": "application/json"})  # fmt: skip
    assert not found(cluster.client, needs, check="indices")


# --- templates


@pytest.fixture
def foreign_template(own_client: Elasticsearch) -> Iterator[Callable[[int], None]]:
    """Put another's template of a priority over the names of ours."""

    def put(priority: int) -> None:
        own_client.indices.put_index_template(name="theirs", index_patterns=["my-*"], priority=priority, template={})

    yield put
    own_client.options(ignore_status=404).indices.delete_index_template(name="theirs")


def test_a_template_of_a_higher_priority(
    cluster: Cluster, stack_copy: Path, needs: Needs, foreign_template: Callable[[int], None]
) -> None:
    foreign_template(9999)
    assert "has a higher priority, 9999" in only(found(cluster.client, needs, check="templates")).what
    assert only(found(cluster.client, needs, check="templates")).level is Level.BLOCKS


def test_a_template_of_the_same_priority(
    cluster: Cluster, needs: Needs, foreign_template: Callable[[int], None]
) -> None:
    foreign_template(needs.templates[0].priority)
    assert "has the same priority" in only(found(cluster.client, needs, check="templates")).what


def test_a_template_of_a_lower_priority_is_no_matter(
    cluster: Cluster, needs: Needs, foreign_template: Callable[[int], None]
) -> None:
    foreign_template(0)
    assert not found(cluster.client, needs, check="templates")


@pytest.mark.parametrize(
    ("meta", "whose"), [({}, "was not made by clipline"), ({"clipline": {"stack": "b"}}, "belongs to the stack 'b'")]
)
def test_a_template_of_our_name_by_others(
    own_client: Elasticsearch, cluster: Cluster, needs: Needs, meta: dict[str, Any], whose: str
) -> None:
    own_client.indices.put_index_template(name="image-embeddings", index_patterns=["x-*"], meta=meta)
    finding = only(found(cluster.client, needs, check="templates"))
    assert finding.level is Level.BLOCKS
    assert whose in finding.what


def test_our_template_with_other_patterns(cluster: Cluster, stack_copy: Path, needs: Needs) -> None:
    cluster.apply(stack_copy)
    body = cluster.client.indices.get_index_template(name="image-embeddings")["index_templates"][0]["index_template"]
    cluster.client.indices.put_index_template(
        name="image-embeddings", index_patterns=["elsewhere-*"], priority=body["priority"], template=body["template"],
        composed_of=body["composed_of"], meta=body["_meta"],
    )  # fmt: skip
    finding = only(found(cluster.client, needs, check="templates"))
    assert finding.level is Level.BLOCKS
    assert f"is on the cluster and is not applied to {INDEX}" in finding.what


# --- ingest


def test_documents_that_failed(cluster: Cluster, stack_copy: Path, needs: Needs) -> None:
    cluster.apply(stack_copy)
    name = needs.pipelines[0]
    cluster.client.ingest.put_pipeline(id=name, processors=[{"fail": {"message": "never"}}])
    with pytest.raises(Exception, match="never"):
        cluster.client.index(index=ALIAS, document={}, pipeline=name)
    finding = only(found(cluster.client, needs, check="ingest"))
    assert finding.level is Level.WARNING
    assert "failed" in finding.what
    assert "fail (1)" in finding.what


def test_processors_whose_failure_was_caught(cluster: Cluster, stack_copy: Path, needs: Needs) -> None:
    cluster.apply(stack_copy)
    caught = {"message": "never", "on_failure": [{"set": {"field": "ingest_error", "value": "never"}}]}
    cluster.client.ingest.put_pipeline(id=needs.pipelines[0], processors=[{"fail": caught}])
    cluster.client.index(index=ALIAS, document={}, pipeline=needs.pipelines[0])
    finding = only(found(cluster.client, needs, check="ingest"))
    assert "0 failed; processors that failed: fail (1)" in finding.what
    assert "the pipeline caught them" in finding.cause
    assert "dead-letter" not in finding.next_step


def test_documents_whose_failure_was_caught(cluster: Cluster, stack_copy: Path, needs: Needs) -> None:
    cluster.apply(stack_copy)
    cluster.client.index(index=ALIAS, document={"ingest_error": "caption: the queue is full"}, refresh=True)
    (finding,) = [item for item in found(cluster.client, needs, check="ingest") if item.subject == f"alias/{ALIAS}"]
    assert (finding.level, finding.what) == (Level.WARNING, "1 document has an ingest_error")


def test_a_pipeline_whose_model_is_not_there(cluster: Cluster, needs: Needs) -> None:
    name = needs.pipelines[0]
    inner = {"inference": {"model_id": "gone", "input_output": {"input_field": "a", "output_field": "b"}}}
    cluster.client.ingest.put_pipeline(id=name, processors=[{"foreach": {"field": "x", "processor": inner}}])
    blocking = [item for item in found(cluster.client, needs, check="ingest") if item.level is Level.BLOCKS]
    assert "names the model gone" in only(blocking).what


# --- disks


PREFIX = "cluster.routing.allocation.disk"


@pytest.mark.parametrize(
    ("set_to", "level", "stage"),
    [
        ({"low": "9pb", "high": "1b", "flood_stage": "1b"}, "warning", "low"),
        ({"low": "9pb", "high": "9pb", "flood_stage": "1b"}, "warning", "high"),
        ({"low": "9pb", "high": "9pb", "flood_stage": "9pb"}, "blocks", "flood_stage"),
        ({"low": "0.00001", "high": "99.99%", "flood_stage": "99.99%"}, "warning", "low"),
    ],
)
def test_disks(own_client: Elasticsearch, needs: Needs, set_to: dict[str, str], level: str, stage: str) -> None:
    # The disk is the emulator's; watermarks are put into its answer, because it refuses those that it does not enforce.
    facts = gather(own_client, needs)
    watermarks = {f"{PREFIX}.watermark.{name}": value for name, value in set_to.items()}
    settings = replace(facts.answers["settings"], body={**facts.get("settings"), "persistent": watermarks})
    finding = only(list(disk.judge(replace(facts, answers={**facts.answers, "settings": settings}), needs)))
    assert (finding.level, finding.subject) == (level, "node/emulator")
    assert f"the watermark {stage} is at" in finding.what


def test_watermarks_switched_off(own_client: Elasticsearch, needs: Needs) -> None:
    own_client.cluster.put_settings(persistent={f"{PREFIX}.threshold_enabled": False})
    assert only(found(own_client, needs, check="disk")).level is Level.NOTE
    own_client.cluster.put_settings(persistent={f"{PREFIX}.threshold_enabled": None})
    assert not found(own_client, needs, check="disk")


@pytest.mark.parametrize(
    ("settings", "size", "least"),
    [
        ({"watermark.low": "85%"}, 1000, 150),
        ({"watermark.low": "0.85"}, 1000, 150),
        ({"watermark.low": "85%", "watermark.low.max_headroom": "100b"}, 1000, 100),
        ({"watermark.low": "85%", "watermark.low.max_headroom": "-1"}, 1000, 150),
        ({"watermark.low": "2kb"}, 1000, 2048),
        ({"watermark.low": "half"}, 1000, None),
        ({}, 1000, None),
    ],
)
def test_how_watermarks_are_read(settings: dict[str, str], size: int, least: int | None) -> None:
    named = {f"{PREFIX}.{name}": value for name, value in settings.items()}
    facts = answered(settings={"defaults": named})
    assert disk.least_free(facts, "low", size) == (pytest.approx(least, abs=1) if least is not None else None)


# --- other emulators


@pytest.mark.parametrize(
    ("arguments", "check", "level", "what"),
    [
        (("--license", "basic"), "licence", "blocks", "the licence is basic"),
        (("--license", "expired"), "licence", "blocks", "licence is expired"),
        (("--no-ml-node",), "ml_nodes", "blocks", "no ML node"),
        (("--ml-memory", str(100 * MIB)), "memory", "blocks", "needs 290 MB; the ML node emulator has 100 MB free"),
    ],
)
def test_clusters_that_lack_something(
    tmp_path: Path, needs: Needs, arguments: tuple[str, ...], check: str, level: str, what: str
) -> None:
    with running_emulator(tmp_path, *arguments) as url, Elasticsearch(url) as client:
        finding = only(found(client, needs, check=check))
    assert finding.level == level
    assert what in finding.what


@pytest.mark.parametrize("arguments", [("--license", "basic"), ("--license", "expired"), ("--no-ml-node",)])
def test_a_cluster_without_machine_learning_is_enough_where_the_client_encodes_texts(
    tmp_path: Path, needs: Needs, arguments: tuple[str, ...]
) -> None:
    on_client = replace(needs, models=(), client_models=needs.models)
    with running_emulator(tmp_path, *arguments) as url, Elasticsearch(url) as client:
        way_on = [
            finding.next_step for finding in examine(gather(client, needs), needs) if finding.level is Level.BLOCKS
        ]
        findings = examine(gather(client, on_client), on_client)
    assert not [finding for finding in findings if finding.level is Level.BLOCKS]
    assert not [finding for finding in findings if finding.check in ("licence", "ml_nodes", "memory", "deployments")]
    note = only([finding for finding in findings if finding.check == "text_encoder"])
    assert (note.level, note.subject) == (Level.NOTE, f"models/{DEPLOYMENT}.yml")
    if "expired" not in arguments:
        assert f"text_encoder: client in models/{DEPLOYMENT}.yml" in way_on[0]


def test_a_model_of_the_client_beside_one_of_the_cluster(cluster: Cluster, needs: Needs) -> None:
    (one,) = needs.models
    on_client = replace(needs, client_models=(replace(one, stem="x", model_alias="gone", deployment_id="y"),))
    inner = {"inference": {"model_id": "gone", "input_output": {"input_field": "a", "output_field": "b"}}}
    cluster.client.ingest.put_pipeline(id=needs.pipelines[0], processors=[inner])
    assert found(cluster.client, on_client, check="ingest") == []


def test_a_key_without_privileges(tmp_path: Path, needs: Needs) -> None:
    with secure_node(tmp_path) as secure:
        role = {"cluster": ["monitor"], "indices": [{"names": [ALIAS], "privileges": ["read"]}]}
        key = secure("POST", "/_security/api_key", {"name": "k", "role_descriptors": {"k": role}}, who=secure.elastic)
        ca = secure.running.environment["ELASTICSEARCH_CA_CERTS"]
        with Elasticsearch(secure.running.url, api_key=key["encoded"], ca_certs=ca) as client:
            lacking = only(found(client, needs, check="privileges"))
            refused = {finding.subject: finding for finding in found(client, needs, check="unasked")}
    assert lacking.level is Level.BLOCKS
    assert "lacks privileges of the provisioner: cluster: manage_ml; cluster: manage_ingest_pipelines; " in lacking.what
    assert f"{ALIAS}: manage" in lacking.what
    assert "clipline-state: " in lacking.what
    assert refused["GET /_ingest/pipeline"].level is Level.WARNING
    assert refused["GET /_ingest/pipeline"].next_step == (
        "ask for the cluster privilege read_pipeline, or with a key that has it"
    )


def test_the_command_says_it_and_exits_with_1(tmp_path: Path, clipline: Run) -> None:
    variables = [word for value in TINY for word in ("--var", value)]
    with running_emulator(tmp_path, "--no-ml-node", "--license", "basic") as url:
        done = clipline("doctor", *variables, "--url", url, code=1)
        told = json.loads(clipline("doctor", *variables, "--url", url, "--json", code=1).stdout)
    assert "blocks  licence" in done.stdout
    assert "next:" in done.stdout
    assert "2 things block" in done.stdout
    assert told["blocked"] is True
    assert told["counts"]["blocks"] == 2
    assert {finding["check"] for finding in told["findings"] if finding["level"] == "blocks"} == {"licence", "ml_nodes"}


@pytest.mark.skipif(CLIENT < 9, reason="about a client that is ahead of its server")
def test_an_older_server(tmp_path: Path, needs: Needs) -> None:
    with running_emulator(tmp_path, "--version", "8.19.20") as url, Elasticsearch(url) as client:
        findings = examine(gather(client, needs), needs)
    assert [finding.check for finding in findings] == ["version"]
    assert "pip install 'elasticsearch<9'" in only(list(findings)).next_step


# --- from answers alone


def answered(**bodies: Any) -> Facts:
    """Facts with these answers."""
    answers = {name: Answer(request=f"GET /{name}", body=body) for name, body in bodies.items()}
    return Facts(client_version="9.2.0", answers=answers)


def stats(**more: Any) -> dict[str, Any]:
    """The answer on deployments, of one that started but for what is given."""
    deployment = {
        "deployment_id": DEPLOYMENT,
        "model_id": "clip-0123",
        "state": "started",
        "allocation_status": {"allocation_count": 1, "target_allocation_count": 1, "state": "fully_allocated"},
        **more,
    }
    return {"trained_model_stats": [{"model_id": "clip-0123", "deployment_stats": deployment}]}


NONE = {"allocation_count": 0, "target_allocation_count": 1, "state": "starting"}
HALF = {"allocation_count": 1, "target_allocation_count": 2, "state": "started"}
ASLEEP = {"allocation_count": 0, "target_allocation_count": 0, "state": "started"}


@pytest.mark.parametrize(
    ("more", "level", "what", "cause"),
    [
        ({}, "ok", "started, 1 of 1 allocations", ""),
        ({"state": "failed", "reason": "it broke"}, "blocks", "failed", "it broke"),
        (
            {"state": "starting", "allocation_status": NONE, "reason": "No ML nodes"},
            "warning",
            "has no allocation",
            "No ML",
        ),
        ({"allocation_status": HALF}, "warning", "has 1 of 2 allocations", "no room"),
        (
            {"allocation_status": ASLEEP, "adaptive_allocations": {"enabled": True}},
            "warning",
            "is asleep",
            "first request",
        ),
        ({"state": "stopping"}, "warning", "is being stopped", "somebody"),
    ],
)
def test_the_state_of_a_deployment(needs: Needs, more: dict[str, Any], level: str, what: str, cause: str) -> None:
    facts = answered(model_stats=stats(**more), models={"trained_model_configs": []})
    (finding,) = [item for item in examine(facts, needs) if item.check == "deployments"]
    assert finding.level == level
    assert what in finding.what
    assert cause in finding.cause


@pytest.mark.parametrize(
    ("counter", "what"),
    [
        ({"rejected_execution_count": 3}, "rejected 3 requests"),
        ({"nodes": [{"timeout_count": 2}, {"timeout_count": 2}]}, "4 requests timed out"),
        ({"error_count": 1}, "1 requests failed in the model"),
    ],
)
def test_the_counters_of_a_deployment(needs: Needs, counter: dict[str, Any], what: str) -> None:
    facts = answered(model_stats=stats(**counter), models={"trained_model_configs": []})
    (finding,) = [item for item in examine(facts, needs) if item.level is Level.WARNING]
    assert finding.what.startswith(what)


DAY = 24 * 3600


@pytest.mark.parametrize(
    ("kind", "days", "level"),
    [("trial", 29, "note"), ("trial", 6, "warning"), ("platinum", 29, "warning"), ("enterprise", 400, "ok")],
)
def test_a_licence_that_ends(needs: Needs, kind: str, days: int, level: str) -> None:
    ends = {"expiry_date_in_millis": 1000 * days * DAY, "expiry_date": "1970-02-01T00:00:00.000Z"}
    facts = answered(license={"license": {"type": kind, "status": "active", **ends}})
    (finding,) = licence.judge(facts, needs, now=0.0)
    assert finding.level == level


@pytest.mark.parametrize(
    ("server", "client", "level"),
    [
        ("8.14.3", "8.19.0", "blocks"),
        ("8.19.20", "8.19.0", "ok"),
        ("9.2.0", "8.19.0", "note"),
        ("9.2.0", "9.5.1", "ok"),
        ("10.0.0", "9.5.1", "warning"),
        ("9.5.0-SNAPSHOT", "9.5.1", "ok"),
    ],
)
def test_versions(needs: Needs, server: str, client: str, level: str) -> None:
    facts = replace(answered(info={"version": {"number": server}}), client_version=client)
    (finding,) = version.judge(facts, needs)
    assert finding.level == level


def test_serverless_is_told_by_its_build(needs: Needs) -> None:
    (finding,) = version.judge(answered(info={"version": {"number": "8.11.0", "build_flavor": "serverless"}}), needs)
    assert (finding.level, finding.what) == (Level.BLOCKS, "this is Elasticsearch Serverless")


LAZY = {"persistent": {"xpack.ml.max_lazy_ml_nodes": "1"}}


@pytest.mark.parametrize(
    ("settings", "cloud", "level"), [({}, False, "blocks"), (LAZY, False, "note"), ({}, True, "note")]
)
def test_no_ml_node_where_one_may_come(needs: Needs, settings: dict[str, Any], cloud: bool, level: str) -> None:
    facts = answered(ml_memory={"nodes": {"n": {"roles": ["data"]}}}, settings=settings)
    (finding,) = ml_nodes.judge(facts, replace(needs, cloud=cloud))
    assert finding.level == level


def test_more_threads_than_processors(needs: Needs) -> None:
    (model,) = needs.models
    facts = answered(
        ml_memory={"nodes": {"n": {"roles": ["ml"]}}},
        ml_info={"limits": {"max_single_ml_node_processors": 2, "total_ml_processors": 4}},
    )
    few, many = replace(model, threads=4), replace(model, threads=2, allocations=3)
    assert "wants 4 threads" in _processors(facts, replace(needs, models=(few,))).what
    assert "wants 3 x 2 processors" in _processors(facts, replace(needs, models=(many,))).what


def _processors(facts: Facts, needs: Needs) -> Finding:
    return next(finding for finding in ml_nodes.judge(facts, needs) if finding.subject.startswith("deployment/"))


def test_memory_of_a_model_that_nothing_is_known_of(needs: Needs) -> None:
    (model,) = needs.models
    node = {"roles": ["ml"], "name": "n", "mem": {"ml": {"max_in_bytes": 500 * MIB}}}
    facts = answered(ml_memory={"nodes": {"n": node}}, model_stats={"trained_model_stats": []})
    (finding,) = memory.judge(facts, replace(needs, models=(replace(model, memory=None),)))
    assert finding.level is Level.NOTE
    assert "clipline bundle build" in finding.next_step


def test_memory_that_the_server_reckons_itself(needs: Needs) -> None:
    node = {"roles": ["ml"], "name": "n", "mem": {"ml": {"max_in_bytes": 100 * MIB}}}
    automatic = {"persistent": {"xpack.ml.use_auto_machine_memory_percent": "true"}}
    facts = answered(ml_memory={"nodes": {"n": node}}, model_stats={"trained_model_stats": []}, settings=automatic)
    (finding,) = memory.judge(facts, needs)
    assert finding.level is Level.BLOCKS
    assert "reckoned by the server" in finding.cause
    assert finding.next_step == "stop another deployment, or give the node more memory"


@pytest.mark.parametrize(
    ("endpoints", "levels"),
    [
        (Answer(request="", body={"endpoints": [{"inference_id": "e"}]}), []),
        (Answer(request="", body={"endpoints": []}), [Level.BLOCKS]),
        (Answer(request="", status=501), [Level.BLOCKS]),
        (Answer(request="", status=403), [Level.WARNING]),
    ],
)
def test_a_pipeline_that_names_an_endpoint(needs: Needs, endpoints: Answer, levels: list[Level]) -> None:
    facts = answered(
        pipelines={needs.pipelines[0]: {"processors": [{"inference": {"model_id": "e"}}]}},
        models={"trained_model_configs": []},
        model_stats={"trained_model_stats": []},
    )
    facts = replace(facts, answers={**facts.answers, "endpoints": endpoints})
    assert [item.level for item in examine(facts, needs) if item.check == "ingest"] == levels


def test_how_much_memory_a_deployment_needs() -> None:
    # facts.md 3: 240 MB and twice the model; with the metadata of the model, what that says if it is more.
    assert memory_need(100 * MIB, allocations=1, metadata={}) == 440 * MIB
    told = {"per_deployment_memory_bytes": 400 * MIB, "per_allocation_memory_bytes": 50 * MIB}
    assert memory_need(100 * MIB, allocations=2, metadata=told) == 600 * MIB
    assert memory_need(100 * MIB, allocations=1, metadata={"per_deployment_memory_bytes": MIB}) == 440 * MIB


@pytest.mark.parametrize(
    ("health", "level", "what"),
    [
        ({"status": "red"}, "blocks", "is red"),
        ({"status": "yellow", "unassigned_shards": 1}, "note", "1 replica without a node"),
    ],
)
def test_the_health_of_an_index(needs: Needs, health: dict[str, Any], level: str, what: str) -> None:
    facts = answered(indices={INDEX: {"aliases": {ALIAS: {}}}}, health={"indices": {INDEX: health}})
    (finding,) = [item for item in examine(facts, needs) if item.subject == f"index/{INDEX}"]
    assert finding.level == level
    assert what in finding.what


def test_a_closed_index(needs: Needs) -> None:
    closed = {"aliases": {ALIAS: {}}, "settings": {"index": {"verified_before_close": "true"}}}
    facts = answered(indices={INDEX: closed})
    (finding,) = [item for item in examine(facts, needs) if item.subject == f"index/{INDEX}"]
    assert (finding.level, finding.what) == (Level.BLOCKS, "is closed")


def test_who_uses_a_model() -> None:
    inference = {"inference": {"model_id": "the-alias"}}
    facts = answered(
        models={"trained_model_configs": [
            {"model_id": "m", "metadata": {"model_aliases": ["the-alias"], "clipline": {"stack": "theirs"}}},
            {"model_id": "idle"},
            {"model_id": "lang_ident_model_1", "created_by": "_xpack"},
        ]},
        model_stats={"trained_model_stats": [
            {"model_id": "m", "deployment_stats": {"deployment_id": "d", "model_id": "m"}}]},
        pipelines={
            "direct": {"_meta": {"clipline": {"stack": "ours"}}, "processors": [{"foreach": {"processor": inference}}]},
            "outer": {"processors": [{"set": {"on_failure": [{"pipeline": {"name": "direct"}}]}}]},
            "other": {"processors": [], "_meta": {"clipline": {"stack": "idle"}}},
        },
        templates={"index_templates": [
            {"name": "t", "index_template": {"template": {"settings": {"index": {"final_pipeline": "direct"}}}}},
            {"name": "u", "index_template": {"composed_of": ["c"]}}]},
        components={"component_templates": [
            {"name": "c", "component_template": {"template": {"settings": {"index.default_pipeline": "outer"}}}}]},
        index_pipelines={"i": {"settings": {"index.default_pipeline": "outer"}}},
        endpoints={"endpoints": [
            {"inference_id": "e", "service_settings": {"deployment_id": "d"}},
            {"inference_id": "f", "service_settings": {"model_id": "x"}}]},
    )  # fmt: skip
    rows = {row.model_id: row for row in users_of_models(facts)}
    assert rows["m"].users == (
        "ingest_pipeline/direct", "ingest_pipeline/outer", "component_template/c", "index_template/t", "index/i",
        "inference_endpoint/e",
    )  # fmt: skip
    assert rows["m"].stacks == ("ours", "theirs")
    assert (rows["idle"].users, rows["idle"].stacks) == ((), ())
    assert set(rows) == {"m", "idle"}


@pytest.mark.parametrize(
    ("status", "reason", "level", "step"),
    [
        (403, "action [x] is unauthorized, this action is granted by the cluster privileges [monitor,manage,all]", "warning",
         "ask for the cluster privilege monitor"),
        (403, "current license is non-compliant for [ml]", "note", "see the finding on the licence"),
        (410, "not available when running in serverless mode", "note", "nothing can be done about it"),
        (500, "boom", "warning", "look at the cluster's log"),
    ],
)  # fmt: skip
def test_questions_that_were_refused(needs: Needs, status: int, reason: str, level: str, step: str) -> None:
    facts = Facts(
        client_version="9", answers={"ml_info": Answer(request="GET /_ml/info", status=status, reason=reason)}
    )
    (finding,) = unasked.judge(facts, needs)
    assert (finding.level, finding.subject) == (level, "GET /_ml/info")
    assert step in finding.next_step


def test_the_version_is_told(own_client: Elasticsearch, needs: Needs) -> None:
    (finding,) = [item for item in examine(gather(own_client, needs), needs) if item.check == "version"]
    assert f"Elasticsearch {VERSION}" in finding.what
