"""The native process dies, or the server does: what a deployment is then, and what a request gets."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from elasticsearch import Elasticsearch

from clipline.emulator.launch import running_emulator
from tests.emulator.ml_calls import frozen, infer, natives, parent, refusal, stats, until
from tests.emulator.ml_tiny import expected, ids, put_tiny


def kill(data: Path, last: int = 0) -> int:
    """Kill the native process as soon as there is another than the last one that was killed."""
    until(lambda: any(pid != last for pid in natives(data)))
    pid = next(pid for pid in natives(data) if pid != last)
    os.kill(pid, signal.SIGKILL)
    return pid


def test_a_process_that_dies_is_started_again_three_times_and_a_server_that_dies_comes_back(tmp_path: Path) -> None:
    dog = [{"predicted_value": expected(*ids("red", "dog"))}]
    with running_emulator(tmp_path) as url, Elasticsearch(url, request_timeout=60) as client:
        put_tiny(client, "tiny")
        client.ml.start_trained_model_deployment(model_id="tiny", cache_size="0")
        _check_death_at_work(client, url, tmp_path)
        pid = 0
        for _ in range(2):
            infer(client, "tiny")
            pid = kill(tmp_path, pid)
            # What was counted ends with the process.
            until(lambda: "inference_count" not in stats(client, "tiny")["deployment_stats"])
            # It is no less started, and what is asked meanwhile waits for the next process.
            assert stats(client, "tiny")["deployment_stats"]["state"] == "started"
            assert infer(client, "tiny") == dog
        pid = kill(tmp_path, pid)
        until(lambda: stats(client, "tiny")["deployment_stats"]["state"] == "failed")
        shown = stats(client, "tiny")["deployment_stats"]
        crash = f"[tiny] pytorch_inference/{pid} process stopped unexpectedly: "
        assert shown["reason"] == f"inference process crashed due to reason [{crash}]"
        assert shown["nodes"][0]["routing_state"] == {"routing_state": "failed", "reason": shown["reason"]}
        assert "allocation_status" not in shown
        refusal(409, "status_exception", "Trained model [tiny] is [failed]", infer, client, "tiny")
        client.ml.stop_trained_model_deployment(model_id="tiny")
        client.ml.start_trained_model_deployment(model_id="tiny", number_of_allocations=2)
        assert infer(client, "tiny") == dog
        before = client.ml.get_trained_models(model_id="tiny").body
        (native,) = natives(tmp_path)
        os.kill(parent(native), signal.SIGKILL)
        until(lambda: not Path(f"/proc/{native}").exists())  # it ends itself when nobody asks any more
    (tmp_path / "model-left.pt").write_bytes(b"left by a server that was killed")
    with running_emulator(tmp_path) as url, Elasticsearch(url, request_timeout=60) as client:
        # It is ready only when its deployments answer.
        assert stats(client, "tiny")["deployment_stats"]["state"] == "started"
        assert client.ml.get_trained_models(model_id="tiny").body == before
        assert stats(client, "tiny")["deployment_stats"]["number_of_allocations"] == 2
        assert infer(client, "tiny") == dog
        assert not list(tmp_path.glob("*.pt"))


def _check_death_at_work(client: Elasticsearch, url: str, data: Path) -> None:
    """The first death: one request runs and one waits."""

    def pending() -> int:
        number: int = stats(client, "tiny")["deployment_stats"]["nodes"][0]["number_of_pending_requests"]
        return number

    pair = {"input_field": "text_field", "output_field": "vector"}
    client.ingest.put_pipeline(id="p", processors=[{"inference": {"model_id": "tiny", "input_output": pair}}])
    lines = '{"index":{"_id":"1"}}\n{"text_field":"red dog"}\n'
    ndjson = {"content-type": "application/x-ndjson"}
    with httpx.Client(base_url=url, timeout=60) as http, ThreadPoolExecutor(2) as pool, frozen(data) as pid:
        running = pool.submit(http.post, "/i/_bulk?pipeline=p", content=lines, headers=ndjson)
        until(lambda: pending() == 1)
        body = {"docs": [{"text_field": "dog"}], "timeout": "60s"}
        waiting = pool.submit(http.post, "/_ml/trained_models/tiny/_infer", json=body)
        until(lambda: pending() == 2)
        os.kill(pid, signal.SIGKILL)
        # What ran is told that the process stops, what waited that nobody takes it.
        reason = "Error in inference process: [inference canceled as process is stopping]"
        (item,) = running.result(20).json()["items"]
        assert item["index"]["status"] == 500
        assert item["index"]["error"] == {"type": "status_exception", "reason": reason}
        answer = waiting.result(20).json()
        assert (answer["status"], answer["error"]["type"]) == (429, "es_rejected_execution_exception")
        assert http.head("/i").status_code == 404
    until(lambda: any(other != pid for other in natives(data)))
    client.ingest.delete_pipeline(id="p")
