"""The order of hits: by score, by fields, and from a place on (``search_after``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.field_types import FLOATS, INTEGERS
from clipline.emulator.indices.snapshot import Searchable
from clipline.emulator.search.context import Context, ShardError
from clipline.emulator.search.fetch import no_fielddata

_LACKING = {"format", "nested", "numeric_type", "nested_path", "nested_filter"}
_LONG_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Found:
    """One document that the search matches."""

    context: Context
    document: Searchable
    score: float


@dataclass(frozen=True, slots=True)
class Key:
    """One criterion of the order."""

    name: str
    descending: bool
    missing_first: bool = False
    largest: bool = False
    unmapped: bool = False

    def value(self, found: Found) -> Any:
        """What is compared; ``None`` when the document has no value.

        Raises:
            ShardError: the field cannot be sorted by.
        """
        if self.name == "_score":
            return found.score
        if self.name in ("_doc", "_shard_doc"):
            return found.document.seq_no
        values = found.document.parsed.values.get(self.name)
        if not values:
            return None
        return max(values) if self.largest else min(values)

    def check(self, context: Context) -> None:
        """Refuse what an index cannot be sorted by."""
        if self.name in ("_score", "_doc", "_shard_doc"):
            return
        definition = context.definition(self.name)
        if definition is None:
            if not self.unmapped:
                entry = context.refusal(f"No mapping found for [{self.name}] in order to sort on").entry
                reason = entry["reason"].removeprefix("failed to create query: ")
                raise ShardError({key: entry[key] for key in ("type", "index_uuid", "index")} | {"reason": reason})
            return
        kind = definition["type"]
        if kind == "text":
            raise no_fielddata(context, self.name)
        if kind == "_id":
            reason = (
                "Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster "
                "setting: indices.id_field_data.enabled"
            )
            raise ShardError({"type": "illegal_argument_exception", "reason": reason})
        if kind not in ("keyword", "date", *INTEGERS, *FLOATS):
            raise unsupported(f"sorting by a field of the type [{kind}]")

    def shown(self, found: Found) -> Any:
        """The value as a hit's ``sort`` shows it; a missing number stands as the extreme that puts it in its place."""
        value = self.value(found)
        if value is not None:
            return value
        kind = (found.context.definition(self.name) or {"type": "keyword"})["type"]
        high = self.descending == self.missing_first
        if kind in FLOATS:
            return "Infinity" if high else "-Infinity"
        if kind in INTEGERS or kind == "date":
            return _LONG_MAX if high else -_LONG_MAX - 1
        return None


def read_sort(value: Any) -> tuple[Key, ...]:
    """The ``sort`` of a request; empty for the plain order by score.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    if value is None:
        return ()
    keys: list[Key] = []
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, Mapping):
            keys += [_key(name, options) for name, options in entry.items()]
        elif isinstance(entry, str):
            keys.append(_key(entry, {}))
        else:
            raise illegal_argument(
                "malformed sort format, within the sort array, an object, or an actual string are allowed"
            )
    return () if [(key.name, key.descending) for key in keys] == [("_score", True)] else tuple(keys)


def ordered(found: list[Found], keys: tuple[Key, ...]) -> list[Found]:
    """The documents in their order; what arrived first stands first among equals."""
    if not keys:
        return sorted(found, key=lambda one: -one.score)
    for key in {one.context.index.name: one.context for one in found}.values():
        for criterion in keys:
            criterion.check(key)
    result = found
    for criterion in reversed(keys):
        with_value = [(criterion.value(one), one) for one in result]
        present = [pair for pair in with_value if pair[0] is not None]
        absent = [one for value, one in with_value if value is None]
        present.sort(key=lambda pair: pair[0], reverse=criterion.descending)
        inside = [one for _, one in present]
        result = absent + inside if criterion.missing_first else inside + absent
    return result


def after(found: list[Found], keys: tuple[Key, ...], values: list[Any]) -> list[Found]:
    """What comes behind the sort values of a hit seen before.

    Raises:
        ApiError: 400 when there are not as many values as criteria.
    """
    if len(values) != len(keys):
        raise illegal_argument(
            f"search_after has {len(values)} value(s) but sort has {len(keys)}."
            if keys
            else "Sort must contain at least one field."
        )
    return [one for one in found if _behind(one, keys, values)]


def _behind(one: Found, keys: tuple[Key, ...], values: list[Any]) -> bool:
    for key, limit in zip(keys, values, strict=True):
        value = key.shown(one)
        if value == limit:
            continue
        if value is None or limit is None:
            return (value is None) != key.missing_first
        try:
            larger = bool(_plain(value) > _plain(limit))
        except TypeError:
            raise illegal_argument(f"Failed to parse search_after value for field [{key.name}].") from None
        return larger != key.descending
    return False


def _plain(value: Any) -> Any:
    return float(value) if value in ("Infinity", "-Infinity") else value


def _key(name: str, options: Any) -> Key:
    given = {"order": options} if isinstance(options, str) else options
    if not isinstance(given, Mapping):
        raise ApiError(400, "parsing_exception", f"[{name}] sort format is malformed")
    for option in given:
        if option in _LACKING:
            raise unsupported(f"the sort option [{option}]")
        if option not in ("order", "missing", "mode", "unmapped_type"):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [field_sort] unknown field [{option}]")
    if name.startswith("_geo_distance") or name == "_script":
        raise unsupported(f"sorting by [{name}]")
    order = str(given.get("order", "desc" if name == "_score" else "asc")).lower()
    if order not in ("asc", "desc"):
        raise illegal_argument(f"Unknown SortOrder [{given['order']}]")
    missing, mode = given.get("missing", "_last"), given.get("mode", "max" if order == "desc" else "min")
    if missing not in ("_last", "_first"):
        raise unsupported(f"the sort option [missing: {missing}]")
    if mode not in ("min", "max"):
        raise unsupported(f"the sort option [mode: {mode}]")
    return Key(name, order == "desc", missing == "_first", mode == "max", "unmapped_type" in given)
