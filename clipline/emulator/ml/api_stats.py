"""Statistics of trained models, as JSON and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError
from clipline.emulator.http import cat
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.ml.catalog import matching, page
from clipline.emulator.ml.deployment import Deployment
from clipline.emulator.ml.stats import ingest_stats, model_stats, used_by
from clipline.emulator.ml.times import date_text

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_COLUMNS = (
    cat.Column("id", "", "the trained model id"),
    cat.Column("created_by", "c,createdBy", "who created the model", right=True, default=False),
    cat.Column("heap_size", "hs,modelHeapSize", "the estimated heap size to keep the model in memory"),
    cat.Column("operations", "o,modelOperations", "the estimated number of operations to use the model"),
    cat.Column("license", "l", "the license level of the model", default=False),
    cat.Column("create_time", "ct", "the time the model was created"),
    cat.Column("version", "v", "the version of Elasticsearch when the model was created", default=False),
    cat.Column("description", "d", "the model description", default=False),
    cat.Column("type", "", "the model type"),
    cat.Column("ingest.pipelines", "ip,ingestPipelines", "the number of pipelines referencing the model"),
    cat.Column("ingest.count", "ic,ingestCount", "the number of documents processed by the model", default=False),
    cat.Column("ingest.time", "it,ingestTime", "the time spent processing documents with the model", default=False),
    cat.Column("ingest.current", "icurr,ingestCurrent", "the documents being handled by the model", default=False),
    cat.Column("ingest.failed", "if,ingestFailed", "the failed ingest attempts with the model", default=False),
    cat.Column("data_frame.id", "dfid,dataFrameAnalytics", "the analytics config that created the model"),
    cat.Column("data_frame.create_time", "dft,dataFrameAnalyticsTime", "when that was created", default=False),
    cat.Column("data_frame.source_index", "dfsi,dataFrameAnalyticsSrcIndex", "its source index", default=False),
    cat.Column("data_frame.analysis", "dfa,dataFrameAnalyticsAnalysis", "its analysis", default=False),
)


def stats(node: Node, call: Call) -> Reply:
    """``GET /_ml/trained_models[/{id}]/_stats``: one entry for each deployment."""
    expression = call.args.get("model_id", "_all")
    named = _named_deployments(node, expression)
    found = _models(node, call, expression, named)
    start, size = page(call)
    human = call.flag("human")
    entries: list[dict[str, Any]] = []
    for model_id in sorted(found)[start : start + size]:
        deployed = [item for item in named if item.model_id == model_id] or node.models.deployments_of(model_id)
        shown: list[Deployment | None] = [*deployed] or [None]
        entries += [model_stats(node, found[model_id], item, human=human) for item in shown]
    return Reply(body={"count": len(found), "trained_model_stats": entries})


def table(node: Node, call: Call) -> Reply:
    """``GET /_cat/ml/trained_models[/{id}]``."""
    found = matching(node, call.args.get("model_id", "_all"), allow_no_match=call.flag("allow_no_match", default=True))
    start, size = page(call)
    rows = []
    for model_id in sorted(found)[start : start + size]:
        config, pipelines = found[model_id], used_by(node, model_id)
        total = ingest_stats(node, pipelines)["total"]
        rows.append(
            (
                model_id,
                config["created_by"],
                cat.Size(config["model_size_bytes"]),
                config["estimated_operations"],
                config["license_level"].upper(),
                date_text(config["create_time"]),
                config["version"],
                config.get("description"),
                config["model_type"],
                len(pipelines),
                total["count"],
                cat.Duration(total["time_in_millis"]),
                total["current"],
                total["failed"],
                "__none__",
                None,
                None,
                None,
            )
        )
    return cat.answer(call, _COLUMNS, rows)


def _named_deployments(node: Node, expression: str) -> list[Deployment]:
    """The deployments that parts of an expression name by an id that no model has."""
    models = node.models
    found = (models.deployments.get(part) for part in dict.fromkeys(expression.split(",")))
    return [item for item in found if item is not None and models.resolve_model(item.id) is None]


def _models(node: Node, call: Call, expression: str, named: list[Deployment]) -> dict[str, dict[str, Any]]:
    ids = {item.id for item in named}
    others = ",".join(part for part in expression.split(",") if part not in ids)
    found = {item.model_id: config for item in named if (config := node.models.store.config(item.model_id))}
    if others or not named:
        try:
            found |= matching(node, others, allow_no_match=call.flag("allow_no_match", default=True))
        except ApiError:
            if found and "*" in others:
                return found
            raise
    return found


_STATS = {"allow_no_match", "from", "size"}
_CAT = cat.PARAMS | {"allow_no_match", "from", "size"}

ROUTES = [
    Route("GET", "/_ml/trained_models/_stats", "cluster:monitor/xpack/ml/inference/stats/get", stats, _STATS),
    Route(
        "GET", "/_ml/trained_models/{model_id}/_stats", "cluster:monitor/xpack/ml/inference/stats/get", stats, _STATS
    ),
    Route("GET", "/_cat/ml/trained_models", "cluster:monitor/xpack/ml/inference/get", table, _CAT),
    Route("GET", "/_cat/ml/trained_models/{model_id}", "cluster:monitor/xpack/ml/inference/get", table, _CAT),
]
