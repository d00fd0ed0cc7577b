"""What keeps a native process small: limits that the standard library can set, on itself, before a model is loaded.

It holds: no core dumps, few open files, no file larger than the log may be, an address space in proportion to the model,
an end with the server. The server gives it an environment of its own, an empty working directory and no descriptors but
its three.

It does not protect from a model that is made to do harm: there is no filter of system calls and no name space here, so
the process may still use the network, read what the user may read, and write small files. What stands before that is
the refusal of state hooks and of operators that reach out of a model (``archive``, ``graph``). Run models of strangers
under a user or in a container of their own.
"""

from __future__ import annotations

import contextlib
import os
import resource
import threading
import time
from pathlib import Path

_OPEN_FILES = 256
_LARGEST_FILE = 64 * 1024**2
_ROOM = 8 * 1024**3
"""For the stacks of all threads, and whatever a text needs."""
_TIMES_THE_MODEL = 6
_LOOK_SECONDS = 0.5


def confine(model_bytes: int) -> None:
    """Set the limits; torch must have been imported, because its libraries count into the address space."""
    for name, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_AS, _address_space() + _ROOM + _TIMES_THE_MODEL * model_bytes),
    ):
        hard = resource.getrlimit(name)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS knows some of them by name only
            resource.setrlimit(name, (limit, limit))


def end_with(parent: int) -> None:
    """End the process when its parent is gone, also while a model is being loaded and nobody reads stdin."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _address_space() -> int:
    """Bytes of address space in use; a guess where there is no ``/proc``."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 8 * 1024**3
    return pages * resource.getpagesize()
