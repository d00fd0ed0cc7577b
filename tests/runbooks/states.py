"""The states that the runbooks are about, each made as it comes about on a cluster."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from clipline.demo.pictures import generate
from tests.provisioning.pairs import random_text_model
from tests.runbooks.scene import Scene

DEPLOYMENT = "sentence-transformers__clip-vit-b-32-multilingual-v1"
MIB = 1024 * 1024


def stopped_half_way(scene: Scene) -> None:
    """The first apply of a stack is killed while it waits for the deployment."""
    scene.start("--start-delay", "3")
    with subprocess.Popen(
        ["clipline", "apply", "--stack", "mystack", "--yes"],
        cwd=scene.folder,
        env={**scene.env, "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("create deployment/"):
                break
        time.sleep(0.5)
        process.kill()


def left_by_another_machine(scene: Scene) -> None:
    """An apply was killed on a machine that this one cannot look at, just now."""
    now = datetime.now(UTC)
    lock = {
        "token": "9c0e4b6fd0f94e0d", "owner": "elastic", "command": "apply", "host": "ops-2", "pid": 4711,
        "process_start": 8131245, "namespace": "of another machine", "acquired_at": now.isoformat(),
        "expires_at": (now + timedelta(seconds=60)).isoformat(), "renew_seconds": 20.0,
    }  # fmt: skip
    url = f"{scene.env['ELASTICSEARCH_URL']}/clipline-state/_doc/lock:mystack"
    httpx.put(url, json={"kind": "lock", "stack": "mystack", "body": lock}).raise_for_status()


def no_room(scene: Scene) -> None:
    """A stack of another model alone holds most of what the ML node has for models."""
    scene.start("--ml-memory", str(400 * MIB))
    other = random_text_model(scene.folder / "other-model", seed=7)
    scene.bash("clipline init experiment && rm -r experiment/mappings/*.yml experiment/pipelines/*")
    names = ("stack=experiment", "model_alias=experiment", "deployment_id=experiment-1", f"text_model={other}")
    printed = scene.bash(f"clipline apply --stack experiment --yes {' '.join(f'--var {name}' for name in names)}")
    assert printed[-1].startswith("Applied"), printed
    shutil.rmtree(scene.folder / "experiment")


def queue_full(scene: Scene) -> None:
    """Pictures with captions are loaded while others search, into a deployment with a queue of 2."""
    url = scene.start()
    file = next((scene.folder / "mystack" / "models").glob("*.yml"))
    file.write_text(file.read_text("utf-8").replace("queue_capacity: 1024", "queue_capacity: 2"), "utf-8")
    assert scene.bash("clipline apply --stack mystack --yes")[-1].startswith("Applied")
    album = scene.folder / "album"
    generate(album, count=24, seed=3)
    for caption in album.rglob("*.txt"):
        caption.unlink()
    for picture in sorted(album.rglob("*.jpeg")):
        Path(f"{picture}.txt").write_text(f"the picture {picture.name}\n", "utf-8")
    for _ in range(5):  # whether a text finds the queue full is a matter of chance
        with_others(lambda: scene.bash("clipline load album"), url=url)
        if _failures(url):
            return
        everything = {"query": {"match_all": {}}}
        httpx.post(f"{url}/my-image-embeddings/_delete_by_query?refresh", json=everything).raise_for_status()
    raise AssertionError("the queue was never full")


def with_others(job: Callable[[], object], *, url: str) -> None:
    """Do a job while others ask the model for vectors as fast as they get them."""
    done = threading.Event()

    def ask(number: int) -> None:
        with httpx.Client(base_url=url, timeout=30) as http:
            asked = 0
            while not done.is_set():
                asked += 1
                text = f"{number} asks for the {asked}th time"  # another one each time: the server caches answers
                http.post(f"/_ml/trained_models/{DEPLOYMENT}/_infer", json={"docs": [{"text_field": text}]})

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    try:
        job()
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _failures(url: str) -> int:
    query = {"query": {"exists": {"field": "ingest_error"}}}
    return int(httpx.post(f"{url}/my-image-embeddings/_count", json=query).json()["count"])
