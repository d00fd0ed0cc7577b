"""From a model's name to its directory on this machine.

A name is a hub id (``organisation/name``) with a revision, or a directory. ``at_hand`` looks only at the disk;
``obtain`` downloads a hub id that is not there yet.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from clipline.core.errors import MissingExtraError, ModelError

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model's files come from: a hub id with its revision, or a directory without one."""

    model: str
    revision: str | None = None

    @property
    def is_directory(self) -> bool:
        """Whether ``model`` names a directory."""
        return self.revision is None

    def __str__(self) -> str:
        return f"{self.model}@{self.revision}" if self.revision else self.model


def resolve_source(model: str, *, revision: str | None, base: Path) -> ModelSource:
    """A model's name as an asset gives it; a directory is made absolute and its revision ignored.

    A name is a directory when one is there, relative to ``base``, or when it cannot be a hub id.

    Raises:
        ModelError: a hub id without a revision, or a directory that does not exist.
    """
    path = base / Path(model).expanduser()
    if path.is_dir():
        return ModelSource(str(path.resolve()))
    if not is_hub_id(model, base=base):
        raise ModelError(f"the model directory {model} does not exist", hint="give a directory, or a hub id")
    if not revision:
        raise ModelError(
            f"the hub model {model} has no revision, so what it is could change any day",
            hint="name the commit of the model's repository as its revision",
        )
    return ModelSource(model, revision)


def is_hub_id(model: str, *, base: Path) -> bool:
    """Whether a model's name means a model of the hub: no such directory is there, and it is written like one."""
    return not (base / Path(model).expanduser()).is_dir() and _HUB_ID.fullmatch(model) is not None


def at_hand(source: ModelSource) -> Path | None:
    """The model's directory if its files are on this machine: itself, or the hub cache's snapshot."""
    if source.is_directory:
        path = Path(source.model)
        return path if path.is_dir() else None
    folder = _hub_cache() / f"models--{source.model.replace('/', '--')}" / "snapshots" / str(source.revision)
    return folder if (folder / "modules.json").is_file() else None


def obtain(source: ModelSource) -> Path:
    """The model's directory, downloaded when it is a hub id that is not at hand.

    Raises:
        ModelError: it is not there, or the hub cannot be reached.
        MissingExtraError: a download needs ``clipline[models]``.
    """
    directory = at_hand(source)
    if directory is not None:
        return directory
    if source.is_directory:
        raise ModelError("the model directory does not exist", where=source.model)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingExtraError("models", purpose=f"downloading {source}", package="huggingface_hub") from error
    try:
        return Path(
            snapshot_download(
                source.model,
                revision=source.revision,
                ignore_patterns=["onnx/*", "openvino/*", "*.onnx", "*.h5", "*.msgpack", "*.ot", "rust_model*"],
            )
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ModelError(
            f"{source} cannot be downloaded: {str(error).partition(chr(10))[0]}",
            hint="check the network, or give a directory that holds a copy of the model",
        ) from error


def _hub_cache() -> Path:
    # The same order as huggingface_hub's own constants, which would cost its import.
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "huggingface" / "hub"
