"""``pipelines/tests/<pipeline>/*.yml`` → cases, and what is wrong with them by file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clipline.core.errors import AssetError, Finding
from provisioning.assets.documents import Document, PathKey, read_document
from provisioning.assets.schema import shape_findings
from provisioning.assets.stack import Asset, Stack
from provisioning.assets.variables import Variables
from provisioning.pipeline_tests.bodies import models
from provisioning.pipeline_tests.case import METADATA, Case, Fault
from provisioning.pipeline_tests.matchers import MatcherError, read_value

FOLDER = Path("pipelines") / "tests"
_SUFFIXES = (".yml", ".yaml", ".json")
_WANTED = ("expected", "error", "dropped")


def read_tests(stack: Stack, variables: Variables) -> tuple[Case, ...]:
    """Every case of a stack whose pipelines were read and checked, by pipeline and file.

    Raises:
        AssetError: with every finding.
        UsageError: a variable has no value.
    """
    pipelines = {asset.name: asset for asset in stack.of("ingest_pipeline")}
    findings: list[Finding] = []
    cases: list[Case] = []
    for file in _files(stack.directory / FOLDER):
        name = file.relative_to(stack.directory).as_posix()
        try:
            document = _read(file, name, stack.directory, variables)
            pipeline = pipelines.get(file.parent.name)
            if file.parent == stack.directory / FOLDER or pipeline is None:
                raise document.error(
                    "this file stands in no folder that is named like a pipeline",
                    hint=f"move it into {FOLDER.as_posix()}/<one of {', '.join(sorted(pipelines)) or 'none'}>/",
                )
            cases.extend(_Reader(document, pipeline).cases())
        except AssetError as error:
            findings.extend(error.findings)
    findings.extend(_same_names(cases))
    if findings:
        raise AssetError(findings)
    return tuple(cases)


def mentions(directory: Path, variable: str) -> bool:
    """Whether the tests of the stack in a folder refer to a variable; its other files may not, and still it is no slip."""
    reference = re.compile(rf"\$\{{{re.escape(variable)}(:-|\}})")
    return any(reference.search(file.read_text("utf-8", "replace")) for file in _files(directory / FOLDER))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
    )


def _read(file: Path, name: str, directory: Path, variables: Variables) -> Document:
    def substitute(text: str, where: str) -> tuple[str, Path, bool]:
        done = variables.substitute(text, where=where, base=directory)
        return done.text, done.base, done.whole

    return read_document(file, name=name, substitute=substitute)


def _same_names(cases: list[Case]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Case] = {}
    for case in cases:
        other = first.setdefault((case.pipeline, case.name), case)
        if other is not case:
            yield Finding(case.where, f"the case {case.name!r} is there twice, also in {other.where}")


class _Reader:
    """Turns one file's value into cases, collecting what is wrong."""

    def __init__(self, document: Document, pipeline: Asset) -> None:
        self._document = document
        self._pipeline = pipeline
        self._findings: list[Finding] = []

    def cases(self) -> list[Case]:
        """The file's cases.

        Raises:
            AssetError: with every finding in this file.
        """
        self._findings.extend(shape_findings(Asset("pipeline_test", self._pipeline.name, self._document)))
        cases = [] if self._findings else [self._case(*item) for item in enumerate(self._document.mapping()["cases"])]
        if self._findings:
            raise AssetError(self._findings)
        return cases

    def _case(self, number: int, value: dict[str, Any]) -> Case:
        path: PathKey = ("cases", number)
        self._check(path, value)
        return Case(
            pipeline=self._pipeline.name,
            name=value["name"],
            where=self._document.where(*path),
            document=self._value(value["document"], (*path, "document"), sent=True),
            expected=self._value(value.get("expected"), (*path, "expected")),
            error=self._value(value.get("error"), (*path, "error")),
            dropped=value.get("dropped", False),
            passes=value.get("passes", 1),
            fault=Fault(value["model"]) if "model" in value else None,
            skip=value.get("skip"),
        )

    def _check(self, path: PathKey, value: dict[str, Any]) -> None:
        wanted = [key for key in _WANTED if key in value]
        if len(wanted) != 1:
            said = " and ".join(wanted) or "none"
            self._find(f"a case says one of {', '.join(_WANTED)}; this one says {said}", *path)
        if value.get("passes", 1) > 1 and "expected" not in value:
            self._find("only a document that comes out can pass again", *path, "passes")
        if "model" in value and not models(self._pipeline.body):
            where = self._pipeline.document.name
            self._find(f"{where} has no inference processor whose model could be {value['model']}", *path, "model")
        for key in METADATA:
            if not isinstance(value["document"].get(key, ""), str):
                self._find(f"{key} must be a text", *path, "document", key)

    def _value(self, value: Any, path: PathKey, *, sent: bool = False) -> Any:
        if isinstance(value, list):
            return [self._value(item, (*path, number), sent=sent) for number, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if not any(key.startswith("$") for key in value):
            return {key: self._value(child, (*path, key), sent=sent) for key, child in value.items()}
        try:
            return read_value(value, sent=sent)
        except MatcherError as error:
            self._find(str(error), *path)
            return None

    def _find(self, what: str, *path: str | int) -> None:
        self._findings.append(self._document.finding(what, *path))
