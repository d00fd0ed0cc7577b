"""The body of an update, and what its validation says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clipline.emulator.errors import ApiError, wrong_kind
from clipline.emulator.indices.optimistic import Condition, wanted_number
from clipline.emulator.indices.parsing import field_failed
from clipline.emulator.indices.source import check_choice
from clipline.emulator.painless.request import read_script
from clipline.emulator.spelling import unknown_field

_KEYS = {"doc", "upsert", "doc_as_upsert", "detect_noop", "_source", "if_seq_no", "if_primary_term", "script",
         "scripted_upsert"}  # fmt: skip
_NUMBERS = ("if_seq_no", "if_primary_term")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The body of an update; ``shown`` is the choice of the source that is answered with, ``False`` for none."""

    doc: dict[str, Any] | None = None
    upsert: dict[str, Any] | None = None
    doc_as_upsert: bool = False
    detect_noop: bool = True
    script: tuple[str, Mapping[str, Any]] | None = None
    scripted_upsert: bool = False
    shown: Any = False
    if_seq_no: int | None = None
    if_primary_term: int | None = None

    @classmethod
    def read(cls, body: dict[str, Any], shown: Any) -> Update:
        """The body of a request; its ``_source`` wins over ``shown``.

        Raises:
            ApiError: 400 for what is wrong, 501 for what is not emulated.
        """
        for key, value in body.items():
            if key not in _KEYS:
                raise unknown_field("UpdateRequest", key, _KEYS)
            _check_kind(key, value)
        if "_source" in body:
            check_choice(body["_source"])
            shown = body["_source"]
        return cls(
            doc=body.get("doc"),
            upsert=body.get("upsert"),
            doc_as_upsert=body.get("doc_as_upsert", False),
            detect_noop=body.get("detect_noop", True),
            script=_script(body["script"]) if "script" in body else None,
            scripted_upsert=body.get("scripted_upsert", False),
            shown=shown,
            if_seq_no=_number(body, "if_seq_no"),
            if_primary_term=_number(body, "if_primary_term"),
        )

    @property
    def new(self) -> dict[str, Any] | None:
        """What becomes the document if there is none."""
        return self.doc if self.doc_as_upsert else self.upsert

    def errors(self, wanted: Condition, retries: int) -> list[str]:
        """What the validation of the request says is wrong with it."""
        found = wanted.errors()
        if wanted.if_seq_no is not None:
            if retries > 0:
                found.append("compare and write operations can not be retried")
            if self.doc_as_upsert:
                found.append("compare and write operations can not be used with upsert")
            if self.upsert is not None:
                found.append("upsert requests don't support `if_seq_no` and `if_primary_term`")
        if self.script is None and self.doc is None:
            found.append("script or doc is missing")
        if self.script is not None and self.doc is not None:
            found.append("can't provide both script and doc")
        if self.doc is None and self.doc_as_upsert:
            found.append("doc must be specified if doc_as_upsert is enabled")
        return found

    def condition(self, asked: Condition) -> Condition:
        """The condition of the request, over which its body has the last word."""
        if self.if_seq_no is None and self.if_primary_term is None:
            return asked
        return replace(
            asked,
            if_seq_no=asked.if_seq_no if self.if_seq_no is None else self.if_seq_no,
            if_primary_term=asked.if_primary_term if self.if_primary_term is None else self.if_primary_term,
        )


def _script(given: Any) -> tuple[str, Mapping[str, Any]]:
    return read_script({"source": given} if isinstance(given, str) else given)


def _number(body: Mapping[str, Any], key: str) -> int | None:
    try:
        return wanted_number(key, body[key]) if key in body else None
    except ApiError as error:
        raise field_failed("UpdateRequest", key, error) from error


def _check_kind(key: str, value: Any) -> None:
    if key in ("doc", "upsert"):
        right = isinstance(value, dict)
    elif key == "script":
        right = isinstance(value, dict | str)
    elif key in _NUMBERS:
        right = isinstance(value, int) and not isinstance(value, bool)
    else:
        right = key == "_source" or isinstance(value, bool)
    if not right:
        raise wrong_kind("UpdateRequest", key, value)
