"""Which media types a request names, which the server accepts, and which one the answer gets.

A server of version 9 speaks the JSON of versions 9 and 8, one of version 8 that of 8 and 7::

    Accept: application/vnd.elasticsearch+json; compatible-with=9
    Content-Type: application/vnd.elasticsearch+x-ndjson; compatible-with=9

Versioned or not, the two headers must agree where there is a body. The answer repeats what ``Accept`` asked for. Rules:
ParsedMediaType, RestCompatibleVersionHelper, XContentType; newline-delimited JSON is the same type as JSON there, so
every API takes both names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from clipline.emulator.errors import ApiError, TextError, unsupported

JSON = "application/json"
FORMATS = frozenset({"cbor", "smile"})
"""What the real server also writes, with ``format`` or ``Accept``, and also reads. YAML we write, and do not read."""

_VENDORED = "application/vnd.elasticsearch+"
_JSON_KINDS = frozenset(
    {"application/json", "application/x-ndjson", "application/*", f"{_VENDORED}json", f"{_VENDORED}x-ndjson"}
)
_YAML_KINDS = frozenset({"application/yaml", f"{_VENDORED}yaml"})
_ELSEWHERE = frozenset(
    {
        *(f"{prefix}{name}" for name in FORMATS for prefix in ("application/", _VENDORED)),
        "application/vnd.mapbox-vector-tile",
        "application/vnd.apache.arrow.stream",
    }
)
_TOKEN = re.compile(r"[a-zA-Z0-9!#$%&'*+\-.^_`|~]+")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A header's value, read: ``application/json`` and its parameters, all in lower case."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> int | None:
        """The number of ``compatible-with``."""
        value = self.parameters.get("compatible-with", "")
        return int(value) if value.isdecimal() and len(value) < 4 else None

    @property
    def is_json(self) -> bool:
        """Whether it is a JSON that the server knows, with a version that is a number."""
        versioned = self.name.startswith(_VENDORED) and "compatible-with" in self.parameters
        return self.name in _JSON_KINDS and (not versioned or self.version is not None)


def check_headers(headers: Mapping[str, str], major: int, *, has_body: bool) -> None:
    """Refuse headers that cannot be read, versions that the server does not speak, and two that disagree.

    Raises:
        ApiError: 400 ``media_type_header_exception``.
    """
    accept, content_type = headers.get("accept"), headers.get("content-type")
    wanted, sent = _read("Accept", accept), _read("Content-Type", content_type)
    versions = (wanted.version if wanted else None, sent.version if sent else None)
    _check_range("Accept", versions[0], accept, major)
    if has_body:
        _check_range("Content-Type", versions[1], content_type, major)
        shown = f"Accept={accept if wanted else 'null'}, Content-Type={content_type if sent else 'null'}"
        _check_agreement(*versions, shown, major)


def check_single(headers: Mapping[str, list[str]]) -> None:
    """Refuse a media type that is given twice.

    Raises:
        ApiError: 400 ``media_type_header_exception``.
    """
    for name in ("Accept", "Content-Type"):
        if len(headers.get(name.lower(), ())) > 1:
            reason = f"Incorrect header [{name}]. Only one value should be provided"
            raise _header_error([name], "illegal_argument_exception", reason)


def check_body_type(headers: Mapping[str, str]) -> None:
    """Refuse a body that is not JSON; its headers were checked before.

    Raises:
        TextError: 406 for another media type or none.
        ApiError: 501 for a format that the real server reads.
    """
    header = headers.get("content-type")
    sent = _read("Content-Type", header)
    if header is None or sent is None:
        text = "is missing" if header is None else f"[{header}] is not supported"
        raise TextError(406, f"Content-Type header {text}")
    if sent.name in _ELSEWHERE | _YAML_KINDS:
        raise unsupported(f"bodies of the media type [{sent.name}]")
    if not sent.is_json:
        raise TextError(406, f"Content-Type header [{header}] is not supported")


def check_answer_type(headers: Mapping[str, str], wanted_format: str | None) -> None:
    """Refuse an answer in another format than JSON that the real server would give.

    Raises:
        ApiError: 501.
    """
    if wanted_format is not None and wanted_format.lower() in FORMATS:
        raise unsupported(f"answers in the format [{wanted_format}]")
    wanted = _read("Accept", headers.get("accept"))
    if wanted and wanted.name in _ELSEWHERE:
        raise unsupported(f"the media type [{wanted.name}]")


def wants_list(headers: Mapping[str, str]) -> bool:
    """Whether ``Accept`` names JSON or YAML and nothing else, which turns a table of ``_cat`` into a list."""
    wanted = _read("Accept", headers.get("accept"))
    return wanted is not None and (wanted.is_json or wanted.name in _YAML_KINDS)


def answer_type(headers: Mapping[str, str], wanted_format: str | None = None) -> str:
    """The content type of an answer that is no text: ``format``, else what ``Accept`` asked for, else what was sent.

    It is JSON, vendored or not, or YAML. The parameters of ``Accept`` are repeated whether or not its type was of use.
    """
    try:
        wanted, sent = _read("Accept", headers.get("accept")), _read("Content-Type", headers.get("content-type"))
    except ApiError:
        return JSON
    name = JSON
    if wanted_format and wanted_format.lower() in ("json", "yaml"):
        name = f"application/{wanted_format.lower()}"
    else:
        for one in (sent, wanted):
            if one and (one.is_json or (one is wanted and one.name in _YAML_KINDS)):
                kind = "yaml" if one.name in _YAML_KINDS else "json"
                name = f"{_VENDORED}{kind}" if one.name.startswith(_VENDORED) else f"application/{kind}"
    parameters = wanted.parameters if wanted else {}
    return ";".join([name, *(f"{key}={value}" for key, value in parameters.items())])


def is_yaml(content_type: str) -> bool:
    """Whether an answer of this type is YAML."""
    return content_type.partition(";")[0] in _YAML_KINDS


def _read(name: str, header: str | None) -> MediaType | None:
    """The header's media type; ``None`` when there is none, or a range, which the real server ignores."""
    if header is None or "," in header or header == "*/*":
        return None
    if not header.strip():
        raise _header_error([name], "illegal_argument_exception", f"Header [{name}] cannot be empty.")
    kind, *parts = re.split(r"\s*;", header.lower())
    pieces = [piece.strip() for piece in kind.split("/")]
    if len(pieces) != 2 or not all(_TOKEN.fullmatch(piece) for piece in pieces):
        raise _header_error([name], "illegal_argument_exception", f"invalid media-type [{header}]")
    parameters = {}
    for part in filter(None, map(str.strip, parts)):
        key, _, value = part.partition("=")
        if not key or not value or "=" in value or key != key.rstrip() or value != value.lstrip():
            raise _header_error([name], "illegal_argument_exception", f"invalid parameters for header [{header}]")
        parameters[key] = value
    return MediaType("/".join(pieces), parameters)


def _check_agreement(wanted: int | None, sent: int | None, headers: str, major: int) -> None:
    one_sided = "A compatible version is required on both Content-Type and Accept headers if either one has requested"
    # Without a version a header stands for the current one; the order of the two checks is the server's.
    if (wanted or major) != (sent or major):
        reason = f"{one_sided} a compatible version and the compatible versions must match. {headers}"
        raise _header_error(["Accept", "Content-Type"], "status_exception", reason)
    if (wanted is None) != (sent is None):
        reason = f"{one_sided} a compatible version. {headers}"
        raise _header_error(["Accept", "Content-Type"], "status_exception", reason)


def _check_range(name: str, version: int | None, header: str | None, major: int) -> None:
    if version is not None and version not in (major, major - 1):
        reason = f"{name} version must be either version {major} or {major - 1}, but found {version}. {name}={header}"
        raise _header_error(["Accept", "Content-Type"], "status_exception", reason)


def _header_error(headers: list[str], cause: str, reason: str) -> ApiError:
    """The plural is the server's own, also for one header (RestRequest.MediaTypeHeaderException)."""
    return ApiError(
        400,
        "media_type_header_exception",
        f"Invalid media-type value on headers [{', '.join(headers)}]",
        caused_by={"type": cause, "reason": reason},
    )
