"""Which media types a request names, which the server accepts, and which one the answer gets.

A server of version 9 speaks the JSON of versions 9 and 8::

    Accept: application/vnd.elasticsearch+json; compatible-with=9
    Content-Type: application/vnd.elasticsearch+x-ndjson; compatible-with=9

Versioned or not, the two headers must agree. The answer repeats what ``Accept`` asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clipline.emulator.errors import ApiError, TextError, unsupported

MAJOR = 9
JSON = "application/json"

_VENDORED = "application/vnd.elasticsearch+"
_KNOWN = frozenset({"json", "x-ndjson"})
_ELSEWHERE = frozenset({"yaml", "cbor", "smile", "vnd.mapbox-vector-tile", "vnd.apache.arrow.stream"})
"""Formats of the real server that the emulator neither reads nor writes."""


@dataclass(frozen=True, slots=True)
class _MediaType:
    """``kind`` is ``json``, ``x-ndjson``, ``text`` or ``any``; ``version`` the one of ``compatible-with``."""

    kind: str
    version: int | None = None


def check_accept(headers: Mapping[str, str], major: int) -> None:
    """Refuse an ``Accept`` that a server of this major version does not serve.

    Raises:
        ApiError: 400 for another version or no media type at all, 501 for a format we lack.
    """
    accept = headers.get("accept")
    _check_range("Accept", _accepted(accept).version, accept, major)


def check_content(headers: Mapping[str, str]) -> None:
    """Refuse the ``Content-Type`` of a request with a body, or one that does not go with ``Accept``.

    Raises:
        TextError: 406 for another media type.
        ApiError: 400 for versions that disagree, 501 for a format we lack.
    """
    accept, content_type = headers.get("accept"), headers.get("content-type")
    wanted, sent = _accepted(accept), _content(content_type)
    _check_range("Content-Type", sent.version, content_type, MAJOR)
    _check_agreement(wanted, sent, f"Accept={accept}, Content-Type={content_type}")


def response_type(headers: Mapping[str, str]) -> str:
    """The content type of a JSON answer: what ``Accept`` asked for, plain JSON when that was no good."""
    try:
        wanted = _accepted(headers.get("accept"))
    except ApiError:
        return JSON
    if wanted.version not in (MAJOR, MAJOR - 1):
        return JSON
    return f"{_VENDORED}json;compatible-with={wanted.version}"


def _accepted(header: str | None) -> _MediaType:
    # A list is what browsers send; the real server ignores it.
    if header is None or header.strip() in ("", "*/*") or "," in header:
        return _MediaType("any")
    found = _parse(header)
    if found is None:
        raise _header_error("Accept", f"invalid media-type [{header}]")
    return found


def _content(header: str | None) -> _MediaType:
    if header is None:
        raise TextError(406, "Content-Type header is missing")
    found = _parse(header)
    if found is None or found.kind not in _KNOWN:
        raise TextError(406, f"Content-Type header [{header}] is not supported")
    return found


def _parse(header: str) -> _MediaType | None:
    """The media type, ``None`` when Elasticsearch does not know it.

    Raises:
        ApiError: 501 when it does and the emulator does not.
    """
    name, *parameters = (part.strip().lower() for part in header.split(";"))
    if name in ("text/plain", "text/csv", "text/tab-separated-values"):
        return _MediaType("text")
    vendored = name.startswith(_VENDORED)
    kind = name.removeprefix(_VENDORED).removeprefix("application/")
    if kind in _ELSEWHERE:
        raise unsupported(f"the media type [{name}]")
    if kind not in _KNOWN or "/" in kind:
        return None
    version = None
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "compatible-with" and vendored and value.isdigit():
            version = int(value)
        elif key != "charset":
            return None
    return _MediaType(kind, version)


def _check_agreement(wanted: _MediaType, sent: _MediaType, headers: str) -> None:
    one_sided = "A compatible version is required on both Content-Type and Accept headers if either one has requested"
    # Without a version a header stands for the current one; the order of the two checks is the server's.
    if (wanted.version or MAJOR) != (sent.version or MAJOR):
        reason = f"{one_sided} a compatible version and the compatible versions must match. {headers}"
        raise _header_error("Accept, Content-Type", reason)
    if (wanted.version is None) != (sent.version is None):
        raise _header_error("Accept, Content-Type", f"{one_sided} a compatible version. {headers}")


def _check_range(name: str, version: int | None, header: str | None, major: int) -> None:
    if version is not None and version not in (major, major - 1):
        reason = f"{name} version must be either version {major} or {major - 1}, but found {version}. {name}={header}"
        raise _header_error("Accept, Content-Type", reason)


def _header_error(headers: str, reason: str) -> ApiError:
    plural = "s" if "," in headers else ""
    return ApiError(
        400,
        "media_type_header_exception",
        f"Invalid media-type value on header{plural} [{headers}]",
        caused_by={"type": "status_exception", "reason": reason},
    )
