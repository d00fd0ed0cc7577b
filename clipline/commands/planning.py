"""A stack and a cluster → a plan, and a plan → the screen: what ``plan``, ``apply``, ``prune`` and their like share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from clipline.core.output import data, say, show, show_json
from provisioning.ml_room import starts_something
from provisioning.plan import Plan, Purpose
from provisioning.planner.succession import GRACE

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from provisioning.apply import BundleSource
    from provisioning.assets.stack import Stack
    from provisioning.bundles.find import Bundles
    from provisioning.desired import Desired
    from provisioning.observe import Scope
    from provisioning.observed import Observed


_OF_MODELS = ("trained_model/", "deployment/", "model_alias/")


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what carrying it out needs."""

    plan: Plan
    bundles: BundleSource


@dataclass(frozen=True, slots=True)
class Seen:
    """A stack beside what the cluster holds of it."""

    desired: Desired
    observed: Observed
    bundles: Bundles


def make_plan(
    stack: Stack,
    client: Elasticsearch,
    *,
    target: str,
    bundle_files: Iterable[Path] = (),
    build: bool = False,
    adopt: Iterable[str] = (),
    grace: timedelta | None = GRACE,
    cloud: bool = False,
) -> Planned:
    """Stack and cluster → plan. With ``build``, bundles whose digest is unknown are built first; ``grace`` is how long a model
    that another takes the place of is kept; ``cloud`` says that the cluster may add nodes by itself.
    """
    from provisioning.planner import make_plan as plan_of

    seen = look(stack, client, bundle_files=bundle_files, build=build)

    def plan_on(observed: Observed) -> Plan:
        return plan_of(seen.desired, observed, target=target, adopt=adopt, grace=grace)

    plan = plan_on(seen.observed)
    if stops_a_model(plan):
        plan = plan_on(with_endpoints(seen.observed, client))
    if any(change.kind == "trained_model" for change in plan.pending):
        from provisioning.bundles.loadable import with_refusals

        plan = with_refusals(plan, seen.bundles)
    if starts_something(plan) and not plan.problems:
        plan = with_ml_room(plan, seen.observed, seen.bundles, client, cloud=cloud)
    return Planned(plan, seen.bundles)


def with_ml_room(plan: Plan, observed: Observed, bundles: BundleSource, client: Elasticsearch, *, cloud: bool) -> Plan:
    """A plan with what the ML nodes have no room for, by the bundles at hand and by what the cluster knows of its models."""
    from provisioning.ml_memory import held_by, needs_of
    from provisioning.ml_room import with_room
    from provisioning.observe import ml_room

    room = ml_room(client, cloud=cloud)
    if room is None:
        return replace(plan, notes=(*plan.notes, "whether the ML nodes have room could not be asked"))
    stems = {model.model_id: model for model in plan.models}
    known = needs_of(observed.models, observed.model_bytes)

    def need(model_id: str, allocations: int) -> int | None:
        planned = stems.get(model_id)
        bundle = bundles.at_hand(planned.asset.stem) if planned is not None else None
        if planned is not None and bundle is not None and bundle.digest == planned.digest:
            return bundle.memory_need(allocations)
        return known(model_id, allocations)

    return with_room(plan, room, need=need, held=held_by(observed.deployments, known))


def look(stack: Stack, client: Elasticsearch, *, bundle_files: Iterable[Path] = (), build: bool = False) -> Seen:
    """What a stack wants and what the cluster holds."""
    from provisioning.assets.model_asset import model_asset
    from provisioning.bundles.find import find_bundles
    from provisioning.desired import desired_state
    from provisioning.observe import Scope, observe, server

    models = [model_asset(asset) for asset in stack.of("model")]
    bundles = find_bundles(models, given=bundle_files, stack=stack.directory)
    found = server(client)
    digests = bundles.digests()
    on_client = {model.stem for model in models if model.on_client}
    unknown = [stem for stem, digest in digests.text.items() if digest is None and stem not in on_client]
    if build and unknown:
        for stem in unknown:
            say(f"building the bundle of {stem}: neither its files nor a bundle are at hand")
            bundles.obtain(stem)
        digests = bundles.digests()
    desired = desired_state(stack, version=found.version, digests=digests)
    ids = {model.deployment_id for model in models} | {
        model.model_id(digest) for model in models if (digest := digests.text.get(model.stem)) is not None
    }
    scope = Scope(stack=stack.name, aliases=tuple(index.alias for index in desired.indices), models=frozenset(ids))
    return Seen(desired, observe(client, found=found, scope=scope), bundles)


def stops_a_model(plan: Plan) -> bool:
    """Whether a plan takes a model, a deployment or an alias away from whoever uses it."""
    return any(
        change.address.startswith(_OF_MODELS) and change.verb in ("replace", "delete") for change in plan.pending
    )


def with_endpoints(observed: Observed, client: Elasticsearch) -> Observed:
    """What was observed, and the inference endpoints, which use models too."""
    from provisioning.observe import endpoints

    return replace(observed, endpoints=endpoints(client))


def of_bundle(plan: Plan, file: Path) -> Plan:
    """The part of a plan that brings the model of one bundle onto the cluster, without what serves it."""
    from provisioning.bundles.bundle import open_bundle

    digest = open_bundle(file).digest
    names = {model.model_id for model in plan.models if model.digest == digest}
    ours = {f"trained_model/{name}" for name in names}
    return replace(
        plan,
        changes=tuple(change for change in plan.changes if change.address in ours),
        # What is in the way of the deployment or the alias is so before a long upload, too.
        problems=tuple(problem for problem in plan.problems if problem.address.startswith(_OF_MODELS)),
        notes=(),
        orphans=(),
        purpose=Purpose.PUSH,
        seen={address: digest for address, digest in plan.seen.items() if address in ours},
    )


def scope_of(plan: Plan) -> Scope:
    """What has to be looked at to see whether the cluster has moved since a plan was made."""
    from provisioning.observe import Scope

    names = [address.split("/", 1) for address in plan.seen]
    return Scope(
        stack=plan.stack,
        aliases=tuple(name for kind, name in names if kind == "alias"),
        models=frozenset(name for kind, name in names if kind == "trained_model"),
    )


def show_plan(plan: Plan, *, as_json: bool = False, as_markdown: bool = False, all_fields: bool = False) -> None:
    """A plan on stdout: for people, as Markdown, or as JSON."""
    from provisioning.render import markdown_lines, plan_lines

    if as_json:
        show_json(plan.to_json())
        return
    if as_markdown:
        for line in markdown_lines(plan):
            show(line)
        return
    styles = {"+": "green", "~": "yellow", "±": "yellow", "-": "red", "!": "bold red", "=": "dim"}
    for line in plan_lines(plan, all_fields=all_fields):
        data().print(line, style=styles.get(line[:1]), markup=False)
