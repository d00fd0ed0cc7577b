"""What a cluster answered, as plain values; filled by ``gather``, read by ``checks``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_GRANTED_BY = re.compile(r"granted by the (cluster|index) privileges \[([^\],]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question. ``body`` is ``None`` where it was refused; then ``reason`` is the server's."""

    request: str
    body: Any = None
    status: int = 200
    reason: str = ""

    @property
    def privilege(self) -> str | None:
        """The least privilege that would have allowed it, where the refusal names one: ``cluster privilege monitor``."""
        match = _GRANTED_BY.search(self.reason) if self.status == 403 else None
        return f"{match[1]} privilege {match[2]}" if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The answers by the name of the question, and the version of the client that asked.

    ``skipped`` are the questions that the role of the job does not allow to ask.
    """

    client_version: str
    answers: Mapping[str, Answer]
    skipped: tuple[str, ...] = ()

    def get(self, name: str) -> Any:
        """The body that a question got; ``None`` where it was refused or not asked."""
        answer = self.answers.get(name)
        return answer.body if answer is not None else None

    def refused(self) -> Iterator[tuple[str, Answer]]:
        """The questions that got no answer."""
        return ((name, answer) for name, answer in self.answers.items() if answer.body is None)

    def models(self) -> dict[str, Mapping[str, Any]]:
        """Model configurations by model id."""
        found = (self.get("models") or {}).get("trained_model_configs") or ()
        return {config["model_id"]: config for config in found}

    def deployments(self) -> dict[str, Mapping[str, Any]]:
        """``deployment_stats`` by deployment id."""
        found = (entry.get("deployment_stats") for entry in self._model_stats())
        return {stats["deployment_id"]: stats for stats in found if stats}

    def required_memory(self, model_id: str) -> int | None:
        """What the server itself reckons that a deployment of a model on it needs, in bytes."""
        for entry in self._model_stats():
            if entry["model_id"] == model_id:
                return (entry.get("model_size_stats") or {}).get("required_native_memory_bytes") or None
        return None

    def setting(self, name: str) -> str | None:
        """A setting of the cluster in force: what is transient wins over what is persistent, both over the default."""
        settings = self.get("settings") or {}
        for kind in ("transient", "persistent", "defaults"):
            if (value := (settings.get(kind) or {}).get(name)) is not None:
                return str(value)
        return None

    def _model_stats(self) -> list[Mapping[str, Any]]:
        return (self.get("model_stats") or {}).get("trained_model_stats") or []
