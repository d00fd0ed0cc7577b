"""dense_vector: its parameters with the defaults that GET shows, and what a live field may change.

Source: DenseVectorFieldMapper.Builder.
"""

from __future__ import annotations

from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.index_options import (
    check_options,
    default_options,
    may_follow,
    options_text,
    read_options,
)
from clipline.emulator.indices.mappings.parameters import boolean, malformed, meta
from clipline.emulator.indices.mappings.refused import Unfit
from clipline.emulator.indices.mappings.traits import Traits

MAX_DIMS = 4096
MIN_DYNAMIC_DIMS = 128
"""Dynamic mapping makes a dense_vector of an array of this many to 4096 floats."""
_PARAMETERS = ("element_type", "dims", "index", "similarity", "index_options", "meta")
_SIMILARITIES = ("l2_norm", "cosine", "dot_product", "max_inner_product")


def dense_vector(name: str, field: dict[str, Any], traits: Traits) -> dict[str, Any]:
    """A field's definition with the defaults that GET shows.

    Raises:
        Unfit: illegal parameters.
        ApiError: 501.
    """
    for key, value in field.items():
        if key in ("synthetic_source_keep", "fields", "copy_to"):
            raise unsupported(f"the mapping parameter [{key}] of [dense_vector]")
        if key not in ("type", *_PARAMETERS):
            raise malformed(f"unknown parameter [{key}] on mapper [{name}] of type [dense_vector]")
        if value is None and key not in ("similarity", "index_options"):
            raise malformed(f"[{key}] on mapper [{name}] of type [dense_vector] must not have a [null] value")
    element = _element(field.get("element_type", "float"), traits)
    dims = _whole(name, field.get("dims"))
    indexed = boolean(name, field.get("index", True))
    similarity = _similarity(field, element) if indexed or field.get("similarity") is not None else None
    given = field.get("index_options")
    options = read_options(name, given, traits) if given is not None else None
    _check_dims(dims, element)
    if element == "bit" and similarity not in (None, "l2_norm"):
        raise Unfit("The [l2_norm] similarity is the only supported similarity for bit vectors")
    if options is not None:
        check_options(options, element, dims)
    if not indexed:
        for key, set_ in (("similarity", similarity), ("index_options", options)):
            if set_ is not None:
                raise Unfit(
                    f"Field [{key}] can only be specified for a field of type [dense_vector] when it is indexed"
                )
    elif similarity is None:
        raise Unfit("Field [index] requires field [similarity] to be configured and not null")
    elif options is None and "index_options" not in field:
        options = default_options(element, dims, traits)
        if options is not None:
            check_options(options, element, dims)
    shown: dict[str, Any] = {
        "type": "dense_vector",
        "element_type": element if element != "float" else None,
        "dims": dims,
        "index": indexed,
        "similarity": similarity,
        "index_options": options,
        "meta": meta(name, field["meta"]) if field.get("meta") else None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def vector_conflicts(old: dict[str, Any], new: dict[str, Any], traits: Traits) -> list[tuple[str, str, str]]:
    """The parameters of a new definition that a live field cannot take over: ``(parameter, from, to)`` as text."""
    found: list[tuple[str, str, str]] = []
    for key, default in (("element_type", "float"), ("dims", None), ("index", None), ("similarity", None)):
        before, after = old.get(key, default), new.get(key, default)
        if before != after and not (key == "dims" and before is None):
            found.append((key, java.text(before), java.text(after)))
    left, right = old.get("index_options"), new.get("index_options")
    if left is not None and right is not None and not may_follow(left, right, traits):
        found.append(("index_options", options_text(left, traits), options_text(right, traits)))
    return found


def _element(value: Any, traits: Traits) -> str:
    known = ["byte", "bit", "float", *(["bfloat16"] if traits.now >= (9, 3) else [])]
    if value not in known:
        raise malformed(f"invalid element_type [{java.text(value)}]; available types are [{', '.join(known)}]")
    return str(value)


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise malformed(f"Property [dims] on field [{name}] must be an integer but got [{java.text(value)}]")
    return value


def _check_dims(dims: int | None, element: str) -> None:
    if dims is None:
        return
    least, most = (8, MAX_DIMS * 8) if element == "bit" else (1, MAX_DIMS)
    if not least <= dims <= most:
        raise malformed(f"The number of dimensions should be in the range [{least}, {most}] but was [{dims}]")
    if element == "bit" and dims % 8:
        raise malformed(f"The number of dimensions for should be a multiple of 8 but was [{dims}]")


def _similarity(field: dict[str, Any], element: str) -> str | None:
    if "similarity" not in field:
        return "l2_norm" if element == "bit" else "cosine"
    value = field["similarity"]
    if value is not None and value not in _SIMILARITIES:
        names = ", ".join(_SIMILARITIES)
        raise malformed(f"Unknown value [{java.text(value)}] for field [similarity] - accepted values are [{names}]")
    return None if value is None else str(value)
