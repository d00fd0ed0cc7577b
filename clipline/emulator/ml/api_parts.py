"""The parts of a definition and the vocabulary over HTTP."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, validation_failed, wrong_kind
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.licence import require
from clipline.emulator.ml.bodies import check_fields, failed_field, whole
from clipline.emulator.ml.requests import int_parameter

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_MOST_PARTS = 10_000
_PART = "put_trained_model_part_action"
_VOCABULARY = "put_trained_model_vocabulary"
_BLANKS = re.compile(r"[\x00-\x20]")


def put_part(node: Node, call: Call) -> Reply:
    """``PUT /_ml/trained_models/{model_id}/definition/{part}``: once for each part, in any order."""
    model_id, body = call.args["model_id"], call.required_body()
    part = int_parameter("part", call.args["part"])
    check_fields(body, {"definition", "total_definition_length", "total_parts"}, _PART)
    length, parts = whole(body, "total_definition_length", _PART), whole(body, "total_parts", _PART, bits=32)
    definition = _decoded(body.get("definition"))
    wrong = [
        text
        for bad, text in (
            (part < 0, "[part] must be greater or equal to 0"),
            (parts <= 0, "[total_parts] must be greater than 0"),
            (parts > _MOST_PARTS, f"[total_parts] must be less than or equal to {_MOST_PARTS}"),
            (length <= 0, "[total_definition_length] must be greater than 0"),
            (0 < parts <= part, "[part] must be less than total_parts"),
        )
        if bad
    ]
    if wrong:
        raise validation_failed(*wrong)
    require(node, "ml")
    _check_model(node, model_id)
    # No lock is held here that anybody else waits for: the parts have a file of their own.
    if not node.models.store.put_part(model_id, part, length, parts, definition):
        raise _exists(f"Trained machine learning model chunked doc [{model_id}][{part}] already exists")
    return ACKNOWLEDGED


def put_vocabulary(node: Node, call: Call) -> Reply:
    """``PUT /_ml/trained_models/{model_id}/vocabulary``: once."""
    model_id, body = call.args["model_id"], call.required_body()
    check_fields(body, {"vocabulary", "merges", "scores"}, _VOCABULARY)
    for name in ("vocabulary", "merges"):
        _check_array(body, name, str)
    _check_array(body, "scores", int | float)
    vocabulary, scores = body.get("vocabulary"), body.get("scores")
    if vocabulary is None:
        raise illegal_argument("[vocabulary] must not be null.")
    if not vocabulary:
        raise validation_failed("[vocabulary] must not be empty")
    if scores and len(scores) != len(vocabulary):
        raise validation_failed("[scores] must have same length as [vocabulary]")
    require(node, "ml")
    _check_model(node, model_id)
    if not node.models.store.put_vocabulary(model_id, body):
        raise _exists(f"Trained machine learning model vocabulary [{model_id}] already exists")
    return ACKNOWLEDGED


def _check_model(node: Node, model_id: str) -> None:
    if node.models.store.config(model_id) is None:
        raise not_found(f"Could not find trained model [{model_id}]")


def _decoded(text: Any) -> bytes:
    """The bytes of a part, as Jackson reads them (XContentParser.binaryValue): blanks are skipped, padding must be there."""
    if text is None:
        raise illegal_argument("[definition] must not be null.")
    if not isinstance(text, str):
        raise wrong_kind(_PART, "definition", text)
    decoded = _base64(text)
    if decoded is None:  # rare enough that only now it is looked for blanks
        decoded = _base64(_BLANKS.sub("", text))
    if decoded is None:
        raise failed_field(_PART, "definition")
    return decoded


def _base64(text: str) -> bytes | None:
    try:
        return binascii.a2b_base64(text, strict_mode=True) if len(text) % 4 == 0 else None  # or too much padding passes
    except (binascii.Error, ValueError):
        return None


def _check_array(body: dict[str, Any], name: str, kind: Any) -> None:
    value = body.get(name)
    if isinstance(value, str) and kind is str:
        body[name] = [value]  # the parser takes one text for an array of one
        return
    if value is None:
        return
    if not isinstance(value, list):
        raise wrong_kind(_VOCABULARY, name, value)
    if any(not isinstance(item, kind) or isinstance(item, bool) for item in value):
        raise failed_field(_VOCABULARY, name)


def _exists(reason: str) -> ApiError:
    return ApiError(400, "resource_already_exists_exception", reason)


_BASE = "/_ml/trained_models/{model_id}"

ROUTES = [
    Route("PUT", f"{_BASE}/definition/{{part}}", "cluster:admin/xpack/ml/trained_models/part/put", put_part),
    Route("PUT", f"{_BASE}/vocabulary", "cluster:admin/xpack/ml/trained_models/vocabulary/put", put_vocabulary),
]
