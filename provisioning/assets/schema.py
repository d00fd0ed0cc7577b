"""The shape of each kind of asset, as JSON Schema files beside this module, and errors as findings with lines."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from clipline.core.errors import Finding
from provisioning.assets.stack import Asset

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_KINDS = ("component_template", "index_template", "ingest_pipeline", "model", "pipeline_test")


def shape_findings(asset: Asset) -> Iterator[Finding]:
    """What is wrong with one asset's shape: unknown keys, wrong types, missing keys."""
    errors = sorted(_validator(asset.kind).iter_errors(asset.body), key=lambda error: list(map(str, error.path)))
    for error in errors:
        yield from _findings(asset, error)


@cache
def _validator(kind: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    folder = files("provisioning.assets") / "schemas"
    names = [*(f"{kind}.json" for kind in _KINDS), "template.json"]
    contents = {name: json.loads((folder / name).read_text("utf-8")) for name in names}
    registry: Registry[Any] = Registry().with_resources(
        [(name, Resource.from_contents(value, default_specification=DRAFT202012)) for name, value in contents.items()]
    )
    return Draft202012Validator(contents[f"{kind}.json"], registry=registry)


def _findings(asset: Asset, error: ValidationError) -> Iterator[Finding]:
    document = asset.document
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(error.schema.get("properties", {})) if isinstance(error.schema, dict) else []
        for key in error.instance:
            if key not in known:
                yield document.finding(f"unknown key {key!r}", *path, key, hint=_near(key, known))
        return
    if error.validator == "propertyNames" or "propertyNames" in error.absolute_schema_path:
        known = list(error.validator_value) if isinstance(error.validator_value, list) else []
        name = str(error.instance)
        yield document.finding(f"there is no ingest processor {name!r}", *path, name, hint=_near(name, known))
        return
    yield document.finding(_sentence(error, path), *path)


def _sentence(error: ValidationError, path: tuple[str | int, ...]) -> str:
    name = ".".join(map(str, path)) or "the file"
    value = json.dumps(error.instance, ensure_ascii=False, default=str)
    shown = value if len(value) <= 60 else f"{value[:57]}…"
    match error.validator:
        case "required":
            return f"{name}: {error.message.partition(' is a required')[0]} is missing"
        case "type":
            wanted = error.validator_value
            wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
            return f"{name} must be of type {wanted}, but is {shown}"
        case "enum":
            return f"{name} is {shown}; allowed are {', '.join(map(str, _list(error.validator_value)))}"
        case "const":
            return f"{name} is {shown}; only {error.validator_value} is supported"
        case "minimum" | "maximum":
            bound = "least" if error.validator == "minimum" else "most"
            return f"{name} is {shown}, but must be at {bound} {error.validator_value}"
        case "anyOf":
            return f"{name} has neither a type nor properties"
        case _:
            return f"{name}: {error.message}"


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _near(key: str, known: list[str]) -> str | None:
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"allowed are {', '.join(known)}" if 0 < len(known) <= 12 else None
