"""Inference: bodies, inputs, overrides, names, results (reference, sections 2.8, 2.11b, 2.13, 7.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.ml_infer import MODELS, VOCABULARY, Told, body, deployed, put, saved

DOG = {"docs": [{"text_field": "dog"}]}


@pytest.fixture(scope="module")
def shared(target: Cluster) -> Iterator[Told]:
    """An embedding model that ignores case and answers with the ids of at most six tokens, special ones included."""
    target.need_ml()
    with deployed(target, body("text_embedding", max_sequence_length=6, do_lower_case=True)) as told:
        yield told


@pytest.fixture
def told(cluster: Cluster, shared: Told) -> Told:
    """The same, in a fact about the server's version."""
    return shared


def row(*tokens: str) -> list[float]:
    return [float(VOCABULARY.index(token)) for token in ("[CLS]", *tokens, "[SEP]")]


@fact("2.8", evidence="S", source="TransportInferTrainedModelDeploymentAction.orderedListener")
def test_results_come_in_the_order_of_the_documents(told: Told) -> None:
    """Several documents are answered in their order; an empty text is one."""
    results = told.results("red", "dog", "", "red dog")
    assert [result["predicted_value"] for result in results] == [row("red"), row("dog"), row(), row("red", "dog")]


@fact("2.8", evidence="S", source="TransportInternalInferModelAction.collectingListener")
def test_one_failure_fails_the_request(told: Told) -> None:
    """One document that cannot be answered fails the request."""
    error = told.error({"docs": [{"text_field": "dog"}, {"other": "dog"}]}, code=400)
    assert error == ("status_exception", "Input field [text_field] does not exist in the source document")


BODIES: dict[str, tuple[Any, int, str, str]] = {
    "no body": (None, 400, "status_exception", "requires body"),
    "no docs": ({}, 400, "illegal_argument_exception", "[docs] must not be null"),
    "unknown field": ({**DOG, "doc": {}}, 400, "x_content_parse_exception", "unknown field [doc]"),
    "text docs": ({"docs": "x"}, 400, "x_content_parse_exception", "docs doesn't support values of type: VALUE_STRING"),
    "other task": ({**DOG, "inference_config": {"ner": {}}}, 403, "status_exception",
                   "is configured for task [text_embedding] but called with task [ner]"),
    "span": ({**DOG, "inference_config": {"text_embedding": {"tokenization": {"bert": {"span": 2}}}}}, 400,
             "illegal_argument_exception", "[span] must not be provided when [truncate] is [first]"),
}  # fmt: skip


@fact("2.8", evidence="S", source="InferModelAction.Request.PARSER, TrainedModelDeploymentTask, Tokenization")
@pytest.mark.parametrize("case", BODIES)
def test_refused_bodies(told: Told, case: str) -> None:
    """No body, no documents, unknown fields, another task (403) and options that do not go together are refused."""
    content, code, kind, said = BODIES[case]
    found = told.error(content, code=code)
    assert found[0] == kind
    assert said in found[1]


@fact("2.8", evidence="O", source="InferTrainedModelDeploymentAction.Request.validate; seen in a log")
def test_an_empty_list_of_documents(told: Told) -> None:
    """A list without documents is refused as a validation error."""
    reason = "Validation Failed: 1: at least one document is required ;"
    assert told.error({"docs": []}, code=400) == ("action_request_validation_exception", reason)


@fact("2.8", evidence="S", source="InferModelAction.Request.PARSER, ObjectParser.declareObjectArray")
def test_a_document_without_a_list(told: Told) -> None:
    """One document may stand without its list, and the time to wait may stand in the body."""
    answer = told.cluster("POST", f"{told.path}/_infer", {"docs": {"text_field": "dog"}, "timeout": "5s"})
    assert answer["inference_results"] == [{"predicted_value": row("dog")}]


@fact("2.8", evidence="S", source="NlpInferenceInput")
def test_the_input_is_a_text(told: Told) -> None:
    """The input field must be there and a string; another value is shown as Java writes it."""
    for value, shown in ((7, "7"), (True, "true"), ([1, "a"], "[1, a]"), ({"a": 1}, "{a=1}")):
        error = told.error({"docs": [{"text_field": value}]}, code=400)
        assert error == ("status_exception", f"Input value [{shown}] for field [text_field] must be a string")
    error = told.error({"docs": [{"text_field": None}]}, code=400)
    assert error == ("status_exception", "Input field [text_field] does not exist in the source document")


@fact("2.8", evidence="S", source="TextEmbeddingProcessor, NlpInferenceResults")
def test_a_long_text_is_cut_off(told: Told) -> None:
    """What is cut off is marked, and the result may have another name."""
    cut = row(*["dog"] * 4)
    assert told.results("dog " * 5) == [{"predicted_value": cut, "is_truncated": True}]
    named = {"inference_config": {"text_embedding": {"results_field": "vector"}}}
    assert told.results("dog " * 5, **named) == [{"vector": cut, "is_truncated": True}]
    assert told.results("dog " * 4) == [{"predicted_value": cut}]


@fact("2.8", evidence="T", source="PyTorchModelIT.testTruncation")
def test_truncate_none(told: Told) -> None:
    """With truncate none a text that is too long is refused, special tokens counted."""
    none = {"inference_config": {"text_embedding": {"tokenization": {"bert": {"truncate": "none"}}}}}
    reason = "Input too large. The tokenized input length [7] exceeds the maximum sequence length [6]"
    assert told.error({"docs": [{"text_field": "dog " * 5}], **none}, code=400) == ("status_exception", reason)


# what is so → where it is read, text, tokens; what holds without do_lower_case is asked in test_ml_tokens
LOWERED: dict[str, tuple[str, str, list[str]]] = {
    "case": ("CharArrayMap ignores case", "RED Dog", ["red", "dog"]),
    "accents": ("BasicTokenFilter.stripAccent", "áé", ["a", "##e"]),
    "accents after punctuation": ("BasicTokenFilter.incrementToken", "a≠e", ["[UNK]"]),
    "sigma": ("Character.toLowerCase", "ΣΣ", ["σ", "##σ"]),
    "nothing but marks": ("BasicTokenFilter, #97354", "a \u0301 e", ["a", "e"]),
}


@fact("2.8b", evidence="S", source="BertTokenizer, BasicTokenFilter, WordPieceTokenFilter, ControlCharFilter")
@pytest.mark.parametrize("case", LOWERED)
def test_cuts_with_do_lower_case(told: Told, case: str) -> None:
    """With ``do_lower_case`` the vocabulary ignores case, and accents are stripped after the cut at punctuation."""
    _, text, tokens = LOWERED[case]
    assert told.tokens(text) == ["[CLS]", *tokens, "[SEP]"]


@fact("2.8", evidence="S", source="AbstractPyTorchAction.onTimeout")
def test_timeout(told: Told) -> None:
    """Who waits too long is told so with 408, and it is counted."""
    reason = "timeout [1nanos] waiting for inference result"
    not_remembered = {"docs": [{"text_field": "e . ="}]}
    found = told.cluster.error("POST", f"{told.path}/_infer?timeout=1nanos", not_remembered, code=408)
    assert found == ("status_exception", reason)
    assert told.node()["timeout_count"] >= 1


@fact("2.8", evidence="S", source="RestInferTrainedModelDeploymentAction, InferTrainedModelDeploymentAction.Response")
def test_the_old_path(told: Told) -> None:
    """The deprecated path takes one document, answers its result bare, and warns."""
    answer = told.cluster.raw("POST", f"{told.path}/deployment/_infer", DOG)
    assert answer.json() == {"predicted_value": row("dog")}
    assert "is deprecated! Use [POST /_ml/trained_models/{model_id}/_infer] instead" in answer.headers["warning"]
    kind, reason = told.error({"docs": [*DOG["docs"], *DOG["docs"]]}, code=400, path="/deployment/_infer")
    assert (kind, reason) == ("validation_exception", "Validation Failed: 1: multiple documents are not supported;")


@fact("2.8", evidence="T", source="ml/3rd_party_deployment.yml, Test clear deployment cache")
def test_remembered_results_are_counted(told: Told) -> None:
    """A text that was asked before is answered from the cache, until the cache is cleared."""
    clear = f"{told.path}/deployment/cache/_clear"
    assert told.cluster("POST", clear) == {"cleared": True}
    before = told.node()
    for text in ("n", "n a", "n"):
        told.results(text)
    after = told.node()
    assert after["inference_count"] == before["inference_count"] + 3
    assert after["inference_cache_hit_count"] == before["inference_cache_hit_count"] + 1
    told.cluster("POST", clear)
    told.results("n")
    assert told.node()["inference_cache_hit_count"] == after["inference_cache_hit_count"]


@fact("2.11b", evidence="S", source="TransportInternalInferModelAction")
def test_names_that_answer(told: Told, name: str) -> None:
    """An alias answers as its model; nothing of the name is 404, a model that is not deployed 409."""
    told.cluster("PUT", f"{told.path}/model_aliases/{name}")
    answer = told.cluster("POST", f"{MODELS}/{name}/_infer", DOG)
    assert answer["inference_results"] == [{"predicted_value": row("dog")}]
    told.cluster("DELETE", f"{told.path}/model_aliases/{name}")
    missing = told.cluster.error("POST", f"{MODELS}/{name}/_infer", DOG, code=404)
    assert missing == ("resource_not_found_exception", f"Could not find trained model [{name}]")
    told.cluster("PUT", f"{MODELS}/{name}", body("text_embedding"))
    must = f"Model [{name}] must be deployed to use. Please deploy with the start trained model deployment API."
    assert told.cluster.error("POST", f"{MODELS}/{name}/_infer", DOG, code=409) == ("status_exception", must)


@fact("7.4", evidence="S", source="TextEmbeddingQueryVectorBuilder, TransportCoordinatedInferenceAction")
def test_a_search_asks_the_model(told: Told, index: Any) -> None:
    """A search may have its text embedded; a name that nobody answers to is 404."""
    made = index({"v": {"type": "dense_vector", "dims": 3, "similarity": "l2_norm"}}, {"1": {"v": row("dog")}})

    def knn(model: str) -> dict[str, Any]:
        builder = {"text_embedding": {"model_id": model, "model_text": "dog"}}
        return {"knn": {"field": "v", "k": 1, "num_candidates": 5, "query_vector_builder": builder}}

    hits = told.cluster("POST", f"/{made}/_search", knn(told.model))["hits"]
    assert (hits["hits"][0]["_id"], hits["max_score"]) == ("1", 1.0)
    found = told.cluster.error("POST", f"/{made}/_search", knn("nobody"), code=404)
    assert found == ("status_exception", "[nobody] is not an inference service model or a deployed ml model")


def check_operators(cluster: Cluster, name: str) -> None:
    import torch

    class Sigmoid(torch.nn.Module):
        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor, positions: torch.Tensor
        ) -> torch.Tensor:
            return torch.sigmoid(ids.to(torch.float32))

    put(cluster, name, saved(Sigmoid()), body("text_embedding"))
    cluster.made.add(("model", name))
    kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_start?timeout=60s", code=500)
    assert kind == "status_exception"
    assert reason.startswith("Could not start trained model deployment, the following nodes failed with errors [{")
    assert "Model graph does not match any supported architecture. Unrecognised operations: aten::sigmoid" in reason


@fact(
    "2.13", evidence="U", source="ml-cpp CModelGraphValidator; how its words reach the user was not seen", since=(9, 4)
)
def test_operators_that_are_not_allowed(cluster: Cluster, name: str) -> None:
    """A model with an operator that is not on the list is refused when it is started."""
    check_operators(cluster, name)


@fact("2.13", evidence="U", source="ml-cpp v8.19.20 CModelGraphValidator", since=(8, 19, 20), until=(9, 0))
def test_operators_that_are_not_allowed_in_8_19(cluster: Cluster, name: str) -> None:
    """The last versions of 8.19 have the list of operators, too."""
    check_operators(cluster, name)
