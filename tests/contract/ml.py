"""What the facts about trained models share: a small model, its archive, and the words to put it."""

from __future__ import annotations

import base64
import io
import warnings
import zipfile
from functools import cache
from typing import Any

from tests.contract.cluster import Cluster

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "dog"]
CONFIG: dict[str, Any] = {"text_embedding": {"tokenization": {"bert": {"max_sequence_length": 8}}}}
BODY: dict[str, Any] = {
    "model_type": "pytorch",
    "inference_config": CONFIG,
    "input": {"field_names": ["text_field"]},
}


@cache
def archive() -> bytes:
    """A TorchScript archive that answers three numbers for any text, of operators that every version allows."""
    import torch

    class Model(torch.nn.Module):
        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor, positions: torch.Tensor
        ) -> torch.Tensor:
            return (ids * mask + types + positions).to(torch.float32)[:, :3] + 1.0

    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(Model()), stream)
    assert zipfile.is_zipfile(stream)
    return stream.getvalue()


def put_model(cluster: Cluster, name: str, **more: Any) -> dict[str, Any]:
    """Put a configuration."""
    answer: dict[str, Any] = cluster("PUT", f"/_ml/trained_models/{name}", {**BODY, **more})
    return answer


def put_part(cluster: Cluster, name: str, part: int, piece: bytes, *, length: int, parts: int, code: int = 200) -> Any:
    """Put a part of a definition."""
    body = {
        "definition": base64.b64encode(piece).decode(),
        "total_definition_length": length,
        "total_parts": parts,
    }
    return cluster("PUT", f"/_ml/trained_models/{name}/definition/{part}", body, code=code)


def put_whole(cluster: Cluster, name: str, **more: Any) -> int:
    """Put a model that can be deployed; gives the length of its definition."""
    put_model(cluster, name, **more)
    data = archive()
    put_part(cluster, name, 0, data, length=len(data), parts=1)
    cluster("PUT", f"/_ml/trained_models/{name}/vocabulary", {"vocabulary": VOCABULARY})
    return len(data)


def start(cluster: Cluster, name: str, query: str = "", body: Any = None) -> dict[str, Any]:
    """Start a deployment; gives the assignment."""
    path = f"/_ml/trained_models/{name}/deployment/_start?timeout=60s{query}"
    answer: dict[str, Any] = cluster("POST", path, body)["assignment"]
    return answer


def stop(cluster: Cluster, name: str, query: str = "") -> None:
    """Stop a deployment."""
    assert cluster("POST", f"/_ml/trained_models/{name}/deployment/_stop{query}") == {"stopped": True}


def entries(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    """The entries of ``_stats`` for a name."""
    found: list[dict[str, Any]] = cluster("GET", f"/_ml/trained_models/{name}/_stats")["trained_model_stats"]
    return found
