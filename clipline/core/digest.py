"""The identity of a model directory: one SHA-256 that a hub download and its copy share.

The lines ``<posix path> NUL <sha256 of the file>``, sorted, of ``modules.json``, ``sentence_bert_config.json``,
``config_sentence_transformers.json`` and, for each module of ``modules.json``, its JSON configurations, tokenizer and
vocabulary files and its one weight file; then the import parameters as canonical JSON; then ``RECIPE``. README files,
``onnx/``, ``openvino/`` and other formats do not count. Nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clipline.core.digest_cache import file_digest
from clipline.core.errors import ModelError

RECIPE = 1
"""Raised when the same files and parameters would give another model than before."""

_ROOT_FILES = ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json")
_VOCABULARY_FILES = ("vocab.txt", "merges.txt", "bpe.codes")
_VOCABULARY_SUFFIXES = (".model", ".vocab")  # SentencePiece
_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
_INDEX_FILES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


def model_digest(directory: Path, *, parameters: Mapping[str, Any]) -> str:
    """The digest of a sentence-transformers directory with its import parameters, as ``sha256:<64 hex>``.

    Raises:
        ModelError: the directory is not one of sentence-transformers, or a file of it is missing.
    """
    total = hashlib.sha256()
    for file in model_files(directory):
        path = file.relative_to(directory).as_posix()
        total.update(path.encode() + b"\0" + file_digest(file).encode() + b"\n")
    total.update(json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode() + b"\n")
    total.update(str(RECIPE).encode())
    return f"sha256:{total.hexdigest()}"


def model_files(directory: Path) -> list[Path]:
    """The files that make the model what it is, sorted by their path in the directory.

    Raises:
        ModelError: as ``model_digest``.
    """
    files = {directory / name for name in _ROOT_FILES if (directory / name).is_file()}
    for module in _modules(directory):
        files.update(_module_files(module))
    return sorted(files, key=lambda file: file.relative_to(directory).as_posix())


def _modules(directory: Path) -> Iterator[Path]:
    listing = directory / "modules.json"
    try:
        modules = json.loads(listing.read_text("utf-8"))
        paths = [str(module["path"]) for module in modules]
    except FileNotFoundError:
        raise ModelError(
            "this is not a sentence-transformers directory: modules.json is missing",
            where=str(directory),
            hint="give the directory that SentenceTransformer(…).save(…) wrote",
        ) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"modules.json cannot be read: {error}", where=str(listing)) from error
    for path in paths:
        folder = (directory / path).resolve()
        if not folder.is_relative_to(directory.resolve()):
            raise ModelError(f"module path {path!r} leaves the model's directory", where=str(listing))
        yield directory / path


def _module_files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise ModelError("a module named in modules.json is missing", where=str(folder))
    for name in _INDEX_FILES:
        if (folder / name).is_file():
            raise ModelError(
                "weights in several files are not supported",
                where=str(folder / name),
                hint="save the model with one model.safetensors",
            )
    for file in folder.iterdir():
        if not file.is_file():
            continue
        if file.suffix == ".json" or file.name in _VOCABULARY_FILES or file.suffix in _VOCABULARY_SUFFIXES:
            yield file
    for name in _WEIGHT_FILES:
        if (folder / name).is_file():
            yield folder / name
            return
