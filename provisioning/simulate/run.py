"""Cases → results, each document sent through its pipeline by the server."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioning.pipeline_tests.bodies import Body, models, with_model
from provisioning.pipeline_tests.case import Case, Outcome, Result
from provisioning.pipeline_tests.judge import Answer, flat, judge, request
from provisioning.simulate.faults import Faults, Models, provoking
from provisioning.simulate.inner import other_inner

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_NO_IDLE_MODEL = (
    "no text embedding model on this cluster is without a deployment; with --stand-in one without weights is put there "
    "for the time of the run"
)


def run_cases(
    client: Elasticsearch,
    cases: Iterable[Case],
    *,
    bodies: Mapping[str, Body],
    stand_in: bool = False,
    on_client: Set[str] = frozenset(),
) -> Generator[Result, None, None]:
    """The result of each case, as it comes. Whoever does not take them all closes it, so that the stand-in is deleted.

    Args:
        client: the cluster.
        cases: of pipelines in ``bodies``.
        bodies: the stack's pipelines as ``apply`` would put them, by name.
        stand_in: a model without weights may be put for cases about a stopped deployment; it is deleted at the end.
        on_client: names of models whose texts are encoded on the client, so that none of them has to be on the cluster.

    Raises:
        elasticsearch.ApiError: the server refused a request for another reason than the pipeline in it.
    """
    found = Models(client)
    inner: dict[str, list[str]] = {}
    with provoking(client, models=found, stand_in=stand_in) as faults:
        for case in cases:
            if case.pipeline not in inner:
                inner[case.pipeline] = other_inner(client, case.pipeline, bodies)
            run = _Run(client, found, faults, bodies[case.pipeline], tuple(inner[case.pipeline]), on_client)
            began = time.perf_counter()
            result = run.result(case)
            yield replace(result, seconds=time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class _Run:
    """One pipeline on one cluster; ``inner`` are the pipelines it calls that are not there as the files say."""

    client: Elasticsearch
    models: Models
    faults: Faults
    body: Body
    inner: tuple[str, ...]
    on_client: Set[str]

    def result(self, case: Case) -> Result:
        """Run one case, unless it cannot be run here."""
        if case.skip is not None:
            return _skipped(case, case.skip)
        if self.inner:
            names = ", ".join(self.inner)
            return _skipped(case, f"it calls {names}, not on this cluster as the files say: `clipline apply` first")
        if case.fault is None:
            return self._with_reason(self._passes(case, self.body))
        model_id = self.faults.model(case.fault)
        if model_id is None:
            return _skipped(case, _NO_IDLE_MODEL)
        return self._passes(case, with_model(self.body, model_id))

    def _passes(self, case: Case, body: Body) -> Result:
        from elasticsearch import BadRequestError

        document = dict(case.document)
        for number in range(1, case.passes + 1):
            try:
                answer = self._simulate(body, document)
            except BadRequestError as error:
                return Result(case=case, outcome=Outcome.FAILED, reason=f"Elasticsearch refuses the pipeline: {error}")
            result = judge(case, answer, number=number)
            if result.outcome is not Outcome.PASSED or answer is None or "doc" not in answer:
                return result
            document = flat(answer)
        return result

    def _simulate(self, body: Body, document: Mapping[str, object]) -> Answer:
        answer: Answer = self.client.ingest.simulate(pipeline=dict(body), docs=[request(document)])["docs"][0]
        return answer

    def _with_reason(self, result: Result) -> Result:
        """What failed because its model is not there says so; where it need not be there, the case cannot be run."""
        if result.outcome is not Outcome.FAILED or not (wanted := models(self.body)):
            return result
        unserved = self.models.unserved(wanted)
        missing = ", ".join(unserved)
        if not missing:
            return result
        if self.on_client >= set(unserved):
            return _skipped(
                result.case, f"it needs {missing}, whose texts are encoded on the client (text_encoder: client)"
            )
        told = (
            f"{result.reason}; no deployment here answers to {missing}: `clipline apply`, or look at `clipline status`"
        )
        return replace(result, reason=told)


def _skipped(case: Case, reason: str) -> Result:
    return Result(case=case, outcome=Outcome.SKIPPED, reason=reason)
