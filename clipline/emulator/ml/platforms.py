"""The platform of the node, in Elasticsearch's words, and the models that run on one platform only."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import illegal_argument

_PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64"}


def platform_name() -> str:
    """The machine that this process runs on, as ``linux-x86_64`` (Platforms.platformName)."""
    processor = platform.machine().lower()
    return f"{platform.system().lower()}-{_PROCESSORS.get(processor, processor)}"


def check_platform(model_id: str, config: Mapping[str, Any]) -> None:
    """Refuse a model that was made for other machines (MlPlatformArchitecturesUtil).

    Raises:
        ApiError: 400; it becomes the reason of a start that fails.
    """
    expected, here = config.get("platform_architecture"), platform_name()
    if expected is not None and expected != here:
        raise illegal_argument(
            f"The model being deployed ([{model_id}]) is platform specific and incompatible with ML nodes in the cluster; "
            f"expected [{expected}]; but was [{here}]"
        )
