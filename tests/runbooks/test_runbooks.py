"""Every command of every runbook, on an emulator in the very state; what it prints is what the page shows."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.prepared import tiny_bundle
from tests.runbooks import states
from tests.runbooks.page import Command, State, fits, steps
from tests.runbooks.scene import Scene
from tests.tiny import ROOT

PAGES = sorted(path for path in (ROOT / "docs" / "runbooks").glob("*.md") if path.stem != "README")
SECTIONS = ("## Symptom", "## How to confirm", "## What to do", "## How to verify", "## How to undo")


def play(page: str, folder: Path) -> None:
    """Do what a page says.

    Raises:
        AssertionError: something else is printed than the page shows.
    """
    with ExitStack() as exits:
        scene = Scene(folder, exits)
        for step in steps(page):
            if isinstance(step, State):
                getattr(states, step.name)(scene)
                continue
            printed = scene.bash(step.text)
            shown = "\n".join(step.output)
            assert fits(step.output, printed), (
                f"line {step.line}: $ {step.text}\n--- the page\n{shown}\n--- printed\n" + "\n".join(printed)
            )


@pytest.mark.slow
@pytest.mark.models("builds a bundle, encodes pictures")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_a_runbook(tmp_path: Path, page: Path) -> None:
    tiny_bundle()  # a state may not take the time of building it
    play(page.read_text("utf-8"), tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_its_form(page: Path) -> None:
    text = page.read_text("utf-8")
    found = [line for line in text.splitlines() if line.startswith("## ")]
    assert found == list(SECTIONS)
    done = list(steps(text))
    assert isinstance(done[0], State)
    assert sum(isinstance(step, Command) for step in done) >= 5
    assert f"({page.name})" in (ROOT / "docs" / "runbooks" / "README.md").read_text("utf-8")


def test_a_page_that_says_something_else_fails(tmp_path: Path) -> None:
    page = "```console\n$ echo one; echo two\none\n…\n```\n\n```console\n$ echo three\nfour\n```\n"
    with pytest.raises(
        AssertionError, match=r"line 8: \$ echo three\n\s*--- the page\n\s*four\n\s*--- printed\n\s*three"
    ):
        play(page, tmp_path)


def test_a_block_that_nobody_runs_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1: a block that nobody runs"):
        list(steps("```bash\nrm -rf /\n```\n"))
    with pytest.raises(ValueError, match="line 2: the block begins with output"):
        list(steps("```console\nout\n```\n"))


@pytest.mark.parametrize(
    ("shown", "printed", "fit"),
    [
        ([], [], True),
        ([], ["a"], False),
        (["a"], [], False),
        (["a … c"], ["a b c"], True),
        (["a … c"], ["a b d"], False),
        (["a.c"], ["abc"], False),
        (["a", "…", "d"], ["a", "b", "c", "d"], True),
        (["a", "…", "d"], ["a", "d"], True),
        (["a", "…"], ["b"], False),
        (["a", "(exit 1)"], ["a"], False),
        (["…"], ["a", "(exit 1)"], False),
        (["…", "(exit 1)"], ["a", "(exit 1)"], True),
    ],
)
def test_what_fits(shown: list[str], printed: list[str], fit: bool) -> None:
    assert fits(shown, printed) is fit


def test_a_status_that_is_not_0_is_shown(tmp_path: Path) -> None:
    play("```console\n$ echo a; false\na\n(exit 1)\n$ printf '%s\\n' \\\n> b\nb\n```\n", tmp_path)
