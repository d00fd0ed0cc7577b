"""dense_vector: parameters with their defaults on 9.2, update rules, and the checks on a document's vector.

Source: ``DenseVectorFieldMapper`` as described in the facts. ``index_options`` decide only how Lucene searches
approximately; the emulator always compares with every vector, so they never change a result here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import ApiError, unsupported

MAX_DIMS = 4096
_PARAMETERS = {"type", "dims", "element_type", "index", "similarity", "index_options", "meta"}
_SIMILARITIES = ("l2_norm", "dot_product", "cosine", "max_inner_product")
_HNSW = {"hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw"}
_TYPES = (*sorted(_HNSW), "flat", "int8_flat", "int4_flat", "bbq_flat", "bbq_disk")
_UPDATE_ORDER = ("flat", "int8_flat", "int4_flat", "bbq_flat", "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw")
_BBQ_DIMS = 384
"""From 9.1 on, float vectors of this many dims and more are bbq_hnsw by default."""


def dense_vector(name: str, field: dict[str, Any]) -> dict[str, Any]:
    """A field's definition with the defaults that GET shows.

    Raises:
        ApiError: 400 ``mapper_parsing_exception`` for illegal parameters, 501 for element types not emulated.
    """
    for key in field:
        if key not in _PARAMETERS:
            raise _illegal(f"unknown parameter [{key}] on mapper [{name}] of type [dense_vector]")
    value = dict(field)
    element = value.get("element_type", "float")
    if element not in ("float", "byte", "bit", "bfloat16"):
        raise _illegal(f"invalid element_type [{element}]; available types are [byte, bit, float]")
    if element != "float":
        raise unsupported(f"dense_vector with the element_type [{element}]")
    dims = value.get("dims")
    if dims is not None:
        if isinstance(dims, bool) or not isinstance(dims, int):
            raise _illegal(f"Property [dims] on field [{name}] must be an integer but got [{dims}]")
        if not 1 <= dims <= MAX_DIMS:
            raise _illegal(f"The number of dimensions should be in the range [1, {MAX_DIMS}] but was [{dims}]")
    value["index"] = value.get("index", True)
    if value["index"] in (False, "false"):
        value["index"] = False
        for key in ("similarity", "index_options"):
            if key in value:
                raise _illegal(
                    f"Field [{key}] can only be specified for a field of type [dense_vector] when it is indexed"
                )
        return value
    similarity = value.setdefault("similarity", "cosine")
    if similarity not in _SIMILARITIES:
        names = ", ".join(_SIMILARITIES)
        raise _illegal(f"Unknown value [{similarity}] for field [similarity] - accepted values are [{names}]")
    value["index_options"] = _options(value.get("index_options"), dims)
    return value


def update_conflicts(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """The parameters of a new definition that an index cannot take over: ``(parameter, from, to)``."""
    found = [
        (key, old.get(key), new.get(key))
        for key in ("dims", "index", "similarity")
        if old.get(key) != new.get(key) and not (key == "dims" and old.get(key) is None)
    ]
    before, after = old.get("index_options") or {}, new.get("index_options") or {}
    if before != after and not _may_follow(before, after):
        found.append(("index_options", before, after))
    return found


def check_vector(name: str, field: dict[str, Any], value: Any, doc_id: str) -> NDArray[np.float32]:
    """A document's vector as float32.

    Raises:
        ValueError: with Elasticsearch's text, for a vector that the field refuses.
    """
    if isinstance(value, str):
        vector = _decoded(value)
    else:
        if not isinstance(value, list) or not value:
            kind = "VALUE_STRING" if isinstance(value, str) else "VALUE_NUMBER"
            raise ValueError(f"Failed to parse object: expecting token of type [START_ARRAY] but found [{kind}]")
        if not set(map(type, value)) <= {int, float}:
            raise ValueError("Failed to parse object: expecting token of type [VALUE_NUMBER] but found [VALUE_STRING]")
        vector = np.asarray(value, dtype=np.float32)
    dims = field.get("dims")
    where = f"The [dense_vector] field [{name}] in doc [document with id '{doc_id}']"
    if dims is not None and len(vector) > dims:
        raise ValueError(f"{where} has more dimensions than defined in the mapping [{dims}]")
    if dims is not None and len(vector) < dims:
        raise ValueError(
            f"{where} has a different number of dimensions [{len(vector)}] than defined in the mapping [{dims}]"
        )
    check_magnitude(vector, str(field.get("similarity", "")))
    return vector


def check_magnitude(vector: NDArray[np.float32], similarity: str) -> None:
    """What a similarity asks of a vector, in a document and in a query alike.

    Raises:
        ValueError: with Elasticsearch's text.
    """
    bad = np.flatnonzero(~np.isfinite(vector))
    if len(bad):
        kind = "NaN" if np.isnan(vector[bad[0]]) else "infinite"
        raise ValueError(
            f"element_type [float] vectors do not support {kind} values but found [{vector[bad[0]]}] at dim [{bad[0]}];"
            f" Preview of invalid vector: {_preview(vector)}"
        )
    squared = float(np.dot(vector, vector))
    if not np.isfinite(squared):
        raise ValueError(
            "NaN or Infinite magnitude detected, this usually means the vector values are too extreme to fit within "
            f"a float. Preview of invalid vector: {_preview(vector)}"
        )
    if similarity == "cosine" and squared == 0.0:
        raise ValueError(
            f"The [cosine] similarity does not support vectors with zero magnitude. "
            f"Preview of invalid vector: {_preview(vector)}"
        )
    if similarity == "dot_product" and abs(squared - 1.0) > 1e-3:
        raise ValueError(
            "The [dot_product] similarity can only be used with unit-length vectors. "
            f"Preview of invalid vector: {_preview(vector)}"
        )


def _decoded(text: str) -> NDArray[np.float32]:
    # Base64 documents came with 9.3; a 9.2 server reads a string only as hex, and only for byte vectors.
    raise ValueError("Failed to parse object: expecting token of type [VALUE_NUMBER] but found [VALUE_STRING]")


def _options(given: Any, dims: int | None) -> dict[str, Any]:
    if given is None:
        kind = "bbq_hnsw" if dims is not None and dims >= _BBQ_DIMS else "int8_hnsw"
        given = {"type": kind}
    if not isinstance(given, dict) or "type" not in given:
        raise _illegal("[index_options] requires field [type] to be configured")
    options = dict(given)
    kind = options["type"]
    if kind not in _TYPES:
        raise _illegal(f"Unknown vector index options type [{kind}] for field")
    if kind == "bbq_disk":
        raise unsupported("the index_options type [bbq_disk]")
    allowed = {"type", "rescore_vector"} | ({"m", "ef_construction"} if kind in _HNSW else set())
    allowed |= {"confidence_interval"} if kind.startswith(("int8", "int4")) else set()
    for key in options:
        if key not in allowed:
            raise _illegal(
                f"Mapping definition for [index_options] has unsupported parameters:  [{key} : {options[key]}]"
            )
    if kind.startswith("int4") and dims is not None and dims % 2:
        raise _illegal(f"{kind} only supports even dimensions; provided={dims}")
    if kind.startswith("bbq") and dims is not None and dims < 64:
        raise _illegal(f"{kind} does not support dimensions fewer than 64; provided={dims}")
    shown: dict[str, Any] = {"type": kind}
    if kind in _HNSW:
        shown |= {"m": _whole(options, "m", 16), "ef_construction": _whole(options, "ef_construction", 100)}
    for key in ("confidence_interval", "rescore_vector"):
        if key in options:
            shown[key] = options[key]
    if kind.startswith("bbq"):
        shown.setdefault("rescore_vector", {"oversample": 3.0})
    return shown


def _whole(options: dict[str, Any], name: str, default: int) -> int:
    value = options.get(name)
    try:
        number = default if value is None else int(value)
    except (TypeError, ValueError):
        raise _illegal(f'Failed to parse [{name}] of [index_options]: For input string: "{value}"') from None
    if not 0 < number < 2**31:
        raise _illegal(f"[{name}] of [index_options] is out of range: [{value}]")
    return number


def _may_follow(before: dict[str, Any], after: dict[str, Any]) -> bool:
    order = {kind: number for number, kind in enumerate(_UPDATE_ORDER)}
    left, right = order.get(str(before.get("type"))), order.get(str(after.get("type")))
    if left is None or right is None or right < left:
        return False
    if "m" in before and after.get("m", 16) < before["m"]:
        return False
    interval = before.get("confidence_interval")
    return interval is None or left != right or after.get("confidence_interval") == interval


def _preview(vector: NDArray[np.float32]) -> str:
    shown = ", ".join(str(float(value)) for value in vector[:5])
    return f"[{shown}, ...]" if len(vector) > 5 else f"[{shown}]"


def _illegal(reason: str) -> ApiError:
    return ApiError(400, "mapper_parsing_exception", reason)
