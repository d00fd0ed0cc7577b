"""The vector of a query: numbers, or text in hexadecimal (bytes) or, from 9.4 on, in base64.

Source: ``VectorData``. Before 9.4 a text is hexadecimal and read with the request; since then it is read for each field,
whose type decides between the two.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import ApiError, json_token
from clipline.emulator.search.reading import Reading, unread

_WIDTHS = {"byte": (1,), "bit": (1,), "float": (4,), "bfloat16": (2, 4)}
_NAMES = {"byte": "byte", "bit": "byte", "float": "float", "bfloat16": "float or bfloat16"}


@dataclass(frozen=True, slots=True)
class QueryVector:
    """Numbers, or a text that is read for a field."""

    numbers: tuple[float, ...] = ()
    text: str | None = None

    def of(self, element: str, dims: int) -> NDArray[Any]:
        """The vector for a field of so many dims.

        Raises:
            ValueError: with Elasticsearch's text.
        """
        if self.text is not None:
            return _decoded(self.text, element, dims)
        with np.errstate(over="ignore"):
            return np.asarray(self.numbers, dtype=np.float32)


def read_vector(value: Any, reading: Reading) -> QueryVector:
    """A ``query_vector`` of a request.

    Raises:
        ApiError: 400.
    """
    if isinstance(value, str):
        if reading.version >= (9, 4):
            return QueryVector(text=value)
        found = _hex(value)
        if found is None:
            raise unread(
                "knn", "query_vector", cause=f"failed to parse field [query_vector]: [{value}] is no hex string"
            )
        return QueryVector(tuple(float(one) for one in found))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return QueryVector((float(value),))
    if not isinstance(value, list):
        raise unread("knn", "query_vector", cause=f"Unknown type [{json_token(value)}] for parsing vector")
    if set(map(type, value)) <= {int, float}:
        return QueryVector(tuple(value))
    return QueryVector(tuple(_number(one) for one in value))


def check_bytes(query: NDArray[Any], element: str) -> None:
    """What a field of bytes or bits asks of a query vector.

    Raises:
        ValueError: with Elasticsearch's text.
    """
    preview = ", ".join(str(one) for one in query[:5].tolist()) + (", ..." if len(query) > 5 else "")
    for place, one in enumerate(query.tolist()):
        if one != one or one % 1:
            raise ValueError(
                f"element_type [{element}] vectors only support non-decimal values but found decimal value [{one}] at dim "
                f"[{place}]; Preview of invalid vector: [{preview}]"
            )
        if not -128 <= one <= 127:
            raise ValueError(
                f"element_type [{element}] vectors only support integers between [-128, 127] but found [{int(one)}] at dim "
                f"[{place}]; Preview of invalid vector: [{preview}]"
            )


def _number(value: Any) -> float:
    if value is None or isinstance(value, bool | list | dict):
        cause = {"type": "parsing_exception", "reason": f"Type [{json_token(value)}] not supported for query vector"}
        reason = "[1:1] [knn] failed to parse field [query_vector]"
        raise ApiError(400, "x_content_parse_exception", reason, caused_by=cause)
    try:
        return float(value)
    except ValueError:
        raise unread("knn", "query_vector", cause=f'For input string: "{value}"') from None


def _decoded(text: str, element: str, dims: int) -> NDArray[Any]:
    """Hexadecimal if the length fits, then base64; ``ValueError`` says why it is neither."""
    found = _hex(text)
    length = dims // 8 if element == "bit" else dims
    if found is not None and len(found) in (dims, length):
        return found
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        if found is not None:
            return found
        where = "failed to parse field [query_vector]"
        raise ValueError(f"{where}: [query_vector] must be a valid base64 or hex string") from None
    if (width := next((width for width in _WIDTHS[element] if len(raw) == length * width), None)) is not None:
        return _numbers(raw, width)
    if found is not None:
        return found
    raise ValueError(
        f"failed to parse field [query_vector]: [query_vector] must contain a valid Base64-encoded {_NAMES[element]} vector, "
        f"but the decoded bytes length [{len(raw)}] is not compatible with the expected vector length"
    )


def _numbers(raw: bytes, width: int) -> NDArray[Any]:
    if width == 1:
        return np.frombuffer(raw, dtype=np.int8)
    if width == 4:
        return np.frombuffer(raw, dtype=">f4").astype(np.float32)
    # A bfloat16 is the upper half of a float.
    return (np.frombuffer(raw, dtype=">u2").astype(np.uint32) << 16).view(np.float32)


def _hex(text: str) -> NDArray[np.int8] | None:
    if len(text) % 2 or not re.fullmatch(r"[0-9a-fA-F]*", text):
        return None
    return np.frombuffer(bytes.fromhex(text), dtype=np.int8)
