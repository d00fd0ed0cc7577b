"""Provisioning, contract and end-to-end tests with both majors of the client: ``nox`` runs all, ``nox -s client8`` one.

``client9`` runs in the environment that nox itself is installed in (``make setup``), once for each version of the
emulator. ``client8`` has an environment of its own in ``.nox/``, without ``clipline[models]``: torch is there because
the emulator runs what is uploaded, and bundles and vectors are made by the first environment (tests/prepared.py).
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import nox

FOLDERS = ("tests/provisioning", "tests/contract", "tests/e2e")
SPREAD = ("-n", os.environ.get("JOBS", "2"), "--dist", "loadfile", "-m", "not slow")
CONSTRAINTS = "constraints-client8.txt"


@nox.session(venv_backend="none")
@nox.parametrize("version", ["9.2.0", "9.5.2"], ids=["9.2.0", "9.5.2"])
def client9(session: nox.Session, version: str) -> None:
    """Client 9 with eland."""
    command = (sys.executable, "-m", "pytest", *SPREAD, *(session.posargs or FOLDERS))
    session.run(*command, env={"CLIPLINE_TEST_VERSION": version})


@nox.session(reuse_venv=True)
def client8(session: nox.Session) -> None:
    """Client 8 without eland."""
    _install(session)
    prepared = Path(session.create_tmp()).resolve() / "prepared"
    session.run(sys.executable, "-m", "tests.prepared", str(prepared), external=True)
    session.run(
        *("python", "-m", "pytest", *SPREAD, *(session.posargs or FOLDERS)),
        env={"CLIPLINE_TEST_VERSION": "8.19.20", "CLIPLINE_TEST_PREPARED": str(prepared)},
    )


def _install(session: nox.Session) -> None:
    """Install unless these files are as they were the last time; torch first and pinned, see constraints.txt."""
    wanted = hashlib.sha256(b"".join(Path(file).read_bytes() for file in ("pyproject.toml", CONSTRAINTS))).hexdigest()
    stamp = Path(session.virtualenv.location) / ".installed"
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    session.install("--constraint", CONSTRAINTS, "torch==2.13.0")
    session.install("--constraint", CONSTRAINTS, "--editable", ".[emulator,web,dev]")
    stamp.write_text(wanted, "utf-8")
