"""``_infer`` at its edges: no licence, wild bodies, several allocations."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clipline.emulator.launch import running_emulator
from tests.emulator.conftest import Api
from tests.emulator.ml_archives import ask, deployed, node_stats
from tests.emulator.ml_calls import until

BASE = "/_ml/trained_models"
DOG = {"docs": [{"text": "dog"}]}


def test_licence(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as url, httpx.Client(base_url=url, timeout=60) as http:
        api = Api(http)
        deployed(api, "facts", "facts", params={"wait_for": "starting"})
        pair = {"input_field": "text", "output_field": "vector"}
        api("PUT", "/_ingest/pipeline/p", {"processors": [{"inference": {"model_id": "facts", "input_output": pair}}]})
    refused = ("security_exception", "current license is non-compliant for [ml]")
    with (
        running_emulator(tmp_path, "--license", "expired", "--start-delay", "60") as url,
        httpx.Client(base_url=url) as http,
    ):
        api = Api(http)  # the licence is asked before it is asked whether the deployment has started
        assert api.error("POST", f"{BASE}/facts/_infer", DOG, code=403) == refused
        assert api.error("POST", f"{BASE}/none/_infer", DOG, code=404)[0] == "resource_not_found_exception"
        (doc,) = api("POST", "/_ingest/pipeline/p/_simulate", {"docs": [{"_source": {"text": "red"}}]})["docs"]
        assert (doc["error"]["type"], doc["error"]["reason"]) == refused


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["text", "docs", "text_embedding", "tokenization", "bert", "span", "truncate", "results_field"])
        | st.text(max_size=4), inner, max_size=3,
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(docs=JUNK, config=JUNK, bert=JUNK)
def test_whatever_is_sent(ml: Api, docs: Any, config: Any, bert: Any) -> None:
    for body in (
        {"docs": docs, "inference_config": config},
        {"docs": [{"text": docs}]},
        {"docs": [{"text": "dog"}], "inference_config": {"text_embedding": {"tokenization": {"bert": bert}}}},
    ):
        answer = ml.http.post(
            f"{BASE}/facts/_infer", content=json.dumps(body), headers={"content-type": "application/json"}
        )
        assert answer.status_code in (200, 400, 403, 501), (body, answer.text)


def test_allocations_run_side_by_side(ml: Api) -> None:
    path = deployed(ml, "slow", "slow", params={"number_of_allocations": 2, "cache_size": "0"})
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(ask, ml, path, "dog " * 6, timeout="60s")
        until(lambda: node_stats(ml, "slow")["number_of_pending_requests"] == 1)
        short = pool.submit(ask, ml, path, "", timeout="60s")  # a quarter of the work
        assert short.result()
        assert not long.done()
        assert long.result()
    ml("POST", f"{path}/deployment/_stop")
