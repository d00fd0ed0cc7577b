"""``{{field}}`` and ``{{{field}}}`` in the options of processors; sections are refused when a pipeline is stored.

As in Elasticsearch, two braces escape a value for the media type of the option: as JSON text does (``"`` becomes ``\\"``) for
``application/json``, as a form does for ``application/x-www-form-urlencoded``, not at all for ``text/plain``; three braces
leave it as it is.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote_plus

from clipline.emulator.errors import unsupported
from clipline.emulator.ingest.document import MISSING, IngestDocument
from clipline.emulator.painless.values import text as java_text

_TAG = re.compile(r"\{\{\{\s*([^{}]+?)\s*\}\}\}|\{\{\s*([^{}]+?)\s*\}\}")
_UNEVEN = re.compile(r"\{\{\{[^{}]*\}\}(?!\})")
_JSON = "application/json"


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
        if "{{" in _TAG.sub("", value) or _UNEVEN.search(value):
            # Elasticsearch refuses most of them, each in its own words.
            raise unsupported(f"braces that are no reference to a field, as in [{value}]")
    elif isinstance(value, list):
        for item in value:
            check_template(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            check_template(key)
            check_template(item)


def is_template(value: Any) -> bool:
    """Whether a value refers to a field."""
    return isinstance(value, str) and "{{" in value


def render(text: str, document: IngestDocument, media_type: str = _JSON) -> str:
    """A text with its references replaced; what is absent becomes nothing.

    Raises:
        ApiError: 501 for a reference to an object of several keys.
    """
    if "{{" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        shown = _text(document, match[1] or match[2])
        if match[1]:
            return shown
        if media_type == _JSON:
            return json.dumps(shown, ensure_ascii=False)[1:-1]
        return quote_plus(shown, safe="*").replace("~", "%7E") if media_type.endswith("urlencoded") else shown

    return _TAG.sub(value, text)


def render_all(value: Any, document: IngestDocument, media_type: str = _JSON) -> Any:
    """A JSON value with the references in all its texts and keys replaced; always a fresh value."""
    if isinstance(value, str):
        return render(value, document, media_type)
    if isinstance(value, list):
        return [render_all(item, document, media_type) for item in value]
    if isinstance(value, dict):
        return {render(k, document, media_type): render_all(v, document, media_type) for k, v in value.items()}
    return value


def _text(document: IngestDocument, name: str) -> str:
    if name in (".", "_source", "_ingest"):
        raise unsupported(f"the Mustache reference to [{name}]")
    holder, _, last = name.rpartition(".")
    value = document.find(name)
    if value is MISSING and last == "size" and holder:
        value = document.find(holder)
        value = len(value) if isinstance(value, list | dict) else None
    return "" if value is None or value is MISSING else java_text(value)
