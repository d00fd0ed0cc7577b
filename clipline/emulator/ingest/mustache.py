"""``{{field}}`` and ``{{{field}}}`` in the options of processors; sections are refused when a pipeline is stored.

As in Elasticsearch, two braces escape a value as JSON text does (``"`` becomes ``\\"``), three leave it as it is.
"""

from __future__ import annotations

import json
import re
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.ingest.document import IngestDocument

_TAG = re.compile(r"\{\{\{\s*([^{}]+?)\s*\}\}\}|\{\{\s*([^{}]+?)\s*\}\}")


def check_template(value: Any) -> None:
    """Refuse Mustache beyond plain references, in an option and whatever it holds.

    Raises:
        ApiError: 501.
    """
    if isinstance(value, str):
        for match in _TAG.finditer(value):
            name = match[1] or match[2]
            if name[0] in "#^/>!&=":
                raise unsupported(f"the Mustache tag [{match[0]}]")
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            check_template(item)


def render(text: str, document: IngestDocument, *, escape: bool = True) -> str:
    """A text with its references replaced; what is absent becomes nothing.

    Raises:
        ApiError: 501 for a reference to an object or a list.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        shown = _text(name, document.get(name)) if document.has(name) else ""
        return json.dumps(shown, ensure_ascii=False)[1:-1] if escape and match[2] else shown

    return _TAG.sub(value, text)


def render_all(value: Any, document: IngestDocument, *, escape: bool = True) -> Any:
    """A JSON value with the references in all its texts replaced; always a fresh value."""
    if isinstance(value, str):
        return render(value, document, escape=escape)
    if isinstance(value, list):
        return [render_all(item, document, escape=escape) for item in value]
    if isinstance(value, dict):
        return {key: render_all(child, document, escape=escape) for key, child in value.items()}
    return value


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise unsupported(f"the Mustache reference to [{name}], which is no single value,")
    return str(value)
