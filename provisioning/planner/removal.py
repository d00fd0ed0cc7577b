"""What is taken away: the orphans of a stack (``prune``), or everything of it (``destroy``). Pure.

In the reverse order of dependency: alias, index, index template, component template, pipeline, model alias, deployment,
trained model. What others still use is a problem that names them, also where the server would not refuse; an index that
holds documents goes only when it is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import replace
from functools import partial
from typing import Any

from provisioning import users
from provisioning.desired import Desired, DesiredModel
from provisioning.observed import Observed
from provisioning.plan import Change, Field, Plan, Problem, Purpose, Verb
from provisioning.planner.adoption import Adoption
from provisioning.planner.client_text import is_asked
from provisioning.planner.index import newest
from provisioning.planner.model import model_id_of
from provisioning.planner.succession import superseded_of
from provisioning.seen import going_of, seen

_BODIES = ("index_template", "component_template", "ingest_pipeline")


def owned(observed: Observed, stack: str) -> list[str]:
    """The addresses of everything that a stack made or adopted, in the order in which it can be deleted."""
    indices = sorted(name for name, index in observed.indices.items() if index.stack == stack)
    models = sorted(name for name in observed.models if observed.owns_model(stack, name))
    aliases = sorted({alias for name in indices for alias in observed.indices[name].aliases if name.startswith(alias)})
    return [
        *(f"alias/{alias}" for alias in aliases),
        *(f"index/{name}" for name in indices),
        *(
            f"{kind}/{name}"
            for kind in _BODIES
            for other, name in sorted(observed.resources)
            if other == kind and observed.resource_stack(kind, name) == stack
        ),
        *(f"model_alias/{alias}" for name in models for alias in sorted(observed.aliases_of(name))),
        *(
            f"deployment/{name}"
            for name, entry in sorted(observed.deployments.items())
            if entry.get("model_id") in models
        ),
        *(f"trained_model/{name}" for name in models),
    ]


def orphans(desired: Desired, observed: Observed, *, superseded: bool = False) -> tuple[str, ...]:
    """What a stack made and no longer declares.

    A model whose digest is unknown here keeps all of its file's models, and one that still serves under a declared name
    is none yet: the apply that replaces it comes first. One that another took the place of is none either while it is kept
    for a rollback, unless ``superseded`` is said. Where texts are encoded on the client now, all of the file's are orphans, as
    soon as no index has its texts encoded in the cluster.
    """
    kept = {f"{resource.kind}/{resource.name}" for resource in desired.resources}
    for index in desired.indices:
        kept.add(f"alias/{index.alias}")
        pointing = [name for name, there in observed.indices.items() if index.alias in there.aliases]
        kept |= {
            f"index/{name}"
            for name in (*pointing, newest(index.alias, observed, desired.stack) if not pointing else None)
        }
    for model in desired.models:
        if not model.asset.on_client or is_asked(model.asset, desired, observed):
            kept |= _kept_of(model, observed, superseded=superseded)
    return tuple(address for address in owned(observed, desired.stack) if address not in kept)


def _kept_of(model: DesiredModel, observed: Observed, *, superseded: bool) -> set[str]:
    asset = model.asset
    names = asset.deployment_ids
    behind = {observed.model_alias(asset.model_alias)} | {
        observed.deployments[name]["model_id"] for name in names if name in observed.deployments
    }
    if model.digest is None:
        behind |= {name for name in observed.models if name.startswith(f"{asset.stem}-")}
    else:
        behind.add(model_id_of(asset, model.digest, observed, Adoption()))
    if not superseded:
        behind |= superseded_of(asset, observed).keys()
    return {
        f"model_alias/{asset.model_alias}",
        *(f"deployment/{name}" for name in names),
        *(f"trained_model/{name}" for name in behind),
    }


def plan_removal(
    observed: Observed,
    addresses: Iterable[str],
    *,
    stack: str,
    target: str,
    purpose: Purpose,
    delete_data: Iterable[str] = (),
    only_naming: Set[str] = frozenset(),
) -> Plan:
    """The plan that deletes these addresses.

    Args:
        observed: the cluster.
        addresses: what to delete, as ``owned`` or ``orphans`` gives it.
        stack: whose they are.
        target: how messages call the cluster.
        purpose: the command.
        delete_data: names of indices, or of aliases that point to them, whose documents may go with them.
        only_naming: addresses of pipelines that name what goes and do without (``client_text.only_naming``).
    """
    going = list(addresses)
    data = set(delete_data)
    steps: list[Change | Problem] = []
    for address in going:
        kind, _, name = address.partition("/")
        if found := users_left(observed, kind, name, [*going, *only_naming]):
            steps.append(
                Problem(
                    address=address,
                    what=f"is still used by {', '.join(found)}",
                    hint="change or delete what uses it first; nothing was deleted",
                )
            )
        elif kind == "model_alias" and users_left(observed, kind, name, going):
            # The server deletes no alias that a pipeline names, but with its model.
            continue
        elif kind == "index":
            steps.append(_index(observed, name, data))
        else:
            change = _delete(observed, kind, name, going)
            named = kind == "trained_model" and users_left(observed, kind, name, going)
            steps.append(_forced(observed, change) if named else change)
    there = {address.partition("/")[2] for address in going if address.startswith("index/")}
    known = there | {alias for index in there if index in observed.indices for alias in observed.indices[index].aliases}
    return Plan(
        stack=stack,
        target=target,
        version=".".join(map(str, observed.version)),
        changes=tuple(step for step in steps if isinstance(step, Change)),
        problems=tuple(step for step in steps if isinstance(step, Problem)),
        # No problem: the run before may have deleted it and stopped then.
        notes=tuple(
            f"no index that this would delete has the name {name} (--delete-data)" for name in sorted(data - known)
        ),
        purpose=purpose,
        cluster_uuid=observed.cluster_uuid,
        seen=seen(observed, going, going=going_of(steps)),
    )


def _forced(observed: Observed, change: Change) -> Change:
    """The deletion of a model that pipelines only name: the server asks for ``force``, and takes the aliases with it."""
    aliases = ", ".join(observed.aliases_of(change.name))
    reason = f"{change.reason}; the model alias {aliases} goes with it" if aliases else change.reason
    return replace(change, reason=reason, request={"force": True})


def users_left(observed: Observed, kind: str, name: str, going: Iterable[str]) -> list[str]:
    """Who would still use a resource once everything in ``going`` is gone."""
    find = _USERS.get(kind)
    return [user for user in find(observed, name) if user not in set(going)] if find else []


_USERS: dict[str, Callable[[Observed, str], Iterable[str]]] = {
    "ingest_pipeline": users.users_of_pipeline,
    "component_template": users.users_of_component,
    "model_alias": users.of_model_alias,
    "deployment": users.of_deployment,
    "trained_model": users.of_model,
}


def _index(observed: Observed, name: str, named: set[str]) -> Change | Problem:
    index = observed.indices[name]
    allowed = bool(named & {name, *index.aliases})
    held = "is closed, so nobody can say what it holds" if index.closed else f"holds {index.documents} documents"
    if index.documents != 0 and not allowed:
        return Problem(
            address=f"index/{name}",
            what=held,
            hint=f"to delete them too, name it: --delete-data {next(iter(index.aliases), name)}",
        )
    reason = "is empty" if index.documents == 0 else f"{held}, named by --delete-data"
    others = sorted(alias for alias in index.aliases if not name.startswith(alias))
    if others:
        reason += f"; the aliases {', '.join(others)} go with it"
    return Change(
        kind="index",
        name=name,
        verb=Verb.DELETE,
        reason=reason,
        fields=(Field("documents", index.documents, None),),
        request={"delete_data": allowed},
    )


def _delete(observed: Observed, kind: str, name: str, going: list[str]) -> Change:
    change = partial(Change, kind=kind, name=name, verb=Verb.DELETE)
    request: dict[str, Any] = {}
    if kind == "alias":
        pointing = sorted(index for index, body in observed.indices.items() if name in body.aliases)
        request = {"indices": [index for index in pointing if f"index/{index}" in going]}
        return change(reason=f"points to {', '.join(request['indices'])}", request=request)
    if kind == "model_alias":
        request = {"model_id": observed.model_alias(name)}
        return change(reason=f"points to {request['model_id']}", request=request)
    if kind == "deployment":
        return change(reason=f"serves {observed.deployments[name]['model_id']}")
    if kind == "trained_model" and f"trained_model/{name}" in observed.adopted:
        return change(reason="was adopted by this stack")
    return change(reason="was made by this stack")
