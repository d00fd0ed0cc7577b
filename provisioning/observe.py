"""A cluster → what is there. Read-only: every request here reads.

Twelve requests for a stack of one index and one text model, whatever the size of either; each further model of the stack
costs one more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.core.cluster.privileges import denied
from clipline.core.errors import ClusterError, PrivilegeError, VersionError
from clipline.core.records import MARK
from provisioning.ml_memory import Held, held_by, needs_of, places
from provisioning.ml_room import MlRoom
from provisioning.observed import OLDEST, SERVERLESS, Observed, ObservedIndex, Version, is_closed
from provisioning.state.clock import now
from provisioning.state.lists import read_lists

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_IN_THE_CLUSTER = ("elasticsearch", "elser")
"""The inference services that run models of the cluster itself; what others call a model is another thing."""
_EVERY = ["open", "closed", "hidden"]
_ALL = 1000  # models asked for at once; the API's default of 100 would hide some


@dataclass(frozen=True, slots=True)
class Server:
    """Which cluster answers: its version and its own identity."""

    version: Version
    cluster_uuid: str


def server(client: Elasticsearch) -> Server:
    """Which cluster this is.

    Raises:
        VersionError: older than what clipline works with, or Serverless.
    """
    info = client.info()
    if info["version"].get("build_flavor") == SERVERLESS:
        raise VersionError(
            "this is Elasticsearch Serverless, which lacks APIs and settings that clipline uses",
            hint="use a hosted or self-managed deployment",
        )
    text = str(info["version"]["number"])
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    version = (int(match[1]), int(match[2]), int(match[3])) if match else (0, 0, 0)
    if version < OLDEST:
        raise VersionError(
            f"this server is Elasticsearch {text}", hint=f"clipline works with {'.'.join(map(str, OLDEST))} and newer"
        )
    return Server(version, str(info.get("cluster_uuid", "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to look for beside the pipelines, templates and models that are always read whole.

    Args:
        stack: whose marks and adoptions count.
        aliases: the index aliases of the stack.
        models: the concrete ids and deployment ids whose upload may have stopped half-way.
    """

    stack: str
    aliases: tuple[str, ...] = ()
    models: frozenset[str] = frozenset()


def observe(client: Elasticsearch, *, found: Server, scope: Scope) -> Observed:
    """Everything that a plan for a stack compares."""
    marked = _marked(client)
    lists = read_lists(client, scope.stack)
    stats = _stats(client)
    return Observed(
        version=found.version,
        cluster_uuid=found.cluster_uuid,
        licence=str(client.license.get()["license"]["type"]),
        resources={**_pipelines(client), **_templates(client)},
        indices=_indices(client, scope, marked),
        models=_models(client, scope),
        deployments=_deployments(stats),
        model_bytes=_model_bytes(stats),
        adopted=lists.adopted,
        superseded=lists.superseded,
        at=now(),
        text_models=_text_models(marked),
    )


def endpoints(client: Elasticsearch) -> Mapping[str, frozenset[str]] | None:
    """The inference endpoints and the models or deployments that they name; ``None`` where they cannot be read.

    Asked for only where something is to be stopped or deleted: it is a request of its own, and needs ``monitor_inference``
    (part of ``monitor``).
    """
    from elasticsearch import ApiError

    try:
        found = client.inference.get()
    except ApiError:
        return None
    return {
        str(endpoint["inference_id"]): frozenset(
            name
            for key in ("model_id", "deployment_id")
            if endpoint.get("service") in _IN_THE_CLUSTER
            and isinstance(name := (endpoint.get("service_settings") or {}).get(key), str)
        )
        for endpoint in found["endpoints"]
    }


def _pipelines(client: Elasticsearch) -> dict[tuple[str, str], Mapping[str, Any]]:
    found = client.options(ignore_status=404).ingest.get_pipeline()
    return {("ingest_pipeline", name): body for name, body in found.items()}


def _templates(client: Elasticsearch) -> dict[tuple[str, str], Mapping[str, Any]]:
    components = client.options(ignore_status=404).cluster.get_component_template()
    templates = client.options(ignore_status=404).indices.get_index_template()
    return {
        **{
            ("component_template", item["name"]): item["component_template"]
            for item in components.get("component_templates", ())
        },
        **{("index_template", item["name"]): item["index_template"] for item in templates.get("index_templates", ())},
    }


def _indices(client: Elasticsearch, scope: Scope, marked: Mapping[str, Mapping[str, Any]]) -> dict[str, ObservedIndex]:
    """The indices with this stack's mark, and those that its aliases name or point to."""
    # A name without wildcard that is missing would be a 404; one with a wildcard simply matches nothing.
    ours = (name for name, marks in marked.items() if marks.get("stack") == scope.stack)
    names = [*ours, *(f"{alias}*" for alias in scope.aliases)]
    if not names:
        return {}
    bodies = client.indices.get(index=",".join(names), expand_wildcards=_EVERY, ignore_unavailable=True)
    found = {name: body for name, body in bodies.items() if _belongs(name, body, scope)}
    documents = _documents(client, tuple(name for name, body in found.items() if not is_closed(body)))
    return {
        name: ObservedIndex(
            mappings=body.get("mappings", {}),
            settings=body.get("settings", {}),
            aliases=body.get("aliases", {}),
            documents=documents.get(name),
        )
        for name, body in found.items()
    }


def _marked(client: Elasticsearch) -> dict[str, Mapping[str, Any]]:
    """Whose stack's mark each index carries, also of an alias that is no longer declared, and which text model it names."""
    marks = f"*.mappings._meta.{MARK}"
    answer = client.indices.get_mapping(
        index="*",
        expand_wildcards=_EVERY,
        filter_path=[f"{marks}.{mark}" for mark in ("stack", "text_model", "text_encoder.where")],
    )
    return {name: body["mappings"]["_meta"][MARK] for name, body in answer.items()}


def _text_models(marked: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The text model that the cluster runs for each index; none where texts are encoded on the client."""
    return {
        name: marks["text_model"]
        for name, marks in marked.items()
        if isinstance(marks.get("text_model"), str) and "text_encoder" not in marks
    }


def _belongs(name: str, body: Mapping[str, Any], scope: Scope) -> bool:
    marks = ((body.get("mappings") or {}).get("_meta") or {}).get(MARK)
    return (isinstance(marks, Mapping) and marks.get("stack") == scope.stack) or any(
        name == alias or name.startswith(f"{alias}-") or alias in body.get("aliases", {}) for alias in scope.aliases
    )


def _documents(client: Elasticsearch, names: tuple[str, ...]) -> dict[str, int]:
    """The searchable documents of each index, by one request."""
    if not names:
        return {}
    everything = {"size": 0, "track_total_hits": True, "query": {"match_all": {}}}
    searches = [part for name in names for part in ({"index": name}, everything)]
    answers = client.msearch(searches=searches)["responses"]
    counts: dict[str, int] = {}
    for name, answer in zip(names, answers, strict=True):
        if "error" in answer:
            said = str(answer["error"].get("reason") or answer["error"].get("type"))
            if refusal := denied(said):
                raise PrivilegeError(refusal.what, where=f"index/{name}", hint=refusal.hint)
            # An index whose shards are not there is not taken for empty: it might be replaced.
            raise ClusterError(
                f"its documents cannot be counted: {said}",
                where=f"index/{name}",
                hint="look at GET _cluster/health; nothing is planned while an index cannot be read",
            )
        counts[name] = int(answer["hits"]["total"]["value"])
    return counts


def _models(client: Elasticsearch, scope: Scope) -> dict[str, Mapping[str, Any]]:
    found = client.ml.get_trained_models(size=_ALL)["trained_model_configs"]
    return {config["model_id"]: _with_status(client, config, scope) for config in found}


def _with_status(client: Elasticsearch, config: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
    """A wanted model with ``fully_defined``, which the server tells of one PyTorch model at a time only."""
    if config["model_id"] not in scope.models or config.get("model_type") != "pytorch":
        return config
    answer = client.options(ignore_status=404).ml.get_trained_models(
        model_id=config["model_id"], include="definition_status"
    )
    return next(iter(answer.get("trained_model_configs", ())), config)


def _stats(client: Elasticsearch) -> list[Mapping[str, Any]]:
    # By _all: the statistics of an alias or of a deployment id that is gone are not to be relied on.
    found: list[Mapping[str, Any]] = client.ml.get_trained_models_stats(model_id="_all", size=_ALL)[
        "trained_model_stats"
    ]
    return found


def _deployments(entries: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    stats = (entry.get("deployment_stats") for entry in entries)
    return {entry["deployment_id"]: entry for entry in stats if entry}


def _model_bytes(entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    sizes = ((entry["model_id"], entry.get("model_size_stats") or {}) for entry in entries)
    return {model_id: int(found["model_size_bytes"]) for model_id, found in sizes if found.get("model_size_bytes")}


def held_now(client: Elasticsearch) -> dict[str, Held]:
    """What each deployment holds of the ML nodes' memory, by its id. Two requests."""
    stats = _stats(client)
    configs = client.ml.get_trained_models(size=_ALL)["trained_model_configs"]
    need = needs_of({config["model_id"]: config for config in configs}, _model_bytes(stats))
    return held_by(_deployments(stats), need)


def ml_room(client: Elasticsearch, *, cloud: bool) -> MlRoom | None:
    """What the ML nodes have free, and whether more may come; ``None`` where it may not be asked. Two requests.

    Asked for only where something is to be started. ``cloud``: it is a deployment of Elastic Cloud.
    """
    from elasticsearch import ApiError

    try:
        there = places(client.ml.get_memory_stats().body)
        settings = client.cluster.get_settings(include_defaults=True, flat_settings=True).body
    except ApiError:
        return None
    lazy = next(
        (settings[level]["xpack.ml.max_lazy_ml_nodes"] for level in ("transient", "persistent", "defaults")
         if "xpack.ml.max_lazy_ml_nodes" in (settings.get(level) or {})), 0,
    )  # fmt: skip
    return MlRoom(places=tuple(there), grows=cloud or int(lazy) > 0)
