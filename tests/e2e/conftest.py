"""One provisioned emulator with loaded pictures, made by the commands that an operator types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from clipline.demo.pictures import generate
from loader.discover import Root
from loader.run import load
from tests.conftest import TINY, Run
from tests.nodes import running_emulator
from tests.prepared import HAS_MODELS, recorded_encoder
from tests.tiny import ALBUM

PICTURES = ALBUM["count"]


@dataclass(frozen=True, slots=True)
class Provisioned:
    """A stack that was applied and loaded."""

    url: str
    variables: tuple[str, ...]
    pictures: Path
    applied: dict[str, Any]
    loaded: dict[str, Any]


@pytest.fixture(scope="session")
def variables() -> tuple[str, ...]:
    """The flags that put the tiny pair into the default stack."""
    return tuple(part for value in TINY for part in ("--var", value))


@pytest.fixture(scope="session")
def provisioned(
    tmp_path_factory: pytest.TempPathFactory, variables: tuple[str, ...], clipline: Run
) -> Iterator[Provisioned]:
    """Apply the default stack and load pictures, both by command; with recorded vectors where nothing encodes them."""
    pictures = tmp_path_factory.mktemp("e2e") / "album"
    generate(pictures, **ALBUM)
    with running_emulator(tmp_path_factory.mktemp("e2e-emulator")) as url:
        applied = clipline("apply", *variables, "--url", url, "--yes", "--json")
        loaded = _load(pictures, url, clipline)
        yield Provisioned(url, variables, pictures, json.loads(applied.stdout), loaded)


@pytest.fixture(scope="session")
def client(provisioned: Provisioned) -> Iterator[Elasticsearch]:
    """The genuine client."""
    with Elasticsearch(provisioned.url) as client:
        yield client


def _load(pictures: Path, url: str, clipline: Run) -> dict[str, Any]:
    if HAS_MODELS:
        loaded: dict[str, Any] = json.loads(clipline("load", str(pictures), "--url", url, "--json").stdout)
        return loaded
    with Elasticsearch(url) as client:
        return load(
            [Root(pictures, pictures.name)],
            client=client,
            alias="my-image-embeddings",
            load_encoder=recorded_encoder,
            dead_letters=pictures.parent / "dead-letters.jsonl",
        ).to_json()
