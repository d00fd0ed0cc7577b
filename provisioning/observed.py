"""What a cluster holds, as plain values; filled by ``observe``, read by the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clipline.core.records import MARK

Version = tuple[int, int, int]

OLDEST: Version = (8, 15, 0)
"""Older servers lack deployments and mapping parameters that the default stack uses."""

SERVERLESS = "serverless"
"""``version.build_flavor`` of Elasticsearch Serverless, whose version is 8.11.0 whatever it runs (docs: Serverless API)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedIndex:
    """One index: ``documents`` counts the searchable ones; ``None`` where it is closed, and nobody can count them."""

    mappings: Mapping[str, Any]
    settings: Mapping[str, Any]
    aliases: Mapping[str, Any]
    documents: int | None

    @property
    def closed(self) -> bool:
        """Whether it is closed: it keeps its documents, and answers no search."""
        return self.documents is None

    @property
    def stack(self) -> str | None:
        """The stack whose mark it carries."""
        return _stack((self.mappings.get("_meta") or {}).get(MARK))


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a cluster holds of what a stack wants, as the APIs returned it.

    ``models`` are configurations by model id, ``deployments`` the ``deployment_stats`` by deployment id. ``adopted`` is
    what this stack owns without a mark on it, ``superseded`` the models that others took the place of, both by address
    (``provisioning.state``). ``at`` is when it was read, as ``provisioning.state.clock`` writes it. ``text_models`` are the
    model aliases that indices name in their marks, by index, whosever these are, but for those whose texts are encoded on
    the client. ``endpoints`` are the models and deployments of inference endpoints, by endpoint; ``None`` where they were not
    asked for, or cannot be read. ``model_bytes`` are the sizes of the models' definitions, by model id.
    """

    version: Version
    cluster_uuid: str = ""
    licence: str
    resources: Mapping[tuple[str, str], Mapping[str, Any]]
    indices: Mapping[str, ObservedIndex]
    models: Mapping[str, Mapping[str, Any]]
    deployments: Mapping[str, Mapping[str, Any]]
    adopted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    superseded: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    at: str = ""
    text_models: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, frozenset[str]] | None = None
    model_bytes: Mapping[str, int] = field(default_factory=dict)

    def model_alias(self, alias: str) -> str | None:
        """The model id behind a model alias."""
        for model_id in self.models:
            if alias in self.aliases_of(model_id):
                return model_id
        return None

    def aliases_of(self, model_id: str) -> tuple[str, ...]:
        """The model aliases that point to a model."""
        config = self.models.get(model_id) or {}
        return tuple((config.get("metadata") or {}).get("model_aliases") or ())

    def resource_stack(self, kind: str, name: str) -> str | None:
        """The stack whose mark a pipeline or template carries."""
        body = self.resources.get((kind, name)) or {}
        return _stack((body.get("_meta") or {}).get(MARK))

    def model_stack(self, model_id: str) -> str | None:
        """The stack whose mark a trained model carries."""
        config = self.models.get(model_id) or {}
        return _stack((config.get("metadata") or {}).get(MARK))

    def owns_model(self, stack: str, model_id: str) -> bool:
        """Whether a model is this stack's, by its mark or by adoption."""
        return model_id in self.models and (
            self.model_stack(model_id) == stack or f"trained_model/{model_id}" in self.adopted
        )


def _stack(marks: Any) -> str | None:
    # Anyone may write into _meta: what is not of our shape is not ours.
    stack = marks.get("stack") if isinstance(marks, Mapping) else None
    return stack if isinstance(stack, str) else None


def is_closed(index: Mapping[str, Any]) -> bool:
    """Whether an index as ``GET /<index>`` shows it is closed: closing sets this, opening takes it away.

    Source: ``MetadataIndexStateService`` (``index.verified_before_close``).
    """
    settings = (index.get("settings") or {}).get("index") or {}
    return str(settings.get("verified_before_close")) == "true"
