"""The ``date`` processor: its formats, zones and output."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Api
from tests.emulator.test_processors import run

DATES: dict[str, tuple[dict[str, Any], Any, str]] = {
    "ISO": ({"formats": ["ISO8601"]}, "2024-05-17T09:41:03.5+02:00", "2024-05-17T07:41:03.500Z"),
    "ISO in a zone": (
        {"formats": ["ISO8601"], "timezone": "Europe/Berlin"}, "2024-05-17T09:41", "2024-05-17T09:41:00.000+02:00",
    ),
    "seconds": ({"formats": ["UNIX"]}, 1715938863.25, "2024-05-17T09:41:03.250Z"),
    "milliseconds": ({"formats": ["UNIX_MS"]}, "1715938863250", "2024-05-17T09:41:03.250Z"),
    "TAI64N": ({"formats": ["TAI64N"]}, "4000000050d506482dbdf024", "2012-12-22T01:00:46.767Z"),
    "the second format": ({"formats": ["UNIX_MS", "dd.MM.yyyy HH:mm"]}, "17.05.2024 09:41", "2024-05-17T09:41:00.000Z"),
    "English names": (
        {"formats": ["EEE MMM d HH:mm:ss Z yyyy"]}, "Fri May 17 09:41:03 +0200 2024", "2024-05-17T07:41:03.000Z",
    ),
    "another output": (
        {"formats": ["yyyy-MM-dd"], "output_format": "d MMM yyyy 'at' HH:mm"}, "2024-05-07", "7 May 2024 at 00:00",
    ),
    "an offset": (
        {"formats": ["yyyy-MM-dd HH"], "timezone": "{{z}}"}, "2024-05-17 09", "2024-05-17T09:00:00.000-03:30",
    ),
    "a name that fields know": ({"formats": ["epoch_second"]}, "1688548995.987654321", "2023-07-05T09:23:15.987Z"),
    "a name with dates": ({"formats": ["basic_date"], "timezone": "+02:00"}, "20240517", "2024-05-17T00:00:00.000+02:00"),
    "a number is a moment": (
        {"formats": ["epoch_millis"], "timezone": "Europe/Berlin"}, 1715938863250, "2024-05-17T11:41:03.250+02:00",
    ),
    "its own offset": (
        {"formats": ["date_optional_time"], "timezone": "+01:00"}, "2024-5-17T09:41:03Z", "2024-05-17T10:41:03.000+01:00",
    ),
    "one of several": ({"formats": ["yyyy/MM/dd||epoch_second"]}, "1", "1970-01-01T00:00:01.000Z"),
    "the first of several": ({"formats": ["8yyyy/MM/dd||epoch_second"]}, "2024/05/17", "2024-05-17T00:00:00.000Z"),
}  # fmt: skip


@pytest.mark.parametrize("case", DATES)
def test_a_date(api: Api, case: str) -> None:
    options, value, wanted = DATES[case]
    assert run(api, [{"date": {"field": "d", **options}}], {"d": value, "z": "-03:30"})["@timestamp"] == wanted


def test_no_date(api: Api) -> None:
    error = run(api, [{"date": {"field": "d", "formats": ["ISO8601", "yyyy"]}}], {"d": "never"})
    assert error["reason"] == "unable to parse date [never]"


def test_a_date_that_none_of_several_formats_is(api: Api) -> None:
    error = run(api, [{"date": {"field": "d", "formats": ["yyyy||epoch_second"]}}], {"d": "never"})
    assert error["caused_by"]["reason"] == "failed to parse date field [never] with format [yyyy||epoch_second]"


@pytest.mark.parametrize("name", ["YYYY-ww", "week_date", "yyyy||basic_week_date"])
def test_formats_that_are_not_emulated(api: Api, name: str) -> None:
    body = {"processors": [{"date": {"field": "d", "formats": [name]}}]}
    assert api.error("PUT", "/_ingest/pipeline/never", body, code=501)[0] == "emulator_unsupported_exception"
