"""Results as a JUnit file: one suite for each pipeline, one test case for each case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clipline.core.errors import CliplineError
from provisioning.pipeline_tests.case import Outcome, Result
from provisioning.pipeline_tests.report import difference_line

if TYPE_CHECKING:
    from junitparser import TestCase

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even escaped; a parser would refuse the whole file."""


def write_junit(file: Path, results: Sequence[Result]) -> None:
    """Write the file, and the folders above it.

    Raises:
        CliplineError: it cannot be written.
    """
    from junitparser import JUnitXml, TestSuite

    report = JUnitXml("clipline test")
    for pipeline in dict.fromkeys(result.case.pipeline for result in results):
        suite = TestSuite(_legal(pipeline))
        suite.add_testcases([_case(result) for result in results if result.case.pipeline == pipeline])
        report.add_testsuite(suite)
    report.update_statistics()  # type: ignore[no-untyped-call]  # the one method of the library without types
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        report.write(str(file))
    except OSError as error:
        raise CliplineError(f"the JUnit file cannot be written: {error.strerror}", where=str(file)) from error


def _case(result: Result) -> TestCase:
    from junitparser import Failure, Skipped, TestCase

    file = result.case.where.rpartition(":")[0]
    case = TestCase(_legal(result.case.name), classname=_legal(file), time=round(result.seconds, 4))
    if result.outcome is Outcome.SKIPPED:
        case.result = [Skipped(_legal(result.reason or ""))]
    elif result.outcome is Outcome.FAILED:
        failure = Failure(_legal(result.reason or ""), "failed")
        lines = [result.case.where, result.reason or "", *map(difference_line, result.differences)]
        failure.text = _legal("\n".join(lines))
        case.result = [failure]
    return case


def _legal(text: str) -> str:
    return _NOT_XML.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
