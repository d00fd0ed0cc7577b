"""Who does something: the user as the cluster knows them, and the process, in a form that others can check.

A process, inside the body of a lock::

    {"host": "ops-1", "pid": 4711, "process_start": 8131245,
     "namespace": "0b8f4c0e-5f0b-4a51-9b6e-3d2b1c7a9e10 pid:[4026531836]"}

``process_start`` is in the kernel's clock ticks since it was booted, ``namespace`` its boot id and the number of the
process's PID namespace: two containers on one machine both have a process 7. Both are ``null`` where the system has no
``/proc``; there nothing can be proven of a process, and its locks end by their time alone.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process on a host."""

    host: str
    pid: int
    process_start: int | None
    namespace: str | None

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Process:
        """The process that a document names."""
        return cls(
            host=str(body.get("host", "")),
            pid=int(body.get("pid") or 0),
            process_start=body.get("process_start"),
            namespace=body.get("namespace"),
        )

    def to_body(self) -> dict[str, Any]:
        """As it stands in a document."""
        return {
            "host": self.host,
            "pid": self.pid,
            "process_start": self.process_start,
            "namespace": self.namespace,
        }

    def is_here(self) -> bool:
        """Whether it would be seen from here if it were alive: same host, same boot, same PID namespace."""
        here = own_process()
        return self.namespace is not None and (self.host, self.namespace) == (here.host, here.namespace)

    def is_dead(self) -> bool:
        """Whether it is provably dead; false where that cannot be known."""
        if not self.is_here() or self.process_start is None or self.pid <= 0:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass  # another user's, and alive
        found = _stat(self.pid)
        if found is None:
            return False  # /proc is mounted so that others' processes are hidden
        state, start = found
        # A killed process stays as a zombie until its parent asks; a number may have been given to another process.
        return state in ("Z", "X") or start != self.process_start


def own_process() -> Process:
    """This process."""
    found = _stat(os.getpid())
    return Process(
        host=socket.gethostname(),
        pid=os.getpid(),
        process_start=found[1] if found else None,
        namespace=_namespace(),
    )


def who(client: Elasticsearch) -> str:
    """The user that the cluster took the requests for; the system's user where it has no security. One request.

    An API key is shown as ``elastic (API key provisioner)``.
    """
    from elasticsearch import ApiError

    try:
        found = client.security.authenticate().body
    except ApiError:
        # Without security the path has no handler (400); some proxies and managed services answer 403, 404 or 501.
        return system_user()
    name = str(found.get("username") or system_user())
    key = (found.get("api_key") or {}).get("name")
    return f"{name} (API key {key})" if key else name


def system_user() -> str:
    """The user that the operating system knows."""
    with suppress(OSError, KeyError):  # a number without a name, as in many containers
        return getpass.getuser()
    return f"uid {os.getuid()}"


def _namespace() -> str | None:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return None


def _stat(pid: int) -> tuple[str, int] | None:
    """State and start of a process; ``None`` where they cannot be seen."""
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", errors="replace")
        # The second field is the command in brackets and may hold spaces and brackets itself.
        fields = text.rpartition(")")[2].split()
        return fields[0], int(fields[19])
    except (OSError, IndexError, ValueError):
        return None
