"""What a role, or the descriptor of an API key, allows.

::

    {"cluster": ["monitor_ml"], "indices": [{"names": ["my-*"], "privileges": ["read"]}], "metadata": {}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import ApiError, unsupported, validation_failed, wrong_kind
from clipline.emulator.security.privileges import (
    grants_cluster,
    grants_index,
    known_privileges,
    matches,
    unknown_privileges,
)

_KEYS = {"cluster", "indices", "index", "applications", "run_as", "metadata", "transient_metadata", "description",
         "global", "remote_indices", "remote_cluster", "restriction"}  # fmt: skip
_LACKING = ("global", "remote_indices", "remote_cluster", "restriction")
_LATER = frozenset({"manage_esql", "monitor_esql", "manage_reindex", "monitor_reindex", "manage_project_routing",
                    "read_project_routing"})  # fmt: skip
"""Cluster privileges of newer versions, of which it is not known here from when on and what they grant."""
_LACKING_PRIVILEGES = frozenset({"manage_failure_store", "read_failure_store", "cross_cluster_replication",
                                 "cross_cluster_replication_internal"})  # fmt: skip
_INDEX_KEYS = {"names", "privileges", "field_security", "query", "allow_restricted_indices"}


@dataclass(frozen=True, slots=True)
class Grant:
    """Privileges on the indices and aliases whose names fit; ``*`` and ``?`` in them are wildcards."""

    names: tuple[str, ...]
    privileges: tuple[str, ...]

    def allows(self, action: str, name: str) -> bool:
        """Whether an action on an index or alias is granted."""
        return any(matches(pattern, name) for pattern in self.names) and any(
            grants_index(privilege, action) for privilege in self.privileges
        )


@dataclass(frozen=True, slots=True)
class Role:
    """A role that was read; ``body`` is what ``GET _security/role`` shows of it."""

    name: str
    cluster: tuple[str, ...]
    grants: tuple[Grant, ...]
    body: Mapping[str, Any]

    def allows_cluster(self, action: str) -> bool:
        """Whether an action on the cluster is granted."""
        return any(grants_cluster(privilege, action) for privilege in self.cluster)

    def allows_index(self, action: str, name: str) -> bool:
        """Whether an action on an index or alias is granted."""
        return any(grant.allows(action, name) for grant in self.grants)

    def allows_somewhere(self, action: str) -> bool:
        """Whether an action is granted on any index at all."""
        return any(grants_index(privilege, action) for grant in self.grants for privilege in grant.privileges)


def read_role(name: str, body: Mapping[str, Any]) -> Role:
    """A role of a request or of the store.

    Raises:
        ApiError: 400 for what is wrong, 501 for document and field level security and what else is not emulated.
    """
    for key in body:
        if key not in _KEYS:
            reason = f"failed to parse role [{name}]. unexpected field [{key}]"
            raise ApiError(400, "parse_exception", reason)
        if key in _LACKING and body[key]:
            raise unsupported(f"[{key}] of roles")
    if body.get("run_as"):
        raise unsupported("[run_as] of roles")
    cluster = texts(body.get("cluster"), "cluster")
    if later := sorted(_LATER & set(cluster)):
        raise unsupported(f"the cluster privilege [{later[0]}]")
    given = body.get("indices", body.get("index")) or []
    if not isinstance(given, list) or not all(isinstance(entry, Mapping) for entry in given):
        raise ApiError(
            400, "parse_exception", f"failed to parse indices privileges for role [{name}]. expected field [indices]"
        )
    entries = [_entry(name, entry) for entry in given]
    wrong = [
        _unknown("cluster", item, known_privileges(cluster=True)) for item in unknown_privileges(cluster, cluster=True)
    ]
    for entry in entries:
        wrong += [
            _unknown("index", item, known_privileges(cluster=False))
            for item in unknown_privileges(entry["privileges"], cluster=False)
        ]
    if wrong:
        raise validation_failed(*wrong)
    applications = body.get("applications") or []
    if not isinstance(applications, list) or not all(map(_is_application, applications)):
        reason = f"failed to parse application privileges for role [{name}]. an array of objects was expected"
        raise ApiError(400, "parse_exception", reason)
    shown: dict[str, Any] = {
        "cluster": list(cluster),
        "indices": entries,
        "applications": applications,
        "run_as": [],
        "metadata": dict(body.get("metadata") or {}),
        "transient_metadata": {"enabled": True},
    }
    if body.get("description") is not None:
        shown["description"] = body["description"]
    grants = tuple(Grant(tuple(entry["names"]), tuple(entry["privileges"])) for entry in entries)
    return Role(name, tuple(cluster), grants, shown)


def _is_application(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and entry.keys() == {"application", "privileges", "resources"}
        and isinstance(entry["application"], str)
        and all(isinstance(entry[part], list) for part in ("privileges", "resources"))
        and all(isinstance(one, str) for part in ("privileges", "resources") for one in entry[part])
    )


def texts(value: Any, name: str) -> list[str]:
    """A text or a list of texts.

    Raises:
        ApiError: 400 for anything else.
    """
    items = [] if value is None else value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, str):
            raise wrong_kind("role_descriptor", name, item)
    return list(items)


def _entry(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    for key in entry:
        if key not in _INDEX_KEYS:
            reason = f"failed to parse indices privileges for role [{name}]. unexpected field [{key}]"
            raise ApiError(400, "parse_exception", reason)
    for key in ("field_security", "query"):
        if entry.get(key):
            raise unsupported(f"[{key}] of roles: document and field level security")
    for key in ("names", "privileges"):
        if not entry.get(key):
            reason = f"failed to parse indices privileges for role [{name}]. missing required [{key}] field"
            raise ApiError(400, "parse_exception", reason)
    if lacking := sorted(_LACKING_PRIVILEGES & set(texts(entry["privileges"], "privileges"))):
        raise unsupported(f"the index privilege [{lacking[0]}]")
    restricted = entry.get("allow_restricted_indices", False)
    if not isinstance(restricted, bool):
        reason = f"failed to parse indices privileges for role [{name}]. [allow_restricted_indices] must be a boolean"
        raise ApiError(400, "parse_exception", reason)
    names = texts(entry["names"], "names")
    if any(pattern.startswith("/") for pattern in names):
        raise unsupported("regular expressions as index names of roles")
    return {
        "names": names,
        "privileges": texts(entry["privileges"], "privileges"),
        "allow_restricted_indices": restricted,
    }


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    where = "cluster" if kind == "cluster" else "fixed indices"
    return (
        f"unknown {kind} privilege [{name}]. a privilege must be either one of the predefined {where} privilege names "
        f"[{','.join(known)}] or a pattern over one of the available {kind} actions"
    )


def _built_in(name: str, cluster: Sequence[str], indices: Sequence[tuple[str, Sequence[str]]]) -> Role:
    entries = [
        {"names": [names], "privileges": list(privileges), "allow_restricted_indices": name == "superuser"}
        for names, privileges in indices
    ]
    role = read_role(name, {"cluster": list(cluster), "indices": entries})
    return Role(name, role.cluster, role.grants, {**role.body, "metadata": {"_reserved": True}})


RESERVED: Mapping[str, Role] = {
    role.name: role
    for role in (
        _built_in("superuser", ["all"], [("*", ["all"])]),
        _built_in("transport_client", ["transport_client"], []),
        _built_in("inference_admin", ["manage_inference"], []),
        _built_in("rollup_user", ["monitor_rollup"], []),
        _built_in("rollup_admin", ["manage_rollup"], []),
        _built_in("ingest_admin", ["manage_index_templates", "manage_pipeline"], []),
        _built_in("machine_learning_admin", ["manage_ml"], [(".ml-*", ["view_index_metadata", "read"])]),
        _built_in("machine_learning_user", ["monitor_ml"], [(".ml-anomalies*", ["view_index_metadata", "read"])]),
        _built_in("monitoring_user", ["cluster:monitor/main", "cluster:monitor/xpack/info"],
                  [(".monitoring-*", ["read", "read_cross_cluster"])]),
        _built_in("remote_monitoring_collector", ["monitor"], [("*", ["monitor"])]),
    )
}  # fmt: skip
"""Built into every server, as far as the actions that they grant exist here."""

LACKING_ROLES = frozenset({
    "editor", "viewer", "kibana_admin", "kibana_user", "kibana_system", "remote_monitoring_agent", "reporting_user",
    "logstash_system", "logstash_admin", "beats_admin", "beats_system", "apm_system", "apm_user", "transform_admin",
    "transform_user", "data_frame_transforms_admin", "data_frame_transforms_user", "watcher_admin", "watcher_user",
    "snapshot_user", "enrich_user", "inference_user",
})  # fmt: skip
"""Built into every server, too, with grants on indices that are not emulated."""
