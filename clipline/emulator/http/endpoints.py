"""What Elasticsearch has, whether or not the emulator has it: by it a refusal is told from an error.

An API or a parameter that stands here and not in the routes is answered with 501; one that stands nowhere, with the 400
of the real server. ``endpoints.txt`` holds the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files

from clipline.emulator.identity import Version

_VARIABLE = re.compile(r"\{\w+\}")
UNLISTED = frozenset({"_internal", "_data_frame", "_internal_nodes", "_profiling", "_reset_features"})
"""Names that begin APIs of the server which its specification does not list."""

_PARAMS_SINCE = {"_source_exclude_vectors": (9, 2)}
"""Parameters that came to APIs which were there before."""


class Endpoints:
    """The APIs of one version of Elasticsearch."""

    def __init__(self, version: Version, *, absent: Iterable[str] = ()) -> None:
        """``absent`` are first segments of paths that this node lacks although its version has them."""
        gone = set(absent)
        self.later = frozenset(name for name, since in _PARAMS_SINCE.items() if version < since)
        """Parameters that this version does not have yet."""
        self._params: dict[str, dict[str, frozenset[str]]] = {}
        for line in (files("clipline.emulator.http") / "endpoints.txt").read_text("utf-8").splitlines():
            if line.startswith("#"):
                continue
            methods, path, since, params = line.split(" ")
            if path.split("/")[1] in gone or (since != "-" and version < _version(since)):
                continue
            given = (param.partition("@") for param in params.split(",") if param != "-")
            names = frozenset(name for name, _, since in given if not since or version >= _version(since))
            for method in methods.split(","):
                self._params.setdefault(_shape(path), {})[method] = names
        self.names = frozenset(
            segment for path in self._params for segment in path.split("/") if segment.startswith("_")
        ) - {"_all"} | (UNLISTED - gone)  # fmt: skip
        """Every segment that belongs to an API; no index, alias or document can be meant by one at the beginning.

        ``_all`` names every index there, although ``_inference/{task_type}/_all`` is an API.
        """
        self._patterns = [(path.split("/")[1:], methods) for path, methods in self._params.items()]

    def methods(self, segments: list[str]) -> set[str]:
        """The methods that a path has; none for one that is no API's."""
        found: set[str] = set()
        for pattern, methods in self._patterns:
            if len(pattern) == len(segments) and all(map(_fits, pattern, segments, range(len(segments)))):
                found |= methods.keys()
        return found

    def all(self) -> Mapping[str, Iterable[str]]:
        """Every path, with ``{}`` for its variables, and the methods that it has."""
        return self._params

    def params(self, method: str, path: str) -> frozenset[str]:
        """The parameters of the API at a path as routes write it."""
        by_method: Mapping[str, frozenset[str]] = self._params.get(_shape(path), {})
        if method == "HEAD" and "HEAD" not in by_method:
            method = "GET"
        return by_method.get(method, frozenset())


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def _shape(path: str) -> str:
    return _VARIABLE.sub("{}", path)


def _fits(pattern: str, segment: str, position: int) -> bool:
    if pattern != "{}":
        return pattern == segment
    # The first variable is an index, whose name does not begin so.
    return bool(segment) and not (position == 0 and segment.startswith("_") and segment != "_all")
