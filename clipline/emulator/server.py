"""The emulator's process: one data folder, one loopback port, one line on stdout when it is ready."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import uvicorn

from clipline.emulator import record
from clipline.emulator.database import OtherLayoutError
from clipline.emulator.http.app import build_app
from clipline.emulator.identity import DEFAULT_VERSION, LICENSES, Identity, Version
from clipline.emulator.launch import READY, taken
from clipline.emulator.node import DowngradeError, Node

HOST = "127.0.0.1"
_PATIENCE_SECONDS = 45.0
_GARBAGE = 50_000
_LAST_REQUESTS_SECONDS = 5
"""How long a request that was begun may go on after the signal to end; a client may never send the rest of it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 1 when the folder or the port is taken."""
    options = _parser().parse_args(arguments)
    # Documents are many small objects without cycles: with Python's own threshold, looking for cycles among them takes a
    # third of the first search of an index.
    gc.set_threshold(_GARBAGE)
    # A body may be a thousand levels deep, as JSON parsers let it be.
    sys.setrecursionlimit(20_000)
    if options.secure:
        _keep_private(options.data)
    try:
        lock = _locked(options.data)
    except OSError as error:
        return _refuse(f"the data folder {options.data} cannot be used: {error.strerror}")
    if lock is None:
        return _refuse(taken(options.data))
    # The protocol is named because asyncio sets TCP_NODELAY only then; without it every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, options.port))
    except OSError as error:
        return _refuse(f"port {options.port} cannot be used ({error.strerror}); choose another with --port, 0 for any")
    # Until uvicorn takes the signals over.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if options.with_parent:
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        node = Node(options.data, _identity(options))
    except DowngradeError as error:
        return _refuse(
            f"the data folder {options.data}: {error}; take --version {error.before}, or choose another with --data"
        )
    except OtherLayoutError:
        return _refuse(
            f"the data folder {options.data} was written by another version of the emulator; choose another with --data"
        )
    except (OSError, sqlite3.Error) as error:
        return _refuse(f"the data folder {options.data} cannot be used: {error}")
    node.address = f"{HOST}:{listener.getsockname()[1]}"
    try:
        # Whoever reads the line may search at once; a start that hangs must not hide the rest for ever.
        node.models.wait_started(_PATIENCE_SECONDS)
        config = uvicorn.Config(
            build_app(node),
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            ws="none",
            # Above the limits of Elasticsearch, which the application refuses in its words.
            h11_max_incomplete_event_size=256 * 1024,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_LAST_REQUESTS_SECONDS,
            **_tls(node),
        )
        _Server(config, node=node, print_env=options.print_env).run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # uvicorn raises the signal again once everything is closed
    except OSError as error:
        return _refuse(f"the data folder {options.data} cannot be used: {error.strerror or error}")
    finally:
        node.close()
        record.remove(options.data)
    return 0


def _parser() -> argparse.ArgumentParser:
    # The commands of a person check and explain these; here they only have to be right.
    parser = argparse.ArgumentParser(prog="clipline emulator")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=9200)
    parser.add_argument("--with-parent", action="store_true", help="end when stdin is closed")
    parser.add_argument("--print-env", action="store_true", help="say how to reach it as variables of a shell")
    parser.add_argument("--version", type=Version.parse, default=DEFAULT_VERSION)
    parser.add_argument("--license", choices=LICENSES, default="trial")
    parser.add_argument("--ml-memory", type=int, default=Identity().ml_memory, help="bytes")
    parser.add_argument("--no-ml-node", action="store_true")
    parser.add_argument("--lazy-ml-node", type=float, help="seconds")
    parser.add_argument("--secure", action="store_true")
    parser.add_argument("--start-delay", type=float, default=0.0, help="seconds")
    return parser


def _keep_private(data: Path) -> None:
    """What the process writes is for its owner only, and so is what a start without ``--secure`` has left."""
    os.umask(0o077)
    ours = [path for name in ("emulator.*", "definitions.*", "native.log") for path in data.glob(name)]
    for path in ours:
        if path.is_file() and not path.is_symlink() and path.stat().st_uid == os.getuid():
            path.chmod(0o600)


def _identity(options: argparse.Namespace) -> Identity:
    return Identity(
        version=options.version,
        license=options.license,
        ml_memory=options.ml_memory,
        ml_node=not options.no_ml_node,
        lazy_ml_node=options.lazy_ml_node,
        secure=options.secure,
        start_delay=options.start_delay,
    )


def _tls(node: Node) -> dict[str, Any]:
    if not node.security.enabled:
        return {}
    files = node.security.certificates
    return {"ssl_certfile": str(files.certificate), "ssl_keyfile": str(files.key)}


def _locked(data: Path) -> IO[str] | None:
    # Somebody who only looks whether an emulator runs holds the lock for a moment, too.
    for _ in range(5):
        if (lock := record.take_lock(data)) is not None:
            return lock
        time.sleep(0.05)
    return None


class _Server(uvicorn.Server):
    """Leaves the record and says the one line when requests are accepted, and not before."""

    def __init__(self, config: uvicorn.Config, *, node: Node, print_env: bool) -> None:
        super().__init__(config)
        self._node = node
        self._print_env = print_env

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets is not None
        scheme = "https" if self._node.security.enabled else "http"
        url = f"{scheme}://{HOST}:{sockets[0].getsockname()[1]}"
        environment = {**self._node.security.environment, record.URL: url}
        running = record.Running(pid=os.getpid(), version=str(self._node.version), environment=environment)
        record.write(self._node.data, running)
        said = running.exports() if self._print_env else f"{READY}{url}"
        print(said, flush=True)  # noqa: T201 - what callers wait for

    def handle_exit(self, sig: int, frame: object) -> None:
        # Without uvicorn's own record of the signal, which it would raise again and so spoil the exit code.
        self.should_exit = True


def _end_with_parent() -> None:
    # Not through sys.stdin, whose lock a reader in a thread would still hold while the interpreter ends.
    while os.read(sys.stdin.fileno(), 65536):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _refuse(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)  # noqa: T201 - a command's message
    return 1
