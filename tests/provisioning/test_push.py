"""Uploads that are cut off, go on, find the parts of another model, or a mark that is wrong."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from clipline.core.cluster import connect
from clipline.core.settings import Connection
from provisioning.bundles import parts as parts_module
from provisioning.bundles import push as push_module
from provisioning.bundles.bundle import Bundle, open_bundle
from provisioning.bundles.parity import prove
from provisioning.bundles.parts import IN_FLIGHT, count_parts
from provisioning.bundles.push import push, resume
from provisioning.state.store import ensure_index, read, write
from provisioning.state.uploads import EVERY
from tests.conftest import TINY, Run
from tests.nodes import running_emulator
from tests.prepared import tiny_bundle
from tests.provisioning.cutting import Cut, cutting

SMALL = 16 * 1024
NAMES = {"stack": "x", "space": "y"}
VARIABLES = tuple(part for value in TINY for part in ("--var", value))
PART = re.compile(r"PUT /_ml/trained_models/[^/]+/definition/(\d+)")


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tiny model has three parts of the real size.
    for module in (parts_module, push_module):
        monkeypatch.setattr(module, "PART_BYTES", SMALL)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster for this file."""
    with running_emulator(tmp_path_factory.mktemp("push")) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Elasticsearch]:
    """The genuine client; nothing of an earlier test is there."""
    with Elasticsearch(url) as client:
        ensure_index(client)
        for config in client.ml.get_trained_models(size=1000)["trained_model_configs"]:
            if config["model_id"] != "lang_ident_model_1":
                client.ml.delete_trained_model(model_id=config["model_id"], force=True)
        yield client


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The tiny text model's."""
    return open_bundle(tiny_bundle())


@pytest.fixture
def network(url: str) -> Iterator[tuple[str, Cut]]:
    """The URL of a proxy in front of the cluster, and what the proxy does."""
    with cutting(url) as found:
        yield found


def numbers(cut: Cut) -> list[int]:
    """The numbers of the parts that were offered."""
    return [int(found[1]) for line in cut.seen if (found := PART.match(line))]


def is_whole(client: Elasticsearch, model_id: str) -> bool:
    found = client.ml.get_trained_models(model_id=model_id, include="definition_status")
    return bool(found["trained_model_configs"][0]["fully_defined"])


def cut_off(network: tuple[str, Cut], bundle: Bundle, *, at: int, after: bool) -> None:
    """Push over a network that dies with a request."""
    proxy, cut = network
    with connect(Connection(url=proxy, patience=0)) as broken:
        cut.begin(at=at, after=after)
        with pytest.raises(Exception, match="Connection"):
            push(broken, bundle, model_id="m", **NAMES)


def test_each_part_once_and_the_last_one_last(client: Elasticsearch, network: tuple[str, Cut], bundle: Bundle) -> None:
    proxy, cut = network
    told: list[tuple[int, int]] = []
    with connect(Connection(url=proxy)) as slow:
        push(slow, bundle, model_id="m", progress=lambda *numbers: told.append(numbers), **NAMES)
    assert sorted(numbers(cut)) == list(range(count_parts(bundle)))
    assert numbers(cut)[-1] == count_parts(bundle) - 1
    assert told == sorted(told)
    assert told[-1] == (bundle.model_bytes, bundle.model_bytes)
    assert is_whole(client, "m")
    assert read(client, "upload:m") is None
    client.ml.start_trained_model_deployment(model_id="m", wait_for="started")
    assert prove(client, bundle, deployment_id="m") > 0.999


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("at", [2, 3, 4, 20, 100, -2])
def test_it_goes_on_where_it_was_cut_off(
    client: Elasticsearch, network: tuple[str, Cut], bundle: Bundle, at: int, after: bool
) -> None:
    proxy, cut = network
    parts = count_parts(bundle)
    cut_off(network, bundle, at=at if at > 0 else 3 + parts + at, after=after)
    reached = sorted(numbers(cut))
    cut.begin(at=10**9, after=False)
    with connect(Connection(url=proxy)) as whole:
        there = resume(whole, bundle, model_id="m", **NAMES)
    again = numbers(cut)
    assert is_whole(client, "m")
    assert min(again) == min(there, parts - 1)
    assert there <= len(reached)
    # A network that dies takes the last notes with it, and what was on the way or had just arrived.
    assert len(set(reached) & set(again)) <= EVERY + 2 * IN_FLIGHT
    assert read(client, "upload:m") is None


def test_what_is_known_to_be_there_is_not_offered_again(
    client: Elasticsearch, network: tuple[str, Cut], bundle: Bundle
) -> None:
    cut_off(network, bundle, at=100, after=False)
    stored = read(client, "upload:m")
    assert stored is not None
    assert stored.body["parts"] >= EVERY
    assert resume(client, bundle, model_id="m", **NAMES) == stored.body["parts"]
    assert is_whole(client, "m")


def test_without_the_mark_every_part_is_offered_again(
    client: Elasticsearch, network: tuple[str, Cut], bundle: Bundle
) -> None:
    cut_off(network, bundle, at=100, after=False)
    client.delete(index="clipline-state", id="upload:m")
    assert resume(client, bundle, model_id="m", **NAMES) == 0
    assert is_whole(client, "m")


def test_a_mark_that_says_too_much(client: Elasticsearch, network: tuple[str, Cut], bundle: Bundle) -> None:
    """As of an earlier model of this id, deleted by hand: the model is begun again rather than left with holes."""
    cut_off(network, bundle, at=20, after=False)
    body = {"model_pt_sha256": bundle.model_sha256, "parts": count_parts(bundle) - 3}
    write(client, "upload:m", {"kind": "upload", "stack": "x", "body": body})
    assert resume(client, bundle, model_id="m", **NAMES) == 0
    assert is_whole(client, "m")
    client.ml.start_trained_model_deployment(model_id="m", wait_for="started")
    assert prove(client, bundle, deployment_id="m") > 0.999


def test_parts_of_two_models_are_never_mixed(client: Elasticsearch, bundle: Bundle) -> None:
    config = bundle.config()
    config["metadata"] = {"clipline": {"stack": "x", "digest": bundle.digest, "model_pt_sha256": "another"}}
    client.ml.put_trained_model(model_id="m", **config)
    client.ml.put_trained_model_definition_part(
        model_id="m",
        part=0,
        total_definition_length=bundle.model_bytes,
        total_parts=count_parts(bundle),
        definition=base64.b64encode(b"x" * SMALL).decode(),
    )
    assert resume(client, bundle, model_id="m", **NAMES) == 0
    assert is_whole(client, "m")
    client.ml.start_trained_model_deployment(model_id="m", wait_for="started")
    assert prove(client, bundle, deployment_id="m") > 0.999


def test_a_part_that_is_refused_ends_it(client: Elasticsearch, network: tuple[str, Cut], bundle: Bundle) -> None:
    proxy, cut = network
    cut.busy = lambda number, line: 429 if line.split("?")[0].endswith("/definition/10") else 0
    with connect(Connection(url=proxy, patience=0)) as busy, pytest.raises(Exception, match="429"):
        push(busy, bundle, model_id="m", **NAMES)
    stored = read(client, "upload:m")
    assert stored is not None
    assert stored.body["parts"] == 10
    assert max(numbers(cut)) <= 10 + IN_FLIGHT


def test_the_command_goes_on(url: str, client: Elasticsearch, network: tuple[str, Cut], clipline: Run) -> None:
    proxy, cut = network
    arguments = ("apply", *VARIABLES, "--yes", "--patience", "0")
    # The third part of three is the last: by then two are acknowledged.
    cut.busy = lambda number, line: 503 if line.split("?")[0].endswith("/definition/2") else 0
    broken = clipline(*arguments, "--url", proxy, code=1)
    assert "trained_model/sentence-transformers__" in broken.stderr
    planned = clipline("plan", *VARIABLES, "--url", url)
    assert "an upload that stopped half-way; it goes on from there" in planned.stdout
    done = clipline(*arguments, "--url", url)
    assert "2.2 MB, 2 of 3 parts were there" in done.stderr
    assert "In sync" in clipline("plan", *VARIABLES, "--url", url).stdout
