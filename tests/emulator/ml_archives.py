"""TorchScript archives that answer in ways worth looking at, and the calls to put them into an emulator."""

from __future__ import annotations

import base64
import io
import warnings
from functools import cache
from typing import Any

from tests.emulator.conftest import Api
from tests.emulator.ml_tiny import VOCABULARY

ARGUMENTS = "ids: Tensor, mask: Tensor, types: Tensor, positions: Tensor"
# kind → the body of ``forward``
BODIES = {
    # the sum of the ids, how many there are, the sum of the mask
    "facts": "return torch.stack([ids.sum(), torch.tensor(ids.size(1)), mask.sum()]).to(torch.float32).unsqueeze(0)",
    "rows": "return torch.stack([ids[0], positions[0]], 1).to(torch.float32)",  # [n, 2]
    "cube": "return torch.stack([ids, positions], 2).to(torch.float32)",  # [1, n, 2]
    "scalar": "return ids.sum().to(torch.float32)",
    "tuple": "return ids.to(torch.float32), mask",
    "double": "return torch.full([1, 2], 0.1, dtype=torch.float64)",
    "flat": "return torch.ones([6])",
    "deep": "return torch.ones([1, 2, 3, 4])",
    "whole": "return ids",
    "half": "return torch.ones([1, 2]).to(torch.float16)",
    "text": "return 'a text'",
    "infinite": "return torch.tensor([[1.0, float('nan'), float('inf'), -float('inf')]])",
    "huge": "return torch.zeros([ids.size(1), 1000000000000])",
    "slow": (
        "square = torch.ones([700, 700])\n    for _ in range(10 * ids.size(1)):\n"
        "        square = torch.matmul(square, square) / 700.0\n    return square[:1, :2]"
    ),
    # fails for more than one word, and answers as many rows as there are words
    "moody": "assert ids.size(1) < 4, 'no more than one word'\n    return torch.ones([ids.size(1) - 2, 2])",
    "saves": "torch.save(ids, 'x')\n    return torch.ones([1, 2])",
    "sigmoid": "return torch.sigmoid(ids.to(torch.float32))",
    "strided": "return torch.as_strided(ids.to(torch.float32), [1, 2], [1, 1])",
    "from_file": "return torch.from_file('/etc/hostname', False, 1)",
}


@cache
def scripted(kind: str) -> bytes:
    """A module with one of the bodies."""
    import torch

    module = type(kind.title(), (torch.jit.ScriptModule,), {})()  # a class has one forward
    module.define(f"def forward(self, {ARGUMENTS}):\n    {BODIES[kind]}\n")
    return saved(module)


def saved(module: Any) -> bytes:
    """A ScriptModule as an archive."""
    import torch

    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch would rather export
        torch.jit.save(module, stream)
    return stream.getvalue()


def loaded(data: bytes) -> Any:
    """An archive as torch loads it."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.load(io.BytesIO(data))


def put(
    api: Api,
    model_id: str,
    data: bytes,
    *,
    task: str = "text_embedding",
    vocabulary: list[str] | None = None,
    options: dict[str, Any] | None = None,
    **bert: Any,
) -> None:
    """Put a model whose input is the field ``text``."""
    config = {task: {"tokenization": {"bert": {"max_sequence_length": 8, **bert}}}}
    body = {"model_type": "pytorch", "input": {"field_names": ["text"]}, "inference_config": config, **(options or {})}
    path = f"/_ml/trained_models/{model_id}"
    api("PUT", path, body)
    part = {"definition": base64.b64encode(data).decode(), "total_definition_length": len(data), "total_parts": 1}
    api("PUT", f"{path}/definition/0", part)
    api("PUT", f"{path}/vocabulary", {"vocabulary": vocabulary or VOCABULARY})


def start(api: Api, model_id: str, *, code: int = 200, **params: Any) -> Any:
    """Start a deployment."""
    return api("POST", f"/_ml/trained_models/{model_id}/deployment/_start", code=code, params=params)


def deployed(api: Api, model_id: str, kind: str, *, params: dict[str, Any] | None = None, **more: Any) -> str:
    """Put and start a model of a kind; gives its path."""
    put(api, model_id, scripted(kind), **more)
    start(api, model_id, **(params or {}))
    return f"/_ml/trained_models/{model_id}"


def ask(api: Api, path: str, *texts: str, **body: Any) -> list[dict[str, Any]]:
    """The results of texts."""
    answer = api("POST", f"{path}/_infer", {"docs": [{"text": text} for text in texts], **body})
    results: list[dict[str, Any]] = answer["inference_results"]
    return results


def node_stats(api: Api, model_id: str) -> dict[str, Any]:
    """The numbers of the one node of a deployment."""
    (entry,) = api("GET", f"/_ml/trained_models/{model_id}/_stats")["trained_model_stats"]
    (node,) = entry["deployment_stats"]["nodes"]
    found: dict[str, Any] = node
    return found
