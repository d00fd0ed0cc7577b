"""Every route of every family with ``--secure``: 401 to strangers, 403 naming the action to who has no role, and open to
who has no more than the least privilege that Elasticsearch documents for the action."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import httpx
import pytest

from clipline.emulator import absent, cluster, indices, ingest, ml, search, security
from clipline.emulator.http.wire import Route
from tests.emulator.secure_node import Secure, secure_node

FAMILIES = (cluster, ingest, ml, search, indices, security, absent)
ROUTES = [route for family in FAMILIES for route in family.ROUTES]

# The privilege that the documentation of each API asks for, the finest where there are several.
CLUSTER = [
    ("cluster:monitor/xpack/ml/*", "monitor_ml"),
    ("cluster:monitor/*", "monitor"),
    ("indices:admin/template/get", "monitor"),
    ("indices:admin/index_template/get", "monitor"),
    ("cluster:admin/component_template/get", "monitor"),
    ("cluster:admin/xpack/ml/*", "manage_ml"),
    ("cluster:admin/ingest/pipeline/get", "read_pipeline"),
    ("cluster:admin/ingest/pipeline/simulate", "read_pipeline"),
    ("cluster:admin/ingest/pipeline/*", "manage_ingest_pipelines"),
    ("*template/*", "manage_index_templates"),
    ("cluster:admin/repository/get", "monitor_snapshot"),
    ("cluster:admin/xpack/security/api_key/grant", "grant_api_key"),
    ("cluster:admin/xpack/security/api_key/cache/clear", "manage_api_key"),
    ("cluster:admin/xpack/security/api_key/*", "manage_own_api_key"),
    ("cluster:admin/xpack/security/*/get", "read_security"),
    ("cluster:admin/xpack/security/*/query", "read_security"),
    ("cluster:admin/xpack/security/user/has_privileges", "read_security"),
    ("cluster:admin/xpack/security/*", "manage_security"),
    ("cluster:admin/*", "manage"),
]
INDEX = [
    ("indices:data/read/*", "read"),
    ("indices:data/write/bulk", "create_doc"),
    ("indices:data/write/simulate/bulk", "create_doc"),
    ("indices:data/write/index", "create_doc"),
    ("indices:data/write/update", "index"),
    ("indices:data/write/delete", "delete"),
    ("indices:data/write/delete/byquery", "delete+read"),
    ("indices:monitor/settings/get", "view_index_metadata"),
    ("indices:monitor/stats", "monitor"),
    ("indices:admin/create", "create_index"),
    ("indices:admin/delete", "delete_index"),
    ("indices:admin/data_stream/delete", "delete_index"),
    ("indices:admin/refresh", "maintenance"),
    ("indices:admin/flush", "maintenance"),
    ("indices:admin/forcemerge", "maintenance"),
    ("indices:admin/validate/query", "view_index_metadata"),
    ("indices:admin/resolve/index", "view_index_metadata"),
    ("indices:admin/*get", "view_index_metadata"),
    ("indices:admin/*", "manage"),
]
BY_PATH = {
    # A document with an id of its own may replace one, and no privilege but create, index and write allows that.
    ("PUT", "/{index}/_doc/{id}"): ("none", "create"),
    ("POST", "/{index}/_doc/{id}"): ("none", "create"),
    ("GET", "/_cat/indices"): ("monitor", "monitor"),
    ("GET", "/_cat/indices/{index}"): ("monitor", "monitor"),
    ("GET", "/_cat/shards"): ("monitor", "monitor"),
    ("GET", "/_cat/shards/{index}"): ("monitor", "monitor"),
}
OPEN = {
    ("GET", "/_cat"), ("DELETE", "/_pit"), ("GET", "/_security/_authenticate"),
    ("GET", "/_security/user/_has_privileges"), ("POST", "/_security/user/_has_privileges"),
    ("GET", "/_security/user/_privileges"), ("PUT", "/_security/user/_password"),
    ("POST", "/_security/user/_password"),
}  # fmt: skip
"""What everybody may do who has signed in: about himself, or with an id that only he was told."""
WRITES = re.compile(r"/\{index\}/_(doc|create|update)")
THERE = re.compile(rf"{WRITES.pattern}|/_cluster/health")
"""Where the index has to be there: it is written to, or waited for."""
NOBODY = ("nobody", "nobody-password")


def least(route: Route) -> tuple[str, str]:
    """The cluster privilege and the index privilege."""
    if (route.method, route.path) in BY_PATH:
        return BY_PATH[route.method, route.path]
    for table, place in ((CLUSTER, 0), (INDEX, 1)):
        for pattern, privilege in table:
            if fnmatchcase(route.action, pattern):
                return (privilege, "none") if place == 0 else ("none", privilege)
    raise AssertionError(f"no privilege is known for [{route.action}]")


NEEDED = {(route.method, route.path): least(route) for route in ROUTES if (route.method, route.path) not in OPEN}


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_node(tmp_path_factory.mktemp("secure-routes")) as secure:
        secure("PUT", "/held", {"mappings": {"properties": {"a": {"type": "long"}}}}, who=secure.elastic)
        roles = {f"{one}.{other}": (one, other) for one, other in NEEDED.values()}
        for name, (one, other) in roles.items():
            grants = [{"names": ["held*"], "privileges": other.split("+")}]
            secure("PUT", f"/_security/role/{name}", {"cluster": [one], "indices": grants}, who=secure.elastic)
        for name in ("nobody", *roles):
            user = {"password": f"{name}-password", "roles": [] if name == "nobody" else [name]}
            secure("PUT", f"/_security/user/{name}", user, who=secure.elastic)
        yield secure


def asked(secure: Secure, route: Route, who: Any) -> httpx.Response:
    """The answer to a request that is right in its names; what is written to is there, the rest is not."""
    index = "held" if THERE.match(route.path) else "held-none"
    names = {"index": index, "block": "write", "username": "elastic", "part": "0", "metric": "_all"}
    path = re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], "held-none"), route.path)
    body: dict[str, Any] = {}
    if WRITES.match(route.path) and route.method not in ("DELETE", "GET"):
        body = {"json": {"doc": {"a": 1}, "doc_as_upsert": True} if "_update" in route.path else {"a": 1}}
    if "_delete_by_query" in route.path:
        body = {"json": {"query": {"match_all": {}}}}
    if route.path == "/_security/api_key" and route.method in ("DELETE", "GET"):
        # Whoever may handle his own keys has to say that he means those.
        body = {"params": {"owner": "true"}} if route.method == "GET" else {"json": {"owner": True}}
    auth = httpx.BasicAuth(*who) if who else None
    return secure.http.request(route.method, path, auth=auth, **body)


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_nobody_is_let_in_without_credentials(secure: Secure) -> None:
    assert {named(route): status for route in ROUTES if (status := asked(secure, route, None).status_code) != 401} == {}


def test_without_a_role_every_route_is_refused_and_names_its_action(secure: Secure) -> None:
    wrong = {}
    for route in ROUTES:
        if (route.method, route.path) in OPEN:
            continue
        answer = asked(secure, route, NOBODY)
        reason = f"action [{route.action}] is unauthorized for user [nobody] with effective roles []"
        if answer.status_code != 403 or not answer.json()["error"]["reason"].startswith(reason):
            wrong[named(route)] = answer.text
    assert wrong == {}


def test_what_is_open_to_all(secure: Secure) -> None:
    found = {
        named(route): answer.text
        for route in ROUTES
        if (route.method, route.path) in OPEN and (answer := asked(secure, route, NOBODY)).status_code == 403
    }
    assert found == {}


def test_the_least_privilege_is_enough(secure: Secure) -> None:
    wrong = {}
    for route in ROUTES:
        if (route.method, route.path) in OPEN:
            continue
        role = ".".join(NEEDED[route.method, route.path])
        answer = asked(secure, route, (role, f"{role}-password"))
        if answer.status_code in (401, 403) and "unauthorized" in answer.text:
            wrong[named(route)] = answer.text
    assert wrong == {}
