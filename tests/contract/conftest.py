"""The same facts, asked of the emulator in each version, or of a real cluster (``make contract ES_URL=…``).

``CLIPLINE_TEST_VERSION`` chooses one of the emulator's versions.
A real cluster is named by ``ES_URL``, with ``ES_API_KEY`` or ``ES_USERNAME`` and ``ES_PASSWORD``, and ``ES_CA_CERTS``
where its certificate needs one. Everything that a fact makes there is called ``clipline-contract-…`` and deleted again.
The few that would change settings of the cluster or its licence are asked with ``ES_SHARED=1`` only, those about trained
models where the licence and the nodes have machine learning.
On the emulator every fact must hold. A real cluster decides what is true: there a fact that does not hold is shown, and
only those that are no guess (not ``U``) make the run fail.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.contract.cluster import Cluster, connect
from tests.contract.facts import EVIDENCE
from tests.contract.secured import Secured, emulated_node, real_node
from tests.nodes import CHOSEN, running_emulator

VERSIONS = (CHOSEN,) if CHOSEN else ("8.19.20", "9.2.0", "9.5.2")
ES_URL = os.environ.get("ES_URL")
TARGETS = [ES_URL] if ES_URL else list(VERSIONS)
_NUMBERS = itertools.count(1)
_PREFIX = f"clipline-contract-{uuid.uuid4().hex[:6]}"
_RESULTS: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Cluster]]:
    """Each server by its name, started when a fact first asks for it: they come in turn, file by file."""
    started: dict[str, Cluster] = {}
    with ExitStack() as exits:

        def server(name: str) -> Cluster:
            if name not in started:
                started[name] = exits.enter_context(_server(name, tmp_path_factory))
            return started[name]

        yield server


@contextmanager
def _server(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if ES_URL:
        with connect(ES_URL) as cluster:
            yield cluster
            cluster.sweep(_PREFIX)
        return
    data = tmp_path_factory.mktemp(f"contract-{name}")
    with running_emulator(data, "--version", name) as url, connect(url) as cluster:
        yield cluster
        cluster.sweep(_PREFIX)
        left = [row["index"] for row in cluster("GET", "/_cat/indices?format=json&expand_wildcards=all&h=index")]
        assert not left, "a fact has left an index under another name than its own"


@pytest.fixture(scope="session", params=TARGETS)
def target(request: pytest.FixtureRequest, servers: Callable[[str], Cluster]) -> Cluster:
    """One server for all facts: a real one, or the emulator in one version."""
    return servers(request.param)


@pytest.fixture
def cluster(target: Cluster, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The server, if the fact is one about its version; what the test makes is deleted afterwards."""
    mark = request.node.get_closest_marker("fact")
    assert mark, "a contract test needs @fact"
    since, until = mark.kwargs["since"], mark.kwargs["until"]
    if target.version < since or (until and target.version >= until):
        pytest.skip(f"not a fact about {'.'.join(map(str, target.version))}")
    if ES_URL and mark.kwargs["shared"] and not os.environ.get("ES_SHARED"):
        pytest.skip("asking would change the cluster; set ES_SHARED=1")
    if mark.kwargs["section"].startswith("2."):
        target.need_ml()
    if ES_URL and mark.kwargs["evidence"] == "U":
        request.applymarker(pytest.mark.xfail(reason="uncertain", strict=False))
    yield target
    target.clean()


@pytest.fixture(scope="session")
def secured_node(target: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A node with security: the real cluster, or an emulator of its own in the version of ``target``."""
    with real_node(target) if ES_URL else emulated_node(target, tmp_path_factory.mktemp) as node:
        yield node


@pytest.fixture
def secured(cluster: Cluster, secured_node: Secured) -> Iterator[Secured]:
    """That node, without what a test leaves there."""
    yield secured_node
    secured_node.clean()


@pytest.fixture
def name() -> str:
    """A name that no other test and no other run uses, good for an index, a pipeline and a model."""
    return f"{_PREFIX}-{next(_NUMBERS)}x"


@pytest.fixture
def index(cluster: Cluster, name: str) -> Callable[..., str]:
    """Make an index with these properties (and documents, searchable at once); gives its name."""

    def make(properties: dict[str, Any] | None = None, docs: dict[str, Any] | None = None, **body: Any) -> str:
        mappings = {**body.pop("mappings", {}), **({"properties": properties} if properties else {})}
        cluster("PUT", f"/{name}", {"mappings": mappings, **body})
        for doc_id, source in (docs or {}).items():
            cluster("PUT", f"/{name}/_doc/{doc_id}", source, code=201)
        cluster("POST", f"/{name}/_refresh")
        return name

    return make


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Function, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note what became of each fact."""
    outcome: Any = yield
    report = outcome.get_result()
    mark = item.get_closest_marker("fact")
    if mark is None or not (report.when == "call" or (report.when == "setup" and report.outcome != "passed")):
        return
    broken = "could not be asked" if report.when == "setup" else "does not hold"
    verdict = "holds" if report.passed else "not asked" if report.skipped else broken
    if hasattr(report, "wasxfail"):
        verdict = "holds" if report.passed else "does not hold"
    words = (item.function.__doc__ or item.name).strip().splitlines()[0]
    callspec = getattr(item, "callspec", None)
    where = str(callspec.params["target"]) if callspec and "target" in callspec.params else "cluster"
    _RESULTS[where].append((mark.kwargs["section"], mark.kwargs["evidence"], verdict, words))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Which facts hold on each server; what does not hold by name, the uncertain ones apart."""
    for where, rows in _RESULTS.items():
        terminalreporter.section(f"facts on {where}")
        for sure, title in ((True, "facts"), (False, "uncertain facts")):
            chosen = [row for row in rows if (row[1] != "U") is sure]
            held = sum(row[2] == "holds" for row in chosen)
            unasked = sum(row[2] == "not asked" for row in chosen)
            terminalreporter.write_line(
                f"{title}: {held} hold, {len(chosen) - held - unasked} do not (or could not be asked), {unasked} were not asked"
            )
            for section, evidence, verdict, words in sorted(chosen):
                if verdict in ("does not hold", "could not be asked") or (ES_URL and not sure and verdict == "holds"):
                    terminalreporter.write_line(f"  {verdict}: {section} [{EVIDENCE[evidence]}] {words}")
