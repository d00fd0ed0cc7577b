"""An index with a few pictures, loaded by the loader, and a text model of twelve dims in the emulator."""

from __future__ import annotations

import base64
import io
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from clipline.search.originals import Originals
from clipline.search.searcher import Searcher
from loader.discover import Root
from loader.run import load
from tests.loader.fakes import DIGEST, DIMS, Loading, marks, picture, provision, remove, write

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue", "green", "yellow", "black")
COLOURS = WORDS[5:]


@dataclass(frozen=True, slots=True)
class Album:
    """Pictures in folders, and the index that they were loaded into."""

    client: Elasticsearch
    alias: str
    index: str
    folder: Path

    def searcher(self, loading: Any = None) -> Searcher:
        return Searcher(self.client, alias=self.alias, load_encoder=loading or Loading())

    def originals(self) -> Originals:
        return Originals.from_options([f"album={self.folder}"])


@pytest.fixture(scope="session")
def client(emulator_url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(emulator_url, request_timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def text_model(client: Elasticsearch) -> str:
    """A started deployment that turns the names of colours into the vectors of such pictures; gives its id."""
    return deployed(client, "colour-text")


def deployed(client: Elasticsearch, name: str, **config: Any) -> str:
    """A text model under an id, started; ``config`` is what its configuration has besides."""
    client.ml.put_trained_model(
        model_id=name,
        model_type="pytorch",
        input={"field_names": ["text_field"]},
        inference_config={
            "text_embedding": {
                "embedding_size": DIMS,
                "tokenization": {
                    "bert": {"do_lower_case": True, "max_sequence_length": 16, "with_special_tokens": True}
                },
            }
        },
        **config,
    )
    definition = _torchscript()
    client.ml.put_trained_model_vocabulary(model_id=name, vocabulary=list(WORDS))
    client.ml.put_trained_model_definition_part(
        model_id=name,
        part=0,
        definition=base64.b64encode(definition).decode(),
        total_definition_length=len(definition),
        total_parts=1,
    )
    client.ml.start_trained_model_deployment(model_id=name, wait_for="started", timeout="60s")
    return name


@pytest.fixture(scope="session")
def album(client: Elasticsearch, text_model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    """Five pictures of one colour each, behind an alias of their own."""
    folder = tmp_path_factory.mktemp("search") / "album"
    for colour in COLOURS:
        write(folder / "phone" / f"{colour}.png", picture(colour, size=(640, 480), corner=colour))
    (folder / "phone" / "red.png.txt").write_text("all red <b>")
    alias = f"colours-{uuid.uuid4().hex[:8]}"
    meta = marks(digest=DIGEST)
    meta["clipline"]["text_model"] = text_model
    index = provision(client, alias, meta=meta)
    load(
        [Root(folder, "album")],
        client=client,
        alias=alias,
        load_encoder=Loading(),
        dead_letters=folder.parent / "letters.jsonl",
    )
    yield Album(client, alias, index, folder)
    remove(client, alias)


def _torchscript() -> bytes:
    import torch

    from tests.loader.fakes import ColourEncoder

    class Words(torch.nn.Module):
        """Adds up the vectors of the words that are names of colours."""

        def __init__(self) -> None:
            super().__init__()
            vectors = torch.zeros(len(WORDS), DIMS)
            for number, colour in enumerate(COLOURS, start=len(WORDS) - len(COLOURS)):
                vectors[number] = torch.from_numpy(ColourEncoder().encode([picture(colour, corner=colour)])[0])
            # A word that is no colour must not give the zero vector.
            self.table = torch.nn.Embedding.from_pretrained(vectors + 0.01)

        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor, places: torch.Tensor
        ) -> torch.Tensor:
            return (self.table(ids) * mask.unsqueeze(-1)).sum(1)

    inputs = tuple(torch.ones(1, 4, dtype=torch.int64) for _ in range(4))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what Elasticsearch runs is TorchScript all the same
        torch.jit.save(torch.jit.trace(Words(), inputs), buffer)
    return buffer.getvalue()
