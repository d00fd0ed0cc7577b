"""Dynamic templates of a mapping: a single pattern where a list of one may stand, and no default written out.

Source: ``DynamicTemplate.toXContent``. The definition inside comes back as it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PATTERNS = ("match", "unmatch", "path_match", "path_unmatch", "match_mapping_type", "unmatch_mapping_type")


def canonical_dynamic_templates(templates: Any) -> Any:
    """The canonical form of a list of named templates; anything else is left to the server to refuse."""
    if not isinstance(templates, list) or not all(isinstance(item, Mapping) for item in templates):
        return templates
    return [{name: _template(body) for name, body in item.items()} for item in templates]


def _template(body: Any) -> Any:
    if not isinstance(body, Mapping):
        return body
    value = {key: _patterns(child) if key in _PATTERNS else child for key, child in body.items() if child is not None}
    value = {key: child for key, child in value.items() if key not in _PATTERNS or child != []}
    if value.get("match_mapping_type") == "*" and ("match" in value or "path_match" in value):
        del value["match_mapping_type"]  # a template with a pattern takes values of any type
    if value.get("match_pattern") == "simple":
        del value["match_pattern"]
    return value


def _patterns(value: Any) -> Any:
    if isinstance(value, list):
        return _patterns(value[0]) if len(value) == 1 else value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
