"""One tree of errors; every message says where, what, and the next thing to do.

::

    CliplineError
      ├── UsageError              the command line cannot be obeyed as given (exit code 2)
      ├── AssetError              a file of the stack is wrong; carries every finding
      ├── MissingExtraError       a package of an optional extra is not installed
      ├── ModelError              a model's files are absent, incomplete or not what they should be
      │     └── EncoderMismatchError  another encoder than the one the index was filled with
      ├── BundleError             a bundle is damaged or belongs to another asset
      ├── PlanError               the plan cannot be carried out (foreign resources, a migration is needed)
      ├── LockError               somebody else changes this stack, or our lock on it was lost
      ├── ImageError              one picture cannot be used; becomes a dead letter, never ends a run
      ├── TextError               one text cannot be encoded; a caption becomes a dead letter, a query is refused
      └── ClusterError            the cluster said no, or nothing
            ├── UnreachableError
            ├── AuthenticationError
            ├── PrivilegeError
            ├── LicenceError
            ├── BusyError         overloaded or not ready, and still so when the patience was over
            ├── VersionError      client and server do not fit
            └── NotProvisionedError   what ``clipline apply`` makes is not there
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CHANGES_PENDING = 3
    DEAD_LETTERS = 4
    INTERRUPTED = 130


class CliplineError(Exception):
    """Anything that clipline tells its user in a sentence.

    Args:
        what: what is wrong, a sentence without the final full stop.
        where: file and line, URL, resource or flag.
        hint: the next thing to do.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}{self.what}{advice}"


class UsageError(CliplineError):
    """The command line cannot be obeyed as given."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in a stack: ``where`` is ``file:line``."""

    where: str
    what: str
    hint: str | None = None

    def __str__(self) -> str:
        return str(CliplineError(self.what, where=self.where, hint=self.hint))


class AssetError(CliplineError):
    """A stack's files are wrong; ``findings`` holds all that was found, in the order of files and lines."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(first.what, where=first.where, hint=first.hint)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


class MissingExtraError(CliplineError):
    """A package of an optional extra is not installed."""

    def __init__(self, extra: str, *, purpose: str, package: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed",
            hint=f"pip install 'clipline[{extra}]'",
        )


class ModelError(CliplineError):
    """A model's files are absent, incomplete or not what they should be."""


class EncoderMismatchError(ModelError):
    """Another encoder than the one the index was filled with."""


class BundleError(CliplineError):
    """A bundle is damaged or belongs to another asset."""


class PlanError(CliplineError):
    """The plan cannot be carried out."""


class LockError(CliplineError):
    """Somebody else changes this stack, or our lock on it was lost."""


class ImageError(CliplineError):
    """One picture cannot be used."""


class TextError(CliplineError):
    """One text cannot be encoded."""


class ClusterError(CliplineError):
    """The cluster said no, or nothing."""


class UnreachableError(ClusterError):
    """Nothing answers, or not as Elasticsearch."""


class AuthenticationError(ClusterError):
    """The credentials are absent or wrong."""


class PrivilegeError(ClusterError):
    """The credentials are right and not enough."""


class LicenceError(ClusterError):
    """The cluster's licence does not include what was asked for."""


class BusyError(ClusterError):
    """The cluster is overloaded or not ready, and still was when the patience was over."""


class VersionError(ClusterError):
    """Client and server do not fit."""


class NotProvisionedError(ClusterError):
    """What ``clipline apply`` makes is not there."""
