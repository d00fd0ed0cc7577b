"""The page that says what is covered is what the tables say."""

from __future__ import annotations

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
