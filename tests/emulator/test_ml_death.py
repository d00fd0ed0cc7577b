"""The native process dies, or the server does: what a deployment is then, and what a request gets."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from elasticsearch import Elasticsearch

from clipline.emulator.launch import running_emulator
from tests.emulator.ml_calls import infer, natives, parent, refusal, stats, until
from tests.emulator.ml_tiny import expected, ids, put_tiny


def test_dead_native_process(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as url, Elasticsearch(url, request_timeout=60) as client:
        put_tiny(client, "tiny")
        client.ml.start_trained_model_deployment(model_id="tiny")
        for pid in natives(tmp_path):
            os.kill(pid, signal.SIGKILL)
        until(lambda: stats(client, "tiny")["deployment_stats"]["state"] == "failed")
        shown = stats(client, "tiny")["deployment_stats"]
        assert shown["reason"].startswith("inference process crashed due to reason [")
        assert shown["nodes"][0]["routing_state"] == {"routing_state": "failed", "reason": shown["reason"]}
        assert "allocation_status" not in shown
        refusal(409, "status_exception", "Trained model [tiny] is [failed]", infer, client, "tiny")
        client.ml.stop_trained_model_deployment(model_id="tiny")
        client.ml.start_trained_model_deployment(model_id="tiny")
        assert infer(client, "tiny") == [{"predicted_value": expected(*ids("red", "dog"))}]


def test_killed_server_comes_back_with_its_deployment(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as url, Elasticsearch(url, request_timeout=60) as client:
        put_tiny(client, "tiny")
        client.ml.start_trained_model_deployment(model_id="tiny", number_of_allocations=2)
        before = client.ml.get_trained_models(model_id="tiny").body
        (native,) = natives(tmp_path)
        os.kill(parent(native), signal.SIGKILL)
        until(lambda: not Path(f"/proc/{native}").exists())  # it ends itself when nobody asks any more
    with running_emulator(tmp_path) as url, Elasticsearch(url, request_timeout=60) as client:
        # It is ready only when its deployments answer.
        assert stats(client, "tiny")["deployment_stats"]["state"] == "started"
        assert client.ml.get_trained_models(model_id="tiny").body == before
        assert stats(client, "tiny")["deployment_stats"]["number_of_allocations"] == 2
        assert infer(client, "tiny") == [{"predicted_value": expected(*ids("red", "dog"))}]
        assert not list(tmp_path.glob("*.pt"))


def test_a_native_process_dies_at_work(tmp_path: Path) -> None:
    with (
        running_emulator(tmp_path) as url,
        Elasticsearch(url, request_timeout=60, max_retries=0) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        put_tiny(client, "slow", kind="slow")
        client.ml.start_trained_model_deployment(model_id="slow")
        pair = {"input_field": "text", "output_field": "vector"}
        client.ingest.put_pipeline(id="p", processors=[{"inference": {"model_id": "slow", "input_output": pair}}])
        asked = pool.submit(infer, client, "slow", timeout="60s")
        written = pool.submit(
            client.bulk, index="i", pipeline="p", operations=[{"index": {"_id": "1"}}, {"text": "red dog"}]
        )
        until(lambda: stats(client, "slow")["deployment_stats"]["nodes"][0]["number_of_pending_requests"] == 2)
        (native,) = natives(tmp_path)
        os.kill(native, signal.SIGKILL)
        reason = "Error in inference process: [inference canceled as process is stopping]"
        refusal(500, "status_exception", reason, asked.result, 20)
        (item,) = written.result(20)["items"]
        assert item["index"]["status"] == 500
        assert item["index"]["error"] == {"type": "status_exception", "reason": reason}
        assert not client.indices.exists(index="i")
