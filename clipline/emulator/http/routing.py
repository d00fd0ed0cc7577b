"""Finds the route for a request, and the right refusal when there is none.

Like the real dispatcher (RestController, PathTrie): an exact segment wins over a ``{variable}``, and a path that exists
under other methods is 405. What Elasticsearch serves and the emulator does not is 501; what neither serves is 400
without a status::

    {"error": "no handler found for uri [/a/b/c] and method [GET]"}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from clipline.emulator.errors import TextError, illegal_argument, unsupported
from clipline.emulator.http.endpoints import UNLISTED, Endpoints
from clipline.emulator.http.query_string import decode
from clipline.emulator.http.wire import Route
from clipline.emulator.spelling import unrecognized

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"})
"""Any other is refused by name."""

GLOBAL_PARAMS = frozenset({"pretty", "human", "filter_path", "error_trace", "format"})
"""Parameters that every API takes."""

# The paths that answer HEAD, with {} for a variable; any other that has GET answers 405.
_HEADS = frozenset(
    {"/", "/{}", "/{}/_doc/{}", "/{}/_source/{}", "/_alias/{}", "/{}/_alias", "/{}/_alias/{}", "/_template/{}",
     "/_index_template/{}", "/_component_template/{}"}
)  # fmt: skip


@dataclass(slots=True)
class _Branch:
    """One step of a path: exact segments, the one variable, and the routes that end here."""

    exact: dict[str, _Branch] = field(default_factory=dict)
    variable: _Branch | None = None
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """All routes of the emulator, looked up by method and path."""

    def __init__(self, routes: Iterable[Route], endpoints: Endpoints) -> None:
        self._root = _Branch()
        self._endpoints = endpoints
        for route in routes:
            self._add(route)

    def find(self, method: str, uri: str) -> tuple[Route, dict[str, str]]:
        """The route for a URI as it was sent, and the values of the variables in its path.

        Raises:
            TextError: 405 or 400, when Elasticsearch has no such route either.
            ApiError: 501, when it has; 400 for a wrong escape in the path.
        """
        segments = _segments(uri)
        for branch in self._walk(self._root, segments, 0):
            if route := branch.routes.get(method):
                return route, _variables(route, segments)
        if method in self._endpoints.methods(segments):
            raise unsupported(f"the API [{method} {uri.partition('?')[0]}]")
        allowed = self._methods(segments)
        if method not in METHODS:
            names = f", allowed: [{', '.join(allowed)}]" if allowed else ""
            raise TextError(405, f"Unexpected http method: {method}{names}", headers=_allow(allowed))
        if allowed:
            text = f"Incorrect HTTP method for uri [{uri}] and method [{method}], allowed: [{', '.join(allowed)}]"
            raise TextError(405, text, headers=_allow(allowed))
        if segments and segments[0] in UNLISTED:
            raise unsupported(f"the API [{method} {uri.partition('?')[0]}]")
        raise TextError(400, f"no handler found for uri [{uri}] and method [{method}]", show_status=False)

    def options(self, uri: str) -> dict[str, str]:
        """The headers that answer OPTIONS, which is never refused."""
        return _allow(self._methods(_segments(uri)))

    def check_params(self, route: Route, path: str, params: Mapping[str, str]) -> None:
        """Refuse the query parameters that a route does not take.

        Raises:
            ApiError: 501 for one that Elasticsearch takes, 400 for one that it does not.
        """
        later = self._endpoints.later
        unknown = sorted(params.keys() - (route.params - later) - GLOBAL_PARAMS)
        theirs = (self._endpoints.params(route.method, route.path) | route.refused) - later
        if lacking := [name for name in unknown if name in theirs]:
            raise unsupported(f"the parameter [{lacking[0]}] of [{route.method} {route.path}]")
        if unknown:
            # The real one suggests every parameter that the handler has asked for, those of the path and of any API too.
            variables = {part[1:-1] for part in route.path.split("/") if part.startswith("{")}
            known = (route.params - later) | theirs | GLOBAL_PARAMS | variables
            named = ", ".join(unrecognized(name, known) for name in unknown)
            plural = "s" if len(unknown) > 1 else ""
            raise illegal_argument(f"request [{path}] contains unrecognized parameter{plural}: {named}")

    def _methods(self, segments: list[str]) -> list[str]:
        ours = {method for branch in self._walk(self._root, segments, 0) for method in branch.routes}
        return sorted(ours | self._endpoints.methods(segments))

    def _walk(self, branch: _Branch, segments: list[str], position: int) -> Iterator[_Branch]:
        """All ends of the path, those with more exact segments first."""
        if position == len(segments):
            if branch.routes:
                yield branch
            return
        segment = segments[position]
        if segment in branch.exact:
            yield from self._walk(branch.exact[segment], segments, position + 1)
        # The first variable of a path is an index or an alias; the name of an API is neither.
        if branch.variable is not None and segment and not (position == 0 and segment in self._endpoints.names):
            yield from self._walk(branch.variable, segments, position + 1)

    def _add(self, route: Route) -> None:
        branch = self._root
        for segment in route.path.strip("/").split("/"):
            if segment.startswith("{"):
                branch.variable = branch.variable or _Branch()
                branch = branch.variable
            elif segment:
                branch = branch.exact.setdefault(segment, _Branch())
        if route.method in branch.routes:
            raise ValueError(f"two handlers for {route.method} {route.path}")
        branch.routes[route.method] = route
        if route.method == "GET" and re.sub(r"\{\w+\}", "{}", route.path) in _HEADS:
            branch.routes.setdefault("HEAD", route)


def _segments(uri: str) -> list[str]:
    """The decoded segments of a path; trailing slashes do not count, and a doubled one at the start is one."""
    path = uri.partition("?")[0]
    pieces = path.rstrip("/").split("/")[1:]
    # "http://host:9200/" + "/_search" is a common slip; the real one reads an index without a name, which means all.
    if len(pieces) > 1 and not pieces[0] and pieces[1].startswith("_"):
        pieces = pieces[1:]
    try:
        return [decode(piece) for piece in pieces]
    except ValueError as error:
        raise illegal_argument(str(error)) from None


def _variables(route: Route, segments: list[str]) -> dict[str, str]:
    names = [part for part in route.path.split("/") if part]
    return {name[1:-1]: value for name, value in zip(names, segments, strict=True) if name.startswith("{")}


def _allow(methods: list[str]) -> dict[str, str]:
    return {"Allow": ",".join(methods)} if methods else {}
