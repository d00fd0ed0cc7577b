"""``dynamic_templates``: which of them a new field matches, and the definition that it gives.

Source: DynamicTemplate. Patterns are ``*`` patterns, or regular expressions with ``match_pattern: regex``. A template that
says neither ``match`` nor ``path_match`` nor ``match_mapping_type`` is there to be asked for by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.fields import field
from clipline.emulator.indices.mappings.parameters import malformed
from clipline.emulator.indices.mappings.refused import Cause, Unfit, failed
from clipline.emulator.indices.mappings.traits import Traits
from clipline.emulator.patterns import simple_match

KINDS = ("object", "string", "long", "double", "boolean", "date", "binary")
"""What ``match_mapping_type`` may be, beside ``*``."""
_DEFAULTS = {"string": "text", "double": "float"}
_PATTERNS = ("match", "unmatch", "path_match", "path_unmatch", "match_mapping_type", "unmatch_mapping_type")
_CONDITIONS = ("match", "path_match", "match_mapping_type")
_JAVA_ONLY = re.compile(r"\\[pPQEGhHRvVXkNxuc0zZ]|\(\?<[a-zA-Z]|\(\?[^:=!<>]|&&|\[[^\]]*\[")
"""What Java reads and Python does not, or reads otherwise."""
_KEYS = (*_PATTERNS, "match_pattern", "mapping", "runtime")


def dynamic_templates(given: Any, traits: Traits) -> list[dict[str, Any]]:
    """The templates as they were given, checked.

    Raises:
        Unfit: one is refused.
        ApiError: 501.
    """
    if not isinstance(given, list):
        raise malformed("Dynamic template syntax error. An array of named objects is expected.")
    for item in given:
        if not isinstance(item, Mapping) or len(item) != 1:
            raise malformed("A dynamic template must be defined with a name")
        name, body = next(iter(item.items()))
        _check(name, body, traits)
    return given


def shown_templates(templates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The templates as GET shows them (DynamicTemplate.toXContent): one pattern alone, and no default written out."""
    return [{name: _shown(body) for name, body in item.items()} for item in templates]


def match(templates: list[dict[str, Any]], name: str, kind: str, chosen: str | None = None) -> Mapping[str, Any] | None:
    """The ``mapping`` that a template gives a field with this full name, of this kind: the chosen one, or the first that fits.

    Raises:
        Refused: there is none of the chosen name.
    """
    for item in templates:
        title, body = next(iter(item.items()))
        if _matches(body, name, kind) if chosen is None else title == chosen:
            return _filled(body.get("mapping", {}), name.rpartition(".")[2], kind)
    if chosen is None:
        return None
    reason = f"Can't find dynamic template for dynamic template name [{chosen}] of field [{name}]"
    raise failed(Cause("mapper_parsing_exception", reason))


def _shown(body: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key in ("match", "path_match", "unmatch", "path_unmatch", "match_mapping_type", "unmatch_mapping_type"):
        patterns = _listed(body.get(key))
        if patterns:
            shown[key] = patterns[0] if len(patterns) == 1 else patterns
    if shown.get("match_mapping_type") == "*" and ("match" in shown or "path_match" in shown):
        del shown["match_mapping_type"]
    if body.get("match_pattern", "simple") != "simple":
        shown["match_pattern"] = body["match_pattern"]
    return {**shown, "mapping": dict(sorted(body["mapping"].items()))}


def _check(name: str, body: Any, traits: Traits) -> None:
    if not isinstance(body, Mapping):
        raise malformed("A dynamic template must be defined with a name")
    if "runtime" in body:
        raise unsupported("dynamic templates with [runtime]")
    for key, value in body.items():
        if key not in _KEYS:
            raise Unfit(f"Illegal dynamic template parameter: [{key}]")
        if key.endswith("mapping_type"):
            for kind in _listed(value):
                if kind not in (*KINDS, "*"):
                    known = ", ".join(sorted(KINDS))
                    raise Unfit(f"No field type matched on [{kind}], possible values are [{known}]")
    if not isinstance(body.get("mapping"), Mapping):
        raise malformed(f"template [{name}] must have either mapping or runtime set")
    if body.get("match_pattern", "simple") not in ("simple", "regex"):
        raise Unfit(f"No matching pattern matched on [{java.text(body['match_pattern'])}]")
    if body.get("match_pattern") == "regex":
        for key in ("match", "unmatch", "path_match", "path_unmatch"):
            for pattern in _listed(body.get(key)):
                _check_regex(name, pattern)
    if not _conditional(body):
        return  # for no kind of value it would have to be tried
    kinds = [kind for kind in _listed(body.get("match_mapping_type", ["string"])) if kind != "*"] or ["string"]
    try:
        field("__dynamic__" + name, "__dynamic__" + name, dict(_filled(body["mapping"], "x", kinds[0])), traits)
    except Unfit as error:
        content = orjson.dumps(body).decode()
        raise malformed(
            f"dynamic template [{name}] has invalid content [{content}], attempted to validate it with the following "
            f"match_mapping_type: [{', '.join(kinds)}]"
        ) from error


def _check_regex(name: str, pattern: str) -> None:
    if _JAVA_ONLY.search(pattern):
        raise unsupported(f"the regular expression [{pattern}] of a dynamic template")
    try:
        re.compile(pattern)
    except re.error as error:
        reason = f"Pattern [{pattern}] of type [regex] is invalid. Cannot create dynamic template [{name}]."
        raise malformed(reason) from error


def _conditional(body: Mapping[str, Any]) -> bool:
    return any(_listed(body.get(key)) for key in _CONDITIONS)


def _matches(body: Mapping[str, Any], name: str, kind: str) -> bool:
    if not _conditional(body):
        return False
    leaf = name.rpartition(".")[2]
    regex = body.get("match_pattern") == "regex"
    wanted, unwanted = _listed(body.get("match_mapping_type")), _listed(body.get("unmatch_mapping_type"))
    if wanted and not {kind, "*"} & set(wanted):
        return False
    if {kind, "*"} & set(unwanted):
        return False
    for key, text in (("match", leaf), ("path_match", name)):
        patterns = _listed(body.get(key))
        if patterns and not any(_fits(pattern, text, regex) for pattern in patterns):
            return False
    return not any(
        _fits(pattern, text, regex)
        for key, text in (("unmatch", leaf), ("path_unmatch", name))
        for pattern in _listed(body.get(key))
    )


def _fits(pattern: str, text: str, regex: bool) -> bool:
    # Java's \d and \w know ASCII only.
    return re.fullmatch(pattern, text, re.ASCII) is not None if regex else simple_match(pattern, text)


def _filled(mapping: Mapping[str, Any], leaf: str, kind: str) -> dict[str, Any]:
    default = _DEFAULTS.get(kind, kind)

    def fill(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {fill(key): fill(child) for key, child in value.items()}
        if isinstance(value, list):
            return [fill(child) for child in value]
        if isinstance(value, str):
            return value.replace("{name}", leaf).replace("{dynamic_type}", default).replace("{dynamicType}", default)
        return value

    filled: dict[str, Any] = fill(mapping)
    return filled if "type" in filled else {"type": default, **filled}


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [java.text(item) for item in value] if isinstance(value, list) else [java.text(value)]
