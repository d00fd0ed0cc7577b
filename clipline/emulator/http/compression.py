"""Compressed bodies, both ways, as Netty's HttpContentDecompressor and HttpContentCompressor do."""

from __future__ import annotations

import gzip
import zlib

from clipline.emulator.errors import ApiError, unsupported

_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_LEVEL = 3
"""``http.compression_level``."""


def inflated(raw: bytes, encoding: str, limit: int) -> bytes | None:
    """A request's body as it was before ``Content-Encoding``; ``None`` when it is longer than ``limit`` bytes.

    Raises:
        ApiError: 400 when it cannot be read, 501 for a coding that we lack.
    """
    coding = encoding.strip().lower().removeprefix("x-")
    if coding in ("", "identity") or not raw:
        return raw
    if coding not in _WINDOWS:
        raise unsupported(f"the Content-Encoding [{encoding}]")
    body, rest = bytearray(), raw
    while rest:
        inflater = zlib.decompressobj(wbits=_WINDOWS[coding])
        try:
            body += inflater.decompress(rest, limit + 1 - len(body))
        except zlib.error as error:
            raise ApiError(400, "parse_exception", f"the {coding} body cannot be read: {error}") from error
        if len(body) > limit:
            return None
        if not inflater.eof:
            raise ApiError(400, "parse_exception", f"the {coding} body cannot be read: it ends too early")
        # A file that gzip has written may be several, one behind the other (JdkZlibDecoder, decompressConcatenated).
        rest = inflater.unused_data if coding == "gzip" else b""
    return bytes(body)


def chosen(accepted: str) -> str | None:
    """The coding for an answer, from ``Accept-Encoding``: ``gzip``, ``deflate`` or none. There is no least size."""
    weights = {"gzip": -1.0, "deflate": -1.0, "*": -1.0}
    for piece in accepted.lower().split(","):
        name, _, parameter = piece.partition(";")
        weight = _weight(parameter)
        for known in weights:
            if known in name:
                weights[known] = max(weights[known], weight)
    if weights["gzip"] > 0 or weights["deflate"] > 0:
        return "gzip" if weights["gzip"] >= weights["deflate"] else "deflate"
    return "gzip" if weights["*"] > 0 and weights["gzip"] < 0 else None


def deflated(content: bytes, coding: str) -> bytes:
    """An answer's body in that coding."""
    return gzip.compress(content, _LEVEL, mtime=0) if coding == "gzip" else zlib.compress(content, _LEVEL)


def _weight(parameter: str) -> float:
    key, _, value = parameter.strip().partition("=")
    if key.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
