"""A document's vector: a list of numbers, hex, or base64, as an array of float32, or the real reason to refuse it.

Source: DenseVectorFieldMapper (8.19 to 9.3; DecodedVector for the texts of 9.5). A byte vector holds its bytes as numbers, a
bit vector one signed byte for every eight dims.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import json_token
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.refused import AT, TOKEN, Cause, Refused, Unfit, failed
from clipline.emulator.indices.mappings.traits import Traits

Vector = NDArray[np.float32]

_BYTES = ("byte", "bit")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_BASE64 = re.compile(r"([A-Za-z0-9+/]*)(={0,2})")
_UNIT = {"bfloat16": 0.02}
"""How far from 1 the square of a unit vector's length may be; 1e-3 where nothing is said."""


def read_vector(name: str, definition: dict[str, Any], value: Any, doc_id: str, traits: Traits) -> Vector:
    """The vector that a document has in a field with known dims.

    Raises:
        Refused: the field does not take it.
    """
    element = str(definition.get("element_type", "float"))
    dims = int(definition["dims"])
    where = f"The [dense_vector] field [{name}] in doc [document with id '{doc_id}']"
    scale = 8 if element == "bit" else 1
    if isinstance(value, list):
        vector = _from_list(
            value, element, dims // scale, f"{where} has more dimensions than defined in the mapping [{dims}]"
        )
    elif isinstance(value, str) and (element in _BYTES or traits.base64):
        vector = _from_text(value, element, dims, traits)
    else:
        raise _wrong_token(value, element, traits)
    if len(vector) * scale != dims:
        reason = (
            f"{where} has a different number of dimensions [{len(vector) * scale}] than defined in the mapping [{dims}]"
        )
        raise failed(Cause("illegal_argument_exception", reason), at="end")
    try:
        check_magnitude(vector, str(definition.get("similarity", "")), element)
    except Unfit as error:
        raise failed(Cause.of(error), at="end") from error
    return _rounded(vector) if element == "bfloat16" else vector


def dims_of(definition: dict[str, Any], value: Any, traits: Traits) -> int:
    """How many dims a field gets from the first vector that it sees.

    Raises:
        Refused: the value is no vector.
    """
    element = str(definition.get("element_type", "float"))
    scale = 8 if element == "bit" else 1
    if isinstance(value, list):
        return len(value) * scale
    if not isinstance(value, str) or not (element in _BYTES or traits.base64):
        raise _wrong_token(value, element, traits)
    try:
        if element in _BYTES:
            raw = _hex(value) if not traits.base64 or len(value) % 4 else _decoded(value)
            return len(raw) * scale
        raw = _decoded(value)
    except Unfit as error:
        if element in _BYTES and traits.base64 and _HEX.fullmatch(value):
            return len(value) // 2 * scale
        raise failed(Cause.of(error)) from error
    if len(raw) % 4:
        reason = f"Failed to parse object: Base64 decoded vector byte length [{len(raw)}] is not a multiple of [4]"
        raise failed(Cause("parsing_exception", reason, located=True))
    return len(raw) // 4


def check_magnitude(vector: Vector, similarity: str, element: str = "float") -> None:
    """What an element type and a similarity ask of a vector, in a document and in a query alike.

    Raises:
        Unfit: with Elasticsearch's text.
    """
    if element in _BYTES:
        if element == "byte" and similarity == "cosine" and not vector.any():
            raise Unfit(_zero + _preview(vector.astype(np.int8)))
        return
    squared = float(np.dot(vector, vector))
    if not np.isfinite(squared):
        _check_finite(vector, element)
        raise Unfit(
            "NaN or Infinite magnitude detected, this usually means the vector values are too extreme to fit within "
            f"a float.{_preview(vector)}"
        )
    if similarity == "cosine" and squared == 0.0:
        raise Unfit(_zero + _preview(vector))
    if similarity == "dot_product" and abs(squared - 1.0) > _UNIT.get(element, 1e-3):
        raise Unfit(f"The [dot_product] similarity can only be used with unit-length vectors.{_preview(vector)}")


def hydrated(definition: dict[str, Any], vector: Vector) -> list[Any]:
    """A vector as it comes back from the index: floats of 32 bits, whole numbers for bytes.

    The index keeps a cosine vector at unit length and its length beside it.
    """
    if definition.get("element_type") in _BYTES:
        return [int(value) for value in vector]
    if definition.get("similarity") == "cosine":
        squared = np.float32(np.dot(vector, vector))
        if abs(squared - 1) >= _UNIT.get(str(definition.get("element_type")), 1e-3):
            length = np.sqrt(squared).astype(np.float32)
            vector = (vector / length) * length
    return [float(text) for text in map(str, vector)]


_zero = "The [cosine] similarity does not support vectors with zero magnitude."


def _from_list(value: list[Any], element: str, most: int, too_many: str) -> Vector:
    """A list as numbers; refused at the first item that the real parser would stop at."""
    kinds = set(map(type, value))
    if len(value) <= most and kinds <= {int, float}:
        if element not in _BYTES:
            return _float32(value)
        vector = _float32(value)
        if float not in kinds and (not len(vector) or (vector.min() >= -128 and vector.max() <= 127)):
            return vector
    for number, item in enumerate(value):
        error = None
        if number >= most:
            error = failed(Cause("illegal_argument_exception", too_many))
        elif isinstance(item, bool) or not isinstance(item, int | float):
            error = _unexpected("VALUE_NUMBER", json_token(item))
        elif element in _BYTES and (reason := _no_byte(item, element, number)):
            error = failed(Cause("illegal_argument_exception", reason))
        if error:
            error.steps.append(number)
            raise error
    return _float32(value)


def _no_byte(item: float, element: str, number: int) -> str | None:
    start = f"element_type [{element}] vectors only support"
    if isinstance(item, float) and item % 1:
        shown = java.floating(np.float32(item))
        return f"{start} non-decimal values but found decimal value [{shown}] at dim [{number}];"
    if not -128 <= item <= 127:
        found = max(min(item, 2**31 - 1), -(2**31))
        return f"{start} integers between [-128, 127] but found [{int(found)}] at dim [{number}];"
    return None


def _from_text(value: str, element: str, dims: int, traits: Traits) -> Vector:
    try:
        if element in _BYTES:
            raw = _bytes(value, element, dims, traits)
            return np.frombuffer(raw, np.int8).astype(np.float32)
        raw = _decoded(value)
    except Unfit as error:
        raise failed(_undecoded(error, element, traits)) from error
    if len(raw) == 4 * dims:
        return np.frombuffer(raw, ">f4").astype(np.float32)
    if len(raw) == 2 * dims:
        return (np.frombuffer(raw, ">u2").astype(np.uint32) << 16).view(np.float32)
    reason = (
        f"Failed to parse object: Base64 decoded vector byte length [{len(raw)}] does not match the expected length of "
        f"[{4 * dims}] or [{2 * dims}] for dimension count [{dims}]"
    )
    raise failed(Cause("parsing_exception", reason, located=True))


def _undecoded(error: Unfit, element: str, traits: Traits) -> Cause:
    if traits.now < (9, 5):
        return Cause.of(error)
    kind = "base64 or hex" if element in _BYTES else "base64"
    return Cause("illegal_argument_exception", f"failed to decode vector: value must be a valid {kind} string")


def _bytes(value: str, element: str, dims: int, traits: Traits) -> bytes:
    """Hex or base64; a length that does not fit is left to the caller before 9.5."""
    if not traits.base64:
        return _hex(value)
    wanted = dims // 8 if element == "bit" else dims
    if traits.now < (9, 5):
        first, second = (_hex, _decoded) if len(value) == dims * 2 else (_decoded, _hex)
        try:
            raw = first(value)
        except Unfit:
            return second(value)
        # A text of the wrong length is read the other way before it is refused.
        return raw if len(raw) == wanted or first is _hex or not _HEX.fullmatch(value) else second(value)
    hexadecimal = bool(_HEX.fullmatch(value))
    if hexadecimal and len(value) == wanted * 2:
        return bytes.fromhex(value)
    try:
        raw = _decoded(value)
    except Unfit:
        raw = b""
    if raw and len(raw) == wanted:
        return raw
    if hexadecimal:
        found = len(value) // 2 * (8 if element == "bit" else 1)
        reason = f"hex-decoded vector has a different number of dimensions [{found}] than the expected [{dims}]"
        raise failed(Cause("illegal_argument_exception", f"failed to decode vector: {reason}"))
    if raw:
        reason = f"Base64 decoded vector byte length [{len(raw)}] does not match the expected length of [{wanted}]"
        reason = f"Failed to parse object: {reason} for dimension count [{dims}]"
        raise failed(Cause("parsing_exception", reason, located=True))
    raise Unfit("no such text")


def _hex(value: str) -> bytes:
    """As java.util.HexFormat reads it."""
    if len(value) % 2:
        raise Unfit(
            "extra or missing delimiters or values consisting of prefix, two hexadecimal digits, and suffix in the string"
        )
    if not _HEX.fullmatch(value):
        wrong = next(char for char in value if char not in "0123456789abcdefABCDEF")
        raise Unfit(f'not a hexadecimal digit: "{wrong}" = {ord(wrong)}', "number_format_exception")
    return bytes.fromhex(value)


def _decoded(value: str) -> bytes:
    """As java.util.Base64's basic decoder reads it, for which the padding may be missing."""
    match = _BASE64.fullmatch(value)
    if match is None:
        wrong = next((char for char in value if not re.fullmatch(r"[A-Za-z0-9+/]", char)), "=")
        raise Unfit(f"Illegal base64 character {ord(wrong):x}")
    body, padding = match.groups()
    if padding and (len(body) + len(padding)) % 4:
        raise Unfit("Input byte array has wrong 4-byte ending unit")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4))
    except binascii.Error:
        raise Unfit("Last unit does not have enough valid bits") from None


def _wrong_token(value: Any, element: str, traits: Traits) -> Refused:
    if element in _BYTES or traits.base64:
        if isinstance(value, dict):
            return failed(Cause("illegal_state_exception", f"Can't get text on a START_OBJECT at {AT}"))
        reason = f"Unsupported type [{json_token(value)}] for provided value [{java.text(value)}]"
        return failed(Cause("parsing_exception", reason, located=True))
    # The older parser takes for granted that it stands on a bracket, and trips over what comes next.
    return _unexpected("VALUE_NUMBER", TOKEN, at="inside" if isinstance(value, dict) else "next")


def _unexpected(wanted: str, found: str, *, at: str = "start") -> Refused:
    reason = f"Failed to parse object: expecting token of type [{wanted}] but found [{found}]"
    return failed(Cause("parsing_exception", reason, located=True), at=at)


def _float32(value: list[Any]) -> Vector:
    with np.errstate(over="ignore"):
        try:
            return np.asarray(value, dtype=np.float64).astype(np.float32)
        except OverflowError:
            return np.asarray([float(min(max(item, -1e308), 1e308)) for item in value]).astype(np.float32)


def _rounded(vector: Vector) -> Vector:
    """To the nearest bfloat16, ties to even."""
    bits = vector.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def _check_finite(vector: Vector, element: str) -> None:
    bad = np.flatnonzero(~np.isfinite(vector))
    if len(bad):
        kind = "NaN" if np.isnan(vector[bad[0]]) else "infinite"
        raise Unfit(
            f"element_type [{element}] vectors do not support {kind} values but found [{java.floating(vector[bad[0]])}] at "
            f"dim [{bad[0]}];{_preview(vector)}"
        )


def _preview(vector: NDArray[Any]) -> str:
    shown = [str(value) if vector.dtype == np.int8 else java.floating(value) for value in vector[:5]]
    return f" Preview of invalid vector: [{', '.join([*shown, *(['...'] if len(vector) >= 5 else [])])}]"
