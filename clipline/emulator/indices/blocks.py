"""What the blocks of an index forbid: a block is a setting, and a status of its own."""

from __future__ import annotations

from dataclasses import dataclass

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices.index import Index


@dataclass(frozen=True, slots=True)
class Block:
    """One block: what it forbids, and how the refusal says it."""

    text: str
    levels: frozenset[str]
    status: int = 403


BLOCKS = {
    "read_only": Block("FORBIDDEN/5/index read-only (api)", frozenset({"write", "metadata_write"})),
    "read": Block("FORBIDDEN/7/index read (api)", frozenset({"read"})),
    "write": Block("FORBIDDEN/8/index write (api)", frozenset({"write"})),
    "metadata": Block("FORBIDDEN/9/index metadata (api)", frozenset({"metadata_write", "metadata_read"})),
    "read_only_allow_delete": Block(
        "TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block",
        frozenset({"write", "metadata_write"}),
        429,
    ),
}
"""name (the setting ``index.blocks.<name>``) → block; from IndexMetadata."""


def check_block(index: Index, level: str) -> None:
    """Refuse what a block forbids: a ``write``, a ``read``, a ``metadata_write`` or a ``metadata_read``.

    Raises:
        ApiError: 403, or 429 where the disk is said to be full.
    """
    standing = [
        block
        for name, block in BLOCKS.items()
        if level in block.levels and index.settings.get(f"blocks.{name}") == "true"
    ]
    if standing:
        texts = "".join(f"[{block.text}];" for block in standing)
        # The real one takes the first status that is not 403, whatever its order.
        status = max(block.status for block in standing)
        meta = {"index_uuid": index.uuid, "index": index.name}
        raise ApiError(status, "cluster_block_exception", f"index [{index.name}] blocked by: {texts}", meta=meta)


def check_metadata(index: Index, *, write: bool = True, deletion: bool = False) -> None:
    """Refuse reading or changing what describes an index; a full disk does not forbid its deletion."""
    if deletion and index.settings.get("blocks.read_only_allow_delete") == "true":
        return
    check_block(index, "metadata_write" if write else "metadata_read")


def block_named(name: str) -> str:
    """The setting of a block that can be set by name.

    Raises:
        ApiError: 400 for another.
    """
    if name not in BLOCKS or name == "read_only_allow_delete":
        raise illegal_argument(f"No block found with name {name}")
    return f"blocks.{name}"
