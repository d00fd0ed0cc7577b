"""What Elasticsearch has and the emulator has not is 501; what neither has is 400 or 405."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import elasticsearch
import pytest

from clipline.emulator import absent, cluster, indices, ingest, ml, search, security
from clipline.emulator.http.endpoints import Endpoints
from clipline.emulator.identity import TESTED, Version
from tests.emulator.conftest import Api

FAMILIES = (absent, cluster, indices, ingest, ml, search, security)
NEWEST = Endpoints(Version.parse("9.5.2"))


# Registered by the server (RestIndexPutAliasAction, RestGetAliasesAction, RestInferTrainedModelDeploymentAction,
# RestNodesInfoAction, RestOpenPointInTimeAction, RestGetMappingAction, RestPutMappingAction), and not specified.
SERVER_ONLY = {
    *((method, path) for method in ("PUT", "POST") for path in ("/_alias/{name}", "/_aliases/{name}")),
    *(("PUT", path) for path in ("/_alias", "/{index}/_alias", "/{index}/_aliases")),
    ("GET", "/_aliases"),
    *(("GET", f"{start}/_mappings") for start in ("", "/{index}")),
    *((method, "/{index}/_mappings") for method in ("PUT", "POST")),
    ("GET", "/_nodes/{node_id}/info/{metric}"),
    ("POST", "/_pit"),
    ("POST", "/_ml/trained_models/{model_id}/deployment/_infer"),
}


def client_calls() -> Iterator[tuple[str, str, str]]:
    """Name, method and path of every API of the official client, read from its source."""
    folder = Path(inspect.getfile(elasticsearch)).parent / "_sync" / "client"
    for file in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            paths = [
                re.sub(r"\{[^}]*\}", "x", ast.unparse(statement.value)[1:].strip("'\""))
                for statement in ast.walk(node)
                if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__path"
            ]
            methods = re.findall(r'__method = [\'"](\w+)|perform_request\(\s*[\'"](\w+)', ast.unparse(node))
            # Where a method goes by the path, the pairs are not written beside each other.
            if len(methods) == 1:
                yield from ((f"{file.stem}.{node.name}", "".join(methods[0]), path.strip("'")) for path in paths)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__.rpartition(".")[2])
def test_every_route_is_one_of_elasticsearch(family: object) -> None:
    for route in family.ROUTES:  # type: ignore[attr-defined]
        path = route.path.strip("/").split("/") if route.path != "/" else []
        segments = [re.sub(r"\{\w+\}", "x", segment) for segment in path]
        if (route.method, route.path) not in SERVER_ONLY:
            assert route.method in NEWEST.methods(segments or [""]), f"{route.method} {route.path}"


def test_every_api_of_the_client_is_known() -> None:
    calls = list(client_calls())
    assert len(calls) > 400
    unknown = {
        f"{name} {method} {path}"
        for name, method, path in calls
        # Those of the project routing are Elastic's serverless product's.
        if path.startswith("/")
        and not path.startswith("/_project")
        and method not in NEWEST.methods(path[1:].split("/"))
    }
    assert not unknown


@pytest.mark.parametrize("version", TESTED)
def test_newer_apis_are_not_there_before_their_version(version: str) -> None:
    endpoints = Endpoints(Version.parse(version))
    assert ("GET" in endpoints.methods(["_streams", "status"])) is (version != "8.19.20")
    assert "GET" in endpoints.methods(["_search"])
    for path, name in (("/{index}/_count", "stats"), ("/_bulk", "_slice"), ("/_validate/query", "routing")):
        assert (name in endpoints.params("POST", path)) is (version == "9.5.2"), name
    assert "stats" in endpoints.params("POST", "/_search")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/_reindex"), ("GET", "/_search/scroll"), ("POST", "/i/_rollover"), ("PUT", "/_snapshot/r"),
     ("POST", "/_query"), ("GET", "/_internal/x")],
)  # fmt: skip
def test_an_api_that_is_lacking_is_named(api: Api, method: str, path: str) -> None:
    kind, reason = api.error(method, path, code=501)
    assert kind == "emulator_unsupported_exception"
    assert f"[{method} {path}]" in reason


def test_a_parameter_that_is_lacking_is_named(api: Api) -> None:
    assert "the parameter [scroll]" in api.error("GET", "/_search?scroll=1m", code=501)[1]


def test_a_parameter_that_nobody_has(api: Api) -> None:
    assert "unrecognized parameter: [nonsense]" in api.error("GET", "/_search?nonsense=1", code=400)[1]


def test_the_allowed_methods_are_those_of_elasticsearch(api: Api) -> None:
    answer = api.http.request("DELETE", "/_snapshot")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("path", ["/_search/a/b/c", "/i/_nothing", "/i/_nothing/x"])
def test_what_nobody_has(api: Api, path: str) -> None:
    assert "no handler found" in api("POST", path, code=400)["error"]
