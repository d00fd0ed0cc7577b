"""What the native process loads, what it refuses in which words of which version, and how it answers."""

from __future__ import annotations

import dataclasses
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clipline.emulator.launch import running_emulator
from clipline.emulator.native.graph import Graph, refusal, scan
from clipline.emulator.native.model import run
from clipline.emulator.native.rules import rules
from tests.emulator.conftest import Api
from tests.emulator.ml_archives import deployed, loaded, put, saved, scripted, start
from tests.emulator.ml_calls import natives, parent

# version → how many operators it allows, whether it names reinterpret_tensor, looks at forward only, searches hooks,
# and fails closed there
VERSIONS: dict[str, tuple[int | None, bool, bool, bool, bool]] = {
    "8.19.0": (None, False, True, False, False),
    "8.19.19": (None, False, True, False, False),
    "8.19.20": (111, True, False, True, False),
    "8.19.99": (111, True, False, True, False),
    "9.0.1": (None, False, False, False, False),
    "9.0.8": (None, False, True, False, False),
    "9.2.0": (None, False, True, False, False),
    "9.3.8": (None, False, True, False, False),
    "9.4.0": (111, False, False, False, False),
    "9.4.4": (111, False, False, False, False),
    "9.4.5": (111, True, False, True, False),
    "9.5.0": (111, True, False, True, False),
    "9.5.2": (111, True, False, True, True),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_rules_of_versions(version: str) -> None:
    found = rules(version)
    assert VERSIONS[version] == (
        None if found.allowed is None else len(found.allowed),
        "inductor::_reinterpret_tensor" in found.forbidden,
        bool(found.legacy),
        found.scans_hooks,
        found.scan_fails_closed,
    )
    assert (found.most_nodes, len(found.refused)) == (1_000_000, 6)


OURS = "The emulator does not run this model on any version: it contains forbidden operations: {}. Elasticsearch {} does not"
# kind → version → the beginning of the refusal; None: it is loaded
REFUSALS: dict[str, dict[str, str | None]] = {
    "facts": {"8.19.20": None, "9.2.0": None, "9.5.2": None},
    "strided": {
        "9.2.0": OURS.format("aten::as_strided", "9.2.0"),
        "9.4.0": "Model contains forbidden operations: aten::as_strided",
        "9.5.2": "Model contains forbidden operations: aten::as_strided",
    },
    "saves": {
        "8.19.19": "Loading the inference process failed because it contains forbidden operation: aten::save",
        "9.2.0": "Loading the inference process failed because it contains forbidden operation: aten::save",
        "9.0.1": OURS.format("aten::save", "9.0.1"),
        "9.5.2": "Model contains forbidden operations: aten::save",
    },
    "sigmoid": {
        "9.2.0": None,
        "8.19.20": "Model graph does not match any supported architecture. Unrecognised operations: aten::sigmoid",
        "9.5.2": "Model graph does not match any supported architecture. Unrecognised operations: aten::sigmoid",
    },
}


def refused(graph: Graph, version: str) -> str | None:
    return refusal(graph, rules(version))


@pytest.mark.parametrize("kind", REFUSALS)
def test_refused_graphs(kind: str) -> None:
    graph = scan(loaded(scripted(kind)), most_nodes=1_000_000)
    for version, words in REFUSALS[kind].items():
        found = refused(graph, version)
        assert found == words if words is None or found is None else found.startswith(words), version


def test_the_whole_module_is_looked_at() -> None:
    import torch

    class Inner(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.as_strided(x, [1], [1])

    class Calls(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x)

    class Nested(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if x.size(0) > 3:
                for _ in range(2):
                    x = torch.as_strided(x, [1], [1])
            return x

    class Other(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

        @torch.jit.export
        def other(self, x: torch.Tensor) -> None:
            torch.save(x, "y")

    for made, kind in ((Calls(), "aten::as_strided"), (Nested(), "aten::as_strided"), (Other(), "aten::save")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            archive = saved(torch.jit.script(made))
        graph = scan(loaded(archive), most_nodes=1000)
        assert kind in graph.kinds
        assert "prim::CallMethod" not in graph.kinds
        assert refused(graph, "9.5.2") == f"Model contains forbidden operations: {kind}"
        assert str(refused(graph, "9.2.0")).startswith(OURS.format(kind, "9.2.0"))


def test_too_many_nodes() -> None:
    graph = scan(loaded(scripted("facts")), most_nodes=3)
    assert graph.nodes == 4
    few = dataclasses.replace(rules("9.5.2"), most_nodes=3)
    assert refusal(graph, few) == "Model graph is too large: 4 nodes exceeds limit of 3"
    old = dataclasses.replace(rules("9.2.0"), most_nodes=3)
    assert refusal(graph, old) == "The emulator does not run this model: its graph has more than 3 nodes"


SHAPES: dict[str, list[list[list[float]]]] = {
    "rows": [[[2.0, 0.0], [57.0, 1.0], [3.0, 2.0]]],
    "cube": [[[2.0, 0.0], [57.0, 1.0], [3.0, 2.0]]],
    "scalar": [[[62.0]]],
    "tuple": [[[2.0, 57.0, 3.0]]],
    "double": [[[0.1, 0.1]]],
    "infinite": [[[1.0, 0.0, 0.0, 0.0]]],
}
WRONG_RESULTS = {
    "flat": "Cannot convert results tensor of size [[6]]",
    "deep": "Cannot convert results tensor of size [[1, 2, 3, 4]]",
    "whole": "Cannot process result tensor of type [long int]",
    "half": "Cannot process result tensor of type [c10::Half]",
    "text": "Expected Tensor but got str",
    "huge": "allocate memory",
}
CALL = [[[2, 57, 3]], [[1, 1, 1]], [[0, 0, 0]], [[0, 1, 2]]]


@pytest.mark.parametrize("kind", [*SHAPES, *WRONG_RESULTS])
def test_results(kind: str) -> None:
    model = loaded(scripted(kind))
    if kind in SHAPES:
        assert run(model, CALL) == SHAPES[kind]
    else:
        with pytest.raises((ValueError, RuntimeError)) as caught:
            run(model, CALL)
        assert WRONG_RESULTS[kind] in str(caught.value)


def test_windows_are_run_one_by_one() -> None:
    call = [[[2, 57, 3], [2, 58, 0]], [[1, 1, 1], [1, 1, 0]], [[0] * 3] * 2, [[0, 1, 2]] * 2]
    assert run(loaded(scripted("facts")), call) == [[[62.0, 3.0, 3.0], [60.0, 3.0, 2.0]]]
    assert len(run(loaded(scripted("cube")), call)) == 2


def limits(pid: int) -> dict[str, str]:
    """name of a limit → the soft one."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): line[26:47].strip() for line in lines}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Path]]:
    """An emulator whose environment has a secret, and its data folder."""
    data = tmp_path_factory.mktemp("native")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ELASTICSEARCH_PASSWORD", "secret")
        with running_emulator(data) as url, httpx.Client(base_url=url, timeout=60) as http:
            yield Api(http), data


def test_the_process_is_kept_small(served: tuple[Api, Path]) -> None:
    api, data = served
    deployed(api, "facts", "facts")
    (pid,) = natives(data)
    assert b"secret" in Path(f"/proc/{parent(pid)}/environ").read_bytes()
    assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()
    found = limits(pid)
    assert (found["Max core file size"], found["Max open files"]) == ("0", "256")
    assert int(found["Max file size"]) == 64 * 1024**2
    assert 4 * 1024**3 < int(found["Max address space"]) < 64 * 1024**3
    folder = Path(f"/proc/{pid}/cwd").resolve()
    assert (folder, list(folder.iterdir())) == (data / "native", [])
    opened = {name.resolve() for name in Path(f"/proc/{pid}/fd").iterdir()}
    inside = {path for path in opened if data in path.parents}
    assert inside <= {data / "native.log"}  # no database, no lock, no socket of the server
    assert not any("socket:" in str(path) for path in opened)


def test_a_refusal_reaches_the_user(served: tuple[Api, Path]) -> None:
    api, data = served
    put(api, "m", scripted("saves"))
    error = start(api, "m", code=500)["error"]
    assert error["type"] == "status_exception"
    found = re.fullmatch(
        r"Could not start trained model deployment, the following nodes failed with errors \[\{(\S+)=inference process "
        r"crashed due to reason \[\[m\] pytorch_inference/\d+ process stopped unexpectedly: (.+)\n\]\}\]",
        error["reason"],
    )
    assert found, error
    assert found[2] == REFUSALS["saves"]["9.2.0"]
    (entry,) = api("GET", "/_ml/trained_models/m/_stats")["trained_model_stats"]
    assert "deployment_stats" not in entry
    assert not list(data.glob("*.pt"))
