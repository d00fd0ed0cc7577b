"""What handlers receive and return: one call in, one reply out, declared in one table per API family.

A handler is ``def name(node: Node, call: Call) -> Reply`` and runs in a worker thread. Routes are data::

    ROUTES = [
        Route("PUT", "/_ingest/pipeline/{id}", "cluster:admin/ingest/pipeline/put", put_pipeline, {"if_version"}),
    ]

The third word is the name of the action in Elasticsearch, by which privileges grant it.

``HEAD`` is answered where Elasticsearch registers it, by the handler of ``GET`` (``routing``). The parameters ``pretty``,
``human``, ``filter_path``, ``error_trace`` and ``format`` are global and need no mention. A parameter in ``refused`` is one
that Elasticsearch has and the emulator does not: it is answered with 501, while any other is the 400 that Elasticsearch
gives for an unknown parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.http.json_body import read_object
from clipline.emulator.units import parse_time

if TYPE_CHECKING:
    from clipline.emulator.node import Node


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: ``args`` are the path's variables, ``params`` the query string, ``raw`` the undecoded body."""

    method: str
    path: str
    args: Mapping[str, str]
    params: Mapping[str, str]
    raw: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    route: Route | None = None

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object sent, ``{}`` when there is none.

        Raises:
            ApiError: 400 when it is not JSON or not an object.
        """
        return read_object(self.raw) if self.raw.strip() else {}

    def required_body(self) -> dict[str, Any]:
        """Like ``body``, but an empty one is 400 ``request body is required``."""
        if not self.raw.strip():
            raise ApiError(400, "parse_exception", "request body is required")
        return self.body

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean parameter; present without value means true."""
        return boolean(self.params, name, default=default)

    def integer(self, name: str, *, default: int) -> int:
        """A whole-number parameter."""
        if name not in self.params:
            return default
        value = self.params[name]
        # What Integer.parseInt reads: no blanks, no underscores, 32 bits.
        if re.fullmatch(r"[+-]?\d{1,10}", value) and -(2**31) <= int(value) < 2**31:
            return int(value)
        raise illegal_argument(f"Failed to parse int parameter [{name}] with value [{value}]")

    def millis(self, name: str, *, default: str) -> float:
        """A duration such as ``30s`` in milliseconds; -1 is for ever."""
        return parse_time(self.params.get(name, default), name)


def boolean(params: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A boolean parameter; present without value means true.

    Raises:
        ApiError: 400 for any other word.
    """
    if name not in params:
        return default
    value = params[name]
    if value in ("", "true"):
        return True
    if value == "false":
        return False
    raise illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A handler's answer: ``body`` is a JSON value (or text for ``_cat``), ``warnings`` become ``Warning`` headers."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    pretty: bool = False
    """Laid out for a reader, unless the request says ``pretty=false``."""


ACKNOWLEDGED = Reply(body={"acknowledged": True})

Handler = Callable[["Node", Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of a family's table: method, path with ``{variables}``, action, handler, the parameters it takes."""

    method: str
    path: str
    action: str
    handler: Handler
    params: frozenset[str] | set[str] = frozenset()
    refused: frozenset[str] | set[str] = frozenset()
    lacking: bool = False
    """Whether nothing is answered with success: the handler is there for the refusals that come before the 501."""
