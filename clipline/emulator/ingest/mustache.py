"""``{{field}}`` and ``{{{field}}}`` in the options of processors; sections are refused when a pipeline is stored."""

from __future__ import annotations

import json
import re
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.ingest.document import IngestDocument

_TAG = re.compile(r"\{\{\{\s*([^{}]+?)\s*\}\}\}|\{\{\s*([^{}]+?)\s*\}\}")


def check_template(text: str) -> None:
    """Refuse Mustache beyond plain references.

    Raises:
        ApiError: 501.
    """
    for match in _TAG.finditer(text):
        name = match[1] or match[2]
        if name[0] in "#^/>!&=":
            raise unsupported(f"the Mustache tag [{match[0]}]")


def render(text: str, document: IngestDocument) -> str:
    """A text with its references replaced; what is absent becomes nothing."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return _text(document.get(name)) if document.has(name) else ""

    return _TAG.sub(value, text)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
