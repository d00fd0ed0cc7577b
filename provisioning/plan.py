"""A plan: what would be done, as an inert value that renderer, JSON, plan file and applier share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provisioning.assets.model_asset import ModelAsset

Body = Mapping[str, Any]


class Verb(StrEnum):
    """What is done with one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    NO_OP = "no-op"


class Purpose(StrEnum):
    """Which command a plan is for."""

    APPLY = "apply"
    PRUNE = "prune"
    DESTROY = "destroy"
    ROLLBACK = "rollback"
    PUSH = "bundle push"


@dataclass(frozen=True, slots=True)
class Field:
    """One differing field with both sides; ``None`` where a side does not have it."""

    path: str
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        """The field as the plan's JSON shows it."""
        return {"path": self.path, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is done with one resource, addressed ``kind/name``, and why.

    ``request`` is what the applier sends; ``fields`` is what people read.
    """

    kind: str
    name: str
    verb: Verb
    reason: str
    fields: tuple[Field, ...] = ()
    request: Body = field(default_factory=dict)

    @property
    def address(self) -> str:
        """``kind/name``."""
        return f"{self.kind}/{self.name}"

    def to_json(self) -> dict[str, Any]:
        """The change as the plan's JSON shows it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "verb": str(self.verb),
            "reason": self.reason,
            "fields": [item.to_json() for item in self.fields],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why the plan cannot be carried out as it is: the resource, what stands in the way, the ways on."""

    address: str
    what: str
    hint: str

    def to_json(self) -> dict[str, str]:
        """The problem as the plan's JSON shows it."""
        return {"address": self.address, "what": self.what, "hint": self.hint}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedModel:
    """A text model that the plan speaks of: what its bundle is known by, and what builds one."""

    model_id: str
    digest: str
    asset: ModelAsset


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All changes of one stack on one cluster, in the order in which they are carried out.

    ``seen`` is what the plan was made from: for each address a digest of what the cluster held (``provisioning.seen``).
    ``orphans`` are the addresses of what this stack made and no longer declares; only ``prune`` deletes them.
    """

    stack: str
    target: str
    version: str
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    purpose: Purpose = Purpose.APPLY
    cluster_uuid: str = ""
    models: tuple[PlannedModel, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if change.verb is not Verb.NO_OP)

    @property
    def in_sync(self) -> bool:
        """Whether nothing is to do and nothing stands in the way."""
        return not self.pending and not self.problems

    @property
    def drift(self) -> tuple[Change, ...]:
        """The changes that are there because the cluster is not what the stack says: a grace period that ended is no such."""
        return tuple(change for change in self.pending if (change.kind, change.verb) != ("trained_model", Verb.DELETE))

    def counts(self) -> dict[str, int]:
        """How many changes each verb has."""
        found = Counter(change.verb for change in self.changes)
        return {str(verb): found[verb] for verb in Verb}

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "stack": self.stack,
            "target": self.target,
            "version": self.version,
            "changes": [change.to_json() for change in self.changes],
            "problems": [problem.to_json() for problem in self.problems],
            "notes": list(self.notes),
            "orphans": list(self.orphans),
            "summary": self.counts(),
        }
