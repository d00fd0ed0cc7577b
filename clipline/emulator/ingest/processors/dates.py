"""The ``date`` processor: ISO8601, UNIX, UNIX_MS, TAI64N, the names that fields of dates know, and Java patterns.

Patterns are read and written by a table of letters. Several formats in one, ``a||b``, are tried one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.indices.date_formats import NAMES
from clipline.emulator.indices.dates import parse_date
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import IngestDocument
from clipline.emulator.ingest.mustache import is_template, render
from clipline.emulator.ingest.processors.base import Work
from clipline.emulator.painless.values import text

_OUTPUT = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"
_OWN = ("ISO8601", "UNIX", "UNIX_MS", "TAI64N")
_LOCALES = frozenset({"en", "en-us", "en_us", "english", "root", "en-gb", "en_gb"})
_LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTHS = [name[:3] for name in _LONG_MONTHS]
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FIELDS: Mapping[str, str] = {
    "yyyy": r"(?P<year>\d{4})", "uuuu": r"(?P<year>\d{4})", "yy": r"(?P<short>\d{2})",
    "MMMM": f"(?P<month_name>{'|'.join(_LONG_MONTHS)})", "MMM": f"(?P<month_short>{'|'.join(_MONTHS)})",
    "MM": r"(?P<month>\d{2})", "M": r"(?P<month>\d{1,2})", "dd": r"(?P<day>\d{2})", "d": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d{2})", "H": r"(?P<hour>\d{1,2})", "mm": r"(?P<minute>\d{2})", "m": r"(?P<minute>\d{1,2})",
    "ss": r"(?P<second>\d{2})", "s": r"(?P<second>\d{1,2})", "EEE": f"(?P<weekday>{'|'.join(_DAYS)})",
    "XXX": r"(?P<zone>Z|[+-]\d{2}:\d{2})", "XX": r"(?P<zone>Z|[+-]\d{4})", "X": r"(?P<zone>Z|[+-]\d{2}(?:\d{2})?)",
    "Z": r"(?P<zone>[+-]\d{4})", "ZZ": r"(?P<zone>[+-]\d{4})", "xxx": r"(?P<zone>[+-]\d{2}:\d{2})",
    **{"S" * count: rf"(?P<fraction>\d{{{count}}})" for count in range(1, 10)},
}  # fmt: skip
_PIECE = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z'])")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_REAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_TAI = re.compile(r"@?[0-9a-fA-F]{24,}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def date(options: Options) -> Work:
    """``date``: DateProcessor."""
    field, target = options.string("field"), options.string("target_field", "@timestamp")
    zone, locale = options.template("timezone", None), options.template("locale", None)
    formats, output = options.items("formats"), options.string("output_format", _OUTPUT)
    for name in formats:
        if not isinstance(name, str):
            raise options.wrong("formats", "property isn't a list of strings")
        for part in _alternatives(name):
            if part not in _OWN and part not in NAMES:
                _reader(part)
    _check_locale(locale, [*formats, output])
    _written(_EPOCH, output)
    if zone is not None and not is_template(zone) and _zone(zone) is None:
        # Elasticsearch finds out when a document comes.
        raise unsupported(f"the timezone [{zone}] of the date processor")

    def work(document: IngestDocument) -> None:
        value = document.get(field)
        written = None if value is None else text(value)
        here = UTC if zone is None else _zone(render(zone, document))
        reason = None
        for name in formats:
            try:
                if written is None or here is None:
                    raise ValueError("there is nothing to read" if written is None else "no such timezone")
                moment = _read(written, name, here)
            except OverflowError as error:
                raise unsupported(f"a date as far away as [{written}]") from error
            except ValueError:
                reason = reason or f"failed to parse date field [{written}] with format [{name}]"
                continue
            document.set(target, _written(moment.astimezone(here), output))
            return
        cause = {"type": "illegal_argument_exception", "reason": reason}
        meaning = f"unable to parse date [{'null' if written is None else written}]"
        raise ApiError(400, "illegal_argument_exception", meaning, caused_by=cause if reason else None)

    return work


def _check_locale(locale: str | None, formats: list[str]) -> None:
    if locale is None or locale.lower() in _LOCALES:
        return
    # Names of months and days in other languages are Java's business; digits are the same everywhere.
    if is_template(locale) or any(
        re.search(r"MMM|E|a", name) for name in formats if name not in _OWN and name not in NAMES
    ):
        raise unsupported(f"the locale [{locale}] of the date processor")


def _zone(name: str) -> tzinfo | None:
    """A timezone by name or offset, ``None`` for what is neither."""
    if name in ("Z", "UTC", "GMT"):
        return UTC
    match = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?", name, re.ASCII)
    if match:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return timezone(-offset if match[1] == "-" else offset) if offset <= timedelta(hours=18) else None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _alternatives(name: str) -> list[str]:
    """What a format stands for; an 8 before it is from the time of another library of dates."""
    return [name] if name in _OWN else name.removeprefix("8").split("||")


def _read(value: str, name: str, zone: tzinfo) -> datetime:
    """A date in a format; what has no zone of its own is in the processor's.

    Raises:
        ValueError: it is not in this format.
    """
    first, *others = _alternatives(name)
    for other in others:
        try:
            return _read_one(value, first, zone)
        except ValueError:
            first = other
    return _read_one(value, first, zone)


def _read_one(value: str, name: str, zone: tzinfo) -> datetime:
    if name == "UNIX":
        return _EPOCH + timedelta(milliseconds=int(float(_checked(_REAL, value)) * 1000))
    if name == "UNIX_MS":
        return _EPOCH + timedelta(milliseconds=int(_checked(_WHOLE, value)))
    if name == "TAI64N":
        digits = _checked(_TAI, value).removeprefix("@")
        seconds, nanos = int(digits[1:16], 16), int(digits[16:24], 16)
        return _EPOCH + timedelta(milliseconds=seconds * 1000 - 10_000 + nanos // 1_000_000)
    if name == "ISO8601":
        return _iso(value, zone)
    if name in NAMES:
        return _named(value, name, zone)
    match = _reader(name).fullmatch(value)
    if match is None:
        raise ValueError(f"[{value}] is not in the format [{name}]")
    return _moment({key: found for key, found in match.groupdict().items() if found is not None}, zone)


def _checked(form: re.Pattern[str], value: str) -> str:
    """A number as Java writes it; Python would take more for one."""
    if not form.fullmatch(value):
        raise ValueError(f"[{value}] is no such number")
    return value


def _iso(value: str, zone: tzinfo) -> datetime:
    return _named(value, "strict_date_optional_time", zone)


def _named(value: str, name: str, zone: tzinfo) -> datetime:
    moment = _EPOCH + timedelta(milliseconds=parse_date(value, name))
    if name.startswith("epoch_"):
        return moment
    zoned = re.search(r"T.*(Z|[+-]\d{2}(:?\d{2})?)$", value)
    return moment if zoned else moment.replace(tzinfo=zone)


def _moment(found: Mapping[str, str], zone: tzinfo) -> datetime:
    # A pattern without a year means the present one, as the processor does it.
    year = int(found["year"]) if "year" in found else datetime.now(UTC).year
    year = 2000 + int(found["short"]) if "short" in found else year
    month = int(found.get("month", 1))
    month = _MONTHS.index(found["month_short"]) + 1 if "month_short" in found else month
    month = _LONG_MONTHS.index(found["month_name"]) + 1 if "month_name" in found else month
    clock = {key: int(found.get(key, 0)) for key in ("hour", "minute", "second")}
    micros = int(found.get("fraction", "0").ljust(6, "0")[:6])
    own = _zone(found["zone"]) if "zone" in found else zone
    if own is None:
        raise ValueError(f"no such offset: {found['zone']}")
    moment = datetime(year, month, int(found.get("day", 1)), **clock, microsecond=micros, tzinfo=own)
    if "weekday" in found and _DAYS[moment.weekday()] != found["weekday"]:
        raise ValueError(f"it was no {found['weekday']}")
    return moment


@lru_cache(maxsize=256)
def _pieces(name: str) -> tuple[tuple[str, str], ...]:
    """A pattern as (letters, "") and ("", text)."""
    pieces: list[tuple[str, str]] = []
    at = 0
    while at < len(name):
        piece = _PIECE.match(name, at)
        if piece is None or (piece["letters"] and piece["letters"] not in _FIELDS):
            raise unsupported(f"the date format [{name}] of the date processor")
        quoted = piece["quoted"]
        plain = "" if piece["letters"] else piece[0] if quoted is None else quoted.replace("''", "'") or "'"
        pieces.append((piece["letters"] or "", plain))
        at = piece.end()
    return tuple(pieces)


@lru_cache(maxsize=256)
def _reader(name: str) -> re.Pattern[str]:
    try:
        return re.compile(
            "".join(_FIELDS[letters] if letters else re.escape(plain) for letters, plain in _pieces(name)), re.ASCII
        )
    except re.error:  # the same field twice
        raise unsupported(f"the date format [{name}] of the date processor") from None


def _written(moment: datetime, name: str) -> str:
    """A date in a pattern."""
    offset = moment.utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    colon, bare = f"{sign}{hours:02d}:{rest:02d}", f"{sign}{hours:02d}{rest:02d}"
    values = {
        "yyyy": f"{moment.year:04d}", "uuuu": f"{moment.year:04d}", "yy": f"{moment.year % 100:02d}",
        "MMMM": _LONG_MONTHS[moment.month - 1], "MMM": _MONTHS[moment.month - 1], "EEE": _DAYS[moment.weekday()],
        "XXX": colon if minutes else "Z", "XX": bare if minutes else "Z", "xxx": colon, "Z": bare, "ZZ": bare,
        "X": "Z" if not minutes else bare if rest else bare[:3],
    }  # fmt: skip
    for letter, number in (
        ("M", moment.month),
        ("d", moment.day),
        ("H", moment.hour),
        ("m", moment.minute),
        ("s", moment.second),
    ):
        values |= {letter: str(number), letter * 2: f"{number:02d}"}
    shown = ""
    for letters, plain in _pieces(name):
        fraction = f"{moment.microsecond:06d}000"[: len(letters)]
        shown += plain if not letters else fraction if letters[0] == "S" else values[letters]
    return shown
