"""Sorting: the criteria of a request; ``axes`` lays them out over what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.dates import KNOWN_FORMATS
from clipline.emulator.indices.field_types import FLOATS, INTEGERS, KNOWN_TYPES, PARAMETERS
from clipline.emulator.search.columns import MODES
from clipline.emulator.search.context import Context, ShardError

_LACKING = {"nested", "numeric_type", "nested_path", "nested_filter"}
_OPTIONS = {"order", "missing", "mode", "unmapped_type", "format"}
META = ("_score", "_doc", "_shard_doc")


@dataclass(frozen=True, slots=True)
class Key:
    """One criterion of the order."""

    name: str
    descending: bool
    missing: Any = "_last"
    mode: str = "min"
    unmapped: str | None = None
    format: str | None = None

    def check(self, context: Context) -> None:
        """Refuse what an index cannot be sorted by.

        Raises:
            ShardError: the field is missing or of a type that has no order.
        """
        if self.name in META:
            return
        definition = context.definition(self.name)
        if definition is None:
            if self.unmapped is None:
                raise context.query_error(f"No mapping found for [{self.name}] in order to sort on")
            if self.unmapped in KNOWN_TYPES:
                raise unsupported(f"[unmapped_type: {self.unmapped}] of a sort")
            if self.unmapped not in (*PARAMETERS, "dense_vector"):
                raise ShardError.illegal(f"No mapper found for type [{self.unmapped}]")
            return
        kind = definition["type"]
        if kind == "text":
            raise no_fielddata(context, self.name)
        if kind == "_id":
            raise ShardError.illegal(
                "Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster "
                "setting: indices.id_field_data.enabled"
            )
        if kind not in ("keyword", "date", "boolean", *INTEGERS, *FLOATS):
            raise unsupported(f"sorting by a field of the type [{kind}]")
        if definition.get("doc_values") is False:
            raise ShardError.illegal(
                f"Can't load fielddata on [{self.name}] because fielddata is unsupported on fields of type [{kind}]. "
                "Use doc values instead."
            )
        if kind == "keyword" and self.mode in ("sum", "avg", "median"):
            raise context.query_error("we only support AVG, MEDIAN and SUM on number based fields")
        if self.format is not None and kind != "date":
            raise unsupported(f"the sort option [format] on a field of the type [{kind}]")


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
    return tuple(keys)


def by_score(keys: tuple[Key, ...]) -> bool:
    """Whether criteria are the plain order by score, which Elasticsearch does not show as a sort."""
    return not keys or [(key.name, key.descending) for key in keys] == [("_score", True)]


def no_fielddata(context: Context, name: str) -> ShardError:
    """The error of reading a text field column by column."""
    return ShardError.illegal(
        f"Fielddata is disabled on [{name}] in [{context.index.name}]. Text fields are not optimised for operations that "
        "require per-document field data like aggregations and sorting, so these operations are disabled by default. "
        f"Please use a keyword field instead. Alternatively, set fielddata=true on [{name}] in order to load field data "
        "by uninverting the inverted index. Note that this can use significant memory."
    )


def _key(name: str, options: Any) -> Key:
    given = {"order": options} if isinstance(options, str) else options
    if not isinstance(given, Mapping):
        raise ApiError(400, "parsing_exception", f"[{name}] sort format is malformed")
    for option in given:
        if option in _LACKING:
            raise unsupported(f"the sort option [{option}]")
        if option not in _OPTIONS or (name == "_score" and option != "order"):
            parser = "_score" if name == "_score" else "field_sort"
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [{parser}] unknown field [{option}]")
    if name in ("_geo_distance", "_geoDistance", "_script"):
        raise unsupported(f"sorting by [{name}]")
    order = str(given.get("order", "desc" if name == "_score" else "asc")).lower()
    if order not in ("asc", "desc"):
        raise illegal_argument(f"No enum constant org.elasticsearch.search.sort.SortOrder.{order.upper()}")
    mode = str(given.get("mode", "max" if order == "desc" else "min")).lower()
    if mode not in MODES:
        raise illegal_argument(f"Unknown SortMode [{mode}]")
    shape, unmapped = given.get("format"), given.get("unmapped_type")
    if shape is not None and any(part not in KNOWN_FORMATS for part in str(shape).split("||")):
        raise unsupported(f"the date format [{shape}] of a sort")
    return Key(
        name,
        order == "desc",
        given.get("missing", "_last"),
        mode,
        None if unmapped is None else str(unmapped),
        None if shape is None else str(shape),
    )
