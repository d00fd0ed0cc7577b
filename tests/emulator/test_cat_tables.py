"""The one renderer of ``_cat``: layout, choice and order of columns, units, JSON."""

from __future__ import annotations

from typing import Any

import pytest

from clipline.emulator.errors import ApiError
from clipline.emulator.http.cat import Column, Duration, Size, answer
from clipline.emulator.http.wire import Call

COLUMNS = (
    Column("name", "n", "what it is called"),
    Column("count", "c,cnt", "how many there are", right=True),
    Column("size", "s", "how big it is", right=True, sibling="pri"),
    Column("pri.size", "ps", "how big the primaries are", right=True, default=False),
    Column("took", "t", "how long it took", default=False),
)
ROWS = [("beta", 12, Size(2048), Size(1024), Duration(1500)), ("a", 9, Size(1_600_000), None, Duration(2))]


def table(headers: dict[str, str] | None = None, **params: str) -> Any:
    call = Call(method="GET", path="/_cat/x", args={}, params=params, headers=headers or {})
    return answer(call, COLUMNS, ROWS).body


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "beta 12   2kb\na     9 1.5mb\n"),
        ({"v": ""}, "name count  size\nbeta    12   2kb\na        9 1.5mb\n"),
        ({"h": "c,n"}, "12 beta\n 9 a\n"),
        ({"h": "c,n", "v": "true"}, " c n\n12 beta\n 9 a\n"),
        ({"h": "nothing,n"}, "beta\na\n"),
        ({"h": "nothing"}, "\n\n"),
        ({"h": "size", "pri": "true"}, "  2kb 1kb\n1.5mb    \n"),
        ({"h": "n,s", "bytes": "b"}, "beta    2048\na    1600000\n"),
        ({"h": "s", "bytes": "mb"}, "0\n1\n"),
        ({"h": "t"}, "1.5s\n2ms\n"),
        ({"h": "t", "time": "s"}, "1\n0\n"),
        ({"h": "n", "s": "c"}, "a\nbeta\n"),
        ({"h": "n", "s": "count:desc"}, "beta\na\n"),
        ({"h": "*.size,n"}, "1kb beta\n    a\n"),
    ],
)
def test_text(params: dict[str, str], text: str) -> None:
    assert table(**params) == text


def test_help_names_every_column() -> None:
    lines = table(help="").splitlines()
    assert lines[0] == "name     | n     | what it is called        "
    assert len(lines) == len(COLUMNS)


def test_json_has_texts_under_the_names_that_were_asked_for() -> None:
    assert table(format="json", h="n,cnt,ps") == [
        {"n": "beta", "cnt": "12", "ps": "1kb"},
        {"n": "a", "cnt": "9", "ps": None},
    ]
    assert table({"accept": "application/json"}, h="n") == [{"n": "beta"}, {"n": "a"}]
    assert table({"accept": "text/plain,application/json"}, h="n") == "beta\na\n"
    assert table({"accept": "application/json"}, h="n", format="txt") == "beta\na\n"


def test_an_unknown_sort_key() -> None:
    with pytest.raises(ApiError) as caught:
        table(s="nope")
    assert (caught.value.status, caught.value.reason) == (500, "Unable to sort by unknown sort key `nope`")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0b"),
        (1023, "1023b"),
        (1024, "1kb"),
        (1535, "1.4kb"),
        (1536, "1.5kb"),
        (1024**3, "1gb"),
        (5 * 1024**5, "5pb"),
    ],
)
def test_sizes_are_cut_to_one_decimal(size: int, text: str) -> None:
    assert str(Size(size)) == text
