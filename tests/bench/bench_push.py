"""A bundle of 515 MB into a cluster, beside eland's ``put_model``: over the bare network, and over one that is 40 ms away.

The same bytes to the same emulator, each by a process of its own whose memory is looked at. The bytes are random: an upload
does not look into them. The way through ``push`` includes the check of every byte of the bundle, eland's does not. The goals:
at least 3 times as fast over the slow network, never slower over the bare one, at most 150 MB of memory above the client's.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from clipline.emulator.launch import running_emulator
from provisioning.bundles.bundle import MEMBERS, write_bundle

BYTES = 515 * 1024 * 1024
DELAY = 0.040
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
        members, bundle = _bundle(Path(folder))
        for name, delay in (("bare network", 0.0), ("40 ms added", DELAY)):
            with (
                running_emulator(Path(folder) / f"data {delay}", "--version", "9.5.2") as url,
                _away(url, delay) as far,
            ):
                eland = _measure(_ELAND, far, "eland", bundle, members)
                ours = _measure(_CLIPLINE, far, "clipline", bundle, members)
            print(
                f"{name:<13} eland put_model {eland[0]:6.1f} s, push {ours[0]:6.1f} s: {eland[0] / ours[0]:5.2f} times as fast;"
                f" memory above the client's: {eland[2] - eland[1]:4.0f} and {ours[2] - ours[1]:4.0f} MB"
            )


def _measure(program: str, url: str, model_id: str, bundle: Path, members: Path) -> list[float]:
    command = [sys.executable, "-c", program, url, model_id, str(bundle), str(members)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def _bundle(folder: Path) -> tuple[Path, Path]:
    members = folder / "members"
    members.mkdir()
    words = [f"piece{number}" for number in range(119_547)]
    text = {"tokenization": {"bert": {}}, "embedding_size": 512}
    config = {
        "model_type": "pytorch",
        "inference_config": {"text_embedding": text},
        "input": {"field_names": ["text_field"]},
    }
    for name, value in (("config", config), ("vocabulary", {"vocabulary": words}), ("probes", [])):
        (members / f"{name}.json").write_text(json.dumps(value), "utf-8")
    with (members / "model.pt").open("wb") as stream:
        for _ in range(BYTES // 1024**2):
            stream.write(os.urandom(1024**2))
    manifest = {"source": {"model": "bench", "revision": None}, "import": {}, "digest": "sha256:0", "operators": {}}
    write_bundle(folder / "bench.tar", manifest=manifest, members={name: members / name for name in MEMBERS})
    return members, folder / "bench.tar"


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
