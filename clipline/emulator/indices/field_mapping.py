"""``_mapping/field``: the mappings of single fields, by name or pattern.

Wire format::

    {"i": {"mappings": {"o.a": {"full_name": "o.a", "mapping": {"a": {"type": "long"}}}}}}

Source: TransportGetFieldMappingsIndexAction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.errors import unsupported
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices.expressions import PARAMS, named
from clipline.emulator.indices.index import Index
from clipline.emulator.patterns import simple_match

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_METADATA = (
    "_doc_count", "_feature", "_field_names", "_id", "_ignored", "_ignored_source", "_index", "_nested_path", "_routing",
    "_seq_no", "_source", "_tier", "_version",
)  # fmt: skip


def get_field_mapping(node: Node, call: Call) -> Reply:
    """``GET [/{index}]/_mapping/field/{fields}``."""
    patterns = call.args["fields"].split(",")
    for pattern in patterns:
        if any(simple_match(pattern, name) for name in _METADATA):
            raise unsupported(f"the mappings of metadata fields, which [{pattern}] names too")
    indices = node.indices.present(named(node, call))
    found = {index.name: {"mappings": _fields(index, patterns)} for index in indices}
    return Reply(body=found, status=200 if found else 404)


def _fields(index: Index, patterns: list[str]) -> dict[str, object]:
    known = dict(mappings_of.fields(index.mappings.get("properties", {})))
    return {
        name: {"full_name": name, "mapping": {name.rpartition(".")[2]: definition}}
        for pattern in patterns
        for name, definition in sorted(known.items())
        if simple_match(pattern, name)
    }


_PARAMS = PARAMS | {"local"}

ROUTES = [
    Route("GET", path, "indices:admin/mappings/fields/get", get_field_mapping, _PARAMS, {"include_defaults"})
    for path in ("/_mapping/field/{fields}", "/{index}/_mapping/field/{fields}")
]
