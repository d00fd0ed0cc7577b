"""The lines of a bulk request → the actions it asks for, or the error that refuses it as a whole.

::

    {"index": {"_id": "1"}}
    {"image_name": "IMG_1.jpeg"}
    {"delete": {"_id": "2"}}

An action line at the end that lacks its document is passed over in silence, as ``BulkRequestParser`` does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import orjson

from clipline.emulator.errors import ApiError, illegal_argument, json_token, unsupported
from clipline.emulator.http.json_body import malformed, read_value
from clipline.emulator.indices.optimistic import INTERNAL, UNCONDITIONAL, Condition, version_type, wanted_number
from clipline.emulator.indices.source import check_choice

_DECODER = json.JSONDecoder()
_VERBS = ("create", "delete", "index", "update")
_TEXTS = {"_index", "_id", "routing", "op_type", "pipeline"}
_NUMBERS = {"version", "if_seq_no", "if_primary_term", "retry_on_conflict"}
_FLAGS = {"require_alias", "require_data_stream", "list_executed_pipelines"}
_CONDITIONS = {"version", "version_type", "if_seq_no", "if_primary_term"}

_SEVERAL = (
    "A bulk action object contained multiple keys. Additional keys are currently ignored but will be rejected in a "
    "future version."
)
_UNCLOSED = (
    "A bulk action wasn't closed properly with the closing brace. Malformed objects are currently accepted but will be "
    "rejected in a future version."
)
_TRAILING = (
    "A bulk action contained trailing data after the closing brace. This is currently ignored but will be rejected in a "
    "future version."
)


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its verb, its options as they are meant, and its document as it was sent."""

    verb: str
    meta: dict[str, Any]
    document: bytes = b""
    condition: Condition = UNCONDITIONAL

    @property
    def op(self) -> str:
        """index, create, delete or update: ``op_type`` of an index action counts."""
        if self.verb == "index" and "op_type" in self.meta:
            return "create" if self.meta["op_type"] == "create" else "index"
        return self.verb


@dataclass(slots=True)
class Lines:
    """The reader of one request; ``lenient`` is how version 8 reads action lines, with warnings."""

    lenient: bool
    warnings: dict[str, None] = field(default_factory=dict)

    def actions(self, raw: bytes) -> list[Action]:
        """All actions.

        Raises:
            ApiError: 400, and nothing is carried out.
        """
        if not raw:
            raise ApiError(400, "parse_exception", "request body is required")
        if not raw.endswith(b"\n"):
            raise illegal_argument("The bulk request must be terminated by a newline [\\n]")
        lines = iter(raw.split(b"\n")[:-1])
        found = []
        number = 0
        for line in lines:
            number += 1
            if not line or line.isspace():
                continue
            verb, meta = self._action_line(line, number)
            if verb == "delete":
                found.append(Action(verb, meta, b"", _condition(meta)))
                continue
            document = next(lines, None)
            if document is None:
                break
            number += 1
            found.append(Action(verb, meta, document.removesuffix(b"\r"), _condition(meta)))
        return found

    def _action_line(self, line: bytes, number: int) -> tuple[str, dict[str, Any]]:
        value = self._value(line, number)
        where = f"Malformed action/metadata line [{number}], expected"
        if not isinstance(value, dict):
            raise illegal_argument(f"{where} START_OBJECT but found [{json_token(value)}]")
        if not value:
            raise illegal_argument(f"{where} FIELD_NAME but found [END_OBJECT]")
        verb = next(iter(value))
        if verb not in _VERBS:
            raise illegal_argument(f"{where} field [create], [delete], [index] or [update] but found [{verb}]")
        meta = value[verb]
        if not isinstance(meta, dict):
            raise illegal_argument(f"{where} START_OBJECT or END_OBJECT but found [{json_token(meta)}]")
        if not all(key in ("_index", "_id") and type(child) is str for key, child in meta.items()):
            meta = _meant(verb, meta, number)
        if len(value) > 1:
            self._forgiven(_SEVERAL, illegal_argument(f"{where} END_OBJECT but found [FIELD_NAME]"))
        return verb, meta

    def _value(self, line: bytes, number: int) -> Any:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            broken = malformed(line, error)
        else:
            if isinstance(value, dict) and line.count(b":") != sum(
                1 + (len(child) if isinstance(child, dict) else 0) for child in value.values()
            ):
                # More colons than names: one is there twice, or stands in a text.
                read_value(line)
            return value
        if (closed := _loaded(line + b"}")) is not None:
            self._forgiven(_UNCLOSED, broken)
            return closed
        if (first := _first(line)) is not None:
            reason = f"Malformed action/metadata line [{number}], unexpected data after the closing brace"
            self._forgiven(_TRAILING, illegal_argument(reason))
            return first
        raise broken

    def _forgiven(self, warning: str, error: ApiError) -> None:
        if not self.lenient:
            raise error
        self.warnings[warning] = None


def _loaded(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _first(line: bytes) -> Any:
    """The object that a line begins with, if it ends before the line does."""
    try:
        text = line.decode().lstrip()
        _, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    value = _loaded(text[:end].encode())
    return value if isinstance(value, dict) else None


def _meant(verb: str, meta: dict[str, Any], number: int) -> dict[str, Any]:
    """The options of an action, each of its kind; ``null`` is as if it were not there."""
    kept: dict[str, Any] = {}
    for key, value in meta.items():
        if value is not None:
            kept[key] = _option(key, value, number)
    if kept.get("dynamic_templates") and verb in ("delete", "update"):
        raise illegal_argument(f"{verb.title()} request in line [{number}] does not accept dynamic_templates")
    versioned = kept.get("version") is not None or kept.get("version_type", INTERNAL) != INTERNAL
    if verb == "update" and versioned:
        raise illegal_argument(
            "Update requests do not support versioning. Please use `if_seq_no` and `if_primary_term` instead"
        )
    if verb == "update" and kept.get("require_data_stream"):
        raise illegal_argument(
            "Update requests do not support the `require_data_stream` flag, as data streams do not support update "
            "operations"
        )
    return kept


def _option(key: str, value: Any, number: int) -> Any:
    if isinstance(value, dict) and key == "dynamic_templates":
        if any(child is None or isinstance(child, dict | list) for child in value.values()):
            raise unsupported("the bulk option [dynamic_templates] with anything but names in it")
        return {field: _text(child) for field, child in value.items()}
    if isinstance(value, list) or (isinstance(value, dict) and key != "_source"):
        raise illegal_argument(
            f"Malformed action/metadata line [{number}], expected a simple value for field [{key}] but found "
            f"[{json_token(value)}]"
        )
    if key in _TEXTS:
        return _text(value)
    if key in _NUMBERS:
        return _number(key, value)
    if key == "version_type":
        return version_type(str(value))
    if key == "_source":
        check_choice(value)
        return value
    if key in _FLAGS:
        if not isinstance(value, bool):
            reason = f"[1:1] Current token ({json_token(value)}) not of boolean type"
            raise ApiError(400, "x_content_parse_exception", reason)
        return value
    raise illegal_argument(f"Action/metadata line [{number}] contains an unknown parameter [{key}]")


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _number(key: str, value: Any) -> int | None:
    try:
        if isinstance(value, bool):
            raise ValueError
        number = int(value)
        if number != float(value) or not -(2**63) <= number < 2**63:
            raise ValueError
    except (ValueError, OverflowError):
        raise ApiError(400, "number_format_exception", f'For input string: "{value}"') from None
    return wanted_number(key, number) if key in ("if_seq_no", "if_primary_term") else number


def _condition(meta: dict[str, Any]) -> Condition:
    if not meta.keys() & _CONDITIONS:
        return UNCONDITIONAL
    return Condition(
        version=meta.get("version"),
        kind=meta.get("version_type", INTERNAL),
        if_seq_no=meta.get("if_seq_no"),
        if_primary_term=meta.get("if_primary_term"),
    )
