"""What a cluster holds, as plain values; filled by ``observe``, read by the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedIndex:
    """One index: ``documents`` counts the searchable ones."""

    mappings: Mapping[str, Any]
    settings: Mapping[str, Any]
    aliases: Mapping[str, Any]
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a cluster holds of what a stack wants, as the APIs returned it.

    ``models`` are configurations by model id, ``deployments`` the ``deployment_stats`` by deployment id.
    """

    version: Version
    licence: str
    resources: Mapping[tuple[str, str], Mapping[str, Any]]
    indices: Mapping[str, ObservedIndex]
    models: Mapping[str, Mapping[str, Any]]
    deployments: Mapping[str, Mapping[str, Any]]

    def model_alias(self, alias: str) -> str | None:
        """The model id behind a model alias."""
        for model_id, config in self.models.items():
            if alias in ((config.get("metadata") or {}).get("model_aliases") or ()):
                return model_id
        return None
