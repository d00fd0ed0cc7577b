"""The values of ``${name}`` in a stack's files.

From ``--var``, ``--vars-file``, ``CLIPLINE_VAR_<name>`` and ``vars.yml``, the first that has the name; then the default
written at the reference, ``${name:-default}``. ``$${`` stands for a literal ``${``. A value is never looked through for
references; one in a file that looks like holding some is refused, as is one in a default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from clipline.core.errors import UsageError
from provisioning.assets.documents import Document, read_document

ENVIRONMENT_PREFIX = "CLIPLINE_VAR_"
_NAME = re.compile(r"[A-Za-z_]\w*")
_REFERENCE = re.compile(r"\$\$\{|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\$\{")


_HINT = "write ${name} or ${name:-text without a reference}, or $${ for a ${"


class Layer(IntEnum):
    """Where a value comes from; the higher overrules the lower."""

    DEFAULT = 0
    STACK = 1
    ENVIRONMENT = 2
    FILE = 3
    FLAG = 4


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its text, its layer, its origin in words, and the folder that a relative path in it belongs to."""

    text: str
    layer: Layer
    origin: str
    base: Path


@dataclass(frozen=True, slots=True)
class Substituted:
    """A scalar with its references replaced; ``whole`` if it was one single reference and nothing else."""

    text: str
    base: Path
    whole: bool


@dataclass(slots=True)
class Variables:
    """All values given, and a record of those that were asked for (``used``)."""

    layers: Mapping[Layer, Mapping[str, Value]]
    used: dict[str, Value] = field(default_factory=dict)

    def get(self, name: str, *, below: Layer | None = None) -> Value | None:
        """The value of a name from the highest layer that has it, or from those up to ``below``."""
        for layer in sorted(self.layers, reverse=True):
            if (below is None or layer <= below) and name in self.layers[layer]:
                return self.layers[layer][name]
        return None

    def given(self) -> dict[str, Value]:
        """Every name that some layer has, with its value."""
        names = {name for layer in self.layers.values() for name in layer}
        return {name: value for name in sorted(names) if (value := self.get(name)) is not None}

    def substitute(self, text: str, *, where: str, base: Path) -> Substituted:
        """Replace the references in a scalar.

        Raises:
            UsageError: a name without value and without default, or a broken reference; ``where`` leads the message.
        """
        whole = False
        path_base = base

        def replace(match: re.Match[str]) -> str:
            nonlocal whole, path_base
            if match.group(0) == "$${":
                return "${"
            name, default = match.group(1), match.group(2)
            if name is None or "${" in (default or ""):
                raise UsageError(f"{text!r} has a broken reference", where=where, hint=_HINT)
            value = self.get(name)
            if value is None:
                if default is None:
                    hint = f"give --var {name}=VALUE, or set it in vars.yml"
                    raise UsageError(f"the variable {name} has no value", where=where, hint=hint)
                value = Value(default, Layer.DEFAULT, where, base)
            self.used[name] = value
            if match.span() == (0, len(text)):
                whole = True
                path_base = value.base
            return value.text

        replaced = _REFERENCE.sub(replace, text)
        return Substituted(replaced, path_base, whole)


def gather(
    *,
    stack: Path,
    flags: Sequence[str] = (),
    files: Sequence[Path] = (),
    environment: Mapping[str, str],
) -> Variables:
    """All layers of values for a stack.

    Args:
        stack: the stack's folder; its ``vars.yml`` may be absent.
        flags: ``NAME=VALUE`` as given to ``--var``; relative paths in them belong to the current directory.
        files: as given to ``--vars-file``; a later one overrules an earlier.
        environment: its ``CLIPLINE_VAR_…`` count.

    Raises:
        UsageError: a flag without ``=``, an illegal name, a file that is absent, a ``vars.yml`` that is no file.
        AssetError: a file that cannot be read as a mapping of names to scalars.
    """
    here = Path.cwd()
    by_flag: dict[str, Value] = {}
    for flag in flags:
        name, equals, text = flag.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise UsageError(f"--var {flag!r} is not NAME=VALUE", hint="write --var replicas=0")
        by_flag[name] = Value(text, Layer.FLAG, "--var", here)
    by_file: dict[str, Value] = {}
    for file in files:
        if not file.is_file():
            raise UsageError("the variables file does not exist", where=str(file))
        by_file |= _from_file(file, Layer.FILE)
    by_environment = {
        name.removeprefix(ENVIRONMENT_PREFIX): Value(text, Layer.ENVIRONMENT, name, here)
        for name, text in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }
    own = stack / "vars.yml"
    if not own.is_file() and (own.exists() or own.is_symlink()):
        raise UsageError("is no file that can be read", where=str(own), hint="make it a file, or remove it")
    return Variables(
        {
            Layer.FLAG: by_flag,
            Layer.FILE: by_file,
            Layer.ENVIRONMENT: by_environment,
            Layer.STACK: _from_file(own, Layer.STACK) if own.is_file() else {},
        }
    )


def _from_file(file: Path, layer: Layer) -> dict[str, Value]:
    document = read_document(file, as_text=True)
    values: dict[str, Value] = {}
    for name, value in document.mapping().items():
        where = document.where(name)
        if not _NAME.fullmatch(name):
            raise document.error(f"{name!r} is not a legal variable name", name)
        if isinstance(value, dict | list):
            raise document.error(f"the variable {name} must be a single value", name)
        text = _scalar_text(document, name)
        if "${" in text.replace("$${", ""):
            hint = "write the value out, or put both references where it is used; $${ stands for a ${"
            raise document.error(
                f"the variable {name} holds a reference, and values are not read again", name, hint=hint
            )
        values[name] = Value(text.replace("$${", "${"), layer, where, file.parent)
    return values


def _scalar_text(document: Document, name: str) -> str:
    # As written, so that 007 stays 007 until the place that uses it decides what it is.
    return document.mark(name).text or ""
