"""A deployment that somebody changed by hand is drift with the right field; spellings and defaults are none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import Elasticsearch

from clipline.core.errors import AssetError, ModelError
from provisioning.apply import Work, apply_plan
from provisioning.assets.model_asset import model_asset
from provisioning.assets.stack import read_stack
from provisioning.assets.validate import check
from provisioning.assets.variables import gather
from provisioning.bundles.find import Bundles
from provisioning.desired import desired_state
from provisioning.observe import Scope, observe, server
from provisioning.plan import Plan, Verb
from provisioning.planner import make_plan
from tests.conftest import ROOT, TINY
from tests.nodes import running_emulator
from tests.provisioning.switching import Asking

STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
ADDRESS = f"deployment/{STEM}"


@dataclass(slots=True)
class Served:
    """A cluster with the default stack, whose deployment can be declared otherwise."""

    client: Elasticsearch
    folder: Path
    url: str

    def declare(self, **settings: Any) -> None:
        """Declare a deployment with these settings only."""
        path = self.folder / "models" / f"{STEM}.yml"
        body = yaml.safe_load((ROOT / "models" / f"{STEM}.yml").read_text("utf-8"))
        body["deployment"] = {"deployment_id": STEM, **settings}
        path.write_text(yaml.safe_dump(body), "utf-8")

    def plan(self, *, carry_out: bool = False) -> Plan:
        """The plan, carried out if wanted."""
        stack = read_stack(self.folder, gather(stack=self.folder, flags=TINY, environment={}))
        check(stack)
        bundles = Bundles({STEM: model_asset(stack.of("model")[0])})
        if carry_out:
            bundles.obtain(STEM)
        found = server(self.client)
        desired = desired_state(stack, version=found.version, digests=bundles.digests())
        scope = Scope(
            stack=stack.name,
            aliases=tuple(index.alias for index in desired.indices),
            models=frozenset(model.asset.model_id(model.digest or "") for model in desired.models),
        )
        plan = make_plan(desired, observe(self.client, found=found, scope=scope), target="here")
        if carry_out:
            list(
                apply_plan(
                    plan,
                    Work(
                        client=self.client, stack=stack.name, version=plan.version, models=plan.models, bundles=bundles
                    ),
                )
            )
        return plan

    def heals(self, verb: Verb, fields: dict[str, tuple[Any, Any]] | None) -> None:
        """The plan finds this of the deployment and nothing else, and carrying it out leaves nothing to do."""
        plan = self.plan(carry_out=True)
        (change,) = plan.pending
        assert (change.address, change.verb) == (ADDRESS, verb)
        if fields is not None:
            assert {item.path: (item.before, item.after) for item in change.fields} == fields
        assert self.plan().in_sync

    def stats(self) -> dict[str, Any]:
        """What the server says of the deployment."""
        found = self.client.ml.get_trained_models_stats(model_id="_all")["trained_model_stats"]
        (stats,) = (entry["deployment_stats"] for entry in found if "deployment_stats" in entry)
        return dict(stats)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The stack, applied once."""
    folder = tmp_path_factory.mktemp("stack")
    for name in ("mappings", "pipelines", "models"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "vars.yml", folder)
    with running_emulator(tmp_path_factory.mktemp("deployments")) as url, Elasticsearch(url) as client:
        served = Served(client, folder, url)
        served.declare()
        assert len(served.plan(carry_out=True).pending) == 7
        assert served.plan().in_sync
        yield served


@pytest.fixture(autouse=True)
def _declared(served: Served) -> None:
    served.declare()


def test_no_drift_defaults_written(served: Served) -> None:
    served.declare(number_of_allocations=1, threads_per_allocation=1, queue_capacity=1024, priority="normal")
    assert served.plan().in_sync
    served.declare(adaptive_allocations={"enabled": False, "max_number_of_allocations": 4})
    assert served.plan().in_sync


def test_scaled(served: Served) -> None:
    served.client.ml.update_trained_model_deployment(model_id=STEM, number_of_allocations=2)
    served.heals(Verb.UPDATE, {"number_of_allocations": (2, 1)})


def test_left_to_follow_the_load(served: Served) -> None:
    by_hand = {"enabled": True, "min_number_of_allocations": 0, "max_number_of_allocations": 4}
    served.client.ml.update_trained_model_deployment(model_id=STEM, adaptive_allocations=by_hand)
    served.heals(Verb.UPDATE, {"adaptive_allocations": (by_hand, None)})
    assert served.stats()["adaptive_allocations"]["enabled"] is False


def test_stopped(served: Served) -> None:
    served.client.ml.stop_trained_model_deployment(model_id=STEM, force=True)
    served.heals(Verb.CREATE, None)


NEXT = f"{STEM}-next"


def exchanges(served: Served, fields: dict[str, tuple[Any, Any]]) -> None:
    """What a deployment takes only at its start is changed while another one serves, and no query through the alias fails."""
    with Asking(served.url, "clip-text") as asking:
        plan = served.plan(carry_out=True)
    assert [(change.address, change.verb) for change in plan.pending] == [
        (f"deployment/{NEXT}", Verb.CREATE),
        (ADDRESS, Verb.REPLACE),
        (f"deployment/{NEXT}", Verb.DELETE),
    ]
    assert {item.path: (item.before, item.after) for item in plan.pending[1].fields} == fields
    assert any("started again, with other settings: a short gap for users of that id" in note for note in plan.notes)
    assert asking.refusals == []
    assert asking.vectors
    assert served.plan().in_sync


def test_started_with_another_queue(served: Served) -> None:
    model_id = served.stats()["model_id"]
    served.client.ml.stop_trained_model_deployment(model_id=STEM, force=True)
    served.client.ml.start_trained_model_deployment(model_id=model_id, deployment_id=STEM, queue_capacity=7)
    exchanges(served, {"queue_capacity": (7, 1024)})


def test_the_cache_is_set_at_the_start(served: Served) -> None:
    served.declare(cache_size="20kb")
    before = served.stats()["cache_size"]
    exchanges(served, {"cache_size": (before, "20kb")})
    assert served.stats()["cache_size"] == "20kb"
    served.declare(cache_size="20480b")
    assert served.plan().in_sync
    served.declare(cache_size=0)
    exchanges(served, {"cache_size": ("20kb", "0b")})


def test_settings_that_do_not_start_leave_the_old_ones_serving(served: Served) -> None:
    served.declare(threads_per_allocation=32)
    with Asking(served.url, "clip-text") as asking, pytest.raises(ModelError, match="not enough free processors"):
        served.plan(carry_out=True)
    assert asking.refusals == []
    assert served.stats()["threads_per_allocation"] == 1
    served.declare()
    assert served.plan(carry_out=True).pending == ()
    assert served.plan().in_sync


def test_declared_to_follow_the_load(served: Served) -> None:
    served.declare(adaptive_allocations={"enabled": True, "max_number_of_allocations": 2})
    wanted = {"enabled": True, "min_number_of_allocations": 1, "max_number_of_allocations": 2}
    served.heals(Verb.UPDATE, {"adaptive_allocations": (None, wanted)})
    served.client.ml.update_trained_model_deployment(
        model_id=STEM, adaptive_allocations={"min_number_of_allocations": 0}
    )
    served.heals(Verb.UPDATE, {"adaptive_allocations.min_number_of_allocations": (0, 1)})
    served.declare(adaptive_allocations={"enabled": True})
    served.heals(Verb.UPDATE, {"adaptive_allocations.max_number_of_allocations": (2, None)})
    served.client.ml.stop_trained_model_deployment(model_id=STEM, force=True)
    served.heals(Verb.CREATE, None)
    served.declare()
    served.heals(Verb.UPDATE, {"adaptive_allocations": ({"enabled": True, "min_number_of_allocations": 1}, None)})


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a number beside": (
        {"number_of_allocations": 1, "adaptive_allocations": {"enabled": True}},
        "follows the load where adaptive_allocations are enabled, and cannot be set",
    ),
    "bounds that cross": (
        {"adaptive_allocations": {"enabled": True, "min_number_of_allocations": 3, "max_number_of_allocations": 2}},
        "at least 3 and at most 2 allocations cannot be had",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_the_server_would(name: str, served: Served) -> None:
    settings, words = REFUSED[name]
    served.declare(**settings)
    with pytest.raises(AssetError, match=words):
        served.plan()


def test_the_plan_was_made_from_this_deployment(served: Served) -> None:
    def digest(change: Callable[[], Any]) -> tuple[str, str]:
        before = served.plan().seen[ADDRESS]
        change()
        return before, served.plan().seen[ADDRESS]

    before, after = digest(
        lambda: served.client.ml.update_trained_model_deployment(model_id=STEM, number_of_allocations=3)
    )
    assert before != after
    served.heals(Verb.UPDATE, {"number_of_allocations": (3, 1)})
