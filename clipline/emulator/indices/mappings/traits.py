"""What a mapping depends on beside itself: the release that created the index, and the licence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clipline.emulator.indices.index import Index
    from clipline.emulator.node import Node


@dataclass(frozen=True, slots=True)
class Traits:
    """``release`` is the minor release that created the index, which decides defaults and what it keeps; ``server`` the one
    that runs now, which decides what can be read (the same where it is not given). ``enterprise`` says whether bbq_disk may
    be used.

    ``coerce`` and ``ignore_malformed`` are the index's settings of these names, for fields that do not say it themselves.
    """

    release: tuple[int, int] = (9, 2)
    enterprise: bool = True
    coerce: bool = True
    ignore_malformed: bool = False
    server: tuple[int, int] | None = None
    most_fields: int = 1000
    """``index.mapping.total_fields.limit``."""
    deepest: int = 20
    """``index.mapping.depth.limit``."""

    @property
    def now(self) -> tuple[int, int]:
        """The minor release that runs."""
        return self.server or self.release

    @property
    def options_need_dims(self) -> bool:
        """Whether the default index_options wait for the dims (DEFAULT_DENSE_VECTOR_TO_BBQ_HNSW)."""
        return self.release >= (9, 1)

    @property
    def oversamples_bbq(self) -> bool:
        """Whether bbq rescores by default (DEFAULT_OVERSAMPLE_VALUE_FOR_BBQ and its backport to 8.x)."""
        return self.release != (9, 0)

    @property
    def updates_to_bbq(self) -> bool:
        """Whether other index types may become bbq ones (elasticsearch#128291, #129495)."""
        return self.now != (9, 0)

    @property
    def base64(self) -> bool:
        """Whether documents may hold vectors in base64 (mapper.base64_dense_vectors)."""
        return self.now >= (9, 3)


def traits_of(node: Node, index: Index | None = None) -> Traits:
    """The traits of an index, or of one that would be made now.

    bbq_disk is part of the enterprise licence, which a trial contains and platinum does not.
    """
    now = (node.version.major, node.version.minor)
    enterprise = node.licence.active and node.licence.type == "trial"
    if index is None:
        return Traits(now, enterprise)
    flags = {key: index.settings.get(f"mapping.{key}") for key in ("coerce", "ignore_malformed")}
    limits = {
        key: int(value)
        for key, name in (("most_fields", "total_fields.limit"), ("deepest", "depth.limit"))
        if (value := index.settings.get(f"mapping.{name}"))
    }
    coerce, lenient = flags["coerce"] != "false", flags["ignore_malformed"] == "true"
    return Traits(index.release, enterprise, coerce, lenient, now, **limits)
