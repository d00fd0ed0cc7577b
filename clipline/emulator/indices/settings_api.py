"""``_settings``: what an index is set to, and changing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument, unsupported, validation_failed
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices import similarities
from clipline.emulator.indices.blocks import check_metadata
from clipline.emulator.indices.creation import check_shards
from clipline.emulator.indices.expressions import PARAMS, named
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.resolution import Options
from clipline.emulator.indices.setting_table import SETTINGS
from clipline.emulator.patterns import simple_match

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def get_settings(node: Node, call: Call) -> Reply:
    """``GET [/{index}]/_settings[/{name}]``; an index that has none of the named settings is left out."""
    body = {}
    for index in node.indices.present(named(node, call)):
        check_metadata(index, write=False)
        shown = shown_settings(node, index, call, call.args.get("name", "_all"))
        if shown:
            body[index.name] = shown
    return Reply(body=body)


def shown_settings(node: Node, index: Index, call: Call, wanted: str = "_all") -> dict[str, Any]:
    """``settings`` of an index, and ``defaults`` if asked for, as the parameters want them."""
    flat = {
        "provided_name": index.name,
        **index.settings,
        "creation_date": str(index.created),
        "uuid": index.uuid,
    }
    flat.setdefault("routing.allocation.include._tier_preference", "data_content")
    if call.flag("human"):
        created = datetime.fromtimestamp(index.created / 1000, UTC)
        flat["creation_date_string"] = f"{created:%Y-%m-%dT%H:%M:%S}.{index.created % 1000:03d}Z"
        flat["version.created_string"] = ".".join(map(str, (*index.release, 0)))
    form = settings_of.dotted if call.flag("flat_settings") else settings_of.nested
    chosen = _chosen(flat, wanted)
    body = {"settings": form(chosen)} if chosen else {}
    if call.flag("include_defaults"):
        body["defaults"] = form(_chosen(settings_of.defaults(flat, node.version), wanted))
    return body


def put_settings(node: Node, call: Call) -> Reply:
    """``PUT [/{index}]/_settings``: of all named indices or of none."""
    body = call.required_body()
    given = body["settings"] if isinstance(body.get("settings"), dict) else body
    if given is not body and len(body) > 1:
        raise illegal_argument("mix of settings map and top-level properties")
    settings_of.check_private(settings_of.names_in(given))
    change = settings_of.flatten(given, node.version, wildcards=True)
    if not change:
        raise validation_failed("no settings to update")
    preserve, reopen = call.flag("preserve_existing"), call.flag("reopen")
    with node.indices.changing():
        indices = [
            node.indices.get(name) for name in named(node, call, base=Options(allow_no_indices=False, closed=True))
        ]
        # A block that forbids changes does not forbid its own removal.
        for index in indices if len(change) > 1 or not set(change) <= _LIFTED else []:
            check_metadata(index)
        _check_static(node, indices, change, reopen=reopen)
        if not preserve and (replicas := change.get("number_of_replicas")) is not None:
            check_shards(node.indices, sum(index.shards * (int(replicas) + 1 - index.copies) for index in indices))
        for index in indices:
            node.indices.update_settings(index, change, preserve_existing=preserve)
    return ACKNOWLEDGED


def _check_static(node: Node, indices: list[Index], change: settings_of.Flat, *, reopen: bool) -> None:
    fixed = settings_of.static(change, node.version)
    if not fixed or not indices:
        return
    if not reopen and (still := [index for index in indices if not index.closed]):
        keys = ", ".join(f"index.{name}" for name in fixed)
        places = ", ".join(f"[{index.name}/{index.uuid}]" for index in still)
        raise illegal_argument(f"Can't update non dynamic settings [[{keys}]] for open indices [{places}]")
    for name in fixed:
        if name.startswith(similarities.PREFIX):
            raise unsupported(f"a change of the setting [index.{name}]")
        if SETTINGS[name].scope == "final":
            raise illegal_argument(f"final {indices[0].name} setting [index.{name}], not updateable")


def _chosen(flat: settings_of.Flat, wanted: str) -> settings_of.Flat:
    if wanted in ("_all", "*", ""):
        return flat
    patterns = wanted.split(",")
    return {
        name: value for name, value in flat.items() if any(simple_match(part, f"index.{name}") for part in patterns)
    }


_LIFTED = {"blocks.read_only", "blocks.read_only_allow_delete", "blocks.metadata"}

READ = PARAMS | {"local", "master_timeout", "flat_settings", "include_defaults"}
_CHANGE = PARAMS | {"timeout", "master_timeout", "preserve_existing", "reopen", "flat_settings"}

ROUTES = [
    *(
        Route("GET", path, "indices:monitor/settings/get", get_settings, READ)
        for path in ("/_settings", "/_settings/{name}", "/{index}/_settings", "/{index}/_settings/{name}")
    ),
    Route("PUT", "/_settings", "indices:admin/settings/update", put_settings, _CHANGE),
    Route("PUT", "/{index}/_settings", "indices:admin/settings/update", put_settings, _CHANGE),
]
