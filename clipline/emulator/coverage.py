"""What the emulator answers and what it refuses, read from its own tables: ``python -m clipline.emulator.coverage FILE``.

It rewrites the part of a Markdown file between two marks; a test compares that part with the tables, so that it cannot
go stale.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from clipline.emulator import absent, cluster, indices, ingest, ml, search, security
from clipline.emulator.http.endpoints import Endpoints
from clipline.emulator.http.wire import Route
from clipline.emulator.identity import TESTED, Version
from clipline.emulator.indices.field_types import ANALYZERS, KNOWN_TYPES, LACKING_ANALYZERS, PARAMETERS
from clipline.emulator.indices.setting_table import SETTINGS
from clipline.emulator.ingest.processors import PROCESSORS, refused
from clipline.emulator.known_settings import DYNAMIC
from clipline.emulator.search.queries import LACKING, READERS

FAMILIES = {
    "Cluster": cluster,
    "Indices and documents": indices,
    "Search": search,
    "Ingest": ingest,
    "Trained models": ml,
    "Security (with `--secure`)": security,
    "Empty by nature": absent,
}
_MARK = re.compile(r"(<!-- generated -->\n).*?(<!-- end of what is generated -->\n)", re.DOTALL)
_NEWEST = Version.parse(TESTED[-1])


def main(arguments: list[str]) -> int:
    """Rewrite the generated part of a page."""
    (name,) = arguments
    path = Path(name)
    path.write_text(rewritten(path.read_text("utf-8")), "utf-8")
    return 0


def rewritten(page: str) -> str:
    """A page with its generated part as the tables have it now."""
    return _MARK.sub(lambda match: match[1] + "\n".join(lines()) + "\n" + match[2], page)


def lines() -> Iterator[str]:
    """The generated part, line by line."""
    endpoints = Endpoints(_NEWEST)
    yield "## APIs that are answered"
    for title, family in FAMILIES.items():
        yield from ("", f"### {title}", "", "| API | parameters answered with 501 |", "|---|---|")
        yield from _routes(family.ROUTES, endpoints)
    yield from ("", "## APIs that are refused with 501", "", _refused_apis(endpoints))
    yield from _pair("Queries", READERS, LACKING)
    yield from _pair("Ingest processors", [*PROCESSORS, "pipeline"], refused(_NEWEST))
    yield from _pair("Field types", [*PARAMETERS, "dense_vector", "object"], KNOWN_TYPES)
    yield from _pair("Analyzers", ANALYZERS, LACKING_ANALYZERS)
    yield from ("", "## Index settings", "")
    effects = {"done": "obeyed", "idle": "kept and shown; they change nothing on one emulated node",
               "lacking": "refused with 501 unless they say what is the default"}  # fmt: skip
    for effect, words in effects.items():
        yield f"- {words}: {_listed(setting.name for setting in SETTINGS.values() if setting.effect == effect)}"
    yield from ("", "## Cluster settings", "")
    yield "`include_defaults` shows the defaults of these only; Elasticsearch shows some hundred more."
    yield ""
    obeyed = {name for name, setting in DYNAMIC.items() if setting.effect}
    idle = {name for name, setting in DYNAMIC.items() if setting.idle}
    for words, names in zip(
        effects.values(), (obeyed, {*idle, "logger.*"}, DYNAMIC.keys() - obeyed - idle), strict=True
    ):
        yield f"- {words}: {_listed(names)}"


def _routes(routes: Iterable[Route], endpoints: Endpoints) -> Iterator[str]:
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for route in routes:
        if route.lacking:
            continue
        lacking = (endpoints.params(route.method, route.path) | route.refused) - route.params
        rows[(route.path, _listed(lacking))].append(route.method)
    for (path, refusals), methods in sorted(rows.items()):
        yield f"| `{', '.join(sorted(methods))} {path}` | {refusals} |"


def _refused_apis(endpoints: Endpoints) -> str:
    ours = {
        (re.sub(r"\{\w+\}", "{}", route.path), route.method)
        for family in FAMILIES.values()
        for route in family.ROUTES
        if not route.lacking
    }
    theirs = {(path, method) for path, methods in endpoints.all().items() for method in methods}
    refused: dict[str, set[str]] = defaultdict(set)
    for path, method in theirs - ours:
        if method != "HEAD":
            refused[path].add(method)
    # The methods are named where others of the same path are answered.
    partly = {path for path, _ in ours}
    return _listed(f"{path} ({', '.join(sorted(refused[path]))})" if path in partly else path for path in refused)


def _pair(title: str, done: Iterable[str], lacking: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "", f"- answered: {_listed(done)}", f"- refused with 501: {_listed(lacking)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "none"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
