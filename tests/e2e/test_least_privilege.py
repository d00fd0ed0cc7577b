"""Each privilege of ``doctor --print-roles``, taken out of its role, stops a command of that role with a hint that names it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from clipline.demo.pictures import generate
from tests.conftest import ROOT
from tests.e2e.test_privileges import ROLES
from tests.emulator.secure_node import Secure, secure_node

pytestmark = [pytest.mark.slow, pytest.mark.models("encodes pictures")]

DATA = ("--delete-data", "my-image-embeddings")
# the default stack's: "cluster", or the first of the names that an index privilege is for
CASES = [
    pytest.param(role, place, privilege, id=f"{role}-{place}-{privilege}")
    for role, descriptor in ROLES.items()
    for place, privileges in (
        ("cluster", descriptor["cluster"]),
        *((entry["names"][0], entry["privileges"]) for entry in descriptor["indices"]),
    )
    for privilege in privileges
]
# these are asked for without need of the answer: what is unknown, or stays for a minute, is said, and the command goes on
ONLY_SAID = {("provisioner", "clipline-state", "delete"), ("watcher", "my-image-embeddings", "monitor")}
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """One node for all cases."""
    with secure_node(tmp_path_factory.mktemp("least-node")) as secure:
        yield secure


@pytest.fixture
def under(secure: Secure) -> Callable[[dict[str, Any]], Command]:
    """``under(role)("plan")`` runs a command with a new API key of that role."""

    def keyed(role: dict[str, Any]) -> Command:
        body = {"name": "least", "role_descriptors": {"least": role}}
        key = secure("POST", "/_security/api_key", body, who=secure.elastic)["encoded"]
        known = secure.running.environment
        keep = {name: known[name] for name in ("ELASTICSEARCH_URL", "ELASTICSEARCH_CA_CERTS")}
        environment = {**os.environ, **keep, "ELASTICSEARCH_API_KEY": key}

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "clipline.cli", *arguments]
            return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=110)

        return run

    return keyed


@pytest.mark.parametrize(("role", "place", "privilege"), CASES)
def test_each_is_needed(
    secure: Secure,
    under: Callable[[dict[str, Any]], Command],
    variables: tuple[str, ...],
    tmp_path: Path,
    role: str,
    place: str,
    privilege: str,
) -> None:
    destroy = ("destroy", *variables, *DATA, "--yes")
    apply = ("apply", *variables, "--yes")
    album = tmp_path / f"album-{place}-{privilege}"
    generate(album, count=1, seed=len(place) + len(privilege))
    commands: dict[str, tuple[tuple[str, ...], ...]] = {
        "provisioner": (apply, destroy),
        "loader": (("load", str(album), "--dead-letters", str(tmp_path / "dead.jsonl")),),
        "searcher": (("search", "dog"),),
        "watcher": (("plan", *variables), ("drift", *variables), ("status",), ("history",)),
    }
    before = under(ROLES["provisioner"])(*(destroy if role == "provisioner" else apply))
    assert before.returncode == 0, before.stderr

    if privilege == "create_index":
        secure("DELETE", f"/{place}", who=secure.elastic)

    run = under(_without(ROLES[role], place, privilege))
    ends = [run(*command) for command in commands[role]]

    refused = next((end for end in ends if end.returncode not in (0, 3)), None)
    if (role, place, privilege) in ONLY_SAID:
        assert refused is None, refused.stderr
        assert f"the index privilege {privilege} is missing" in "".join(end.stdout + end.stderr for end in ends)
        return
    assert refused is not None, f"every command of the {role} runs without {privilege} on {place}"
    assert refused.returncode == 1, refused.stderr
    hints = re.findall(r"grant `(.*?)`(?: on .*?)?(?: \((.*?) would do, too\))?; ", refused.stderr)
    assert any(privilege in (narrowest, *wider.split(", ")) for narrowest, wider in hints), refused.stderr


def _without(role: dict[str, Any], place: str, privilege: str) -> dict[str, Any]:
    less = deepcopy(role)
    if place == "cluster":
        less["cluster"].remove(privilege)
    for entry in less["indices"]:
        if entry["names"][0] == place:
            entry["privileges"].remove(privilege)
    less["indices"] = [entry for entry in less["indices"] if entry["privileges"]]
    return less
