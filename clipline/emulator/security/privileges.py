"""Named privileges: the patterns of actions that each grants, as ``ClusterPrivilegeResolver`` and ``IndexPrivilege`` have them.

An action is a name such as ``indices:data/write/bulk``; a privilege is one of the names below or itself a pattern over
actions. ``granting`` lists who grants an action in the order of Elasticsearch's refusals: a privilege that includes
fewer others stands first, equals stand by name (``Privilege.sortByAccessLevel``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache

_ALL_CLUSTER = ("cluster:*", "indices:admin/template/*", "indices:admin/index_template/*")
_SECURITY = "cluster:admin/xpack/security/*"

CLUSTER: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "all": _ALL_CLUSTER,
    "manage": _ALL_CLUSTER,
    "monitor": (
        "cluster:monitor/*",
        "indices:admin/template/get",
        "cluster:admin/component_template/get",
        "indices:admin/index_template/get",
    ),
    "monitor_ml": ("cluster:monitor/xpack/ml/*",),
    "monitor_inference": ("cluster:monitor/xpack/inference*", "cluster:monitor/xpack/ml/trained_models/deployment/get"),
    "manage_ml": ("cluster:admin/xpack/ml/*", "cluster:monitor/xpack/ml/*"),
    "manage_inference": (
        "cluster:admin/xpack/inference/*",
        "cluster:monitor/xpack/inference*",
        "cluster:admin/xpack/ml/trained_models/deployment/start",
        "cluster:admin/xpack/ml/trained_models/deployment/stop",
        "cluster:monitor/xpack/ml/trained_models/deployment/get",
    ),
    "manage_index_templates": (
        "indices:admin/template/*",
        "indices:admin/index_template/*",
        "cluster:admin/component_template/*",
    ),
    "manage_ingest_pipelines": ("cluster:admin/ingest/pipeline/*",),
    "manage_pipeline": ("cluster:admin/ingest/pipeline/*",),
    "read_pipeline": ("cluster:admin/ingest/pipeline/get", "cluster:admin/ingest/pipeline/simulate"),
    "manage_security": (_SECURITY,),
    "read_security": (
        "cluster:admin/xpack/security/api_key/get",
        "cluster:admin/xpack/security/api_key/query",
        "cluster:admin/xpack/security/privilege/builtin/get",
        "cluster:admin/xpack/security/privilege/get",
        "cluster:admin/xpack/security/role/get",
        "cluster:admin/xpack/security/role_mapping/get",
        "cluster:admin/xpack/security/user/get",
        "cluster:admin/xpack/security/user/list_privileges",
        "cluster:admin/xpack/security/user/has_privileges",
    ),
    "manage_api_key": ("cluster:admin/xpack/security/api_key/*",),
    # Of one's own keys only: ``authorize`` asks whose they are.
    "manage_own_api_key": (
        "cluster:admin/xpack/security/api_key/create",
        "cluster:admin/xpack/security/api_key/get",
        "cluster:admin/xpack/security/api_key/invalidate",
        "cluster:admin/xpack/security/api_key/update",
    ),
    "grant_api_key": ("cluster:admin/xpack/security/api_key/grant*",),
    "manage_token": ("cluster:admin/xpack/security/token/*",),
    "manage_ilm": ("cluster:admin/ilm/*",),
    "read_ilm": ("cluster:admin/ilm/get", "cluster:admin/ilm/operation_mode/get"),
    "manage_transform": ("cluster:admin/transform/*", "cluster:monitor/transform/*"),
    "monitor_transform": ("cluster:monitor/transform/*",),
    "manage_watcher": ("cluster:admin/xpack/watcher/*", "cluster:monitor/xpack/watcher/*"),
    "monitor_watcher": ("cluster:monitor/xpack/watcher/*",),
    "create_snapshot": ("cluster:admin/snapshot/create", "cluster:admin/snapshot/get", "cluster:admin/repository/get"),
    "monitor_snapshot": ("cluster:admin/snapshot/get", "cluster:admin/repository/get"),
    "transport_client": ("cluster:monitor/nodes/liveness", "cluster:monitor/state"),
}  # fmt: skip
"""Those whose actions the emulator answers, and those that roles of applications name beside them."""

_EXCLUDED = {"manage": (_SECURITY,)}

INDEX: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "all": ("indices:*",),
    "manage": ("indices:monitor/*", "indices:admin/*", "indices:data/read/field_caps*"),
    "create_index": ("indices:admin/create", "indices:admin/auto_create", "indices:admin/data_stream/create"),
    "monitor": ("indices:monitor/*",),
    "read": ("indices:data/read/*", "indices:data/read/close_point_in_time"),
    "index": ("indices:data/write/index*", "indices:data/write/bulk*", "indices:data/write/update*",
              "indices:data/write/simulate/bulk*"),
    "delete": ("indices:data/write/delete*", "indices:data/write/bulk*"),
    "write": ("indices:data/write/*", "indices:admin/mapping/auto_put"),
    "create": ("indices:data/write/index*", "indices:data/write/bulk*", "indices:data/write/simulate/bulk*"),
    "create_doc": ("indices:data/write/index", "indices:data/write/index:op_type/create", "indices:data/write/bulk*",
                   "indices:data/write/simulate/bulk*"),
    "delete_index": ("indices:admin/delete", "indices:admin/data_stream/delete"),
    "view_index_metadata": ("indices:admin/aliases/get", "indices:admin/get", "indices:admin/mappings/fields/get*",
                            "indices:admin/mappings/get", "indices:admin/shards/search_shards",
                            "indices:admin/validate/query*", "indices:monitor/settings/get",
                            "indices:admin/data_stream/get", "indices:admin/resolve/index",
                            "indices:data/read/field_caps*"),
    "maintenance": ("indices:admin/refresh*", "indices:admin/flush*", "indices:admin/forcemerge*"),
    "auto_configure": ("indices:admin/mapping/auto_put", "indices:admin/auto_create"),
    "manage_ilm": ("indices:admin/ilm/*",),
    "manage_follow_index": ("indices:admin/xpack/ccr/*", "indices:admin/close*", "indices:admin/rollover"),
    "manage_leader_index": ("indices:admin/xpack/ccr/forget_follower*",),
    "read_cross_cluster": ("internal:transport/proxy/indices:data/read/*", "indices:admin/shards/search_shards"),
}  # fmt: skip


def is_cluster_action(action: str) -> bool:
    """Whether an action is granted by cluster privileges; the others are granted index by index."""
    return any(fnmatchcase(action, pattern) for pattern in _ALL_CLUSTER)


def grants_cluster(privilege: str, action: str) -> bool:
    """Whether a cluster privilege, by its name or as a pattern, grants an action."""
    name = privilege.lower()
    if name not in CLUSTER:
        return fnmatchcase(action, _pattern(privilege))
    excluded = any(fnmatchcase(action, pattern) for pattern in _EXCLUDED.get(name, ()))
    return not excluded and any(fnmatchcase(action, pattern) for pattern in CLUSTER[name])


def grants_index(privilege: str, action: str) -> bool:
    """Whether an index privilege, by its name or as a pattern, grants an action."""
    patterns = INDEX.get(privilege.lower(), (_pattern(privilege),))
    return any(fnmatchcase(action, pattern) for pattern in patterns)


def granting(action: str) -> list[str]:
    """The named privileges that grant an action, the least first."""
    if is_cluster_action(action):
        return [name for name in _by_access(cluster=True) if grants_cluster(name, action)]
    return [name for name in _by_access(cluster=False) if grants_index(name, action)]


def unknown_privileges(names: Iterable[str], *, cluster: bool) -> list[str]:
    """Those that are neither a name nor a pattern over actions."""
    known, prefixes = (CLUSTER, ("cluster:", "indices:admin/")) if cluster else (INDEX, ("indices:",))
    return [name for name in names if name.lower() not in known and not name.lower().startswith(prefixes)]


@cache
def _by_access(*, cluster: bool) -> tuple[str, ...]:
    table = CLUSTER if cluster else INDEX

    def includes(name: str) -> int:
        return sum(other != name and _subset(table[other], table[name]) for other in table)

    def rank(name: str) -> tuple[int, str]:
        # The exclusion that makes manage less than all.
        return includes(name) - (name in _EXCLUDED), name

    return tuple(sorted(table, key=rank))


def _subset(inner: Iterable[str], outer: Iterable[str]) -> bool:
    return all(any(fnmatchcase(pattern, wide) for wide in outer) for pattern in inner)


def _pattern(action: str) -> str:
    # A single action stands for those below it, too (Privilege.actionToPattern).
    return action if action.endswith("*") else f"{action}*"
