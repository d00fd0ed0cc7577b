"""``@fact``: one statement about Elasticsearch, with its place in docs/reference/elasticsearch.md and its evidence.

The docstring of the test is the fact in our own words::

    @fact("2.2", evidence="S", source="TransportPutTrainedModelDefinitionPartAction")
    def test_a_part_is_stored_once(cluster: Cluster, model: str) -> None:
        \"\"\"A part that was stored already is refused with 400 and not overwritten.\"\"\"

Evidence, as in the reference: ``S`` read in source or documentation, ``T`` asserted by one of Elastic's own tests,
``O`` seen in somebody's report, ``K`` well known and not checked again, ``U`` uncertain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., object])
EVIDENCE = {"S": "source", "T": "Elastic's tests", "O": "observed by others", "K": "well known", "U": "uncertain"}


def fact(
    section: str,
    *,
    evidence: str,
    source: str,
    since: tuple[int, ...] = (),
    until: tuple[int, ...] = (),
    shared: bool = False,
) -> Callable[[F], F]:
    """Mark a test as one fact; it is asked of servers from ``since`` on and before ``until`` only.

    ``shared``: asking changes what is not the test's own (settings of the cluster, its licence); of a real cluster it is
    asked only if its owner says so.
    """
    assert evidence in EVIDENCE, evidence
    return pytest.mark.fact(section=section, evidence=evidence, source=source, since=since, until=until, shared=shared)
