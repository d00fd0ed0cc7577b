"""Whether documents failed in the stack's ingest pipelines since their nodes were started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.model_users import named
from provisioning.doctor.needs import Needs

_CHECK = "ingest"


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """Each pipeline's failures, then the models that it names and that are not there; then what a pipeline caught."""
    for name in needs.pipelines:
        yield from _failures(name, facts)
        yield from _models(name, facts, needs)
    yield from _caught(needs, facts)


def _failures(name: str, facts: Facts) -> Iterator[Finding]:
    subject = f"ingest_pipeline/{name}"
    stats = [pipeline for node in _nodes(facts) if (pipeline := node.get("pipelines", {}).get(name))]
    if not stats:
        return
    count, failed = (sum(int(entry.get(key) or 0) for entry in stats) for key in ("count", "failed"))
    processors: Counter[str] = Counter()
    for entry in stats:
        for processor in entry.get("processors", ()):
            processors.update({key: int(body.get("stats", {}).get("failed") or 0) for key, body in processor.items()})
    failing = [f"{key} ({number})" for key, number in processors.items() if number]
    if not failed and not failing:
        yield Finding(check=_CHECK, level=Level.OK, subject=subject, what=f"{count} documents, none failed")
        return
    yield Finding(
        check=_CHECK,
        level=Level.WARNING,
        subject=subject,
        what=f"{count} documents, {failed} failed"
        + (f"; processors that failed: {', '.join(failing)}" if failing else ""),
        cause="a document that fails in a pipeline is not indexed; whoever sent it was told the reason"
        if failed
        else "the pipeline caught them (on_failure, ignore_failure): the documents lack what these processors make",
        next_step="the loader's dead-letter file holds the reasons; load again what it names"
        if failed
        else "look for the documents that lack it, as by the field that on_failure sets, and load these again",
    )


def _caught(needs: Needs, facts: Facts) -> Iterator[Finding]:
    """Failures that the pipeline caught: no counter shows them, the documents do."""
    count = int((facts.get("ingest_errors") or {}).get("count") or 0)
    if count:
        yield Finding(
            check=_CHECK,
            level=Level.WARNING,
            subject=", ".join(f"alias/{alias}" for alias in needs.aliases),
            what=f"{count} document{'s have' if count > 1 else ' has'} an ingest_error",
            cause="the pipeline kept them without what a processor could not make, most often the caption's vector",
            next_step='GET <alias>/_search {"query": {"exists": {"field": "ingest_error"}}} shows the reasons;'
            " docs/runbooks/inference-queue-full.md says how to load them again",
        )


def _models(name: str, facts: Facts, needs: Needs) -> Iterator[Finding]:
    pipelines = facts.get("pipelines") or {}
    if name not in pipelines or facts.get("models") is None or facts.get("model_stats") is None:
        return
    known = {*facts.models(), *facts.deployments()}
    known |= {alias for config in facts.models().values() for alias in _aliases(config)}
    known |= {endpoint["inference_id"] for endpoint in (facts.get("endpoints") or {}).get("endpoints") or ()}
    # Texts that the client encodes come with their vector, and these processors are passed by.
    known |= {name for model in needs.client_models for name in (model.model_alias, model.deployment_id)}
    # The processor takes inference endpoints too (TransportCoordinatedInferenceAction); 501: this server has none.
    endpoints = facts.answers.get("endpoints")
    certain = endpoints is None or endpoints.body is not None or endpoints.status == 501
    for missing in sorted(named(pipelines[name], "inference") - known):
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS if certain else Level.WARNING,
            subject=f"ingest_pipeline/{name}",
            what=f"names the model {missing}, and no model, alias or deployment has that name",
            cause="every document that comes to this processor fails"
            + ("" if certain else ", unless it is an inference endpoint, which could not be asked"),
            next_step="clipline plan shows what is missing, clipline apply puts it there",
        )


def _aliases(config: Mapping[str, Any]) -> list[str]:
    return list((config.get("metadata") or {}).get("model_aliases") or ())


def _nodes(facts: Facts) -> Iterator[Mapping[str, Any]]:
    for node in (facts.get("ingest") or {}).get("nodes", {}).values():
        yield node.get("ingest") or {}
