"""The classifier against the server: in place is what a live index takes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import ApiError, Elasticsearch

from provisioning.canonical import aligned, canonical_mappings
from provisioning.diff import differences
from provisioning.observed import Version
from provisioning.planner.in_place import field_in_place
from provisioning.planner.setting_scopes import setting_in_place
from tests.nodes import CHOSEN, CLIENT, NUMBERS, running_emulator

CASES = Path(__file__).parent / "cases"
MAPPINGS: dict[str, dict[str, Any]] = yaml.safe_load((CASES / "in_place.yml").read_text("utf-8"))
SETTINGS: dict[str, dict[str, Any]] = yaml.safe_load((CASES / "setting_scopes.yml").read_text("utf-8"))
DYNAMIC, FIXED = SETTINGS["dynamic"], SETTINGS["fixed"]
THIS: Version = (NUMBERS[0], NUMBERS[1], NUMBERS[2])
VERSIONS = [THIS] if CHOSEN or CLIENT == 8 else [THIS, pytest.param((9, 5, 2), marks=pytest.mark.slow)]
INDEX = "live"
TYPES = ("flat", "int8_flat", "int4_flat", "bbq_flat", "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw", "bbq_disk")
GRAPHS = {"m": 24}


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: ".".join(map(str, version)))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Elasticsearch, Version]]:
    """A client of an emulator of one version."""
    version: Version = request.param
    folder = tmp_path_factory.mktemp("in-place")
    with running_emulator(folder, "--version", ".".join(map(str, version))) as url, Elasticsearch(url) as client:
        yield client, version


def takes(client: Elasticsearch, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a live index with one mapping takes another; then it also has it."""
    client.options(ignore_status=404).indices.delete(index=INDEX)
    client.indices.create(index=INDEX, mappings=before)
    live = client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]
    arguments = {key.removeprefix("_"): value for key, value in after.items()}
    # 500 is said of `enabled` (MapperException).
    status = client.options(ignore_status=[400, 500]).indices.put_mapping(index=INDEX, **arguments).meta.status
    if status != 200:
        return False
    found = client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]
    assert found != live
    wanted = aligned(canonical_mappings(found), canonical_mappings(after))
    assert differences(*wanted, only_wanted=True) == ()
    return True


def classified(before: Mapping[str, Any], after: Mapping[str, Any], version: Version) -> bool:
    """Whether the planner would change it in place."""
    sides = aligned(canonical_mappings(before), canonical_mappings(after))
    fields = differences(*sides, only_wanted=True)
    assert fields
    return all(field_in_place(field, *sides, same_encoder=False, version=version) for field in fields)


@pytest.mark.parametrize("name", MAPPINGS)
def test_mapping(name: str, server: tuple[Elasticsearch, Version]) -> None:
    client, version = server
    case = MAPPINGS[name]
    _skip_older(case, version)
    before, after = case["before"], case["after"]
    if not case.get("root"):
        before, after = {"properties": {"f": before}}, {"properties": {"f": after}}
    wanted = case["in_place"]
    client.options(ignore_status=404).indices.delete(index=INDEX)
    client.indices.create(index=INDEX, mappings=before)
    live = client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]
    assert classified(live, after, version) is wanted
    if case.get("emulated", True):
        assert takes(client, before, after) is wanted
        return
    with pytest.raises(ApiError, match="does not support the mapping parameter"):
        takes(client, before, after)


@pytest.mark.parametrize("was", TYPES)
def test_vector_options(was: str, server: tuple[Elasticsearch, Version]) -> None:
    client, version = server

    def field(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
        return {"properties": {"f": {"type": "dense_vector", "dims": 64, "index_options": {"type": kind, **options}}}}

    known = [kind for kind in TYPES if kind != "bbq_disk" or version >= (9, 2, 0)]
    if was not in known:
        pytest.skip(f"{was} is newer than {version}")
    for becomes in known:
        graphs = [{}, GRAPHS] if becomes.endswith("hnsw") else [{}]
        for left in [{}, GRAPHS] if was.endswith("hnsw") else [{}]:
            for right in graphs:
                before, after = field(was, left), field(becomes, right)
                if before == after:
                    continue
                client.options(ignore_status=404).indices.delete(index=INDEX)
                client.indices.create(index=INDEX, mappings=before)
                live = client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]
                says = classified(live, after, version)
                assert says is takes(client, before, after), (was, left, becomes, right)


@pytest.mark.parametrize("name", [*DYNAMIC, *FIXED])
def test_setting(name: str, server: tuple[Elasticsearch, Version]) -> None:
    client, version = server
    case = DYNAMIC.get(name) or FIXED[name]
    _skip_older(case, version)
    client.options(ignore_status=404).indices.delete(index=INDEX)
    client.indices.create(index=INDEX)
    answer = client.options(ignore_status=400).indices.put_settings(index=INDEX, settings={name: case["value"]})
    assert answer.meta.status == (200 if name in DYNAMIC else 400), answer
    if name in FIXED:
        words = f"Can't update non dynamic settings [[index.{name}]] for open indices [[{INDEX}/"
        assert answer.body["error"]["reason"].startswith(words)
    assert setting_in_place(name) is (name in DYNAMIC)


@pytest.mark.parametrize("name", FIXED)
def test_a_setting_that_only_a_new_index_takes(name: str, server: tuple[Elasticsearch, Version]) -> None:
    client, version = server
    case = FIXED[name]
    _skip_older(case, version)
    client.options(ignore_status=404).indices.delete(index=INDEX)
    assert client.indices.create(index=INDEX, settings={name: case["value"]})["acknowledged"]


def _skip_older(case: Mapping[str, Any], version: Version) -> None:
    since = tuple(case.get("since", [0]))
    if version < since:
        pytest.skip(f"about something of {since}")
