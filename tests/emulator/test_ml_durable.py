"""What was acknowledged of models survives SIGKILL, at whatever moment."""

from __future__ import annotations

import base64
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.emulator.test_durable import start

PIECE = base64.b64encode(os.urandom(200_000)).decode()
PARTS = 6
Write = tuple[str, str, dict[str, Any] | None]


def _writes() -> Iterator[Write]:
    """An endless life of models: put, filled, named, some deleted again."""
    number = 0
    while True:
        number += 1
        path = f"/_ml/trained_models/m{number}"
        yield "PUT", path, {"model_type": "pytorch", "inference_config": {"text_embedding": {}}}
        for part in range(PARTS):
            body = {"definition": PIECE, "total_definition_length": 200_000 * PARTS, "total_parts": PARTS}
            yield "PUT", f"{path}/definition/{part}", body
        yield "PUT", f"{path}/vocabulary", {"vocabulary": ["[UNK]", str(number)]}
        yield "PUT", f"{path}/model_aliases/n{number}x", None
        if number % 3 == 0:
            yield "DELETE", path, None


def _write(url: str, done: list[Write]) -> None:
    with httpx.Client(base_url=url, timeout=20) as http:
        for method, path, body in _writes():
            try:
                answer = http.request(method, path, json=body)
            except httpx.TransportError:
                return  # killed; this one may or may not be there
            assert answer.status_code == 200, answer.text
            done.append((method, path, body))


@pytest.mark.parametrize("seconds", [0.4, 0.9])
def test_models_survive_sigkill(tmp_path: Path, seconds: float) -> None:
    process, url = start(tmp_path)
    done: list[Write] = []
    writer = threading.Thread(target=_write, args=(url, done))
    writer.start()
    writer.join(seconds)
    os.kill(process.pid, signal.SIGKILL)
    writer.join()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    assert len(done) > 10
    process, url = start(tmp_path)
    try:
        with httpx.Client(base_url=url) as http:
            _check(http, done)
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _check(http: httpx.Client, done: list[Write]) -> None:
    deleted = {path for method, path, _ in done if method == "DELETE"}
    # The deletion of the last one may have been under way.
    last = done[-1][1].split("/")[3] if "/model_aliases/" in done[-1][1] else None
    for method, path, body in done:
        model = "/".join(path.split("/")[:4])
        if method == "DELETE":
            assert http.get(path).status_code == 404
        elif model in deleted or model.endswith(f"/{last}"):
            continue
        elif "/model_aliases/" in path:
            (config,) = http.get(f"/_ml/trained_models/{path.rsplit('/')[-1]}").json()["trained_model_configs"]
            assert config["model_id"] == model.rsplit("/")[-1]
        elif body is not None and ("/definition/" in path or path.endswith("/vocabulary")):
            # A second one is refused only where the first is there.
            assert http.put(path, json=body).json()["error"]["type"] == "resource_already_exists_exception"
        else:
            assert http.get(model).json()["count"] == 1
