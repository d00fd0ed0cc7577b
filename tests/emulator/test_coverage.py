"""The page that says what is covered is what the tables say, and the pages of the reference can be read as pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clipline.emulator.coverage import rewritten
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "reference" / "emulator.md"


def test_the_page_is_what_the_tables_say() -> None:
    page = PAGE.read_text("utf-8")
    assert "`POST, PUT /_bulk`" in page
    assert rewritten(page) == page, "run: make docs"


def test_the_page_names_what_is_lacking() -> None:
    page = PAGE.read_text("utf-8")
    refused = page.partition("## APIs that are refused with 501")[2].partition("## Queries")[0]
    assert "`/_reindex`" in refused
    assert "`/_search`" not in refused


@pytest.mark.parametrize("page", sorted(PAGE.parent.glob("*.md")), ids=lambda page: page.name)
def test_tables_and_headings_stand_by_themselves(page: Path) -> None:
    """What follows a table without an empty line is a row of it; a row of other cells than its head's loses some."""
    lines = ["", *page.read_text("utf-8").splitlines()]
    cells = [len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0 for line in lines]
    for before, line, left, right in zip(lines, lines[1:], cells, cells[1:], strict=False):
        assert left == right or not (before and line), line
        assert not line.startswith(("## ", "### ")) or not before or before.startswith("<!--"), line
