"""An emulator of the rooms' own, and stacks written by the tests; models only where a test is about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import Elasticsearch

from provisioning.apply import Done, Work, apply_plan
from provisioning.assets.stack import Stack, read_stack
from provisioning.assets.validate import check
from provisioning.assets.variables import gather
from provisioning.bundles.find import Bundles
from provisioning.desired import Digests, desired_state
from provisioning.observe import Scope, observe, server
from provisioning.plan import Change, Plan
from provisioning.planner import make_plan
from tests.conftest import TINY
from tests.nodes import NUMBERS, running_emulator

ALIAS = "my-image-embeddings"
INDEX = f"{ALIAS}-000001"
TEMPLATE = "mappings/image-embeddings.yml"
_NOTE = (
    "index_template/image-embeddings: template.settings.index.mapping.exclude_source_vectors is left out,"
    " it needs Elasticsearch 9.2"
)
LEFT_OUT = () if NUMBERS >= (9, 2) else (_NOTE,)
"""The notes that every plan of the default stack has on this version."""

_MODEL_KINDS = ("trained_model", "deployment", "model_alias")


@dataclass(slots=True)
class Cluster:
    """A cluster, and the road from a stack's folder to what is on it, by the functions the commands use."""

    client: Elasticsearch
    flags: tuple[str, ...] = TINY
    applied: list[Done] = field(default_factory=list)
    adopt: tuple[str, ...] = ()

    def plan(self, directory: Path) -> Plan:
        """The plan of a stack but for its text model."""
        stack = self.read(directory)
        found = server(self.client)
        desired = desired_state(stack, version=found.version, digests=Digests(text={}, image={}))
        scope = Scope(stack=stack.name, aliases=tuple(index.alias for index in desired.indices))
        plan = make_plan(desired, observe(self.client, found=found, scope=scope), target="here", adopt=self.adopt)
        return replace(plan, changes=tuple(item for item in plan.changes if item.kind not in _MODEL_KINDS))

    def apply(self, directory: Path) -> Plan:
        """Plan and carry out; gives the plan."""
        plan = self.plan(directory)
        work = Work(client=self.client, stack=plan.stack, version=plan.version, models=(), bundles=Bundles({}))
        self.applied = list(apply_plan(plan, work))
        return plan

    def read(self, directory: Path) -> Stack:
        """A checked stack."""
        stack = read_stack(directory, gather(stack=directory, flags=self.flags, environment={}))
        check(stack)
        return stack


def changed(plan: Plan) -> dict[str, Change]:
    """The pending changes by address."""
    return {change.address: change for change in plan.pending}


@pytest.fixture(scope="module")
def own_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """A client of an emulator that this module has for itself."""
    with running_emulator(tmp_path_factory.mktemp("own")) as url, Elasticsearch(url) as client:
        yield client


@pytest.fixture
def cluster(own_client: Elasticsearch) -> Iterator[Cluster]:
    """A cluster without resources of ours; emptied afterwards."""
    yield Cluster(own_client)
    for name in own_client.indices.get(index=f"{ALIAS}*", expand_wildcards="all").body:
        own_client.indices.delete(index=name)
    own_client.options(ignore_status=404).indices.delete_index_template(name="image-embeddings")
    for item in own_client.cluster.get_component_template()["component_templates"]:
        own_client.cluster.delete_component_template(name=item["name"])
    for name in own_client.ingest.get_pipeline().body:
        own_client.ingest.delete_pipeline(id=name)


Edit = Callable[[str, Callable[[dict[str, Any]], None]], None]


@pytest.fixture
def edit(stack_copy: Path) -> Edit:
    """Change a file of the stack as a value: ``edit("mappings/image-embeddings.yml", change)``."""

    def change(file: str, by: Callable[[dict[str, Any]], None]) -> None:
        path = stack_copy / file
        body = yaml.safe_load(path.read_text("utf-8"))
        by(body)
        path.write_text(yaml.safe_dump(body, sort_keys=False, allow_unicode=True), "utf-8")

    return change


def overlay(value: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Put ``over`` on ``value``: mappings key by key, everything else as a whole; the text ``REMOVED`` removes."""
    for key, child in over.items():
        if child == "REMOVED":
            value.pop(key, None)
        elif isinstance(child, Mapping) and isinstance(value.get(key), dict):
            overlay(value[key], child)
        else:
            value[key] = child


def put_over(edit: Edit, over: dict[str, Any]) -> None:
    """Change the index template: ``settings`` below ``index``, ``mappings``."""

    def change(body: dict[str, Any]) -> None:
        overlay(body["template"]["settings"]["index"], over.get("settings", {}))
        overlay(body["template"]["mappings"], over.get("mappings", {}))

    edit(TEMPLATE, change)


def add_a_document(client: Elasticsearch) -> None:
    """A searchable document, through the alias."""
    client.index(index=ALIAS, id="1", document={"image_id": "one"}, refresh=True, require_alias=True)
