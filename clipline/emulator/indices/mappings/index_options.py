"""``index_options`` of a dense_vector: what each type takes, what GET shows of it, and which may follow which.

Source: DenseVectorFieldMapper.VectorIndexType and the ``*IndexOptions`` classes of 8.19 to 9.3, its tests for 9.4 and
later. The options decide only how Lucene searches approximately; the emulator compares with every vector, so they never
change a result here.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.parameters import boolean, double, integer, malformed
from clipline.emulator.indices.mappings.refused import Unfit
from clipline.emulator.indices.mappings.traits import Traits

Options = dict[str, Any]

_GRAPHS = ("hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw")
_FLATS = ("flat", "int8_flat", "int4_flat", "bbq_flat")
_FOLLOWERS: Mapping[str, tuple[str, ...]] = {
    "flat": (*_FLATS, *_GRAPHS, "bbq_disk"),
    "int8_flat": ("int8_flat", "int4_flat", "bbq_flat", *_GRAPHS),
    "int4_flat": ("int4_flat", "bbq_flat", *_GRAPHS),
    "bbq_flat": ("bbq_flat", "bbq_hnsw"),
    "hnsw": _GRAPHS,
    "int8_hnsw": ("int8_hnsw", "int4_hnsw", "bbq_hnsw"),
    "int4_hnsw": ("int4_hnsw", "bbq_hnsw"),
    "bbq_hnsw": ("bbq_hnsw",),
    "bbq_disk": ("bbq_disk",),
}
"""What may follow a type in place (``updatableTo``)."""

BBQ_DIMS = 384
"""From 9.1 on, vectors of this many dims and more are bbq_hnsw by default."""
_MIN_BBQ_DIMS = 64
_CLUSTERS = (64, 65536)
_GRAPH_MOST = {"m": 512, "ef_construction": 3200}
_LEAST_CONFIDENCE = 0.9
"""Limits of Lucene, which takes 0 besides: the real one takes a mapping beyond them, and fails at the first vector."""


def default_options(element: str, dims: int | None, traits: Traits) -> Options | None:
    """The options of a field that names none; ``None`` for element types, and before dims, that have no default.

    That 9.4 takes bbq_disk where the licence allows it (elasticsearch#144885) does not count: under a trial licence Elastic's
    own client finds the defaults of 9.1 on snapshots of 9.4 to 9.6 (elasticsearch-py#3400).
    """
    known = ("float", "bfloat16") if traits.release >= (9, 4) else ("float",)
    if element not in known or (traits.options_need_dims and dims is None):
        return None
    if traits.options_need_dims and dims is not None and dims >= BBQ_DIMS:
        return read_options("", {"type": "bbq_hnsw"}, traits)
    return read_options("", {"type": "int8_hnsw"}, traits)


def read_options(field: str, given: Any, traits: Traits) -> Options:
    """Given options as GET shows them.

    Raises:
        Unfit: they are refused.
        ApiError: 501.
    """
    if not isinstance(given, Mapping):
        reason = f"class {java.class_name(given)} cannot be cast to class java.util.Map"
        raise Unfit(reason, "class_cast_exception")
    rest = dict(given)
    kind = rest.pop("type", None)
    if kind is None:
        raise malformed("[index_options] requires field [type] to be configured")
    kind = java.text(kind)
    if kind not in _FOLLOWERS or (kind == "bbq_disk" and traits.now < (9, 2)):
        raise malformed(f"Unknown vector index options type [{kind}] for field [{field}]")
    shown: Options = {"type": kind}
    if kind in _GRAPHS:
        for key, default in (("m", 16), ("ef_construction", 100)):
            shown[key] = integer(field, rest.pop(key)) if rest.get(key) is not None else default
            rest.pop(key, None)
            if not 1 <= shown[key] <= _GRAPH_MOST[key]:
                raise unsupported(f"the index option [{key}: {shown[key]}], with which no vector can be written")
    if kind == "bbq_disk":
        shown |= _disk(field, rest)
        if traits.release >= (9, 4):
            rest["bits"] = integer(field, rest["bits"]) if rest.get("bits") is not None else 1
    if kind.startswith(("int8", "int4")):
        interval = rest.pop("confidence_interval", None)
        if interval is not None:
            shown["confidence_interval"] = _float32(double(field, interval))
            if (interval := shown["confidence_interval"]) and not _LEAST_CONFIDENCE <= interval <= 1:
                raise unsupported(
                    f"the index option [confidence_interval: {interval}], with which no vector can be written"
                )
        elif kind.startswith("int4"):
            shown["confidence_interval"] = 0.0
    shown |= _rescoring(kind, rest, traits)
    shown |= _newest(field, kind, rest, traits)
    if rest:
        listed = "".join(f" [{key} : {java.text(value)}]" for key, value in rest.items())
        raise malformed(f"Mapping definition for [{field}] has unsupported parameters: {listed}")
    if kind == "bbq_disk" and traits.release >= (9, 3) and not traits.enterprise:
        # The real one takes the mapping and fails when it comes to writing vectors (DISK_BBQ_LICENSE_ENFORCEMENT).
        raise unsupported("[bbq_disk] without an enterprise licence")
    return shown


def check_options(options: Options, element: str, dims: int | None) -> None:
    """Refuse options that do not go with the rest of the field.

    Raises:
        Unfit: they do not.
    """
    kind = options["type"]
    if dims is not None:
        if kind.startswith("int4") and dims % 2:
            raise Unfit(f"{kind} only supports even dimensions; provided={dims}")
        if kind in ("bbq_hnsw", "bbq_flat") and dims < _MIN_BBQ_DIMS:
            raise Unfit(f"{kind} does not support dimensions fewer than {_MIN_BBQ_DIMS}; provided={dims}")
    if element in ("byte", "bit") and kind not in ("hnsw", "flat"):
        raise Unfit(f"[element_type] cannot be [{element}] when using index type [{kind}]")


def may_follow(before: Options, after: Options, traits: Traits) -> bool:
    """Whether a live field may take other options."""
    if before == after:
        return True
    left, right = before["type"], after["type"]
    if right not in _FOLLOWERS[left]:
        return False
    if right != left and "bbq" in right and left != "flat" and not traits.updates_to_bbq:
        return False
    if left in _GRAPHS and after["m"] < before["m"] and not (left == "bbq_hnsw" and not traits.updates_to_bbq):
        return False
    if left == right == "bbq_disk":
        return bool(before.get("precondition") == after.get("precondition"))
    # Flat types ask for nothing but the type.
    fixed = before.get("confidence_interval") if left in ("int8_hnsw", "int4_hnsw") and left == right else None
    return fixed is None or after.get("confidence_interval") == fixed


def options_text(options: Options | None, traits: Traits) -> str:
    """Options as Java prints them in a conflict; classes without a text of their own show their identity."""
    if options is None:
        return "null"
    kind = options["type"]
    rescore = options.get("rescore_vector")
    shown = f"RescoreVector[oversample={java.floating(np.float32(rescore['oversample']))}]" if rescore else None
    if kind in ("hnsw", "int8_hnsw", "int4_hnsw"):
        parts = [f"type={kind}", f"m={options['m']}", f"ef_construction={options['ef_construction']}"]
        if kind != "hnsw":
            parts.append(f"confidence_interval={java.text(options.get('confidence_interval'))}")
            if traits.now >= (9, 3):
                parts.append(f"on_disk_rescore={java.text(options.get('on_disk_rescore', False))}")
            parts.append(f"rescore_vector={shown or 'none'}")
        return "{" + ", ".join(parts) + "}"
    if kind == "int4_flat":
        interval = java.text(options["confidence_interval"])
        return f"{{type={kind}, confidence_interval={interval}, rescore_vector={shown or 'null'}}}"
    name = {"flat": "Flat", "int8_flat": "Int8Flat", "bbq_flat": "BBQFlat", "bbq_hnsw": "BBQHnsw", "bbq_disk": "BBQIVF"}
    mark = zlib.crc32(repr(sorted(options.items())).encode())
    return f"org.elasticsearch.index.mapper.vectors.DenseVectorFieldMapper${name[kind]}IndexOptions@{mark:x}"


def _disk(field: str, rest: Options) -> Options:
    size = rest.pop("cluster_size", None)
    size = 384 if size is None else integer(field, size)
    if not _CLUSTERS[0] <= size <= _CLUSTERS[1]:
        raise Unfit(f"cluster_size must be between {_CLUSTERS[0]} and {_CLUSTERS[1]}, got: {size}")
    visit = rest.pop("default_visit_percentage", None)
    percentage = 0.0 if visit is None else double(field, visit)
    if not 0 <= percentage <= 100:
        shown = java.floating(np.float64(np.float32(percentage)))
        raise Unfit(f"default_visit_percentage must be between 0.0 and 100.0, got: {shown} for field [{field}]")
    return {"cluster_size": size, "default_visit_percentage": _float32(percentage)}


def _rescoring(kind: str, rest: Options, traits: Traits) -> Options:
    if kind in ("hnsw", "flat"):
        return {}
    given = rest.pop("rescore_vector", None)
    if given is None:
        if kind == "bbq_disk":
            by_default = {1: 3.0, 2: 1.5}.get(rest["bits"] if traits.release >= (9, 4) else 1)
        else:
            by_default = 3.0 if kind.startswith("bbq") and traits.oversamples_bbq else None
        return {"rescore_vector": {"oversample": by_default}} if by_default else {}
    if not isinstance(given, Mapping):
        raise Unfit("rescore_vector should be a hash but was of type: " + f"class {java.class_name(given)}")
    if given.get("oversample") is None:
        raise Unfit("Invalid rescore_vector value. Missing required field oversample")
    oversample = double("", given["oversample"])
    if oversample < 1 and oversample != 0:
        raise Unfit("oversample must be greater than 1 or exactly 0")
    if oversample > 10:
        raise Unfit("oversample must be less than or equal to 10")
    return {"rescore_vector": {"oversample": _float32(oversample)}}


def _newest(field: str, kind: str, rest: Options, traits: Traits) -> Options:
    """The options of 9.3 and later; left in ``rest``, and so refused, before."""
    shown: Options = {}
    if traits.now >= (9, 3):
        on_disk = rest.pop("on_disk_rescore", None)
        if on_disk is not None and boolean(field, on_disk):
            if kind in _FLATS or kind == "hnsw":
                raise Unfit("on_disk_rescore is only supported for indexed and quantized vector types")
            shown["on_disk_rescore"] = True
    if traits.release < (9, 4):
        return shown
    if kind in _GRAPHS and "early_termination" in rest:
        raise unsupported("the index option [early_termination]")
    readers: dict[str, tuple[Callable[[str, Any], Any], Any]] = {}
    if kind in _GRAPHS or kind == "bbq_disk":
        readers["flat_index_threshold"] = (integer, -1)
    if kind == "bbq_disk":
        shown["bits"] = rest.pop("bits")
        readers["precondition"] = (boolean, False)
        if rest.get("auto_calibrate") is not None and traits.release >= (9, 5):
            raise unsupported("the index option [auto_calibrate]")
    for key, (read, default) in readers.items():
        given = rest.pop(key, None)
        value = default if given is None else read(field, given)
        if value != default:
            shown[key] = value
    if kind == "bbq_disk" and shown["bits"] not in (1, 2, 4, *((7,) if traits.release >= (9, 5) else ())):
        raise Unfit(f"'bits' must be 1, 2 or 4, got: {shown['bits']} for field [{field}]")
    return shown


def _float32(value: float) -> float:
    """A number as a float of 32 bits is shown."""
    return float(str(np.float32(value)))
