"""The pure pieces under the envelope: paths to keep, query strings, durations, JSON that is none."""

from __future__ import annotations

import contextlib
import time
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.emulator.errors import ApiError
from clipline.emulator.http.compression import chosen
from clipline.emulator.http.filter_path import filtered
from clipline.emulator.http.json_body import read_object, read_value
from clipline.emulator.http.query_string import parse_query
from clipline.emulator.http.wire import Call
from clipline.emulator.patterns import simple_match
from clipline.emulator.units import parse_time

BODY = {
    "took": 1,
    "hits": {"total": 2, "hits": [{"_id": "a", "_source": {"x": 1}}, {"_id": "b"}], "none": []},
    "a.b": {"c": 1},
    "deep": {"one": {"two": {"x": 3, "y": 4}}},
}


@pytest.mark.parametrize(
    ("expression", "left"),
    [
        ("took", {"took": 1}),
        (" took , hits.total ", {"took": 1, "hits": {"total": 2}}),
        ("hits.hits._id", {"hits": {"hits": [{"_id": "a"}, {"_id": "b"}]}}),
        ("hits.hits._source", {"hits": {"hits": [{"_source": {"x": 1}}]}}),
        ("hits.*._id", {"hits": {"hits": [{"_id": "a"}, {"_id": "b"}]}}),
        ("t*k", {"took": 1}),
        ("**.x", {"hits": {"hits": [{"_source": {"x": 1}}]}, "deep": {"one": {"two": {"x": 3}}}}),
        ("deep.**.y", {"deep": {"one": {"two": {"y": 4}}}}),
        ("**.took", {}),
        ("a\\.b.c", {"a.b": {"c": 1}}),
        ("a.b", {}),
        ("nothing", {}),
        ("hits.none", {"hits": {"none": []}}),
        ("-hits,-deep,-a\\.b", {"took": 1}),
        ("hits,-hits.hits", {"hits": {"total": 2, "none": []}}),
        ("hits,-hits.hits._id,-hits.total", {"hits": {"hits": [{"_source": {"x": 1}}], "none": []}}),
        ("deep,-deep.one.two.x,-deep.one.two.y", {}),
        ("took,-took", {}),
        ("", BODY),
    ],
)
def test_filter_path(expression: str, left: Any) -> None:
    assert filtered(BODY, expression) == left


def test_filter_path_of_a_list() -> None:
    assert filtered([{"a": 1, "b": 2}, {"b": 3}], "a") == [{"a": 1}]
    assert filtered([{"b": 3}], "a") == []


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("", {}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("a=1&b=2;c=3", {"a": "1", "b": "2", "c": "3"}),
        ("a=1&a=2", {"a": "2"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=x+y%20z%2B", {"a": "x y z+"}),
        ("a=%%41", {"a": "%41"}),
        ("%C3%A9=%c3%a9", {"é": "é"}),
        ("&&a=1&", {"a": "1"}),
        ("a=1#b=2", {"a": "1"}),
    ],
)
def test_query_strings(text: str, params: dict[str, str]) -> None:
    assert parse_query(text) == params


_NAMES = st.text(min_size=1).filter(lambda name: not name.lower().endswith("request"))  # two such names are reserved


@given(st.dictionaries(_NAMES, st.text(), max_size=4))
def test_any_parameters_come_back(params: dict[str, str]) -> None:
    text = "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in params.items())
    assert parse_query(text) == params


@given(st.text(max_size=60))
def test_no_query_string_does_more_than_fail(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_query(text)


@pytest.mark.parametrize(
    ("text", "millis"),
    [("30s", 30_000), ("1ms", 1), ("2m", 120_000), ("1d", 86_400_000), ("0", 0), ("-1", -1), (" 5H ", 18e6)],
)
def test_durations(text: str, millis: float) -> None:
    assert parse_time(text, "timeout") == millis


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("30", "failed to parse setting [timeout] with value [30] as a time value: unit is missing or unrecognized"),
        ("1.5s", "failed to parse [1.5s], fractional time values are not supported"),
        (
            "-2s",
            "failed to parse setting [timeout] with value [-2s] as a time value: negative durations are not supported",
        ),
        ("xs", "failed to parse [xs]"),
        ("", "failed to parse setting [timeout] with value [] as a time value: unit is missing or unrecognized"),
    ],
)
def test_no_durations(text: str, reason: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_time(text, "timeout")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("raw", "kind", "start"),
    [
        (b'{"a": }', "x_content_parse_exception", "[1:8] Unexpected character ('}' (code 125))"),
        (b'{\n "a": ]', "x_content_parse_exception", "[2:8] Unexpected character (']' (code 93))"),
        (b'{"a": 1', "x_content_e_o_f_exception", "[1:8] Unexpected end of file"),
        (
            b"[1]",
            "parsing_exception",
            "Failed to parse object: expecting token of type [START_OBJECT] but found [START_ARRAY]",
        ),
        (
            b'"x"',
            "parsing_exception",
            "Failed to parse object: expecting token of type [START_OBJECT] but found [VALUE_STRING]",
        ),
        (b'{"a": {"b": 1, "b": 2}}', "x_content_parse_exception", "[1:19] Duplicate field 'b'"),
        (b'{"a": "\xff"}', "x_content_parse_exception", "["),
        (b'{"a": 1} {"b": 2}', "x_content_parse_exception", "["),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "x_content_parse_exception", "["),
        (b"\x00", "x_content_parse_exception", "["),
    ],
)
def test_json_that_is_none(raw: bytes, kind: str, start: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_object(raw)
    assert (caught.value.status, caught.value.type) == (400, kind)
    assert caught.value.reason.startswith(start)


def test_many_stars_over_many_levels_are_soon_followed() -> None:
    body: Any = {"x": 1, "y": 2}
    for _ in range(60):
        body = {"a": body}
    begun = time.monotonic()
    found = filtered(body, ".".join(["**"] * 12 + ["x"]))
    assert time.monotonic() - begun < 1
    for _ in range(60):
        found = found["a"]
    assert found == {"x": 1}


@pytest.mark.parametrize(
    ("raw", "place", "name"),
    [
        (b'{"size": 0, "size": 0}', "1:19", "size"),
        (b'{"a": {"b": [{"c": 1}, {"c": 2}], "d": "a"},\n "a": 1}', "2:5", "a"),
        (b'{"x": ["a", {"q": 1}, "q", {"q": {"z": "q,}"}, "\\u0071" : 2}]}', "1:56", "q"),
        (b'[{"a": 1, "b": [1, "a"], "c": {"a": 1}, "b": {"b": 1, "b": 2}}]', "1:44", "b"),
    ],
)
def test_where_a_name_stands_twice(raw: bytes, place: str, name: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_value(raw)
    assert caught.value.reason == f"[{place}] Duplicate field '{name}'"


@given(st.binary(max_size=40))
def test_no_body_does_more_than_fail(raw: bytes) -> None:
    status = None
    try:
        read_object(raw)
    except ApiError as error:
        status = error.status
    assert status in (None, 400)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br", "gzip"), ("", None), ("*", "gzip"), ("gzip;q=0", None), ("br", None),
     ("gzip;q=0.1,deflate", "deflate"), ("identity", None), ("x-gzip", "gzip"), ("*;q=0", None), ("gzip;q=x", None)],
)  # fmt: skip
def test_the_coding_of_an_answer(accepted: str, coding: str | None) -> None:
    assert chosen(accepted) == coding


@given(st.text("ab*", max_size=6), st.text("ab", max_size=6))
def test_a_star_is_the_only_wildcard(pattern: str, text: str) -> None:
    def matches(left: str, right: str) -> bool:
        if not left:
            return not right
        if left[0] == "*":
            return matches(left[1:], right) or (bool(right) and matches(left, right[1:]))
        return bool(right) and left[0] == right[0] and matches(left[1:], right[1:])

    assert simple_match(pattern, text) == matches(pattern, text)


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("-5", -5), ("+5", 5), ("2147483647", 2**31 - 1)])
def test_whole_numbers(text: str, number: int) -> None:
    assert Call(method="GET", path="/", args={}, params={"n": text}).integer("n", default=0) == number


@pytest.mark.parametrize("text", ["1_0", " 1", "2147483648", "1.0", "x", "", "9" * 5000])
def test_numbers_that_java_does_not_read(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        Call(method="GET", path="/", args={}, params={"n": text}).integer("n", default=0)
    assert caught.value.reason == f"Failed to parse int parameter [n] with value [{text}]"


@pytest.mark.parametrize("piece", [b"/*", b'\\"', b"//", b'"/', b"[/"])
def test_a_long_body_that_is_none_is_soon_refused(piece: bytes) -> None:
    begun = time.monotonic()
    with pytest.raises(ApiError):
        read_object(b'{"a": /' + piece * 100_000)
    assert time.monotonic() - begun < 2


def test_comments_are_passed_over() -> None:
    raw = b'{ // one\n "a": "http://x/*y*/", /* two\n lines */ "b": [1, /* */ 2] }'
    assert read_object(raw) == {"a": "http://x/*y*/", "b": [1, 2]}
    with pytest.raises(ApiError) as caught:
        read_object(b'{ /* x */ "a": ]}')
    assert caught.value.reason.startswith("[1:17] Unexpected character")
    with pytest.raises(ApiError):
        read_object(b'{"a": 1 /* never closed }')
