"""Which ``index_options`` may follow which on a live ``dense_vector`` field.

Source: ``updatableTo`` of each class of index options in ``DenseVectorFieldMapper``, 8.19 to 9.3. A type may become one
with a graph or with fewer bits, never the other way: the segments that are there are merged into the new form. ``m`` may
grow only, because a merge starts from the largest graph; flat types have no graph, so any ``m`` may follow them.
``ef_construction`` and ``rescore_vector`` are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.observed import Version

_FOLLOWERS: Mapping[str, frozenset[str]] = {
    "flat": frozenset(
        {"flat", "int8_flat", "int4_flat", "bbq_flat", "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw", "bbq_disk"}
    ),
    "int8_flat": frozenset({"int8_flat", "int4_flat", "bbq_flat", "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw"}),
    "int4_flat": frozenset({"int4_flat", "bbq_flat", "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw"}),
    "bbq_flat": frozenset({"bbq_flat", "bbq_hnsw"}),
    "hnsw": frozenset({"hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw"}),
    "int8_hnsw": frozenset({"int8_hnsw", "int4_hnsw", "bbq_hnsw"}),
    "int4_hnsw": frozenset({"int4_hnsw", "bbq_hnsw"}),
    "bbq_hnsw": frozenset({"bbq_hnsw"}),
    "bbq_disk": frozenset({"bbq_disk"}),
}
_TO_BBQ: Version = (9, 1, 0)
"""From here on others than ``flat`` become bbq types (elasticsearch#128291; 8.19 has it by a backport, 9.0 has not)."""
_MIN_BBQ_DIMS = 64


def options_in_place(before: Mapping[str, Any], after: Mapping[str, Any], *, version: Version) -> bool:
    """Whether a live field takes other options; both are the canonical definitions of the field."""
    left, right = before.get("index_options") or {}, after.get("index_options") or {}
    was, becomes = str(left.get("type")), str(right.get("type"))
    if becomes not in _FOLLOWERS.get(was, ()) or not _fits(becomes, after):
        return False
    if becomes != was and "bbq" in becomes and was != "flat" and (9, 0, 0) <= version < _TO_BBQ:
        return False
    if was.endswith("hnsw") and int(right.get("m", 16)) < int(left.get("m", 16)):
        # 9.0's bbq_hnsw did not look at m.
        return was == "bbq_hnsw" and (9, 0, 0) <= version < _TO_BBQ
    if was == becomes == "bbq_disk":
        return bool(left.get("precondition") == right.get("precondition"))
    if was == becomes and was in ("int8_hnsw", "int4_hnsw"):
        interval = left.get("confidence_interval")
        return interval is None or right.get("confidence_interval") == interval
    return True


def _fits(kind: str, field: Mapping[str, Any]) -> bool:
    """Whether a field of these dims and this element type can have options of a kind at all."""
    dims, element = field.get("dims"), field.get("element_type", "float")
    if element in ("byte", "bit") and kind not in ("flat", "hnsw"):
        return False
    if dims is None:
        return True
    if kind in ("bbq_flat", "bbq_hnsw"):
        return int(dims) >= _MIN_BBQ_DIMS
    return not kind.startswith("int4") or int(dims) % 2 == 0
