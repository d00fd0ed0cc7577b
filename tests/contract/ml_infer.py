"""Models for the facts about inference, whose results are the token ids that they were called with."""

from __future__ import annotations

import base64
import io
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.contract.cluster import Cluster

MODELS = "/_ml/trained_models"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "dog", "a", "##a", "e", "##e", "n", "##n", "[", "]",
              "SEP", "MASK", ".", "=", "猫", "狗", "σ", "##σ", "ς", "##ς"]  # fmt: skip


@cache
def echo() -> bytes:
    """An archive that answers with its ids; of operators that every version allows."""
    import torch

    class Echo(torch.nn.Module):
        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor, positions: torch.Tensor
        ) -> torch.Tensor:
            return ids.to(torch.float32)

    return saved(Echo())


def saved(module: Any) -> bytes:
    """A module as a TorchScript archive."""
    import torch

    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(module), stream)
    return stream.getvalue()


@dataclass(frozen=True, slots=True)
class Told:
    """A deployed model."""

    cluster: Cluster
    model: str

    @property
    def path(self) -> str:
        """Its path."""
        return f"{MODELS}/{self.model}"

    def results(self, *texts: str, **body: Any) -> list[dict[str, Any]]:
        """The results of texts."""
        docs = [{"text_field": text} for text in texts]
        answer = self.cluster("POST", f"{self.path}/_infer", {"docs": docs, **body})
        found: list[dict[str, Any]] = answer["inference_results"]
        return found

    def error(self, body: Any, *, code: int, path: str = "/_infer") -> tuple[str, str]:
        """Type and reason of a refusal."""
        return self.cluster.error("POST", f"{self.path}{path}", body, code=code)

    def tokens(self, text: str) -> list[str]:
        """What a text is cut into; windows one after another."""
        (result,) = self.results(text)
        value = result["predicted_value"]
        rows = value if value and isinstance(value[0], list) else [value]
        return [VOCABULARY[int(number)] for row in rows for number in row]

    def node(self) -> dict[str, Any]:
        """The numbers of its node."""
        (entry,) = self.cluster("GET", f"{self.path}/_stats")["trained_model_stats"]
        found: dict[str, Any] = entry["deployment_stats"]["nodes"][0]
        return found


def body(task: str, **bert: Any) -> dict[str, Any]:
    """A configuration."""
    return {
        "model_type": "pytorch",
        "input": {"field_names": ["text_field"]},
        "inference_config": {task: {"tokenization": {"bert": bert}}},
    }


def put(cluster: Cluster, name: str, data: bytes, config: dict[str, Any]) -> None:
    """Put a whole model."""
    part = {"definition": base64.b64encode(data).decode(), "total_definition_length": len(data), "total_parts": 1}
    for path, content in (("", config), ("/definition/0", part), ("/vocabulary", {"vocabulary": VOCABULARY})):
        answer = cluster.http.put(f"{MODELS}/{name}{path}", json=content)
        assert answer.status_code == 200, answer.text


@contextmanager
def deployed(cluster: Cluster, config: dict[str, Any]) -> Iterator[Told]:
    """A model that all facts of a file share; made past the list of what one fact made."""
    name = f"clipline-contract-{uuid.uuid4().hex[:6]}-told"
    try:
        put(cluster, name, echo(), config)
        answer = cluster.http.post(f"{MODELS}/{name}/deployment/_start?timeout=60s&cache_size=100kb")
        assert answer.status_code == 200, answer.text
        yield Told(cluster, name)
    finally:
        cluster.http.delete(f"{MODELS}/{name}?force=true")
