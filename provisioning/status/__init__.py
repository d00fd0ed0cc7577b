"""What runs on a cluster for a stack, on one screen.

``read.read_status`` asks the cluster; ``parts`` is what it found, as values and as the JSON that ``clipline status --json``
prints (docs/reference/status.md); ``screen.lines`` is the same for people. What may not be asked is unknown, with the
reason, and keeps nothing else from being shown.
"""

from __future__ import annotations

from provisioning.status.parts import DeploymentStatus, IndexStatus, PipelineStatus, Status, Step
from provisioning.status.read import read_status
from provisioning.status.screen import lines

__all__ = ["DeploymentStatus", "IndexStatus", "PipelineStatus", "Status", "Step", "lines", "read_status"]
