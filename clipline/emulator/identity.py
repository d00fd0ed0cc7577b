"""What the node says it is: its version, its licence, what it has for machine learning, whether it asks who calls.

Everything that depends on the version asks ``node.version``, a tuple that compares: ``node.version >= (9, 2)``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

TESTED = ("8.19.20", "9.2.0", "9.5.2")
"""The versions that the emulator's tests run in; others of the same lines are accepted."""

LICENSES = ("basic", "trial", "platinum", "expired")
"""``expired`` is a platinum licence whose time is over."""


class Version(NamedTuple):
    """A version of Elasticsearch."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """``9.2.0`` as a version.

        Raises:
            ValueError: it is none, or none that can be emulated.
        """
        if not re.fullmatch(r"\d{1,3}\.\d{1,3}\.\d{1,3}", text):
            raise ValueError(f"[{text}] is not a version such as 9.2.0")
        version = cls(*map(int, text.split(".")))
        if not (8, 19, 0) <= version < (9, 6, 0):
            raise ValueError(
                f"the version {text} cannot be emulated; take 8.19.x or 9.0.x to 9.5.x ({', '.join(TESTED)})"
            )
        return version

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


DEFAULT_VERSION = Version(9, 2, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a node is started as."""

    version: Version = DEFAULT_VERSION
    license: str = "trial"
    ml_memory: int = 4 * 1024**3
    """Bytes that an ML node has for models."""
    ml_node: bool = True
    lazy_ml_node: float | None = None
    """Seconds after which an ML node joins, once a deployment waits for one; ``None`` where autoscaling is off."""
    ml_processors: int = 8
    """Processors that an ML node says it has: allocations times threads of all deployments do not exceed them."""
    secure: bool = False
    """TLS, and credentials that count."""
    start_delay: float = 0.0
    """Seconds that a deployment stays in the state ``starting``."""
