"""Named privileges: the patterns of actions that each grants, as ``ClusterPrivilegeResolver`` and ``IndexPrivilege`` have them.

An action is a name such as ``indices:data/write/bulk``; a privilege is one of the names below or itself a pattern over
actions. ``granting`` lists who grants an action in the order of Elasticsearch's refusals: a privilege that includes
fewer others stands first, equals stand by name (``Privilege.sortByAccessLevel``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from clipline.emulator.patterns import overlap

_ALL_CLUSTER = ("cluster:*", "indices:admin/template/*", "indices:admin/index_template/*")
_SECURITY = "cluster:admin/xpack/security/*"
_PKI = "cluster:admin/xpack/security/delegate_pki"
_TOKENS = ("cluster:admin/xpack/security/token/invalidate", "cluster:admin/xpack/security/token/refresh",
           "cluster:monitor/xpack/security/saml/metadata")  # fmt: skip
_TRANSFORM = ("cluster:admin/data_frame/*", "cluster:admin/transform/*",
              "cluster:monitor/data_frame/*", "cluster:monitor/transform/*")  # fmt: skip
_CONNECTOR_SECRET = "cluster:admin/xpack/connector/secret"  # noqa: S105 - the name of an action
_CCR = ("cluster:monitor/state", "cluster:admin/xpack/security/user/has_privileges")
_SNAPSHOTS = ("cluster:admin/snapshot/status*", "cluster:admin/snapshot/get", "cluster:admin/repository/get")
_REMOTE = ("cluster:internal/remote_cluster/handshake", "cluster:internal/remote_cluster/nodes",
           "cluster:internal/admin/tasks/ban", "cluster:internal/admin/tasks/cancel_child",
           "cluster:monitor/xpack/info")  # fmt: skip

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
    "monitor_inference": (
        "cluster:monitor/xpack/inference*",
        "cluster:monitor/xpack/ml/trained_models/deployment/infer",
    ),
    "manage_ml": ("cluster:admin/xpack/ml/*", "cluster:monitor/xpack/ml/*"),
    "manage_inference": (
        "cluster:admin/xpack/inference/*",
        "cluster:monitor/xpack/inference*",
        "cluster:admin/xpack/ml/trained_models/deployment/start",
        "cluster:admin/xpack/ml/trained_models/deployment/stop",
        "cluster:monitor/xpack/ml/trained_models/deployment/infer",
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
        "cluster:admin/xpack/security/profile/get",
        "cluster:admin/xpack/security/profile/has_privileges",
        "cluster:admin/xpack/security/profile/suggest",
        "cluster:admin/xpack/security/role/get",
        "cluster:admin/xpack/security/role/query",
        "cluster:admin/xpack/security/role_mapping/get",
        "cluster:admin/xpack/security/service_account/credential/get*",
        "cluster:admin/xpack/security/service_account/get",
        "cluster:admin/xpack/security/settings/get",
        "cluster:admin/xpack/security/user/get",
        "cluster:admin/xpack/security/user/query",
        "cluster:admin/xpack/security/user/list_privileges",
        "cluster:admin/xpack/security/user/has_privileges",
    ),
    "manage_api_key": ("cluster:admin/xpack/security/api_key/*",),
    # Of one's own keys only: ``authorize`` asks whose they are.
    "manage_own_api_key": (
        "cluster:admin/xpack/security/api_key/bulk_update",
        "cluster:admin/xpack/security/api_key/create",
        "cluster:admin/xpack/security/api_key/get",
        "cluster:admin/xpack/security/api_key/invalidate",
        "cluster:admin/xpack/security/api_key/query",
        "cluster:admin/xpack/security/api_key/update",
    ),
    "grant_api_key": ("cluster:admin/xpack/security/api_key/grant*",),
    "manage_token": ("cluster:admin/xpack/security/token/*",),
    "manage_ilm": ("cluster:admin/ilm/*",),
    "read_ilm": ("cluster:admin/ilm/get", "cluster:admin/ilm/operation_mode/get"),
    "manage_slm": ("cluster:admin/slm/*", "cluster:admin/ilm/start", "cluster:admin/ilm/stop",
                   "cluster:admin/ilm/operation_mode/get"),
    "read_slm": ("cluster:admin/slm/status", "cluster:admin/slm/get", "cluster:admin/ilm/operation_mode/get"),
    "manage_transform": _TRANSFORM,
    "manage_data_frame_transforms": _TRANSFORM,
    "monitor_transform": _TRANSFORM[2:],
    "monitor_data_frame_transforms": _TRANSFORM[2:],
    "manage_rollup": ("cluster:admin/xpack/rollup/*", "cluster:monitor/xpack/rollup/*"),
    "monitor_rollup": ("cluster:monitor/xpack/rollup/*",),
    "manage_enrich": ("cluster:admin/xpack/enrich/*", "cluster:monitor/xpack/enrich/*"),
    "monitor_enrich": ("cluster:monitor/xpack/enrich/*", "cluster:admin/xpack/enrich/get"),
    "monitor_text_structure": ("cluster:monitor/text_structure/*",),
    "monitor_stats": ("cluster:monitor/stats*",),
    "manage_autoscaling": ("cluster:admin/autoscaling/*",),
    "manage_behavioral_analytics": ("cluster:admin/xpack/application/analytics/*",),
    "post_behavioral_analytics_event": ("cluster:admin/xpack/application/analytics/post_event",),
    "manage_search_application": ("cluster:admin/xpack/application/search_application/*",),
    "manage_search_query_rules": ("cluster:admin/xpack/query_rules/*",),
    "manage_search_synonyms": ("cluster:admin/synonyms/*", "cluster:admin/synonyms_sets/*",
                               "cluster:admin/synonym_rules/*"),
    "manage_connector": ("cluster:admin/xpack/connector/*",),
    "monitor_connector": ("cluster:admin/xpack/connector/get", "cluster:admin/xpack/connector/list",
                          "cluster:admin/xpack/connector/sync_job/get", "cluster:admin/xpack/connector/sync_job/list"),
    "read_connector_secrets": (f"{_CONNECTOR_SECRET}/get",),
    "write_connector_secrets": tuple(f"{_CONNECTOR_SECRET}/{verb}" for verb in ("delete", "post", "put")),
    "read_fleet_secrets": ("cluster:admin/fleet/secrets/get",),
    "write_fleet_secrets": ("cluster:admin/fleet/secrets/post", "cluster:admin/fleet/secrets/delete"),
    "manage_logstash_pipelines": ("cluster:admin/logstash/pipeline/*",),
    "manage_ccr": ("cluster:admin/xpack/ccr/*", *_CCR),
    "read_ccr": _CCR,
    "manage_data_stream_global_retention": (),
    "monitor_data_stream_global_retention": (),
    "manage_oidc": ("cluster:admin/xpack/security/oidc/*",),
    "manage_saml": ("cluster:admin/xpack/security/saml/*", *_TOKENS),
    "manage_service_account": ("cluster:admin/xpack/security/service_account/*",),
    "manage_user_profile": ("cluster:admin/xpack/security/profile/*",),
    "delegate_pki": (_PKI, _TOKENS[0]),
    "cancel_task": ("cluster:admin/tasks/cancel*",),
    "cross_cluster_search": (*_REMOTE, "cluster:monitor/xpack/enrich/esql/resolve_policy",
                             "cluster:internal:data/read/esql/open_exchange",
                             "cluster:internal:data/read/esql/exchange"),
    "cross_cluster_replication": (*_REMOTE, "cluster:monitor/state"),
    "manage_watcher": ("cluster:admin/xpack/watcher/*", "cluster:monitor/xpack/watcher/*"),
    "monitor_watcher": ("cluster:monitor/xpack/watcher/*",),
    "create_snapshot": ("cluster:admin/snapshot/create", *_SNAPSHOTS),
    "monitor_snapshot": _SNAPSHOTS,
    "transport_client": ("cluster:monitor/nodes/liveness", "cluster:monitor/state"),
}  # fmt: skip
"""Those of Elasticsearch 8.19; of 9.x the newer ones grant nothing that is answered here."""

_EXCLUDED = {
    "manage": (_SECURITY,),
    "manage_security": (_PKI,),
    "manage_connector": (f"{_CONNECTOR_SECRET}/*",),
}
_MAPPING_UPDATES = frozenset({"indices:admin/mapping/put", "indices:admin/mapping/auto_put"})
_ALSO_MAPPINGS = frozenset({"create", "create_doc", "index", "write"})
"""These allow mapping updates beside what they grant, until a next major version (IndicesPermission)."""

INDEX: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "all": ("indices:*", "internal:transport/proxy/indices:*"),
    "manage": ("indices:monitor/*", "indices:admin/*", "indices:data/read/field_caps*"),
    "create_index": ("indices:admin/create", "indices:admin/auto_create", "indices:admin/data_stream/create"),
    "monitor": ("indices:monitor/*",),
    "read": ("indices:data/read/*", "indices:admin/resolve/index", "indices:admin/resolve/cluster"),
    "index": ("indices:data/write/index*", "indices:data/write/bulk*", "indices:data/write/update*",
              "indices:data/write/simulate/bulk*"),
    "delete": ("indices:data/write/delete*", "indices:data/write/bulk*"),
    "write": ("indices:data/write/*", "indices:admin/mapping/auto_put"),
    "create": ("indices:data/write/index*", "indices:data/write/bulk*", "indices:data/write/simulate/bulk*"),
    "create_doc": ("indices:data/write/index", "indices:data/write/index[*", "indices:data/write/index:op_type/create",
                   "indices:data/write/bulk*", "indices:data/write/simulate/bulk*"),
    "delete_index": ("indices:admin/delete", "indices:admin/data_stream/delete"),
    "view_index_metadata": ("indices:admin/aliases/get", "indices:admin/get", "indices:admin/mappings/fields/get*",
                            "indices:admin/mappings/get", "indices:admin/shards/search_shards",
                            "indices:admin/validate/query*", "indices:monitor/settings/get",
                            "indices:admin/data_stream/get", "indices:admin/resolve/index",
                            "indices:data/read/field_caps*"),
    "maintenance": ("indices:admin/refresh*", "indices:admin/flush*", "indices:admin/forcemerge*"),
    "auto_configure": ("indices:admin/mapping/auto_put", "indices:admin/auto_create"),
    "manage_ilm": ("indices:admin/ilm/*",),
    "manage_data_stream_lifecycle": ("indices:admin/data_stream/lifecycle/*",),
    "manage_follow_index": ("indices:admin/xpack/ccr/*", "indices:admin/close*", "indices:admin/rollover"),
    "manage_leader_index": ("indices:admin/xpack/ccr/forget_follower*",),
    # Of failure stores and of replication, which are not emulated: ``roles`` refuses them.
    "manage_failure_store": (),
    "read_failure_store": (),
    "cross_cluster_replication": (),
    "cross_cluster_replication_internal": (),
    "read_cross_cluster": ("internal:transport/proxy/indices:data/read/*", "indices:admin/shards/search_shards"),
}  # fmt: skip


def matches(pattern: str, text: str) -> bool:
    r"""Whether a name fits a pattern of a role: ``*`` stands for anything, ``?`` for one character, after ``\\`` nothing is
    special (Automatons.wildcard)."""
    return _compiled(pattern).fullmatch(text) is not None


def is_cluster_action(action: str) -> bool:
    """Whether an action is granted by cluster privileges; the others are granted index by index."""
    return _any(_ALL_CLUSTER, action)


def grants_cluster(privilege: str, action: str) -> bool:
    """Whether a cluster privilege, by its name or as a pattern, grants an action."""
    patterns, excluded = _cluster(privilege)
    return _any(patterns, action) and not _any(excluded, action)


def grants_index(privilege: str, action: str) -> bool:
    """Whether an index privilege, by its name or as a pattern, grants an action."""
    name = privilege.lower()
    if action in _MAPPING_UPDATES and name in _ALSO_MAPPINGS:
        return True
    return _any(INDEX.get(name) or (_pattern(name),), action) if name != "none" else False


def implied(privilege: str, held: Iterable[str]) -> bool:
    """Whether cluster privileges together grant all that another one grants."""
    tables = [_cluster(name) for name in held]
    wanted, left_out = _cluster(privilege)

    def covered(pattern: str) -> bool:
        return any(
            _any(patterns, pattern)
            and all(hole in left_out or not overlap(hole, pattern) or covered_hole(hole) for hole in holes)
            for patterns, holes in tables
        )

    def covered_hole(hole: str) -> bool:
        return any(_any(patterns, hole) and not holes for patterns, holes in tables)

    return all(covered(pattern) for pattern in wanted)


def granting(action: str) -> list[str]:
    """The named privileges that grant an action, the least first."""
    if is_cluster_action(action):
        return [name for name in _by_access(cluster=True) if grants_cluster(name, action)]
    return [name for name in _by_access(cluster=False) if _any(INDEX[name], action)]


def unknown_privileges(names: Iterable[str], *, cluster: bool) -> list[str]:
    """Those that are neither a name nor a pattern over actions."""
    known, actions = (CLUSTER, _ALL_CLUSTER) if cluster else (INDEX, INDEX["all"])
    return [name for name in names if name.lower() not in known and not _any(actions, name.lower())]


@cache
def every_index_action() -> frozenset[str]:
    """Of each pattern that a privilege on indices has, one action."""
    return frozenset(pattern.replace("*", "~") for patterns in INDEX.values() for pattern in patterns)


def known_privileges(*, cluster: bool) -> list[str]:
    """The names as a refusal lists them."""
    return list(_by_access(cluster=cluster))


@cache
def _by_access(*, cluster: bool) -> tuple[str, ...]:
    table = CLUSTER if cluster else INDEX

    def rank(name: str) -> int:
        if cluster:
            return sum(other != name and implied(other, [name]) for other in table)
        return -sum(other != name and all(_any(table[other], pattern) for pattern in table[name]) for other in table)

    return tuple(sorted(table, key=lambda name: (rank(name), name)))


def _cluster(privilege: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The patterns of a cluster privilege, and those that are left out of them."""
    name = privilege.lower()
    return CLUSTER.get(name, (_pattern(name),)), _EXCLUDED.get(name, ())


def _any(patterns: Iterable[str], action: str) -> bool:
    return any(matches(pattern, action) for pattern in patterns)


def _pattern(action: str) -> str:
    # A single action stands for those below it, too (Privilege.actionToPattern).
    return action if action.endswith("*") else f"{action}*"


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    runs = [""]
    for part in re.findall(r"\\?.", pattern, re.DOTALL):
        if part == "*":
            runs.append("")
        else:
            runs[-1] += "." if part == "?" else re.escape(part[-1])
    begin, *rest = runs
    if not rest:
        return re.compile(begin, re.DOTALL)
    *middle, end = rest
    # What stands between two stars is looked for once: the first place does, and no other is tried when the rest does not fit.
    return re.compile(f"{begin}{''.join(f'(?>.*?{run})' for run in middle if run)}.*{end}", re.DOTALL)
