"""A document's source → what is indexed of it, by the mapping.

``Parsed.values`` holds, by full field name, what queries compare: texts of keywords, numbers, booleans, milliseconds of
dates, ``(lat, lon)`` of points, the text of text fields. Vectors are kept apart as float32 arrays. Source: DocumentParser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from clipline.emulator.indices.mappings.reading import Reader
from clipline.emulator.indices.mappings.refused import Refused
from clipline.emulator.indices.mappings.traits import Traits


@dataclass(slots=True)
class Parsed:
    """What is indexed of one document; ``added`` are fields that dynamic mapping made for it.

    The field ``_ignored`` names those of which a value was left out, by ``ignore_malformed`` or ``ignore_above``.
    """

    values: dict[str, list[Any]] = field(default_factory=dict)
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    added: dict[str, Any] = field(default_factory=dict)


def parse(
    source: Mapping[str, Any],
    mappings: Mapping[str, Any],
    doc_id: str,
    traits: Traits | None = None,
    raw: bytes = b"",
    *,
    templates: Mapping[str, str] | None = None,
) -> Parsed:
    """Index one document; ``raw`` is its text, for the places in the errors, ``templates`` are those of its new fields.

    Raises:
        ApiError: 400 ``document_parsing_exception`` or ``strict_dynamic_mapping_exception``, and what the new fields that it
            would make are refused with.
    """
    reader = Reader(mappings, doc_id, traits or Traits(), templates)
    try:
        reader.document(source)
    except Refused as error:
        raise error.error(raw or orjson.dumps(source)) from error
    if reader.ignored:
        reader.values["_ignored"] = sorted(reader.ignored)
    return Parsed(reader.values, reader.vectors, reader.added)
