"""Sentences and exit codes."""

from __future__ import annotations

import pytest

from clipline.core import errors
from clipline.core.errors import AssetError, CliplineError, ExitCode, Finding, MissingExtraError, UsageError


def every_error() -> list[type[CliplineError]]:
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, CliplineError) and value is not CliplineError
    ]


def test_where_what_hint() -> None:
    assert str(CliplineError("it is broken")) == "it is broken"
    assert str(CliplineError("it is broken", where="a.yml:3")) == "a.yml:3: it is broken"
    assert (
        str(CliplineError("it is broken", where="a.yml:3", hint="mend it")) == "a.yml:3: it is broken\n  hint: mend it"
    )


def test_an_asset_error_tells_all() -> None:
    error = AssetError([Finding("a.yml:1", "wrong"), Finding("b.yml:2", "worse", "mend it")])
    assert str(error) == "a.yml:1: wrong\nb.yml:2: worse\n  hint: mend it"
    assert (error.where, error.what) == ("a.yml:1", "wrong")


def test_a_missing_extra_is_one_sentence_that_names_it() -> None:
    error = MissingExtraError("models", purpose="building a bundle", package="eland")
    assert str(error) == (
        "building a bundle needs the package eland, which is not installed\n  hint: pip install 'clipline[models]'"
    )


@pytest.mark.parametrize("kind", every_error())
def test_exit_codes(kind: type[CliplineError]) -> None:
    assert kind.exit_code is (ExitCode.USAGE if issubclass(kind, UsageError) else ExitCode.FAILED)


def test_the_codes_are_those_of_the_documentation() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": 0, "FAILED": 1, "USAGE": 2, "CHANGES_PENDING": 3, "DEAD_LETTERS": 4, "INTERRUPTED": 130,
    }  # fmt: skip


def test_the_tree_in_the_documentation_is_the_tree() -> None:
    assert errors.__doc__ is not None
    for kind in every_error():
        assert kind.__name__ in errors.__doc__
