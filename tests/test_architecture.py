"""Who may import whom, as data, checked against the imports of every module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("clipline", "provisioning", "loader")

# room → what it may import of ours; the longest matching room counts
ALLOWED = {
    "clipline.core": ("clipline.core",),
    "clipline.search": ("clipline.core", "clipline.search"),
    "clipline.emulator": ("clipline.emulator",),
    "clipline.testing": ("clipline.testing",),
    "provisioning": ("clipline.core", "provisioning"),
    "loader": ("clipline.core", "loader"),
    "clipline.cli": ("clipline", "provisioning", "loader"),
    "clipline.commands": ("clipline", "provisioning", "loader"),
    "clipline.demo": ("clipline", "provisioning", "loader"),
}
# modules, and packages as a whole, where a client may be held: nobody else may import elasticsearch, not even for a type
CLIENT = {
    "clipline.core.cluster", "clipline.search.searcher", "clipline.search.web", "loader.target", "loader.bulk", "loader.run",
    "provisioning.observe", "provisioning.apply", "provisioning.bundles.parts", "provisioning.bundles.push",
    "provisioning.bundles.parity",
    "provisioning.state", "provisioning.doctor.gather", "provisioning.simulate", "provisioning.status.read",
    "clipline.commands", "clipline.demo.job",
}  # fmt: skip
PURE = (
    "assets", "bundles.loadable", "canonical", "desired", "diff", "doctor.checks", "doctor.facts", "doctor.finding",
    "doctor.model_users", "doctor.needs", "ml_memory", "ml_room", "observed", "pipeline_tests", "plan", "plan_file", "planner",
    "processors", "render", "roles", "seen", "status.parts", "status.screen", "users",
)  # fmt: skip
HEAVY = ("torch", "transformers", "eland", "sentence_transformers")
# training and the native process are torch programs; nothing imports them
TORCH_PROGRAMS = ("clipline.demo.train", "clipline.demo.measure")


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of ours with its file."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), file


def imports(file: Path, *, top_level: bool = False) -> set[str]:
    """The modules that a file imports: anywhere, or only when it is imported itself."""
    tree = ast.parse(file.read_text("utf-8"))
    nodes = list(_top(tree)) if top_level else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def _top(tree: ast.Module) -> Iterator[ast.AST]:
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            continue
        yield from ast.walk(node)


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


@pytest.mark.parametrize(("name", "file"), list(modules()))
def test_rooms(name: str, file: Path) -> None:
    room = max((room for room in ALLOWED if within(name, room)), key=len, default=None)
    allowed = ALLOWED[room] if room else ("clipline.core",)
    ours = {module for module in imports(file) if module.split(".")[0] in PACKAGES}
    assert not {module for module in ours if not any(within(module, room) for room in allowed)}
    if room not in ("clipline.cli", "clipline.commands", "clipline.demo"):
        roots = ("clipline.cli", "clipline.commands", "clipline.demo")
        assert not {module for module in ours if any(within(module, root) for root in roots)}


@pytest.mark.parametrize(("name", "file"), list(modules()))
def test_only_some_hold_a_client(name: str, file: Path) -> None:
    if not any(within(name, room) for room in CLIENT):
        assert not {module for module in imports(file) if within(module, "elasticsearch")}


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_reach_no_client(name: str) -> None:
    files = dict(modules())
    seen, waiting = set(), [module for module in files if within(module, f"provisioning.{name}")]
    assert waiting
    while waiting:
        module = waiting.pop()
        seen.add(module)
        found = imports(files[module])
        assert not {item for item in found if within(item, "elasticsearch")}, module
        waiting += [item for item in found if item in files and item not in seen]
    assert not any(within(module, room) for module in seen for room in CLIENT)


@pytest.mark.parametrize(("name", "file"), list(modules()))
def test_heavy_libraries_are_imported_inside_functions(name: str, file: Path) -> None:
    if not name.startswith(TORCH_PROGRAMS):
        assert not {module for module in imports(file, top_level=True) if module.split(".")[0] in HEAVY}


@pytest.mark.parametrize("room", ["contract", "core", "e2e", "loader", "provisioning", "search"])
def test_emulators_of_tests_have_the_version_of_the_client(room: str) -> None:
    # tests/nodes.py starts them so; tests/emulator is about the emulator itself.
    for file in sorted((ROOT / "tests" / room).rglob("*.py")):
        assert "clipline.emulator.launch" not in imports(file), f"{file}: take it from tests.nodes"
