"""Mappings: checked, normalised as GET shows them, and merged.

Normal form: dots in field names opened up, defaults of ``dense_vector`` filled in, ``dynamic`` as text, an object
without ``type``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.dates import KNOWN_FORMATS
from clipline.emulator.indices.field_types import DEFAULTS, KNOWN_TYPES, ONLY_DEFAULT, PARAMETERS, REFUSED_PARAMETERS
from clipline.emulator.indices.vectors import dense_vector, update_conflicts

_ROOT = {"properties", "dynamic", "_meta", "_source", "_routing", "date_detection", "numeric_detection"}
_ROOT_REFUSED = {
    "dynamic_templates",
    "runtime",
    "dynamic_date_formats",
    "_data_stream_timestamp",
    "_field_names",
    "_size",
}


def normalise(mappings: Mapping[str, Any] | None) -> dict[str, Any]:
    """A mapping in its normal form.

    Raises:
        ApiError: 400 ``mapper_parsing_exception``, or 501 for what is not emulated.
    """
    value = dict(mappings or {})
    if set(value) == {"_doc"}:
        raise ApiError(
            400, "mapper_parsing_exception", "Failed to parse mapping: types cannot be provided in put mapping requests"
        )
    result: dict[str, Any] = {}
    for key, child in value.items():
        if key in _ROOT_REFUSED:
            raise unsupported(f"the mapping parameter [{key}]")
        if key not in _ROOT:
            raise _wrapped(f"Root mapping definition has unsupported parameters:  [{key} : {child}]")
        if key == "dynamic":
            result[key] = _dynamic(child)
        elif key == "_source":
            if child:
                raise unsupported("the mapping parameter [_source]")
        elif key == "_routing" and child != {"required": False}:
            raise unsupported("the mapping parameter [_routing]")
        elif key == "numeric_detection" and child not in (False, "false"):
            raise unsupported("the mapping parameter [numeric_detection]")
        elif key == "date_detection":
            result[key] = child in (True, "true")
        elif key not in ("properties", "_routing", "numeric_detection"):
            result[key] = child
    if value.get("properties"):
        try:
            result["properties"] = _properties(value["properties"], "")
        except ApiError as error:
            raise (_wrapped(error.reason) if error.type == "mapper_parsing_exception" else error) from error
    return result


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A live mapping with an update taken in; ``_meta`` is replaced whole.

    Raises:
        ApiError: 400 ``illegal_argument_exception`` with the real one's words for what conflicts.
    """
    merged = {**old, **{key: value for key, value in new.items() if key != "properties"}}
    if "properties" in new:
        merged["properties"] = _merge_properties(old.get("properties", {}), new["properties"], "")
    return merged


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
    result = {key: value for key, value in mappings.items() if key != "properties"}
    if mappings.get("properties"):
        result["properties"] = {name: _shown_field(field) for name, field in sorted(mappings["properties"].items())}
    return result


def count(properties: Mapping[str, Any]) -> int:
    """How many fields there are, objects and multi-fields included."""
    return sum(1 + count(field.get("properties", {})) + count(field.get("fields", {})) for field in properties.values())


def _shown_field(field: Mapping[str, Any]) -> dict[str, Any]:
    if "type" in field:
        return dict(field)
    return shown(field) if field.get("properties") else {"type": "object", **shown(field)}


def _properties(properties: Any, prefix: str) -> dict[str, Any]:
    if not isinstance(properties, Mapping):
        raise ApiError(400, "mapper_parsing_exception", "Expected map for property [properties] but got a class")
    result: dict[str, Any] = {}
    for name, field in properties.items():
        head, dot, rest = name.partition(".")
        if not isinstance(field, Mapping):
            raise ApiError(
                400, "mapper_parsing_exception", f"Expected map for property [fields] on field [{name}] but got a class"
            )
        if dot:
            field = {"properties": {rest: field}}
        definition = _field(f"{prefix}{head}", dict(field))
        result[head] = _merge_one(result[head], definition, f"{prefix}{head}") if head in result else definition
    return result


def _field(name: str, field: dict[str, Any]) -> dict[str, Any]:
    kind = field.get("type", "object" if "properties" in field or not field else None)
    if kind is None:
        raise ApiError(400, "mapper_parsing_exception", f"No type specified for field [{name.rpartition('.')[2]}]")
    kind = str(_text(kind))
    if kind == "object":
        return _object(name, field)
    if kind == "dense_vector":
        return dense_vector(name, field)
    if kind in KNOWN_TYPES:
        raise unsupported(f"the field type [{kind}]")
    if kind not in PARAMETERS:
        raise ApiError(
            400,
            "mapper_parsing_exception",
            f"The mapper type [{kind}] declared on field [{name.rpartition('.')[2]}] does not exist. It might have been "
            "created within a future version or requires a plugin to be installed. Check the documentation.",
        )
    for key in field:
        if key not in PARAMETERS[kind]:
            leaf = name.rpartition(".")[2]
            raise ApiError(
                400, "mapper_parsing_exception", f"unknown parameter [{key}] on mapper [{leaf}] of type [{kind}]"
            )
        if key in REFUSED_PARAMETERS:
            raise unsupported(f"the mapping parameter [{key}] of [{kind}]")
    if kind == "date" and any(
        part not in KNOWN_FORMATS for part in str(field.get("format", "epoch_millis")).split("||")
    ):
        raise unsupported(f"the date format [{field['format']}]")
    if "fields" in field:
        field["fields"] = _properties(field["fields"], f"{name}.")
    normal = {key: _parameter(name, field, key) for key in field}
    return {key: value for key, value in normal.items() if key not in DEFAULTS or value != _default(kind, key)}


def _parameter(name: str, field: dict[str, Any], key: str) -> Any:
    """A parameter's value in its own type.

    Raises:
        ApiError: 400 when it has another type, 501 when only its default is emulated.
    """
    value = field[key]
    if key not in DEFAULTS:
        return value
    default = _default(field["type"], key)
    if isinstance(default, bool):
        if value not in (True, False, "true", "false"):
            reason = f"Failed to parse value [{value}] as only [true] or [false] are allowed."
            raise ApiError(400, "mapper_parsing_exception", reason)
        value = value in (True, "true")
    elif isinstance(default, int):
        try:
            value = int(value)
            if abs(value) >= 2**31:
                raise ValueError
        except (TypeError, ValueError):
            reason = f"Failed to parse [{key}] on field [{name}]: [{value}] is no number"
            raise ApiError(400, "mapper_parsing_exception", reason) from None
    if key in ONLY_DEFAULT and value != default:
        raise unsupported(f"the mapping parameter [{key}: {value}] of [{field['type']}]")
    return value


def _default(kind: str, key: str) -> Any:
    return False if (kind, key) == ("keyword", "norms") else DEFAULTS[key]


def _object(name: str, field: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in field.items():
        if key == "dynamic":
            result[key] = _dynamic(value)
        elif key == "properties":
            result[key] = _properties(value, f"{name}.")
        elif key in ("enabled", "subobjects"):
            raise unsupported(f"the mapping parameter [{key}]")
        elif key != "type":
            leaf = name.rpartition(".")[2]
            raise ApiError(
                400, "mapper_parsing_exception", f"unknown parameter [{key}] on mapper [{leaf}] of type [object]"
            )
    result.setdefault("properties", {})
    return result


def _merge_properties(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    merged = dict(old)
    for name, field in new.items():
        merged[name] = _merge_one(old[name], field, f"{prefix}{name}") if name in old else field
    return merged


def _merge_one(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> dict[str, Any]:
    if ("type" in old) != ("type" in new):
        raise illegal_argument(f"can't merge a non object mapping [{name}] with an object mapping")
    if "type" not in old:
        properties = _merge_properties(old.get("properties", {}), new.get("properties", {}), f"{name}.")
        return {**old, **new, "properties": properties}
    if old["type"] != new["type"]:
        raise illegal_argument(f"mapper [{name}] cannot be changed from type [{old['type']}] to [{new['type']}]")
    if old["type"] == "dense_vector":
        conflicts = update_conflicts(dict(old), dict(new))
    else:
        fixed = ("index", "doc_values", "format", "store")
        values = [(key, old.get(key, DEFAULTS[key]), new.get(key, DEFAULTS[key])) for key in fixed]
        conflicts = [(key, before, after) for key, before, after in values if before != after]
    if conflicts:
        lines = "".join(
            f"\n\tCannot update parameter [{key}] from [{_text(a)}] to [{_text(b)}]" for key, a, b in conflicts
        )
        raise illegal_argument(f"Mapper for [{name}] conflicts with existing mapper:{lines}")
    merged = dict(new)
    if "fields" in old or "fields" in new:
        merged["fields"] = _merge_properties(old.get("fields", {}), new.get("fields", {}), f"{name}.")
    return merged


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={child}" for key, child in value.items()) + "}"
    return "null" if value is None else value


def _dynamic(value: Any) -> str:
    text = str(value).lower()
    if text == "runtime":
        raise unsupported("the mapping parameter [dynamic: runtime]")
    if text not in ("true", "false", "strict"):
        raise ApiError(400, "mapper_parsing_exception", f"No enum constant for dynamic [{value}]")
    return text


def _wrapped(reason: str) -> ApiError:
    return ApiError(
        400,
        "mapper_parsing_exception",
        f"Failed to parse mapping: {reason}",
        caused_by={"type": "mapper_parsing_exception", "reason": reason},
        root_cause=[{"type": "mapper_parsing_exception", "reason": reason}],
    )
