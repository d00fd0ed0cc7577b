"""A text model's files → a bundle, by eland. The only module of provisioning that needs torch.

eland loads the sentence-transformers directory, traces it and writes the configuration; the probes' reference vectors
come from the untraced model, so that tracing itself is proven with the rest.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clipline.core.errors import BundleError, MissingExtraError, ModelError
from clipline.core.quiet import quiet_libraries
from clipline.core.sizes import size
from clipline.core.text_models import as_read
from provisioning.assets.model_asset import INPUT_FIELD, ModelAsset
from provisioning.assets.pairs import Pair
from provisioning.bundles.bundle import Bundle, write_bundle
from provisioning.bundles.probes import PROBES
from provisioning.bundles.space import check_space
from provisioning.ml_memory import memory_need

_TARGET = (8, 15, 0)
"""The oldest server that clipline works with: its configuration is understood by all newer ones."""

_PACKAGES = ("torch", "transformers", "sentence-transformers", "eland", "clipline")


def build_bundle(model: ModelAsset, *, directory: Path, digest: str, out: Path, pairs: Sequence[Pair] = ()) -> Bundle:
    """Trace a model and write its bundle.

    Args:
        model: the model file.
        directory: where the text model's files are.
        digest: what they are.
        out: where the bundle goes.
        pairs: pictures with captions, by which the text model is held against the image encoder.

    Raises:
        ModelError: the model cannot be loaded or traced, its vectors are not as long as declared or not of the image encoder's
            space, or its positions do not reach as far as its texts.
        BundleError: it cannot be written, or there is no room for it.
        MissingExtraError: ``clipline[models]`` is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="clipline-build-") as folder, quiet_libraries("building a bundle"):
        try:
            import eland.ml.pytorch.transformers  # noqa: F401
        except ImportError as error:
            package = error.name or "eland"
            raise MissingExtraError("models", purpose="building a bundle", package=package) from error
        _check_room(directory, Path(folder), out.parent)
        try:
            return _build(model, directory, digest, out, Path(folder), pairs)
        except (ModelError, BundleError):
            raise
        except Exception as error:  # whatever torch, transformers and eland raise on a model they do not like
            raise ModelError(
                f"the model cannot be traced: {error}",
                where=str(directory),
                hint="a text model must be a sentence-transformers directory with a BERT tokenizer",
            ) from error


def _build(model: ModelAsset, directory: Path, digest: str, out: Path, folder: Path, pairs: Sequence[Pair]) -> Bundle:
    import torch
    from eland.ml.pytorch.transformers import TransformerModel
    from sentence_transformers import SentenceTransformer

    parameters = model.parameters
    reference = SentenceTransformer(str(directory), device="cpu", local_files_only=True)
    length = parameters["max_model_input_size"] or reference.max_seq_length
    positions = getattr(
        getattr(getattr(reference[0], "auto_model", None), "config", None), "max_position_embeddings", None
    )
    if positions is not None and length > positions:
        raise ModelError(
            f"texts are {length} tokens long at most, and the model has positions for {positions}",
            where=model.where,
            hint=f"set import.max_model_input_size to {positions} or less",
        )
    reference.max_seq_length = length  # the server reads no further

    def encode(texts: Sequence[str]) -> list[list[float]]:
        vectors = reference.encode(list(map(as_read, texts)), show_progress_bar=False)
        return [[float(number) for number in vector] for vector in vectors]

    dims = len(encode([PROBES[0]])[0])
    space = check_space(model, pairs, dims=dims, encode=encode)  # before tracing: that takes longer
    traced = TransformerModel(
        model_id=str(directory),
        task_type=parameters["task_type"],
        es_version=_TARGET,
        quantize=parameters["quantize"],
        ingest_prefix=parameters["ingest_prefix"],
        search_prefix=parameters["search_prefix"],
        max_model_input_size=length,
    )
    model_path, config, vocabulary_path = traced.save(str(folder))
    body = _config(config.to_dict(), model, length)
    size = body["inference_config"]["text_embedding"]["embedding_size"]
    if parameters["embedding_size"] not in (None, size):
        raise ModelError(
            f"the model gives vectors of {size} dims, not of {parameters['embedding_size']}",
            where=model.where,
            hint="correct import.embedding_size, and dims in the mapping",
        )
    texts = _readable(reference, length) if parameters["truncate"] == "none" else PROBES
    probes = [{"text": text, "vector": vector} for text, vector in zip(texts, encode(texts), strict=True)]
    members = {
        "model.pt": Path(model_path),
        "vocabulary.json": Path(vocabulary_path),
        "config.json": _write(folder / "clipline-config.json", body),
        "probes.json": _write(folder / "clipline-probes.json", probes),
    }
    manifest = {
        "source": {"model": model.source.model, "revision": model.source.revision},
        "import": dict(parameters),
        "digest": digest,
        "embedding_size": size,
        "space": space,
        "operators": operators_of(torch.jit.load(model_path, map_location="cpu")),
        "memory": _memory(body, Path(model_path).stat().st_size),
        "state_hooks": state_hooks_of(Path(model_path)),
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }
    return write_bundle(out, manifest=manifest, members=members)


def _readable(reference: Any, length: int) -> list[str]:
    """The probes that a model can read which refuses longer texts than its own (``truncate: none``)."""
    return [text for text in PROBES if len(reference.tokenizer(as_read(text))["input_ids"]) <= length]


def _memory(config: Mapping[str, Any], model_bytes: int) -> dict[str, int]:
    """What the model needs of an ML node, as eland measured it, and what a server makes of that for one allocation."""
    metadata = config.get("metadata") or {}
    parts = {part: int(metadata.get(f"per_{part}_memory_bytes") or 0) for part in ("deployment", "allocation")}
    return {
        **{f"per_{part}_bytes": count for part, count in parts.items()},
        "one_allocation_bytes": memory_need(model_bytes, allocations=1, metadata=metadata),
    }


def _check_room(directory: Path, *places: Path) -> None:
    """Look for room before anything is written: torch ends the whole process where a disk is full.

    A traced model is about as large as the weights that it was made from, and so is its bundle; where both go to one disk, it
    has to hold both.

    Raises:
        BundleError: a disk has less.
    """
    each = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    disks: dict[int, list[Path]] = {}
    for place in places:
        there = next(folder for folder in (place, *place.parents) if folder.is_dir())
        disks.setdefault(there.stat().st_dev, []).append(there)
    for folders in disks.values():
        needed, free = each * len(folders), shutil.disk_usage(folders[0]).free
        if free < needed:
            raise BundleError(
                f"there are {size(free)} free, and the model needs {size(needed)}",
                where=" and ".join(str(folder) for folder in folders),
                hint="make room; TMPDIR and XDG_CACHE_HOME say where it is traced and kept",
            )


def _config(body: dict[str, Any], model: ModelAsset, length: int) -> dict[str, Any]:
    text = body["inference_config"]["text_embedding"]
    for tokenization in text["tokenization"].values():
        tokenization["max_sequence_length"] = length
        tokenization["truncate"] = model.parameters["truncate"]
    return {
        **body,
        "description": f"Text encoder of the space {model.space}, from {model.source}",
        "input": {"field_names": [INPUT_FIELD]},
        "tags": ["clipline"],
    }


def operators_of(module: Any) -> dict[str, str]:
    """The operators of a TorchScript module, calls inlined and nested blocks included, each with the first place in its source.

    ``prim::`` is left out. A place is as ``transformers/activations.py:85``: eland freezes what it traces, so of the modules
    only the lines that made a node are left.
    """
    import torch

    graph = module.forward.graph.copy() if hasattr(module.forward, "graph") else module.graph.copy()
    torch._C._jit_pass_inline(graph)
    found: dict[str, str] = {}

    def walk(block: Any) -> None:
        for node in block.nodes():
            found.setdefault(node.kind(), _place(node.sourceRange()))
            for inner in node.blocks():
                walk(inner)

    walk(graph)
    return {kind: place for kind, place in sorted(found.items()) if not kind.startswith("prim::")}


def _place(stack: str) -> str:
    """The innermost of the lines of a Python stack that is no part of torch itself, below ``site-packages``."""
    frames = [
        (match["file"].rpartition("/site-packages/")[2], match["line"])
        for line in stack.splitlines()
        if (match := re.match(r"(?P<file>\S+\.py)\((?P<line>\d+)\)", line))
    ]
    outside = [frame for frame in frames if not frame[0].startswith("torch/")]
    file, line = next(iter(outside or frames), ("", ""))
    return f"{file.rpartition('/')[2] if file.startswith('/') else file}:{line}" if file else "its graph"


def state_hooks_of(archive: Path) -> list[str]:
    """Code of a model's own that would run while its state is loaded: newer servers look for these names in every record."""
    hooks = (b"__setstate__", b"__getstate__")
    found: set[str] = set()
    with zipfile.ZipFile(archive) as records:
        for name in records.namelist():
            content = records.read(name)
            found |= {hook.decode() for hook in hooks if hook in content}
    return sorted(found)


def _write(file: Path, value: Any) -> Path:
    file.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
    return file
