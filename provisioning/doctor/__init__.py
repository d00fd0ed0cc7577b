"""What stands in the way of a stack on a cluster, said before anything is changed.

The stages, in order:

1. ``needs.needs_of``: the stack's files → what it will ask of a cluster. Pure.
2. ``gather.gather``: the cluster → ``facts.Facts``, its answers as they came, refusals included. Read-only; it may not
   judge, and a question that is refused ends nothing.
3. ``examine``: facts + needs → findings, by one small file per check in ``checks``. Pure: no client in reach.

A check whose question could not be asked says nothing; that the question was refused, and for want of which privilege,
is a finding of its own (``checks.unasked``).
"""

from __future__ import annotations

from provisioning.doctor.checks import (
    deployments,
    disk,
    indices,
    ingest,
    licence,
    memory,
    ml_nodes,
    privileges,
    templates,
    text_encoder,
    unasked,
    version,
)
from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import Needs

CHECKS = (version, licence, privileges, ml_nodes, memory, text_encoder, templates, disk, indices, ingest, deployments,
          unasked)  # fmt: skip


def examine(facts: Facts, needs: Needs) -> tuple[Finding, ...]:
    """Every finding, the most severe first; those of one level in the order of the checks."""
    found = [finding for check in CHECKS for finding in check.judge(facts, needs)]
    return tuple(sorted(found, key=lambda finding: finding.level.rank))


__all__ = ["Facts", "Finding", "Level", "Needs", "examine"]
