"""What other clusters hold and this one never does: snapshots, data streams, legacy templates.

Making one is refused with 501. Asking for all of them, or deleting all, has a true answer without having any: there are
none. Test suites and tools that leave a cluster clean ask so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.indices.expressions import read_options
from clipline.emulator.indices.index_names import index_not_found
from clipline.emulator.indices.resolution import Options

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def repositories(node: Node, call: Call) -> Reply:
    """``GET /_snapshot[/{repository}]``."""
    if named := _named(call.args.get("repository", "_all")):
        raise _no_repository(named)
    return Reply(body={})


def delete_repository(node: Node, call: Call) -> Reply:
    """``DELETE /_snapshot/{repository}``: a wildcard that reaches nothing is an error of this API."""
    raise _no_repository(call.args["repository"])


def data_streams(node: Node, call: Call) -> Reply:
    """``GET /_data_stream[/{name}]``."""
    read_options(call, Options())
    if named := _named(call.args.get("name", "*")):
        raise index_not_found(named)
    return Reply(body={"data_streams": []})


def delete_data_stream(node: Node, call: Call) -> Reply:
    """``DELETE /_data_stream/{name}``."""
    read_options(call, Options())
    if named := _named(call.args["name"]):
        raise index_not_found(named)
    return ACKNOWLEDGED


def legacy_template(node: Node, call: Call) -> Reply:
    """``GET /_template/{name}``: 404 with an empty object, as there."""
    if not _named(call.args["name"]):
        raise unsupported("listing legacy templates: a real server has some of its own")
    return Reply(body={}, status=404)


def delete_legacy_template(node: Node, call: Call) -> Reply:
    """``DELETE /_template/{name}``."""
    if named := _named(call.args["name"]):
        raise ApiError(404, "index_template_missing_exception", f"index_template [{named}] missing")
    return ACKNOWLEDGED


def _named(expression: str) -> str | None:
    """The first part of an expression that is no wildcard."""
    return next((part for part in expression.split(",") if part and part != "_all" and "*" not in part), None)


def _no_repository(name: str) -> ApiError:
    return ApiError(404, "repository_missing_exception", f"[{name}] missing")


_STREAMS = {"expand_wildcards", "master_timeout"}

ROUTES = [
    Route("GET", "/_snapshot", "cluster:admin/repository/get", repositories, {"local", "master_timeout"}),
    Route("GET", "/_snapshot/{repository}", "cluster:admin/repository/get", repositories, {"local", "master_timeout"}),
    Route(
        "DELETE",
        "/_snapshot/{repository}",
        "cluster:admin/repository/delete",
        delete_repository,
        {"timeout", "master_timeout"},
    ),
    Route(
        "GET", "/_data_stream", "indices:admin/data_stream/get", data_streams, _STREAMS, {"include_defaults", "verbose"}
    ),
    Route(
        "GET",
        "/_data_stream/{name}",
        "indices:admin/data_stream/get",
        data_streams,
        _STREAMS,
        {"include_defaults", "verbose"},
    ),
    Route("DELETE", "/_data_stream/{name}", "indices:admin/data_stream/delete", delete_data_stream, _STREAMS),
    Route(
        "GET",
        "/_template/{name}",
        "indices:admin/template/get",
        legacy_template,
        {"flat_settings", "local", "master_timeout"},
    ),
    Route(
        "DELETE",
        "/_template/{name}",
        "indices:admin/template/delete",
        delete_legacy_template,
        {"timeout", "master_timeout"},
    ),
]
