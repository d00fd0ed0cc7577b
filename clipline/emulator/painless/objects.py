"""The objects of a script that are more than JSON: ``ctx``, and what looks at a map's keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.values import class_name, text


class Ctx(dict[str, Any]):
    """``ctx``: a document's fields and its metadata, of which a script may set only some."""

    __slots__ = ()
    SETTABLE = ("_index", "_id", "_routing")
    METADATA = (*SETTABLE, "_version", "_version_type", "_dynamic_templates", "_if_seq_no", "_if_primary_term")

    def check(self, key: Any, value: Any) -> None:
        """What a script wants to write under a key.

        Raises:
            JavaError: metadata that does not take it.
            ApiError: 501 for metadata that the emulator keeps as it is.
        """
        if key not in self.METADATA:
            return
        if key not in self.SETTABLE:
            raise unsupported(f"a change of the metadata [{key}] by a pipeline")
        if value is None and key == "_index":
            raise JavaError("illegal_argument_exception", f"{key} cannot be null")
        if value is not None and not isinstance(value, str):
            raise JavaError(
                "illegal_argument_exception",
                f"{key} [{text(value)}] is wrong type, expected assignable to [java.lang.String], not [{class_name(value)}]",
            )

    def check_removal(self, key: Any) -> None:
        """What a script wants to remove (IngestDocMetadata: id and routing may be absent).

        Raises:
            JavaError: metadata that has to be there.
            ApiError: 501 for metadata that the emulator keeps as it is.
        """
        if key in ("_index", "_version"):
            raise JavaError("illegal_argument_exception", f"{key} cannot be removed")
        if key in self.METADATA and key not in self.SETTABLE:
            raise unsupported(f"a change of the metadata [{key}] by a pipeline")


class Keys(list[Any]):
    """What ``keySet``, ``values`` and ``entrySet`` give: to look at only."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a map with its value."""

    key: Any
    value: Any
