"""The roles that ``doctor --print-roles`` prints are enough for their commands, and nothing in them can be left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clipline.demo.pictures import generate
from clipline.emulator import cluster, indices, ingest, ml, search, security
from clipline.emulator.http.endpoints import Endpoints
from clipline.emulator.http.routing import Router
from clipline.emulator.identity import DEFAULT_VERSION
from clipline.emulator.security.privileges import grants_cluster, grants_index, is_cluster_action
from provisioning.assets.stack import read_stack
from provisioning.assets.variables import gather
from provisioning.roles import key_request, roles_of
from tests.conftest import ROOT, Run
from tests.emulator.secure_node import Secure, secure_node

# The fixture of all runs sixteen commands.
pytestmark = [pytest.mark.models("encodes pictures"), pytest.mark.timeout(400)]

PAGE = (ROOT / "docs" / "privileges.md").read_text("utf-8")
STACK = read_stack(ROOT, gather(stack=ROOT, environment={}))
KEYS = {job: key_request("clipline", job, role) for job, role in roles_of(STACK).items()}
ROLES: dict[str, Any] = {job: next(iter(body["role_descriptors"].values())) for job, body in KEYS.items()}
REQUEST = re.compile(r"^(GET|HEAD|PUT|POST|DELETE) https://[^/]+(/\S*) \[status:(\d+)", re.MULTILINE)


@dataclass
class Jobs:
    """Commands under the keys of the page; the actions that each role's commands asked for."""

    secure: Secure
    clipline: Run
    actions: dict[str, set[str]] = field(default_factory=dict)

    def run(self, role: str, *arguments: str, code: int = 0) -> str:
        made = self.secure("POST", "/_security/api_key", KEYS[role], who=self.secure.elastic)
        environment = self.secure.running.environment
        keep = {name: environment[name] for name in ("ELASTICSEARCH_URL", "ELASTICSEARCH_CA_CERTS")}
        env = {**keep, "ELASTICSEARCH_API_KEY": made["encoded"]}
        done = self.clipline(*arguments, "--verbose", env=env, code=code)
        router = Router(
            [*cluster.ROUTES, *ingest.ROUTES, *ml.ROUTES, *search.ROUTES, *security.ROUTES, *indices.ROUTES],
            Endpoints(DEFAULT_VERSION),
        )
        # The emulator has no inference endpoints; `monitor`, which grants to list them, is in every role that asks for more.
        requests = [request for request in REQUEST.findall(done.stderr) if request[1:] != ("/_inference", "501")]
        asked = {router.find(method, uri)[0].action for method, uri, _ in requests}
        assert asked, done.stderr
        assert {status for *_, status in requests} <= {"200", "201", "404"}
        self.actions.setdefault(role, set()).update(asked)
        return done.stdout


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory, variables: tuple[str, ...], clipline: Run) -> Iterator[Jobs]:
    """All commands, each under its own key."""
    album: Path = tmp_path_factory.mktemp("privileges") / "album"
    generate(album, count=4, seed=5)
    with secure_node(tmp_path_factory.mktemp("privileges-node")) as secure:
        jobs = Jobs(secure, clipline)
        assert "has every privilege of the provisioner" in jobs.run("provisioner", "doctor", *variables)
        assert "image-embeddings" in jobs.run("watcher", "plan", *variables)
        jobs.run("provisioner", "apply", *variables, "--yes")
        assert json.loads(jobs.run("loader", "load", str(album), "--json"))["indexed"] == 4
        assert "In sync" in jobs.run("provisioner", "apply", *variables, "--yes")
        assert "No drift" in jobs.run("watcher", "drift", *variables)
        assert "4 documents" in jobs.run("watcher", "status")
        assert "1 skipped" in jobs.run("watcher", "test", *variables)
        assert "skipped" not in jobs.run("provisioner", "test", "--stand-in", *variables)
        assert "Nothing blocks" in jobs.run("watcher", "doctor", "--role", "watcher", *variables)
        assert "apply" in jobs.run("watcher", "history")
        assert "parity proven" in jobs.run("watcher", "eval", "--parity", *variables)
        assert len(json.loads(jobs.run("searcher", "search", "dog", "--json"))["hits"]) == 4
        assert "Nothing to delete" in jobs.run("provisioner", "prune", *variables)
        gone = jobs.run("provisioner", "destroy", *variables, "--delete-data", "my-image-embeddings", "--yes")
        assert "Deleted: 7 resources." in gone
        yield jobs


def test_every_role_was_used(jobs: Jobs) -> None:
    assert jobs.actions.keys() == ROLES.keys()


def test_the_page_shows_what_is_printed(clipline: Run) -> None:
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    printed = json.loads(clipline("doctor", "--print-roles").stdout)
    assert printed == KEYS
    assert sorted(shown, key=str) == sorted((body["role_descriptors"] for body in printed.values()), key=str)
    assert json.loads(clipline("doctor", "--print-roles", "--role", "loader").stdout) == printed["loader"]


@pytest.mark.parametrize("role", ROLES)
def test_nothing_can_be_left_out(jobs: Jobs, role: str) -> None:
    kinds = (
        (ROLES[role]["cluster"], grants_cluster, True),
        *((entry["privileges"], grants_index, False) for entry in ROLES[role]["indices"]),
    )
    for privileges, grants, of_cluster in kinds:
        asked = [action for action in jobs.actions[role] if is_cluster_action(action) is of_cluster]
        for privilege in privileges:
            others = [other for other in privileges if other != privilege]
            assert any(not any(grants(other, action) for other in others) for action in asked), privilege


def test_another_role_is_refused_with_the_action_and_exit_code_1(jobs: Jobs, variables: tuple[str, ...]) -> None:
    made = jobs.secure("POST", "/_security/api_key", {"name": "x", "role_descriptors": {"x": ROLES["searcher"]}},
                       who=jobs.secure.elastic)  # fmt: skip
    env = {**jobs.secure.running.environment, "ELASTICSEARCH_API_KEY": made["encoded"]}
    for name in ("ELASTICSEARCH_USERNAME", "ELASTICSEARCH_PASSWORD"):
        env.pop(name)
    done = jobs.clipline("apply", *variables, "--yes", env=env, code=1)
    assert "may not do cluster:monitor/main: the cluster privilege monitor is missing" in done.stderr
    assert "hint: grant `monitor`" in done.stderr
