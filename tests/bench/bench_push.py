"""A bundle of 515 MB into a cluster, beside eland's ``put_model``: over the bare network, and over one that is 40 ms away.

The bundle is that of a text model of the real one's size, with weights of chance. The same bytes go to the same emulator, each
by a process of its own whose memory is looked at. The way through ``push`` includes the check of every byte of the bundle,
eland's does not. Then ``bundle push`` as a command, of what is there already: the whole process. The goals: at least 3 times as
fast over the slow network, never slower over the bare one, at most 150 MB of memory above the client's, 0.5 s for what is there.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from clipline.emulator.launch import running_emulator
from tests.prepared import unpacked_members

DELAY = 0.040
TIMES = 7
NOTHING_TO_DO = 0.5
BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent.parent
_PROCESS = """
import resource, sys, time
from elasticsearch import Elasticsearch
{imports}
client = Elasticsearch(sys.argv[1], request_timeout=120)
client.info()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
{work}
seconds = time.perf_counter() - started
print(seconds, before / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
_ELAND = _PROCESS.format(
    imports="from eland.ml.pytorch import PyTorchModel",
    work="model = PyTorchModel(client, sys.argv[2]); model.put_config(sys.argv[4] + '/config.json');"
    " model.put_model(sys.argv[4] + '/model.pt'); model.put_vocab(sys.argv[4] + '/vocabulary.json')",
)
_CLIPLINE = _PROCESS.format(
    imports="from pathlib import Path\nfrom provisioning.bundles.bundle import open_bundle\n"
    "from provisioning.bundles.push import push",
    work="push(client, open_bundle(Path(sys.argv[3])), model_id=sys.argv[2], stack='bench', space='bench')",
)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        words, bundle = _bundle(Path(folder))
        members = Path(folder) / "members"
        members.mkdir()
        unpacked_members(bundle, members)
        print(f"model.pt: {(members / 'model.pt').stat().st_size / 1e6:.0f} MB")
        for name, delay in (("bare network", 0.0), ("40 ms added", DELAY)):
            with (
                running_emulator(Path(folder) / f"data {delay}", "--version", "9.5.2") as url,
                _away(url, delay) as far,
            ):
                eland = _measure(_ELAND, far, "theirs", bundle, members)
                ours = _measure(_CLIPLINE, far, "ours", bundle, members)
            print(
                f"{name:<13} eland put_model {eland[0]:6.1f} s, push {ours[0]:6.1f} s: {eland[0] / ours[0]:5.2f} times as fast;"
                f" memory above the client's: {eland[2] - eland[1]:4.0f} and {ours[2] - ours[1]:4.0f} MB"
            )
        with running_emulator(Path(folder) / "data of commands") as url:
            command = [str(BIN / "clipline"), "bundle", "push", str(bundle), *words, "--url", url]
            first, *again = (_seconds(command) for _ in range(TIMES + 1))
            seconds = statistics.median(again)
        print(
            f"bundle push   {first:6.2f} s; of what is there {seconds:5.2f} s, {seconds / NOTHING_TO_DO:4.2f} of the goal"
            f" ({NOTHING_TO_DO} s), the median of {TIMES}"
        )


def _measure(program: str, url: str, model_id: str, bundle: Path, members: Path) -> list[float]:
    command = [sys.executable, "-c", program, url, model_id, str(bundle), str(members)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return [float(word) for word in done.stdout.split()]


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def _bundle(folder: Path) -> tuple[list[str], Path]:
    """The variables of a stack with a pair of the real size, and the bundle of its text model."""
    # In a process of its own: what a child may use at most is counted from its parent's size on.
    subprocess.run([sys.executable, "-m", "tests.full_size", str(folder)], check=True, capture_output=True, cwd=ROOT)
    values = (f"text_model={folder / 'text'}", f"image_model={folder / 'image'}")
    words = [word for value in values for word in ("--var", value)]
    bundle = folder / "bench.tar"
    build = [str(BIN / "clipline"), "bundle", "build", *words, "--out", str(bundle)]
    subprocess.run(build, check=True, capture_output=True)
    return words, bundle


@contextmanager
def _away(url: str, delay: float) -> Iterator[str]:
    """The URL of the same server, further away: each answer comes ``delay`` seconds later."""
    if not delay:
        yield url
        return
    target = urlsplit(url)
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(_pass_on(reader, far_writer, 0.0), _pass_on(far_reader, writer, delay))

    async def serve() -> None:
        end = asyncio.Event()
        async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            started.set_result((f"http://127.0.0.1:{port}", asyncio.get_running_loop(), end))
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    far, loop, end = started.result()
    try:
        yield far
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    try:
        while data := await reader.read(1024 * 1024):
            await asyncio.sleep(delay)  # an answer to a part comes in one piece
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
