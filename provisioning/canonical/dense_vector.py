"""``dense_vector``: comes back with ``index``, ``similarity`` and the whole of ``index_options``.

Source: ``DenseVectorFieldMapper`` 8.19 to 9.5 (its parameters are always serialised, and each class of index options
writes its defaults). What newer versions add is filled in on both sides alike, so it makes no difference on older ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.canonical.common import flag, present, whole

_GRAPH = {"m": 16, "ef_construction": 100}
_DISK = {"cluster_size": 384, "default_visit_percentage": 0.0, "bits": 1}
_OVERSAMPLE = 3.0
_OVERSAMPLE_OF_BITS = {1: 3.0, 2: 1.5}
_UNSAID: Mapping[str, Any] = {"on_disk_rescore": False, "precondition": False, "flat_index_threshold": -1}
"""Options that come back only where they differ from this."""
_FRACTIONS = ("confidence_interval", "default_visit_percentage")


def canonical_dense_vector(field: Mapping[str, Any]) -> dict[str, Any]:
    """A field's canonical form; without ``index_options`` it is left to the server, whose default its version decides."""
    value = {key: child for key, child in field.items() if child is not None}
    value["index"] = flag(value.get("index", True))
    if value.get("element_type") == "float":
        del value["element_type"]
    if not value.get("meta", True):
        del value["meta"]
    if not value["index"]:
        return value
    value.setdefault("similarity", "l2_norm" if value.get("element_type") == "bit" else "cosine")
    if value.get("index_options"):
        value["index_options"] = _options(value["index_options"])
    return value


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    options = {key: whole(flag(child)) for key, child in present(given).items()}
    kind = str(options.get("type", ""))
    if kind.endswith("hnsw"):
        options = {**_GRAPH, **options}
    if kind == "bbq_disk":
        options = {**_DISK, **options}
    if kind.startswith("int4"):
        # Dynamic quantiles, which no other interval stands for (Int4HnswIndexOptions).
        options.setdefault("confidence_interval", 0.0)
    for key in _FRACTIONS:
        if key in options:
            options[key] = float(options[key])
    oversample = (options.pop("rescore_vector", None) or {}).get("oversample")
    if oversample is None:
        oversample = _oversample(kind, options)
    if oversample is not None:
        options["rescore_vector"] = {"oversample": float(oversample)}
    return {key: child for key, child in options.items() if key not in _UNSAID or child != _UNSAID[key]}


def _oversample(kind: str, options: Mapping[str, Any]) -> float | None:
    if kind == "bbq_disk":
        return _OVERSAMPLE_OF_BITS.get(options["bits"])
    return _OVERSAMPLE if kind.startswith("bbq") else None
