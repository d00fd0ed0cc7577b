"""A tiny sentence-transformers model made on the spot, and the words to put it into an emulator."""

from __future__ import annotations

import base64
import io
import os
import warnings
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from elasticsearch import Elasticsearch

WORDS = [*"abcdefghijklmnopqrstuvwxyz", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
         "dog", "cat", "red", "house", "über", "uber", "runs", "sea", "##ing", "naive", "Dog", ".", ",", "!", "猫"]  # fmt: skip
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
DIMS = 6
LONGEST = 16


@cache
def sentence_model() -> Path:
    """The folder of a random DistilBERT with mean pooling and a Dense layer."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

    torch.manual_seed(7)
    folder = Path(mkdtemp(prefix="tiny-model-"))
    (folder / "words").mkdir()
    (folder / "words" / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    DistilBertTokenizer(
        str(folder / "words" / "vocab.txt"), do_lower_case=False, model_max_length=LONGEST
    ).save_pretrained(folder / "bert")
    config = DistilBertConfig(
        vocab_size=len(VOCABULARY), dim=16, n_layers=1, n_heads=2, hidden_dim=32, max_position_embeddings=64
    )
    DistilBertModel(config).save_pretrained(folder / "bert")
    words = Transformer(str(folder / "bert"), max_seq_length=LONGEST)
    dense = Dense(in_features=16, out_features=DIMS)
    SentenceTransformer(modules=[words, Pooling(16), dense], device="cpu").save(str(folder / "model"))
    return folder / "model"


@cache
def archive(kind: str = "embedding") -> bytes:
    """A small TorchScript archive: ``embedding`` answers six numbers, the others are for what may go wrong."""
    import torch

    class Embedding(torch.nn.Module):
        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor, positions: torch.Tensor
        ) -> torch.Tensor:
            numbers = torch.arange(1, 7).to(torch.float32)
            return (ids * mask).sum(1, keepdim=True) * numbers + types.sum() + positions.sum()

    class Hooked(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.number = 1

        @torch.jit.export
        def __getstate__(self) -> tuple[int, bool]:
            return self.number, self.training

        @torch.jit.export
        def __setstate__(self, state: tuple[int, bool]) -> None:
            self.number = state[0]
            self.training = state[1]

        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor, positions: torch.Tensor
        ) -> torch.Tensor:
            return torch.ones([1, 6])

    if kind == "garbage":
        return b"no TorchScript at all"
    every = {"embedding": Embedding, "hooked": Hooked}
    stream = io.BytesIO()
    with warnings.catch_warnings():
        # torch would rather export; Elasticsearch takes TorchScript
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(every[kind]()), stream)
    return stream.getvalue()


def put_tiny(
    client: Elasticsearch, model_id: str, *, kind: str = "embedding", vocabulary: bool = True, **options: Any
) -> None:
    """Put a model with its definition in two parts."""
    client.ml.put_trained_model(
        model_id=model_id,
        model_type="pytorch",
        inference_config={"text_embedding": {"tokenization": {"bert": {"max_sequence_length": 8}}}},
        input={"field_names": ["text_field"]},
        **options,
    )
    data = archive(kind)
    half = len(data) // 2
    # The last part first: their order does not matter.
    for part, piece in ((1, data[half:]), (0, data[:half])):
        client.ml.put_trained_model_definition_part(
            model_id=model_id,
            part=part,
            definition=base64.b64encode(piece).decode(),
            total_definition_length=len(data),
            total_parts=2,
        )
    if vocabulary:
        client.ml.put_trained_model_vocabulary(model_id=model_id, vocabulary=VOCABULARY)


def expected(*ids: int) -> list[float]:
    """What the ``embedding`` archive answers for token ids."""
    total, places = sum(ids), sum(range(len(ids)))
    return [float(total * number + places) for number in range(1, 7)]


def ids(*tokens: str) -> list[int]:
    """Token ids with the special tokens around them."""
    return [VOCABULARY.index(token) for token in ("[CLS]", *tokens, "[SEP]")]
