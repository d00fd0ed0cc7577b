"""A cluster → facts. Read-only: two of the requests are POST, because their questions have bodies; none changes anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from clipline.core.cluster import reason
from provisioning.doctor.facts import Answer, Facts
from provisioning.doctor.needs import Needs

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_ALL = 1000  # models asked for at once; the API's default of 100 would hide some
_PIPELINE_SETTINGS = ["index.default_pipeline", "index.final_pipeline"]

_EVERY_STATE = ["open", "closed", "hidden"]

Ask = Callable[["Elasticsearch", Needs], Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent, how, and any of which cluster privileges it takes; ``of_models``: of no use to a stack without models."""

    request: str
    ask: Ask
    any_of: tuple[str, ...] = ()
    of_models: bool = False


_MONITOR = ("monitor",)
_PIPELINES = ("read_pipeline", "manage_ingest_pipelines")

QUESTIONS: Mapping[str, Question] = {
    "info": Question("GET /", lambda client, _: client.info(), _MONITOR),
    "privileges": Question("POST /_security/user/_has_privileges", lambda client, needs: _privileges(client, needs)),
    "license": Question("GET /_license", lambda client, _: client.license.get(), _MONITOR),
    "ml_info": Question("GET /_ml/info", lambda client, _: client.ml.info(), _MONITOR, of_models=True),
    "ml_memory": Question(
        "GET /_ml/memory/_stats", lambda client, _: client.ml.get_memory_stats(), _MONITOR, of_models=True
    ),
    "models": Question(
        "GET /_ml/trained_models", lambda client, _: client.ml.get_trained_models(size=_ALL), _MONITOR, of_models=True
    ),
    # By _all: the statistics of an alias or of a deployment id that is gone are not to be relied on.
    "model_stats": Question(
        "GET /_ml/trained_models/_all/_stats",
        lambda client, _: client.ml.get_trained_models_stats(model_id="_all", size=_ALL),
        _MONITOR,
        of_models=True,
    ),
    "settings": Question(
        "GET /_cluster/settings?include_defaults",
        lambda client, _: client.cluster.get_settings(include_defaults=True, flat_settings=True),
        _MONITOR,
    ),
    "disk": Question("GET /_nodes/stats/fs", lambda client, _: client.nodes.stats(metric="fs"), _MONITOR),
    "ingest": Question("GET /_nodes/stats/ingest", lambda client, _: client.nodes.stats(metric="ingest"), _MONITOR),
    "pipelines": Question(
        "GET /_ingest/pipeline",
        lambda client, _: _or_nothing(client.options(ignore_status=404).ingest.get_pipeline(), {}),
        _PIPELINES,
    ),
    "templates": Question(
        "GET /_index_template",
        lambda client, _: _or_nothing(
            client.options(ignore_status=404).indices.get_index_template(), {"index_templates": []}
        ),
        _MONITOR,
    ),
    "components": Question(
        "GET /_component_template",
        lambda client, _: _or_nothing(
            client.options(ignore_status=404).cluster.get_component_template(), {"component_templates": []}
        ),
        _MONITOR,
        of_models=True,
    ),
    "simulated": Question(
        "POST /_index_template/_simulate_index",
        lambda client, needs: {
            template.name: client.indices.simulate_index_template(name=template.index).body
            for template in needs.templates
            if template.index is not None
        },
        ("manage_index_templates",),
    ),
    # A name without wildcard that is missing would be a 404; one with a wildcard simply matches nothing.
    "indices": Question(
        "GET /<alias>*",
        lambda client, needs: (
            client.indices.get(index=_generations(needs), expand_wildcards=_EVERY_STATE) if needs.aliases else {}
        ),
    ),
    "health": Question(
        "GET /_cluster/health/<alias>*",
        lambda client, needs: (
            client.cluster.health(index=_generations(needs), level="indices", expand_wildcards=_EVERY_STATE)
            if needs.aliases
            else {"indices": {}}
        ),
        _MONITOR,
    ),
    "ingest_errors": Question(
        "GET /<alias>/_count",
        lambda client, needs: (
            client.count(
                index=",".join(needs.aliases),
                query={"exists": {"field": "ingest_error"}},
                ignore_unavailable=True,
                expand_wildcards="open",
            )
            if needs.aliases
            else {"count": 0}
        ),
    ),
    "index_pipelines": Question(
        "GET /*/_settings",
        lambda client, _: client.indices.get_settings(index="*", name=_PIPELINE_SETTINGS, flat_settings=True),
    ),
    "endpoints": Question("GET /_inference", lambda client, _: client.inference.get(), _MONITOR, of_models=True),
}
"""What is asked, by the name of the question."""


def gather(client: Elasticsearch, needs: Needs) -> Facts:
    """Ask everything that the checks look at, but for what the job's role does not allow and what the stack has no use for.

    Raises:
        elasticsearch.AuthenticationException: nobody is let in, so there is nothing to ask.
        elasticsearch.TransportError: nothing answers.
    """
    answers: dict[str, Answer] = {}
    skipped = []
    for name, question in QUESTIONS.items():
        if question.any_of and not set(question.any_of) & set(needs.role["cluster"]):
            skipped.append(name)
        elif needs.models or not question.of_models:
            answers[name] = _answer(question, client, needs)
            if name == "info" and answers[name].status in (400, 406):
                break  # a client of another major version: every other question would get the same refusal
    return Facts(client_version=version("elasticsearch"), answers=answers, skipped=tuple(skipped))


def _answer(question: Question, client: Elasticsearch, needs: Needs) -> Answer:
    from elasticsearch import ApiError, AuthenticationException, UnsupportedProductError

    try:
        found = question.ask(client, needs)
    except (AuthenticationException, UnsupportedProductError):
        raise
    except ApiError as error:
        return Answer(request=question.request, status=error.meta.status, reason=reason(error))
    return Answer(request=question.request, body=getattr(found, "body", found))


def _privileges(client: Elasticsearch, needs: Needs) -> Any:
    return client.security.has_privileges(cluster=needs.role["cluster"], index=needs.role["indices"])


def _generations(needs: Needs) -> str:
    return ",".join(f"{alias}*" for alias in needs.aliases)


def _or_nothing(answer: Any, nothing: dict[str, Any]) -> Any:
    return nothing if answer.meta.status == 404 else answer
