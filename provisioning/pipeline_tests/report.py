"""Results as people read them: one line per case, the differing fields of what failed, and a summary. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from provisioning.pipeline_tests.case import Difference, Kind, Outcome, Result
from provisioning.pipeline_tests.comparing import shown

_SIGNS = {Kind.DIFFERS: "~", Kind.MISSING: "-", Kind.UNEXPECTED: "+"}


def result_lines(result: Result) -> Iterator[str]:
    """One case: its line, and below it why it did not pass."""
    yield f"{result.outcome.upper():<7}  {result.case.where}  {result.case.name}"
    if result.reason:
        yield f"    {result.reason}"
    for difference in result.differences:
        yield f"    {difference_line(difference)}"


def difference_line(difference: Difference) -> str:
    """One field: ``~`` has another value, ``-`` is missing, ``+`` was not expected."""
    sign = f"{_SIGNS[difference.kind]} {difference.path}"
    match difference.kind:
        case Kind.MISSING:
            return f"{sign}  expected {difference.wanted}, found nothing"
        case Kind.UNEXPECTED:
            return f"{sign}  expected nothing, found {shown(difference.found)}"
        case Kind.DIFFERS:
            return f"{sign}  expected {difference.wanted}, found {shown(difference.found)}"


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many of each outcome."""
    found = Counter(result.outcome for result in results)
    return {outcome.value: found[outcome] for outcome in Outcome}


def summary_line(results: Sequence[Result]) -> str:
    """What the run comes to, in one line."""
    parts = [f"{number} {outcome}" for outcome, number in counts(results).items() if number]
    seconds = sum(result.seconds for result in results)
    return f"{', '.join(parts)} in {seconds:.2f} s."
