"""A cluster → a stack's status. Read-only: eleven requests, and those of the plan, whatever the size of the stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clipline.core.cluster import explain
from clipline.core.cluster.privileges import denied
from clipline.core.errors import CliplineError, ClusterError, LicenceError, PrivilegeError
from clipline.core.records import MARK, VECTOR_FIELD
from clipline.core.settings import Connection
from provisioning.observed import is_closed
from provisioning.plan import Plan
from provisioning.state.history import read_history
from provisioning.state.lists import read_lists
from provisioning.state.lock import read_holder
from provisioning.status.parts import DeploymentStatus, IndexStatus, KeptModel, PipelineStatus, Status, Step

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_ALL = 1000  # models asked for at once; the API's default of 100 would hide some
_OF_RUN = ("id", "command", "who", "host", "started_at", "ended_at", "outcome", "error")
_EVERYTHING: Mapping[str, Any] = {"match_all": {}}
_QUERIES: Mapping[str, Mapping[str, Any]] = {
    "documents": _EVERYTHING,
    "without_vector": {"bool": {"must_not": [{"exists": {"field": VECTOR_FIELD}}]}},
    "ingest_errors": {"exists": {"field": "ingest_error"}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a stack declares: index aliases, pipelines, and model alias → deployment id.

    ``client_models`` are the aliases of models that the client runs, which are not in ``models``.
    """

    stack: str
    aliases: tuple[str, ...]
    pipelines: tuple[str, ...]
    models: Mapping[str, str]
    client_models: tuple[str, ...] = ()


def read_status(client: Elasticsearch, wanted: Wanted, *, target: Connection, plan: Callable[[], Plan]) -> Status:
    """The state of a stack.

    Args:
        client: the cluster.
        wanted: what the stack declares.
        target: how messages call the cluster.
        plan: makes the plan whose changes are what is out of step.

    Raises:
        ClusterError: the cluster does not answer, or not to us. What is forbidden, or not in the licence, is unknown.
    """
    asked = _Asked(target)
    info = asked("version", client.info)
    indices = asked("indices", lambda: _indices(client, wanted.aliases, asked))
    ingest = asked("pipelines", lambda: client.nodes.stats(metric="ingest").body)
    models = asked("models", lambda: _models(client, wanted.models))
    kept = asked("kept", lambda: _kept(client, wanted.stack)) if wanted.models else ()
    step = asked("step", lambda: Step.of(plan()))
    holder = asked("lock", lambda: read_holder(client, wanted.stack))
    runs = asked("history", lambda: read_history(client, wanted.stack, limit=1))
    return Status(
        stack=wanted.stack,
        target=target.name,
        version=str(info["version"]["number"]) if info else None,
        indices=indices or tuple(IndexStatus(alias=alias) for alias in wanted.aliases),
        pipelines=tuple(_pipeline(name, ingest) for name in wanted.pipelines),
        models=models
        or tuple(DeploymentStatus(model_alias=alias, deployment_id=name) for alias, name in wanted.models.items()),
        client_models=wanted.client_models,
        kept=kept or (),
        step=step,
        lock=str(holder) if holder else None,
        last_run={key: runs[0].get(key) for key in _OF_RUN} if runs else None,
        unknown=asked.unknown,
    )


@dataclass(slots=True)
class _Asked:
    """Asks, and notes why where it may not."""

    target: Connection
    unknown: dict[str, str] = field(default_factory=dict)

    def __call__(self, part: str, ask: Callable[[], Any]) -> Any:
        from elasticsearch import ApiError

        try:
            return ask()
        except ApiError as error:
            reason: CliplineError = explain(error, self.target)
            if not isinstance(reason, PrivilegeError | LicenceError):
                raise
        except CliplineError as error:
            # The plan's own errors: there is none while, say, a model's files are not at hand.
            if isinstance(error, ClusterError) and not isinstance(error, PrivilegeError | LicenceError):
                raise
            reason = error
        self.unknown[part] = reason.what
        return None


def _indices(client: Elasticsearch, aliases: Sequence[str], asked: _Asked) -> tuple[IndexStatus, ...]:
    if not aliases:
        return ()
    # A name without wildcard that is missing would be a 404; one with a wildcard simply matches nothing.
    names = ",".join(f"{alias}*" for alias in aliases)
    states = ["open", "closed", "hidden"]
    found = client.indices.get(index=names, expand_wildcards=states).body
    behind = {alias: _behind(alias, found) for alias in aliases}
    there = [name for name in behind.values() if name is not None]
    usable = [name for name in there if not is_closed(found[name])]
    health = asked("health", lambda: _health(client, there)) or {}
    counts = _counts(client, usable, asked)
    sizes = asked("size", lambda: _sizes(client, usable)) or {}
    return tuple(
        IndexStatus(alias=alias)
        if name is None
        else IndexStatus(
            alias=alias,
            index=name,
            generation=((found[name].get("mappings") or {}).get("_meta") or {}).get(MARK, {}).get("generation"),
            health="closed" if name not in usable else health.get(name),
            size_bytes=sizes.get(name),
            **counts.get(name, {}),
        )
        for alias, name in behind.items()
    )


def _behind(alias: str, found: Mapping[str, Any]) -> str | None:
    """The index that an alias writes to, or the newest that it points to."""
    names = sorted(name for name, body in found.items() if alias in body.get("aliases", {}))
    writing = [name for name in names if found[name]["aliases"][alias].get("is_write_index")]
    return next(iter(writing), names[-1] if names else None)


def _health(client: Elasticsearch, names: Sequence[str]) -> dict[str, str]:
    if not names:
        return {}
    answer = client.cluster.health(index=",".join(names), level="indices", expand_wildcards="all")
    return {name: body["status"] for name, body in answer["indices"].items()}


def _counts(client: Elasticsearch, names: Sequence[str], asked: _Asked) -> dict[str, dict[str, int]]:
    """The documents of each index that each query finds, by one request."""
    if not names:
        return {}
    keys = [(name, what) for name in names for what in _QUERIES]
    searches = [
        part
        for name, what in keys
        for part in ({"index": name}, {"size": 0, "track_total_hits": True, "query": _QUERIES[what]})
    ]
    answer = asked("documents", lambda: client.msearch(searches=searches))
    counts: dict[str, dict[str, int]] = {}
    for (name, what), found in zip(keys, answer["responses"] if answer else (), strict=bool(answer)):
        if "error" in found:
            said = str(found["error"].get("reason") or found["error"].get("type"))
            refusal = denied(said)
            asked.unknown["documents"] = refusal.what if refusal else said
        else:
            counts.setdefault(name, {})[what] = int(found["hits"]["total"]["value"])
    return counts


def _sizes(client: Elasticsearch, names: Sequence[str]) -> dict[str, int]:
    if not names:
        return {}
    answer = client.indices.stats(index=",".join(names), metric="store")
    return {
        name: int(body["total"]["store"]["size_in_bytes"])
        for name, body in answer["indices"].items()
        if "store" in body["total"]  # no shard of it is started yet
    }


def _pipeline(name: str, ingest: Mapping[str, Any] | None) -> PipelineStatus:
    nodes = ((node.get("ingest") or {}).get("pipelines") or {} for node in (ingest or {}).get("nodes", {}).values())
    entries = [pipelines[name] for pipelines in nodes if name in pipelines]
    if not entries:
        return PipelineStatus(name=name, failing={})
    documents, failed, current, millis = (
        sum(int(entry.get(key) or 0) for entry in entries) for key in ("count", "failed", "current", "time_in_millis")
    )
    failing: Counter[str] = Counter()
    for entry in entries:
        for processor in entry.get("processors", ()):
            failing.update({key: int(body.get("stats", {}).get("failed") or 0) for key, body in processor.items()})
    return PipelineStatus(
        name=name,
        documents=documents,
        failed=failed,
        in_progress=current,
        mean_ms=round(millis / documents, 3) if documents else None,
        failing={key: count for key, count in failing.items() if count},
    )


def _models(client: Elasticsearch, wanted: Mapping[str, str]) -> tuple[DeploymentStatus, ...]:
    if not wanted:
        return ()
    behind = {
        alias: str(config["model_id"])
        for config in client.ml.get_trained_models(size=_ALL)["trained_model_configs"]
        for alias in (config.get("metadata") or {}).get("model_aliases") or ()
    }
    # By _all: the statistics of an alias or of a deployment id that is gone are not to be relied on.
    entries = client.ml.get_trained_models_stats(model_id="_all", size=_ALL)["trained_model_stats"]
    deployments = {stats["deployment_id"]: stats for entry in entries if (stats := entry.get("deployment_stats"))}
    return tuple(_deployment(alias, name, behind.get(alias), deployments.get(name)) for alias, name in wanted.items())


def _kept(client: Elasticsearch, stack: str) -> tuple[KeptModel, ...]:
    """The models that others took the place of and that are on the cluster still."""
    listed = {address.partition("/")[2]: details for address, details in read_lists(client, stack).superseded.items()}
    if not listed:
        return ()
    there = {config["model_id"] for config in client.ml.get_trained_models(size=_ALL)["trained_model_configs"]}
    return tuple(
        KeptModel(
            model_id=name,
            replaced_by=details.get("by"),
            since=details.get("since"),
            until=details.get("delete_after"),
            rolled_back=bool(details.get("rolled_back")),
        )
        for name, details in sorted(listed.items())
        if name in there
    )


def _deployment(alias: str, name: str, model_id: str | None, stats: Mapping[str, Any] | None) -> DeploymentStatus:
    if stats is None:
        return DeploymentStatus(model_alias=alias, model_id=model_id, deployment_id=name, state="absent")
    nodes: Sequence[Mapping[str, Any]] = stats.get("nodes") or ()
    allocation = stats.get("allocation_status") or {}
    reasons = [stats.get("reason"), *((node.get("routing_state") or {}).get("reason") for node in nodes)]

    def total(key: str) -> int:
        return sum(int(node.get(key) or 0) for node in nodes)

    inferences = total("inference_count")
    spent = sum(
        float(node.get("average_inference_time_ms") or 0) * int(node.get("inference_count") or 0) for node in nodes
    )
    return DeploymentStatus(
        model_alias=alias,
        model_id=model_id,
        deployment_id=name,
        state=str(stats.get("state", "unknown")),
        reason="; ".join(dict.fromkeys(text for text in reasons if text)) or None,
        allocations=int(allocation.get("allocation_count") or 0),
        wanted_allocations=int(allocation.get("target_allocation_count", stats.get("number_of_allocations") or 0)),
        queue=total("number_of_pending_requests"),
        queue_capacity=int(stats["queue_capacity"]) if "queue_capacity" in stats else None,
        throughput_last_minute=total("throughput_last_minute"),
        inferences=inferences,
        mean_ms=round(spent / inferences, 3) if inferences else None,
        errors=total("error_count"),
        rejected=max(total("rejected_execution_count"), int(stats.get("rejected_execution_count") or 0)),
        timeouts=total("timeout_count"),
    )
