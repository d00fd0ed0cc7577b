"""A case and what ``_simulate`` answered for its document → whether that is what the case wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.pipeline_tests.case import METADATA, Case, Outcome, Result
from provisioning.pipeline_tests.comparing import differences, shown

_UNNAMED = {"_index": "_index", "_id": "_id"}
"""What the server calls a document that is sent without index and id."""

Answer = Mapping[str, Any] | None
"""One entry of ``docs``: ``{"doc": {…}}``, ``{"error": {…}}``, or ``None`` for a document that was dropped."""


def request(document: Mapping[str, Any]) -> dict[str, Any]:
    """A flat document as ``_simulate`` wants it."""
    metadata = {key: document[key] for key in METADATA if key in document}
    return {**metadata, "_source": {key: value for key, value in document.items() if key not in METADATA}}


def flat(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The document of an answer, flat."""
    document = answer["doc"]
    return {**document["_source"], **{key: document[key] for key in METADATA if key in document}}


def judge(case: Case, answer: Answer, *, number: int = 1) -> Result:
    """The result of one pass."""
    again = f"in pass {number}: " if number > 1 else ""
    if case.dropped:
        return _result(case, None if answer is None else f"{again}it was to be dropped, but {_told(answer)}")
    if answer is None:
        return _result(case, f"{again}the document was dropped")
    if case.error is not None:
        if "error" not in answer:
            return _result(case, f"{again}it was to fail, but {_told(answer)}")
        found = {key: answer["error"].get(key) for key in case.error}
        wrong = differences(case.error, found)
        return _result(case, f"{again}the pipeline failed in another way" if wrong else None, wrong)
    assert case.expected is not None  # the reader saw to it that a case has one of the three
    if "error" in answer:
        return _result(case, f"{again}{_told(answer)}")
    metadata = {key: value for key, value in {**_UNNAMED, **case.document}.items() if key in METADATA}
    wrong = differences({**metadata, **case.expected}, flat(answer))
    count = f"{len(wrong)} field{'s' if len(wrong) != 1 else ''}"
    return _result(case, f"{again}{count} of the document not as expected" if wrong else None, wrong)


def _told(answer: Mapping[str, Any]) -> str:
    if "error" in answer:
        return f"the pipeline failed: {answer['error'].get('type')}: {answer['error'].get('reason')}"
    return f"the pipeline made {shown(answer['doc']['_source'])} of it"


def _result(case: Case, reason: str | None, wrong: tuple[Any, ...] = ()) -> Result:
    outcome = Outcome.PASSED if reason is None else Outcome.FAILED
    return Result(case=case, outcome=outcome, reason=reason, differences=wrong)
