"""A client of the running emulator, and a name of its own for each test's index."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from tests.loader.fakes import remove


@pytest.fixture
def client(emulator_url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(emulator_url, request_timeout=30) as client:
        yield client


@pytest.fixture
def alias(client: Elasticsearch) -> Iterator[str]:
    name = f"pictures-{uuid.uuid4().hex[:8]}"
    yield name
    remove(client, name)
