"""``probes/`` of a stack: pictures with their captions, by which a text model and an image encoder are held against each other.

A caption stands beside its picture as the loader reads it: ``snow.jpg`` and ``snow.jpg.txt``. Pure but for reading these files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clipline.core.errors import AssetError, Finding
from clipline.core.records import CAPTION_SUFFIX, MAX_CAPTION_BYTES

FOLDER = "probes"
_HINT = "a picture and its caption stand side by side: snow.jpg and snow.jpg.txt"


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture's file and the text that describes it."""

    picture: Path
    caption: str


def read_pairs(stack: Path) -> tuple[Pair, ...]:
    """The pairs of a stack, by name; none where it has no such folder.

    Raises:
        AssetError: a picture without a caption, a caption without a picture, or a caption that cannot be read.
    """
    folder = stack / FOLDER
    if not folder.is_dir():
        return ()
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    captions = [name for name in names if name.endswith(CAPTION_SUFFIX)]
    pictures = [name for name in names if name not in captions]
    findings = [
        Finding(f"{FOLDER}/{name}", f"there is no {name}{CAPTION_SUFFIX}", _HINT)
        for name in pictures
        if name + CAPTION_SUFFIX not in captions
    ]
    pairs = []
    for name in captions:
        picture = name.removesuffix(CAPTION_SUFFIX)
        if picture not in pictures:
            findings.append(Finding(f"{FOLDER}/{name}", f"there is no {picture}", _HINT))
            continue
        try:
            pairs.append(Pair(folder / picture, _caption(folder / name)))
        except ValueError as error:
            findings.append(Finding(f"{FOLDER}/{name}", str(error), "write one sentence, in UTF-8"))
    if findings:
        raise AssetError(findings)
    return tuple(pairs)


def pairs_digest(pairs: Sequence[Pair]) -> str | None:
    """What the pairs are, as ``sha256:<64 hex>`` over their names, bytes and captions; ``None`` where there are none."""
    digest = hashlib.sha256()
    for pair in pairs:
        content = hashlib.sha256(pair.picture.read_bytes()).hexdigest()
        digest.update(f"{pair.picture.name}\0{content}\0{pair.caption}\n".encode("utf-8", "surrogateescape"))
    return f"sha256:{digest.hexdigest()}" if pairs else None


def _caption(file: Path) -> str:
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig").strip()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError("is not text in UTF-8") from error
    if not text or len(content) > MAX_CAPTION_BYTES:
        raise ValueError("is empty" if not text else f"is longer than {MAX_CAPTION_BYTES // 1024} KB")
    return text
