"""A bundle: one tar file that holds a traced text model and all that pushing and proving it needs.

Members, in this order: ``manifest.json``, ``config.json`` (the body of ``PUT _ml/trained_models/<id>``),
``vocabulary.json``, ``probes.json``, ``model.pt``, ``SHA256`` (``seal``). The manifest::

    {"format": 4, "source": {"model": "…", "revision": "…"}, "import": {…}, "digest": "sha256:…",
     "embedding_size": 512, "operators": {"aten::add": "transformers/…py:85", …}, "state_hooks": [],
     "memory": {"per_deployment_bytes": …, "per_allocation_bytes": …, "one_allocation_bytes": …},
     "versions": {"torch": "2.13.0", …},
     "files": {"model.pt": {"sha256": "…", "bytes": 539123456}, …}}

Reading one needs neither torch nor eland.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from clipline.core.errors import BundleError
from provisioning.bundles import seal
from provisioning.ml_memory import memory_need

FORMAT = 4
"""2: the probes' vectors are those of the texts as the server reads them. 3: sealed.
4: with the memory that the model needs, and probes that are read no further than the model will."""
MEMBERS = ("config.json", "vocabulary.json", "probes.json", "model.pt")
_MANIFEST = "manifest.json"
_MEMORY = ("per_deployment", "per_allocation", "one_allocation")
_BLOCK = 1024 * 1024
_STALE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Probe:
    """A sentence with the vector that the untraced model gives for what the server reads of it."""

    text: str
    vector: Sequence[float]


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle; ``manifest`` is read, the other members only when asked for."""

    path: Path
    manifest: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The digest of the source files and import parameters."""
        return str(self.manifest["digest"])

    @property
    def model_sha256(self) -> str:
        """The SHA-256 of ``model.pt``: tracing the same model twice gives different bytes."""
        return str(self.manifest["files"]["model.pt"]["sha256"])

    @property
    def model_bytes(self) -> int:
        """The length of ``model.pt``."""
        return int(self.manifest["files"]["model.pt"]["bytes"])

    def memory_need(self, allocations: int) -> int:
        """Bytes of an ML node's memory that the server reckons for a deployment of it (``ml_memory.memory_need``)."""
        memory = self.manifest["memory"]
        metadata = {f"per_{part}_memory_bytes": memory[f"per_{part}_bytes"] for part in ("allocation", "deployment")}
        return memory_need(self.model_bytes, allocations=allocations, metadata=metadata)

    def config(self) -> dict[str, Any]:
        """The body of ``PUT _ml/trained_models/<id>``, without our marks."""
        value: dict[str, Any] = self._json("config.json")
        return value

    def vocabulary(self) -> dict[str, Any]:
        """The body of ``PUT _ml/trained_models/<id>/vocabulary``."""
        value: dict[str, Any] = self._json("vocabulary.json")
        return value

    def probes(self) -> list[Probe]:
        """The sentences that prove the pushed model."""
        return [Probe(entry["text"], entry["vector"]) for entry in self._json("probes.json")]

    def model_parts(self, size: int, *, first: int = 0) -> Iterator[bytes]:
        """``model.pt`` in pieces of ``size`` bytes, from the piece of the number ``first`` on."""
        with _member(self.path, "model.pt") as stream:
            stream.seek(first * size)
            while piece := stream.read(size):
                yield piece

    def verify(self) -> None:
        """Check every byte.

        Raises:
            BundleError: a member is missing, there are others, or bytes are not those that were written.
        """
        names, offset = _entries(self.path)
        strange = [name for name in names if name not in (_MANIFEST, *MEMBERS, seal.NAME)]
        if strange:
            raise BundleError(
                f"holds the entry {strange[0]!r}, which no bundle has", where=str(self.path), hint="build it again"
            )
        if names == [_MANIFEST, *MEMBERS, seal.NAME] and seal.is_sealed(self.path, offset):
            return
        self._blame()
        raise BundleError(
            "is damaged: its SHA-256 is not the one at its end",
            where=str(self.path),
            hint="copy the bundle again, or build it again",
        )

    def _blame(self) -> None:
        """Name the member that is damaged, if it is one.

        Raises:
            BundleError: its SHA-256 is not the manifest's.
        """
        for name, entry in self.manifest["files"].items():
            digest = hashlib.sha256()
            with _member(self.path, name) as stream:
                while block := stream.read(_BLOCK):
                    digest.update(block)
            if digest.hexdigest() != entry["sha256"]:
                raise BundleError(
                    f"{name} is damaged: its SHA-256 is not the manifest's",
                    where=str(self.path),
                    hint="copy the bundle again, or build it again",
                )

    def _json(self, name: str) -> Any:
        with _member(self.path, name) as stream:
            try:
                return json.load(stream)
            except ValueError as error:
                hint = "copy the bundle again, or build it again"
                raise BundleError(f"{name} cannot be read: {error}", where=str(self.path), hint=hint) from error


def open_bundle(path: Path) -> Bundle:
    """Open a bundle and read its manifest.

    Raises:
        BundleError: not a bundle, of a newer format, or incomplete.
    """
    with _member(path, _MANIFEST) as stream:
        try:
            manifest = json.load(stream)
            format_version, files = manifest["format"], manifest["files"]
        except (ValueError, KeyError, TypeError) as error:
            raise BundleError(
                "the manifest cannot be read", where=str(path), hint="copy the bundle again, or build it again"
            ) from error
    if format_version != FORMAT:
        raise BundleError(
            f"this bundle has format {format_version}, this clipline reads format {FORMAT}",
            where=str(path),
            hint="build it again with this clipline, or install the one that built it",
        )
    if not _is_complete(manifest, files):
        raise BundleError(
            "the manifest does not name every part of a bundle", where=str(path), hint="build the bundle again"
        )
    return Bundle(path, manifest)


def write_bundle(path: Path, *, manifest: Mapping[str, Any], members: Mapping[str, Path]) -> Bundle:
    """Write a bundle aside and rename it, so that a bundle that is there is whole.

    Args:
        path: where it goes; its folder is made.
        manifest: everything but ``format`` and ``files``.
        members: the file of each of ``MEMBERS``.

    Raises:
        BundleError: it cannot be written (a full disk, no permission).
    """
    files = {name: {"sha256": _sha256(members[name]), "bytes": members[name].stat().st_size} for name in MEMBERS}
    whole = {"format": FORMAT, **manifest, "files": files}
    aside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        with tempfile.TemporaryDirectory() as folder:
            manifest_file = Path(folder) / _MANIFEST
            manifest_file.write_text(json.dumps(whole, indent=2, ensure_ascii=False), "utf-8")
            handle, aside_name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            aside = Path(aside_name)
            with os.fdopen(handle, "wb") as stream:
                hashed = seal.HashedStream(stream)
                with tarfile.open(fileobj=cast("IO[bytes]", hashed), mode="w") as tar:  # it writes and tells, no more
                    for name in (_MANIFEST, *MEMBERS):
                        tar.add(manifest_file if name == _MANIFEST else members[name], arcname=name, filter=_anonymous)
                    hashed.seal(tar)
        aside.replace(path)
    except OSError as error:
        if aside is not None:
            aside.unlink(missing_ok=True)
        raise BundleError(f"the bundle cannot be written: {error.strerror}", where=str(path)) from error
    return Bundle(path, whole)


def _sweep(path: Path) -> None:
    """Remove what writers that were killed left aside; others may be at work, but not for so long."""
    for aside in path.parent.glob(f".{path.name}.*"):
        if time.time() - aside.stat().st_mtime > _STALE_SECONDS:
            aside.unlink(missing_ok=True)


def _is_complete(manifest: Mapping[str, Any], files: Any) -> bool:
    source = manifest.get("source")
    return (
        isinstance(files, Mapping)
        and all({"sha256", "bytes"} <= set(files.get(name) or ()) for name in MEMBERS)
        and isinstance(manifest.get("digest"), str)
        and isinstance(manifest.get("import"), Mapping)
        and isinstance(manifest.get("operators"), Mapping)
        and isinstance(manifest.get("memory"), Mapping)
        and all(isinstance(manifest["memory"].get(f"{part}_bytes"), int) for part in _MEMORY)
        and isinstance(source, Mapping)
        and {"model", "revision"} <= set(source)
    )


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = 0
    info.mode = 0o644
    return info


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _entries(path: Path) -> tuple[list[str], int]:
    """The names of all entries, and where the last one begins."""
    with _archive(path) as tar:
        infos = tar.getmembers()
        return [info.name for info in infos], infos[-1].offset if infos else 0


@contextmanager
def _member(path: Path, name: str) -> Iterator[IO[bytes]]:
    # Members are read in place by their exact names; nothing is ever unpacked, so no name can leave its folder.
    with _archive(path) as tar:
        try:
            stream = tar.extractfile(name)
        except KeyError as error:
            raise BundleError(f"{name} is missing from this bundle", where=str(path)) from error
        if stream is None:
            raise BundleError(f"{name} is not a file in this bundle", where=str(path))
        with stream:
            yield stream


@contextmanager
def _archive(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except FileNotFoundError as error:
        raise BundleError("the bundle does not exist", where=str(path)) from error
    except (OSError, tarfile.TarError) as error:
        hint = "copy the bundle again, or build it again"
        raise BundleError(f"not a whole bundle: {error}", where=str(path), hint=hint) from error
