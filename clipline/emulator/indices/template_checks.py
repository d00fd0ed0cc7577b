"""What templates must be beyond their fields: names, settings, mappings, and what they come to with each other.

In the order of MetadataIndexTemplateService: components that lack, the flag ``create``, equal priorities, the template
alone, its lifecycle, and at last what it is with its components.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, validation_failed
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.alias_rules import check_alias
from clipline.emulator.indices.composition import BUILT_IN, compose
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.patterns import overlap

if TYPE_CHECKING:
    from clipline.emulator.indices.store import Indices

Templates = Mapping[str, Mapping[str, Any]]
_CHARACTERS = ' "*\\<|,>/?'


def check_component(indices: Indices, name: str, body: dict[str, Any], existing: Templates) -> None:
    """Refuse a component template that is none, or that spoils an index template that uses it.

    Raises:
        ApiError: 400.
    """
    template = body["template"]
    if "settings" in template:
        flat = settings_of.flatten(template["settings"], indices.node.version)
        template["settings"] = settings_of.nested(flat)
    mappings_of.normalise(template.get("mappings"), traits_of(indices.node))
    if wrong := _wrong_name(name):
        raise _invalid(name, validation_failed(*wrong).reason)
    components = {**existing, name: body}
    for user, using in indices.templates("index").items():
        if name not in using.get("composed_of", []):
            continue
        _check_hidden_component(name, user, using, template)
        try:
            compose(indices, using, components)
        except ApiError as error:
            if error.status == 501:
                raise
            reason = (
                f"updating component template [{name}] results in invalid composable template [{user}] after templates "
                "are merged"
            )
            cause = illegal_argument(f"invalid composite mappings for [{user}]")
            cause.caused_by = error.cause()
            raise ApiError(400, "illegal_argument_exception", reason, caused_by=cause.cause()) from error


def check_index(indices: Indices, name: str, body: dict[str, Any], existing: Templates, *, create: bool) -> None:
    """Refuse an index template that cannot be; brings its settings into the form that is stored.

    Raises:
        ApiError: 400.
    """
    if body.get("priority", 0) < 0:
        raise validation_failed("index template priority must be >= 0")
    components = indices.templates("component")
    _check_components(name, body, components)
    if create and name in existing:
        raise illegal_argument(f"index template [{name}] already exists")
    _check_priority(name, body, existing)
    template = body.get("template") or {}
    messages = [*_wrong_name(name), *_wrong_patterns(body["index_patterns"])]
    if "settings" in template:
        try:
            template["settings"] = settings_of.nested(settings_of.flatten(template["settings"], indices.node.version))
        except ApiError as error:
            if error.status == 501:
                raise
            messages += [error.reason, *(other["reason"] for other in error.meta.get("suppressed", []))]
    if messages:
        raise _invalid(name, validation_failed(*messages).reason)
    parts = [template, *(components[part]["template"] for part in body["composed_of"] if part in components)]
    if body.get("data_stream") is None and any("lifecycle" in part for part in parts):
        raise illegal_argument(
            f"index template [{name}] specifies lifecycle configuration that can only be used in combination with a data "
            "stream"
        )
    _check_composed(indices, name, body)


def overlapping(name: str, patterns: list[str], existing: Templates) -> dict[str, list[str]]:
    """The other templates whose patterns some name matches too: name → patterns."""
    return {
        other: list(body["index_patterns"])
        for other, body in existing.items()
        if other != name and any(overlap(left, right) for left in patterns for right in body["index_patterns"])
    }


def _check_components(name: str, body: Mapping[str, Any], components: Templates) -> None:
    if "*" in body["index_patterns"]:
        parts = [components[part]["template"] for part in body["composed_of"] if part in components]
        for part in (*parts, body.get("template") or {}):
            if "hidden" in settings_of.names_in(part.get("settings") or {}):
                raise _invalid(name, "global composable templates may not specify the setting index.hidden")
    optional = body.get("ignore_missing_component_templates", [])
    missing = [part for part in body["composed_of"] if part not in components and part not in optional]
    if missing and optional:
        raise _invalid(
            name,
            f"index template [{name}] specifies a missing component templates [{', '.join(missing)}] that does not exist "
            "and is not part of 'ignore_missing_component_templates'",
        )
    if missing:
        text = f"index template [{name}] specifies component templates [{', '.join(missing)}] that do not exist"
        raise _invalid(name, text)


def _check_priority(name: str, body: Mapping[str, Any], existing: Templates) -> None:
    priority = body.get("priority", 0)
    rivals = {key: other for key, other in {**BUILT_IN, **existing}.items() if other.get("priority", 0) == priority}
    clashing = overlapping(name, body["index_patterns"], rivals)
    if not clashing:
        return
    patterns = ",".join(f"{other} => [{', '.join(theirs)}]" for other, theirs in clashing.items())
    raise illegal_argument(
        f"index template [{name}] has index patterns [{', '.join(body['index_patterns'])}] matching patterns "
        f"from existing templates [{','.join(clashing)}] with patterns ({patterns}) "
        f"that have the same priority [{priority}], multiple index templates may not match during index "
        "creation, please use a different priority"
    )


def _check_hidden_component(name: str, user: str, using: Mapping[str, Any], template: Mapping[str, Any]) -> None:
    if "*" in using["index_patterns"] and "hidden" in (template.get("settings") or {}).get("index", {}):
        raise illegal_argument(
            f"cannot update component template [{name}] because the following global templates would resolve to "
            f"specifying the [index.hidden] setting: [{user}]"
        )


def _check_composed(indices: Indices, name: str, body: Mapping[str, Any]) -> None:
    used = f"with component templates [{', '.join(body['composed_of'])}] " if body["composed_of"] else ""
    reason = f"composable template [{name}] template after composition {used}is invalid"
    try:
        result = compose(indices, body)
    except ApiError as error:
        if error.status == 501:
            raise
        cause = illegal_argument(f"invalid composite mappings for [{name}]")
        cause.caused_by = error.cause()
        raise ApiError(400, "illegal_argument_exception", reason, caused_by=cause.cause()) from error
    for alias, options in result.aliases.items():
        try:
            check_alias(indices, alias, options)
        except ApiError as error:
            if error.status == 501:
                raise
            raise ApiError(400, "illegal_argument_exception", reason, caused_by=error.cause()) from error


def _wrong_name(name: str) -> list[str]:
    wrong = [f"name must not contain a {text}" for text, character in
             (("space", " "), ("','", ","), ("'#'", "#"), ("'*'", "*")) if character in name]  # fmt: skip
    if name.startswith("_"):
        wrong.append("name must not start with '_'")
    if name != name.lower():
        wrong.append("name must be lower cased")
    return wrong


def _wrong_patterns(patterns: list[str]) -> list[str]:
    wrong: list[str] = []
    for pattern in patterns:
        if " " in pattern:
            wrong.append(f"index_patterns [{pattern}] must not contain a space")
        wrong += [f"index_pattern [{pattern}] must not contain a '{c}'" for c in ",#:" if c in pattern]
        if pattern.startswith("_"):
            wrong.append(f"index_pattern [{pattern}] must not start with '_'")
        if any(character in _CHARACTERS for character in pattern.replace("*", "")):
            wrong.append(
                f"index_pattern [{pattern}] must not contain the following characters "
                "[' ','\"','*',',','/','<','>','?','\\','|']"
            )
    return wrong


def _invalid(name: str, cause: str) -> ApiError:
    return ApiError(400, "invalid_index_template_exception", f"index_template [{name}] invalid, cause [{cause}]")
