"""What is at hand while a request's JSON is read, and how its values are read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, json_token, unsupported
from clipline.emulator.identity import DEFAULT_VERSION, Version
from clipline.emulator.search.lookup import Lookup, looked_up, vector_at

if TYPE_CHECKING:
    from clipline.emulator.node import Node
    from clipline.emulator.search.compound import Query

Embed = Callable[[str, str], list[float]]
"""Model id and text → vector."""


def no_embedding(model_id: str, text: str) -> list[float]:
    """For queries that are not those of a request: the filters of aliases."""
    raise unsupported("a query_vector_builder in the filter of an alias")


def unasked(model_id: str, text: str) -> list[float]:
    """For a request that is only looked at: its texts are embedded when it is carried out."""
    return []


def no_lookup(wanted: Lookup) -> list[Any]:
    """For queries that are not those of a request: the filters of aliases."""
    raise unsupported("a lookup in the filter of an alias")


def nothing_found(wanted: Lookup) -> list[Any]:
    """For a request that is only looked at."""
    return []


@dataclass(frozen=True, slots=True)
class Reading:
    """One request: who embeds its texts and looks its terms up, its version, and the queries that it gave a name."""

    embed: Embed = no_embedding
    lookup: Callable[[Lookup], list[Any]] = no_lookup
    vector: Callable[[Lookup], list[float]] = no_lookup
    version: Version = DEFAULT_VERSION
    named: dict[str, Query] = field(default_factory=dict)

    @classmethod
    def of(cls, node: Node) -> Reading:
        """For a request that is carried out."""
        return cls(node.models.embed_query, partial(looked_up, node), partial(vector_at, node), node.version)

    @classmethod
    def only(cls, version: Version) -> Reading:
        """For a request that is only looked at: no text is embedded, nothing looked up."""
        return cls(unasked, nothing_found, nothing_found, version)


def malformed(kind: str, reason: str) -> ApiError:
    """400 ``parsing_exception`` of a query."""
    return ApiError(400, "parsing_exception", f"[{kind}] {reason}", meta={"line": 1, "col": 1})


def unread(parser: str, name: str, *, cause: str | None = None) -> ApiError:
    """400 ``x_content_parse_exception``: the value of a field cannot be read."""
    caused_by = {"type": "illegal_argument_exception", "reason": cause} if cause else None
    reason = f"[1:1] [{parser}] failed to parse field [{name}]"
    return ApiError(400, "x_content_parse_exception", reason, caused_by=caused_by)


def number(value: Any, name: str, parser: str = "bool") -> float:
    """A number of a request; text that is one is one too.

    Raises:
        ApiError: 400.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise unread(parser, name, cause=f'For input string: "{value}"') from None


def whole(value: Any, name: str, parser: str) -> int:
    """A whole number of a request (32 bits); text that is one is one too.

    Raises:
        ApiError: 400.
    """
    read = number(value, name, parser)
    if read != read or abs(read) >= 2**31 or (read != int(read) and isinstance(value, str)):
        raise unread(parser, name, cause=f"Value [{value}] is out of range for an integer")
    if read != int(read):
        raise unread(parser, name, cause=f"{value} cannot be converted to Integer without data loss")
    return int(read)


def flag(value: Any, name: str, parser: str) -> bool:
    """A boolean of a request; text that is one is one too.

    Raises:
        ApiError: 400.
    """
    if value is True or value == "true":
        return True
    if value is False or value == "false":
        return False
    if isinstance(value, str):
        cause = f"Failed to parse value [{value}] as only [true] or [false] are allowed."
        raise unread(parser, name, cause=cause)
    reason = f"[1:1] [{parser}] {name} doesn't support values of type: {json_token(value)}"
    raise ApiError(400, "x_content_parse_exception", reason)


def boost_of(body: Mapping[str, Any], kind: str) -> float:
    """The ``boost`` of a query, not negative.

    Raises:
        ApiError: 400.
    """
    boost = number(body.get("boost", 1.0), "boost", kind)
    if not math.isfinite(boost):
        raise unsupported(f"the boost [{body['boost']}] of the query [{kind}]")
    if boost < 0:
        reason = f"negative [boost] are not allowed in [{kind}], use a value between 0 and 1 to deboost"
        raise ApiError(400, "illegal_argument_exception", reason)
    return boost
