"""A definition taken into a live one: what may change, and the real words for what may not.

Source: ObjectMapper.MergeResult, FieldMapper.Conflicts, MapperErrors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices.field_types import PARAMETERS
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.dense_vector import vector_conflicts
from clipline.emulator.indices.mappings.traits import Traits

Definition = Mapping[str, Any]


def merge_properties(old: Definition, new: Definition, prefix: str, traits: Traits) -> dict[str, Any]:
    """Old fields with new ones taken in.

    Raises:
        ApiError: 400 ``illegal_argument_exception``, 500 ``mapper_exception``.
    """
    merged = dict(old)
    for name, field in new.items():
        merged[name] = merge_field(old[name], field, f"{prefix}{name}", traits) if name in old else field
    return merged


def merge_field(old: Definition, new: Definition, name: str, traits: Traits) -> dict[str, Any]:
    """One live definition with a new one taken in.

    Raises:
        ApiError: 400 ``illegal_argument_exception``, 500 ``mapper_exception``.
    """
    if ("type" in old) != ("type" in new):
        raise illegal_argument(f"can't merge a non object mapping [{name}] with an object mapping")
    if "type" not in old:
        if old.get("enabled", True) != new.get("enabled", True) and "enabled" in new:
            reason = f"the [enabled] parameter can't be updated for the object mapping [{name}]"
            raise ApiError(500, "mapper_exception", reason)
        inner = merge_properties(old.get("properties", {}), new.get("properties", {}), f"{name}.", traits)
        return {**old, **new, "properties": inner}
    if old["type"] != new["type"]:
        raise illegal_argument(f"mapper [{name}] cannot be changed from type [{old['type']}] to [{new['type']}]")
    conflicts = (
        vector_conflicts(dict(old), dict(new), traits) if old["type"] == "dense_vector" else _conflicts(old, new)
    )
    if conflicts:
        lines = "".join(f"\n\tCannot update parameter [{key}] from [{a}] to [{b}]" for key, a, b in conflicts)
        raise illegal_argument(f"Mapper for [{name}] conflicts with existing mapper:{lines}")
    merged = dict(new)
    subs = merge_properties(old.get("fields", {}), new.get("fields", {}), f"{name}.", traits)
    return {**merged, "fields": subs} if subs else merged


def _conflicts(old: Definition, new: Definition) -> list[tuple[str, str, str]]:
    found = []
    for key, parameter in PARAMETERS[old["type"]].items():
        before, after = old.get(key, parameter.default), new.get(key, parameter.default)
        if not parameter.may_change(before, after):
            found.append((key, java.text(before), java.text(after)))
    return found


def count(properties: Mapping[str, Any]) -> int:
    """How many fields there are, objects and multi-fields included."""
    return sum(1 + count(field.get("properties", {})) + count(field.get("fields", {})) for field in properties.values())
