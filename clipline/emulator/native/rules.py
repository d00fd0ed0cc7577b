"""What the native process of a version refuses to load, from ``clipline/data/ml-native.json``.

The file was read off the tags of elastic/ml-cpp (CModelGraphValidator, CSupportedOperations, Main). What it says of the
newest tag of a line holds for later patches of that line too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from clipline.emulator.identity import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The checks of one version, and those that the emulator makes on every version, for it may run a stranger's model."""

    version: str
    allowed: frozenset[str] | None
    """The operators that a graph may have; ``None``: the version has no such list."""
    forbidden: frozenset[str]
    """The operators that this version names as forbidden."""
    refused: frozenset[str]
    """Those that the emulator refuses on every version."""
    legacy: frozenset[str]
    """The operators that older versions look for in the top level of ``forward``."""
    hooks: tuple[str, ...]
    scans_hooks: bool
    scan_fails_closed: bool
    most_nodes: int


def rules(version: str) -> Rules:
    """The rules of a version such as ``9.2.0``."""
    data: dict[str, Any] = json.loads((files("clipline") / "data" / "ml-native.json").read_text("utf-8"))
    graph = data["graph_validation"]
    number = Version.parse(version)
    scan = graph["state_hook_prescan"]
    legacy = graph["legacy_check"]
    spans = [span.split("..") for span in legacy["tags"].values()]
    lines = [(Version.parse(first), Version.parse(last)) for first, last in spans if _emulated(first)]
    return Rules(
        version=version,
        allowed=_of_version(graph["allowed_operations"], number),
        forbidden=_of_version(graph["forbidden_operations"], number) or frozenset(),
        refused=frozenset(name for names in graph["forbidden_operations"].values() for name in names),
        legacy=frozenset(legacy["op_list"] if any(first <= number <= last for first, last in lines) else ()),
        hooks=tuple(scan["rejects"]),
        scans_hooks=_since(scan["first_versions"], number),
        scan_fails_closed=number >= (9, 5, 2),
        most_nodes=graph["max_node_count"],
    )


def _emulated(version: str) -> bool:
    try:
        Version.parse(version)
    except ValueError:
        return False
    return True


def _since(first: Iterable[str], version: Version) -> bool:
    """Whether a version is at or after the first one of its own line."""
    starts = [Version.parse(text) for text in first]
    return any(start[:2] == version[:2] and start <= version for start in starts)


def _of_version(by_tags: Mapping[str, list[str]], version: Version) -> frozenset[str] | None:
    """The names under the newest tag of the version's line that is not newer than it."""
    tags = {
        Version.parse(tag.strip().removeprefix("v")): names for key, names in by_tags.items() for tag in key.split(",")
    }
    line = [tag for tag in tags if tag[:2] == version[:2] and tag <= version]
    return frozenset(tags[max(line)]) if line else None
