"""Deployments: the settings that ``_start`` took, as ``_stats`` shows them.

``cache_size`` is shown rounded to one decimal of its largest unit (``1.5kb``), so sizes that round to one are one.
``priority`` is read in any case. Source: ``StartTrainedModelDeploymentAction``, ``AssignmentStats``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.canonical.common import flag, present, whole
from provisioning.canonical.units import shown_size, size_bytes

_DEFAULTS: Mapping[str, Any] = {"threads_per_allocation": 1, "queue_capacity": 1024, "priority": "normal"}


def canonical_deployment(body: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical form of a deployment's settings, its defaults filled in.

    Where adaptive allocations are on, ``number_of_allocations`` follows the load, and is no difference; where they are
    off, their bounds say nothing.
    """
    value = {**_DEFAULTS, **present(body)}
    for key in ("number_of_allocations", "threads_per_allocation", "queue_capacity"):
        if key in value:
            value[key] = whole(value[key])
    value["priority"] = str(value["priority"]).lower()
    if "cache_size" in value:
        size = size_bytes(str(value["cache_size"]))
        value["cache_size"] = str(value["cache_size"]) if size is None else shown_size(size)
    adaptive = {key: whole(flag(child)) for key, child in present(value.pop("adaptive_allocations", {})).items()}
    if adaptive.get("enabled"):
        value["adaptive_allocations"] = adaptive
        value.pop("number_of_allocations", None)
    return value
