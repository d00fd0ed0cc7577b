"""Mappings: checked, normalised, merged, and shown as GET shows them.

Normal form: dots in field names opened up, defaults of ``dense_vector`` filled in, other defaults left out, ``dynamic`` as
text, an object without ``type``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.date_formats import check_format
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.fields import object_settings, properties
from clipline.emulator.indices.mappings.merging import count, merge_properties
from clipline.emulator.indices.mappings.parameters import boolean, malformed
from clipline.emulator.indices.mappings.refused import Unfit
from clipline.emulator.indices.mappings.templates import dynamic_templates, shown_templates
from clipline.emulator.indices.mappings.traits import Traits
from clipline.emulator.indices.similarities import known

__all__ = ["check_limits", "count", "fields", "merge", "normalise", "shown"]

DEPTH_LIMIT = 20
"""``index.mapping.depth.limit``."""
FIELDS_LIMIT = 1000
"""``index.mapping.total_fields.limit``."""

_FLAGS = ("date_detection", "numeric_detection")
_REFUSED = {"runtime", "_data_stream_timestamp", "_field_names", "_size", "_tier", "_doc_count"}
_ORDER = ("dynamic", "enabled", "_meta", "_routing", "_source", "dynamic_date_formats", "dynamic_templates", *_FLAGS)


def normalise(mappings: Any, traits: Traits | None = None) -> dict[str, Any]:
    """A mapping in its normal form.

    Raises:
        ApiError: 400 ``mapper_parsing_exception``, or 501 for what is not emulated.
    """
    if mappings is not None and not isinstance(mappings, Mapping):
        raise _failure(malformed(f"Expected map for property [mappings] but got a class {java.class_name(mappings)}"))
    value = dict(mappings or {})
    if set(value) == {"_doc"} and isinstance(value["_doc"], Mapping):
        raise illegal_argument(
            "The mapping definition cannot be nested under a type [_doc] unless include_type_name is set to true."
        )
    try:
        return _root(value, traits or Traits())
    except Unfit as error:
        raise _failure(error) from error


def merge(old: Mapping[str, Any], new: Mapping[str, Any], traits: Traits | None = None) -> dict[str, Any]:
    """A live mapping with an update taken in; ``_meta`` and ``dynamic_templates`` are replaced whole.

    Raises:
        ApiError: 400 ``illegal_argument_exception`` with the real one's words for what conflicts.
    """
    if "enabled" in new and old.get("enabled", True) != new["enabled"]:
        raise ApiError(
            500, "mapper_exception", "the [enabled] parameter can't be updated for the object mapping [_doc]"
        )
    if old:
        _check_metadata(old, new)
    merged = {**old, **{key: value for key, value in new.items() if key != "properties"}}
    if "properties" in new:
        merged["properties"] = merge_properties(old.get("properties", {}), new["properties"], "", traits or Traits())
    return merged


def _check_metadata(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """What is said of ``_source`` and ``_routing`` stays; an update that does not name them changes nothing."""
    for name, defaults in (("_routing", {"required": False}), ("_source", {"includes": [], "excludes": []})):
        if name not in new:
            continue
        changes = [
            f"\n\tCannot update parameter [{key}] from [{java.text(before)}] to [{java.text(after)}]"
            for key, default in defaults.items()
            if (before := old.get(name, {}).get(key, default)) != (after := new[name].get(key, default))
        ]
        if changes:
            raise illegal_argument(f"Mapper for [{name}] conflicts with existing mapper:{''.join(changes)}")


def fields(properties: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every leaf field with its full name, multi-fields included."""
    for name, field in properties.items():
        full = f"{prefix}{name}"
        if "type" not in field:
            yield from fields(field.get("properties", {}), f"{full}.")
            continue
        yield full, field
        for inner, sub in field.get("fields", {}).items():
            yield f"{full}.{inner}", sub


def shown(mappings: Mapping[str, Any]) -> dict[str, Any]:
    """A normal form as GET shows it: fields by name, an object without fields by its type."""
    result = {key: mappings[key] for key in _ORDER if key in mappings}
    if "dynamic_templates" in result:
        result["dynamic_templates"] = shown_templates(result["dynamic_templates"])
    if mappings.get("properties"):
        result["properties"] = {name: _shown_field(field) for name, field in sorted(mappings["properties"].items())}
    return result


def check_limits(mappings: Mapping[str, Any], settings: Mapping[str, str | None]) -> None:
    """Refuse a mapping that is too deep, has too many fields or too long names, or copies where no copies go.

    Raises:
        ApiError: 400.
    """
    most = int(settings.get("mapping.total_fields.limit") or FIELDS_LIMIT)
    if count(mappings.get("properties", {})) > most:
        raise illegal_argument(f"Limit of total fields [{most}] has been exceeded")
    longest = int(settings.get("mapping.field_name_length.limit") or 2**63 - 1)
    for name in _names(mappings.get("properties", {})):
        if len(name) > longest:
            raise illegal_argument(f"Field name [{name}] is longer than the limit of [{longest}] characters")
    _check_similarities(mappings.get("properties", {}), known(settings))
    deepest = int(settings.get("mapping.depth.limit") or DEPTH_LIMIT)
    _check_copies(mappings.get("properties", {}))
    for path in _objects(mappings.get("properties", {}), ""):
        if path.count(".") + 2 > deepest:
            reason = f"Limit of mapping depth [{deepest}] has been exceeded due to object field [{path}]"
            raise illegal_argument(reason)


def _check_similarities(properties: Mapping[str, Any], names: set[str]) -> None:
    for name, field in fields(properties):
        if field["type"] != "dense_vector" and field.get("similarity", "BM25") not in names:
            leaf = name.rpartition(".")[2]
            raise _failure(malformed(f"Unknown Similarity type [{field['similarity']}] for field [{leaf}]"))


def _names(properties: Mapping[str, Any]) -> Iterator[str]:
    """The simple name of every object, field and multi-field."""
    for name, field in properties.items():
        yield name
        yield from _names(field.get("properties", {}))
        yield from field.get("fields", {})


def _check_copies(properties: Mapping[str, Any]) -> None:
    """Refuse fields that are copied to what takes no copies (MappingLookup.validateCopyTo)."""
    known = list(fields(properties))
    targets = {target for _, field in known for target in field.get("copy_to", ())}
    if not targets:
        return
    objects = set(_objects(properties, ""))
    inner = {f"{name}.{sub}" for name, one in known for sub in one.get("fields", {})}
    types = {name: field["type"] for name, field in known}
    for target in sorted(targets):
        if target in objects:
            raise illegal_argument(f"Cannot copy to field [{target}] since it is mapped as an object")
        if target in inner:
            raise illegal_argument(f"[copy_to] may not be used to copy to a multi-field: [{target}]")
        if types.get(target) in ("dense_vector", "flattened"):
            raise unsupported(f"[copy_to] a field of the type [{types[target]}], [{target}]")


def _objects(properties: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, field in properties.items():
        if "type" not in field:
            yield f"{prefix}{name}"
            yield from _objects(field.get("properties", {}), f"{prefix}{name}.")


def _shown_field(field: Mapping[str, Any]) -> dict[str, Any]:
    if "type" in field:
        return dict(field)
    return shown(field) if field.get("properties") else {"type": "object", **shown(field)}


def _root(value: dict[str, Any], traits: Traits) -> dict[str, Any]:
    result = object_settings(value)
    for key, child in value.items():
        if key in ("dynamic", "enabled", "subobjects", "properties"):
            continue
        if key in _REFUSED:
            raise unsupported(f"the mapping parameter [{key}]")
        if key == "_meta":
            if not isinstance(child, Mapping):
                reason = f"class {java.class_name(child)} cannot be cast to class java.util.Map"
                raise Unfit(reason, "class_cast_exception")
            result[key] = child
        elif key in _FLAGS:
            result[key] = _flag(key, child)
        elif key == "dynamic_date_formats":
            result[key] = [check_format(java.text(one)) for one in (child if isinstance(child, list) else [child])]
        elif key == "dynamic_templates":
            result[key] = dynamic_templates(child, traits)
        elif key == "_source":
            result |= {key: source} if (source := _source(child)) else {}
        elif key == "_routing":
            result |= {key: routing} if (routing := _routing(child)) else {}
        else:
            listed = "".join(
                f" [{name} : {java.text(given)}]"
                for name, given in value.items()
                if name not in (*_ORDER, "properties", "subobjects") and name not in _REFUSED
            )
            raise malformed(f"Root mapping definition has unsupported parameters: {listed}")
    if found := properties(value.get("properties") or {}, "", traits):
        result["properties"] = found
    return result


def _flag(key: str, value: Any) -> bool:
    try:
        return boolean(key, value)
    except Unfit:
        raise Unfit(f"Could not convert [{key}] to boolean") from None


def _routing(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise malformed("[_routing] config must be an object")
    for key in value:
        if key != "required":
            raise malformed(f"unknown parameter [{key}] on metadata field [_routing]")
    return {"required": True} if boolean("required", value.get("required", False)) else {}


def _source(value: Any) -> dict[str, Any]:
    """``includes`` and ``excludes``, both as arrays as GET shows them."""
    if not isinstance(value, Mapping):
        raise malformed("[_source] config must be an object")
    result: dict[str, Any] = {}
    for key, child in value.items():
        if key in ("includes", "excludes"):
            result |= (
                {key: [java.text(item) for item in (child if isinstance(child, list) else [child])]} if child else {}
            )
        elif key in ("enabled", "mode"):
            if child not in (True, "true", "stored"):
                raise unsupported(f"the mapping parameter [_source.{key}: {java.text(child)}]")
        else:
            raise malformed(f"unknown parameter [{key}] on metadata field [_source]")
    return result


def _failure(error: Unfit) -> ApiError:
    """``Failed to parse mapping``; the root cause is the inner error only where it is one of Elasticsearch's own."""
    cause = {"type": error.type, "reason": str(error)}
    own = error.type in ("mapper_parsing_exception", "parse_exception")
    reason = f"Failed to parse mapping: {error}"
    return ApiError(400, "mapper_parsing_exception", reason, caused_by=cause, root_cause=[cause] if own else None)
