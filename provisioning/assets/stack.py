"""A stack's folder as assets.

One file is one resource; its stem is the resource's name. ``mappings/`` holds index templates,
``mappings/components/`` component templates, ``pipelines/`` ingest pipelines, ``models/`` text models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipline.core.errors import AssetError, Finding, UsageError
from clipline.core.hub import is_hub_id
from provisioning.assets import names
from provisioning.assets.documents import Document, PathKey, read_document
from provisioning.assets.variables import Value, Variables

FOLDERS = ("mappings", "pipelines", "models")
_SUFFIXES = (".yml", ".yaml", ".json")
_KINDS = {
    "mappings/components": "component_template",
    "mappings": "index_template",
    "pipelines": "ingest_pipeline",
    "models": "model",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: what it declares, and where each value of it stands."""

    kind: str
    name: str
    document: Document

    @property
    def body(self) -> dict[str, Any]:
        """The file's value."""
        return self.document.mapping()


@dataclass(frozen=True, slots=True)
class Stack:
    """A folder of assets with its name and the values its variables took."""

    name: str
    directory: Path
    assets: tuple[Asset, ...]
    variables: Mapping[str, Value]

    def of(self, kind: str) -> tuple[Asset, ...]:
        """The assets of one kind, by name."""
        return tuple(asset for asset in self.assets if asset.kind == kind)


def is_stack(directory: Path) -> bool:
    """Whether a folder has the three folders of a stack."""
    return all((directory / folder).is_dir() for folder in FOLDERS)


def read_stack(directory: Path, variables: Variables) -> Stack:
    """Read every asset of a stack.

    Raises:
        UsageError: the folder is not a stack, it has no name, or a variable has no value.
        AssetError: files that cannot be read; all of them, not only the first.
    """
    if not is_stack(directory):
        lacking = [directory / folder for folder in FOLDERS if not (directory / folder).is_dir()]
        for place in lacking:
            if place.is_symlink():
                what = "is a symbolic link to nothing, or to itself"
                raise UsageError(what, where=str(place), hint="mend or remove it")
        missing = ", ".join(f"{place.name}/" for place in lacking)
        raise UsageError(
            f"this is not a stack: {missing} missing", where=str(directory), hint="clipline init DIR writes a new one"
        )
    findings: list[Finding] = []
    assets: list[Asset] = []
    for folder, kind in _KINDS.items():
        for file in _asset_files(directory / folder):
            try:
                name = file.relative_to(directory).as_posix()
                assets.append(Asset(kind, file.stem, _read(file, name, variables)))
            except AssetError as error:
                findings.extend(error.findings)
    findings.extend(_same_names(assets))
    if findings:
        raise AssetError(findings)
    stack_name = variables.get("stack")
    if stack_name is None or not stack_name.text:
        raise UsageError("the stack has no name", where=str(directory / "vars.yml"), hint="add the line `stack: NAME`")
    if wrong := names.stack_name(stack_name.text):
        raise UsageError(
            f"the stack's name {stack_name.text!r} {wrong}", where=stack_name.origin, hint="choose another"
        )
    _check_revisions(variables)
    return Stack(stack_name.text, directory, tuple(assets), variables.used)


def _asset_files(folder: Path) -> list[Path]:
    """What is named like an asset: also what is no file, which ``_read`` refuses rather than passes over."""
    if not folder.is_dir():
        return []
    return sorted(
        file
        for file in folder.iterdir()
        if (file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")) or file.name.lower() in _SUFFIXES
    )


def _read(file: Path, name: str, variables: Variables) -> Document:
    if not file.suffix:
        raise AssetError(
            [Finding(name, "has no name before its suffix", "give it the name of its resource, or remove it")]
        )
    if not file.is_file():
        what = "a symbolic link to nothing, or to itself" if file.is_symlink() else "not a file"
        raise AssetError([Finding(name, f"is named like an asset and is {what}", "remove or rename it")])

    def substitute(text: str, where: str) -> tuple[str, Path, bool]:
        done = variables.substitute(text, where=where, base=file.parent.parent)
        return done.text, done.base, done.whole

    document = read_document(file, name=name, substitute=substitute)
    if not document.mapping():
        raise document.error("this file is empty")
    return document


def _same_names(assets: list[Asset]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Asset] = {}
    for asset in assets:
        other = first.setdefault((asset.kind, asset.name), asset)
        if other is not asset:
            yield asset.document.finding(f"{asset.name} is declared twice, also in {other.document.name}")


def _check_revisions(variables: Variables) -> None:
    """A hub model given by one layer must not take its revision from a lower one: it belongs to another model."""
    for name, revision in list(variables.used.items()):
        model_name = name.removesuffix("_revision")
        model = variables.used.get(model_name)
        if model_name == name or model is None or model.layer <= revision.layer:
            continue
        below = variables.get(model_name, below=revision.layer)
        if (below is not None and below.text == model.text) or not is_hub_id(model.text, base=model.base):
            continue
        raise UsageError(
            f"{model_name} is {model.text}, but {name} still is the revision of another model",
            where=model.origin,
            hint=f"give {name} beside it, the commit of {model.text}",
        )


def value_at(document: Document, *path: str | int) -> Any:
    """The value at a path, ``None`` where there is none."""
    value: Any = document.value
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def paths(value: Any, prefix: PathKey = ()) -> Iterator[tuple[PathKey, Any]]:
    """Every path in a value with what stands there, parents before their children."""
    yield prefix, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from paths(child, (*prefix, key))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from paths(child, (*prefix, number))


def placed_processors(asset: Asset, kind: str) -> Iterator[tuple[PathKey, dict[str, Any]]]:
    """Every processor of one kind in a pipeline's file, with its place."""
    for path, value in paths(asset.body):
        # A processor stands in a list of them, or alone in a ``foreach``.
        listed = len(path) >= 2 and path[-1] == kind and (isinstance(path[-2], int) or path[-2] == "processor")
        if listed and isinstance(value, dict):
            yield path, value
