"""Trained models as resources: put, parts, vocabulary, get, delete (reference, sections 2.1 to 2.4, 2.10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.ml import BODY, CONFIG, put_model, put_part

MODELS = "/_ml/trained_models"


@fact("2.1", evidence="S", source="TrainedModelConfig.toXContent; TransportPutTrainedModelAction")
def test_put_shows_what_is_stored(cluster: Cluster, name: str) -> None:
    """PUT answers the stored configuration, in a fixed order of keys."""
    shown = put_model(cluster, name, description="d", tags=["t1"], metadata={"a": 1})
    assert [key for key in shown if key != "prefix_strings"] == [
        "model_id", "model_type", "created_by", "version", "create_time", "model_size_bytes", "estimated_operations",
        "license_level", "description", "tags", "metadata", "input", "inference_config", "location",
    ]  # fmt: skip
    assert (shown["created_by"], shown["license_level"], shown["model_size_bytes"]) == ("api_user", "platinum", 0)
    assert cluster("GET", f"{MODELS}/{name}")["trained_model_configs"] == [shown]


@fact("2.1", evidence="S", source="TrainedModelType.getDefaultInput")
def test_the_input_field_is_called_input(cluster: Cluster, name: str) -> None:
    """A PyTorch model without ``input`` reads the field ``input``."""
    shown = cluster("PUT", f"{MODELS}/{name}", {"model_type": "pytorch", "inference_config": CONFIG})
    assert shown["input"] == {"field_names": ["input"]}


@fact("2.1", evidence="S", source="BertTokenization; Tokenization.DEFAULT_*")
def test_tokenization_shows_its_defaults(cluster: Cluster, name: str) -> None:
    """The defaults of the tokenization are filled in, and the place of the vocabulary is told."""
    shown = cluster("PUT", f"{MODELS}/{name}", {"model_type": "pytorch", "inference_config": {"pass_through": {}}})
    task = shown["inference_config"]["pass_through"]
    assert task["tokenization"] == {
        "bert": {
            "do_lower_case": False,
            "with_special_tokens": True,
            "max_sequence_length": 512,
            "truncate": "first",
            "span": -1,
        }
    }
    assert task["vocabulary"]["index"].startswith(".ml-inference-native-")


@fact("2.1", evidence="T", source="3rd_party_deployment.yml")
def test_prefix_strings_are_kept_one_by_one(cluster: Cluster, name: str) -> None:
    """A prefix that is not given is not shown."""
    assert put_model(cluster, name, prefix_strings={"search": "query: "})["prefix_strings"] == {"search": "query: "}


@fact("2.1", evidence="S", source="TransportPutTrainedModelAction")
def test_a_second_put_is_400(cluster: Cluster, name: str) -> None:
    """A model that is there is refused with 400, not 409."""
    put_model(cluster, name)
    kind, reason = cluster.error("PUT", f"{MODELS}/{name}", BODY, code=400)
    assert (kind, reason) == (
        "resource_already_exists_exception",
        f"Trained machine learning model [{name}] already exists",
    )


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "id": ({}, "Invalid model_id; '{name}-' can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores;"),
    "type": ({"model_type": None}, "[model_type] must be set if [definition] is not defined."),
    "task": ({"inference_config": None}, "[inference_config] must not be null."),
    "tags": ({"tags": ["A b"]}, "Invalid tags [A b]; must only can contain lowercase alphanumeric"),
    "own tag": ({"tags": ["{name}-"]}, "none of the tags must equal the model_id"),
    "input": ({"input": {"field_names": []}}, "[input.field_names] must not be empty"),
    "dots": ({"input": {"field_names": ["a..b"]}}, "[input.field_names] must only contain valid dot delimited field"),
    "creator": ({"created_by": "me"}, "illegal to set [created_by] at inference model creation"),
    "aliases": ({"metadata": {"model_aliases": ["a"]}}, "illegal to set [metadata.model_aliases] at inference model"),
}


@fact("2.1", evidence="S", source="TrainedModelConfig.Builder.validate")
@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_numbered(cluster: Cluster, name: str, case: str) -> None:
    """Everything that is wrong with a configuration is said at once, numbered."""
    more, said = WRONG[case]
    body = {key: value for key, value in {**BODY, **more}.items() if value is not None}
    body["tags"] = [tag.format(name=name) for tag in body.get("tags", ())]
    kind, reason = cluster.error("PUT", f"{MODELS}/{name}-", body, code=400)
    assert kind == "action_request_validation_exception"
    assert said.format(name=name) in reason
    assert case == "id" or ("Invalid model_id" in reason and ";2: " in reason)


@fact("2.1", evidence="T", source="inference_crud.yml")
def test_the_vocabulary_is_not_set_with_the_model(cluster: Cluster, name: str) -> None:
    """``vocabulary`` in an inference configuration is refused."""
    body = {"model_type": "pytorch", "inference_config": {"text_embedding": {"vocabulary": {"index": "x"}}}}
    answer = cluster("PUT", f"{MODELS}/{name}", body, code=400)
    assert "illegal setting [vocabulary] on inference model creation" in str(answer)


@fact("2.1", evidence="S", source="TransportPutTrainedModelAction.checkModelIdAgainstTags")
def test_ids_and_tags_are_kept_apart(cluster: Cluster, name: str) -> None:
    """A model's id is no tag, and a tag no model's id."""
    put_model(cluster, name, tags=[f"{name}-tag"])
    reason = cluster.error("PUT", f"{MODELS}/{name}-tag", BODY, code=400)[1]
    assert reason == f"The provided model_id {name}-tag must not match existing tags."
    reason = cluster.error("PUT", f"{MODELS}/{name}-other", {**BODY, "tags": [name]}, code=400)[1]
    assert reason == f"The provided tags [{name}] must not match existing model_ids."


PARTS: dict[str, tuple[int, dict[str, Any], str]] = {
    "part": (-1, {}, "[part] must be greater or equal to 0"),
    "last": (2, {}, "[part] must be less than total_parts"),
    "parts": (0, {"total_parts": 0}, "[total_parts] must be greater than 0"),
    "many": (0, {"total_parts": 10001}, "[total_parts] must be less than or equal to 10000"),
    "length": (0, {"total_definition_length": 0}, "[total_definition_length] must be greater than 0"),
}


@fact("2.2", evidence="S", source="PutTrainedModelDefinitionPartAction.Request.validate")
@pytest.mark.parametrize("case", PARTS)
def test_numbers_of_a_part(cluster: Cluster, name: str, case: str) -> None:
    """The numbers of a part are checked before the model is looked for."""
    part, more, said = PARTS[case]
    body = {"definition": "AAAA", "total_definition_length": 6, "total_parts": 2, **more}
    kind, reason = cluster.error("PUT", f"{MODELS}/{name}/definition/{part}", body, code=400)
    assert kind == "action_request_validation_exception"
    assert said in reason


@fact("2.2", evidence="S", source="TransportPutTrainedModelDefinitionPartAction")
def test_a_part_wants_a_model(cluster: Cluster, name: str) -> None:
    """A part of a model that is not there is 404."""
    answer = put_part(cluster, name, 0, b"abc", length=3, parts=1, code=404)
    assert answer["error"]["reason"] == f"Could not find trained model [{name}]"


@fact("2.2", evidence="S", source="TrainedModelProvider.storeTrainedModelDefinitionDoc")
def test_parts_come_once_and_in_any_order(cluster: Cluster, name: str) -> None:
    """The last part may come first; a part that is there is refused and not overwritten."""
    put_model(cluster, name)
    put_part(cluster, name, 1, b"def", length=6, parts=2)
    assert _defined(cluster, name) is False
    put_part(cluster, name, 0, b"abc", length=6, parts=2)
    assert _defined(cluster, name) is True
    again = put_part(cluster, name, 0, b"xyz", length=6, parts=2, code=400)["error"]
    assert again["type"] == "resource_already_exists_exception"
    assert again["reason"] == f"Trained machine learning model chunked doc [{name}][0] already exists"


@fact("2.2", evidence="S", source="PutTrainedModelDefinitionPartAction.Request.PARSER")
def test_the_fields_of_a_part(cluster: Cluster, name: str) -> None:
    """A definition that is not base64 and a field too many are refused; numbers may be texts."""
    put_model(cluster, name)
    path = f"{MODELS}/{name}/definition/0"
    body = {"definition": "AAAA", "total_definition_length": "3", "total_parts": "1"}
    for more, said in (
        ({"definition": "!!!!"}, "[put_trained_model_part_action] failed to parse field [definition]"),
        ({"part": 0}, "[put_trained_model_part_action] unknown field [part]"),
    ):
        kind, reason = cluster.error("PUT", path, {**body, **more}, code=400)
        assert kind == "x_content_parse_exception"
        assert reason.endswith(said)
    assert cluster("PUT", path, body) == {"acknowledged": True}


@fact("2.3", evidence="S", source="PutTrainedModelVocabularyAction.Request.validate")
def test_the_vocabulary_is_checked(cluster: Cluster, name: str) -> None:
    """A vocabulary must hold something, and a score for each token if it has scores."""
    put_model(cluster, name)
    for body, said in (
        ({"vocabulary": []}, "[vocabulary] must not be empty"),
        ({"vocabulary": ["a", "b"], "scores": [1.0]}, "[scores] must have same length as [vocabulary]"),
    ):
        kind, reason = cluster.error("PUT", f"{MODELS}/{name}/vocabulary", body, code=400)
        assert kind == "action_request_validation_exception"
        assert said in reason


@fact("2.3", evidence="U", source="TrainedModelProvider.storeTrainedModelVocabulary; the status follows from create")
def test_the_vocabulary_comes_once(cluster: Cluster, name: str) -> None:
    """A second vocabulary is refused with 400."""
    put_model(cluster, name)
    cluster("PUT", f"{MODELS}/{name}/vocabulary", {"vocabulary": ["[UNK]"]})
    kind, _ = cluster.error("PUT", f"{MODELS}/{name}/vocabulary", {"vocabulary": ["[UNK]"]}, code=400)
    assert kind == "resource_already_exists_exception"


@fact("2.4", evidence="T", source="inference_crud.yml")
def test_wildcards_lists_and_pages(cluster: Cluster, name: str) -> None:
    """Ids, lists and wildcards find models in the order of their ids; ``count`` is that of all."""
    for letter in "bac":
        put_model(cluster, f"{name}{letter}", tags=[f"{name}-t", f"{name}-{letter}t"])
    assert _ids(cluster, f"{name}*") == (3, [f"{name}a", f"{name}b", f"{name}c"])
    assert _ids(cluster, f"{name}c,{name}a") == (2, [f"{name}a", f"{name}c"])
    assert _ids(cluster, f"{name}*", "?from=1&size=1") == (3, [f"{name}b"])
    assert _ids(cluster, "*", f"?tags={name}-t,{name}-bt") == (1, [f"{name}b"])
    assert _ids(cluster, f"{name}x*") == (0, [])
    for path in (f"{name}x", f"{name}x*?allow_no_match=false", f"{name}a,{name}x"):
        kind, reason = cluster.error("GET", f"{MODELS}/{path}", code=404)
        assert kind == "resource_not_found_exception"
        assert reason.startswith("No known trained model with model_id [")


@fact("2.4", evidence="S", source="TransportGetTrainedModelsAction; inference_crud.yml")
def test_the_status_of_a_definition_is_that_of_one_model(cluster: Cluster, name: str) -> None:
    """``include=definition_status`` is refused for several models, and ``definition`` too."""
    for letter in "ab":
        put_model(cluster, f"{name}{letter}")
    for include, said in (
        ("definition_status", "Getting the model download status is not supported when getting more than one model"),
        ("definition", "Getting model definition is not supported when getting more than one model"),
    ):
        assert said in cluster.error("GET", f"{MODELS}/{name}*?include={include}", code=400)[1]
    (config,) = cluster("GET", f"{MODELS}/{name}a")["trained_model_configs"]
    assert "fully_defined" not in config


@fact("2.4", evidence="T", source="PyTorchModelIT.testGetPytorchModelWithDefinition; TrainedModelProvider")
def test_the_definition_of_a_pytorch_model_stays_where_it_is(cluster: Cluster, name: str) -> None:
    """``include=definition`` is refused for a model of PyTorch."""
    put_model(cluster, name)
    assert cluster.error("GET", f"{MODELS}/{name}?include=definition", code=400) == (
        "status_exception",
        f"[{name}] is type [pytorch] and does not support retrieving the definition",
    )


@fact("2.4", evidence="S", source="TransportGetTrainedModelsAction; inference_crud.yml")
def test_the_status_of_a_definition_is_that_of_pytorch(cluster: Cluster) -> None:
    """``include=definition_status`` is refused for a model that is not of PyTorch."""
    path = f"{MODELS}/lang_ident_model_1?include=definition_status"
    assert cluster.error("GET", path, code=400)[1] == "Definition status is only relevant to PyTorch model types"


@fact("2.4", evidence="S", source="TrainedModelConfig.toXContent")
def test_generated_fields_can_be_left_out(cluster: Cluster, name: str) -> None:
    """``exclude_generated`` leaves out what a PUT would refuse; ``human`` adds twins."""
    put_model(cluster, name)
    (bare,) = cluster("GET", f"{MODELS}/{name}?exclude_generated=true")["trained_model_configs"]
    assert {"created_by", "version", "create_time", "model_size_bytes", "license_level"}.isdisjoint(bare)
    (twins,) = cluster("GET", f"{MODELS}/{name}?human=true")["trained_model_configs"]
    assert (twins["model_size"], twins["create_time_string"][10:11]) == ("0b", "T")


@fact("2.10", evidence="S", source="TransportDeleteTrainedModelAction")
def test_a_model_in_use_is_kept(cluster: Cluster, name: str) -> None:
    """A model that a pipeline names is deleted by force only."""
    put_model(cluster, name)
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"inference": {"model_id": name}}]})
    kind, reason = cluster.error("DELETE", f"{MODELS}/{name}", code=409)
    assert kind == "status_exception"
    assert reason.startswith(f"Cannot delete model [{name}] as it is still referenced by ingest processors; use force")
    assert cluster("DELETE", f"{MODELS}/{name}?force=true") == {"acknowledged": True}
    assert cluster.error("DELETE", f"{MODELS}/{name}?force=true", code=404)[0] == "resource_not_found_exception"


@fact("2.10", evidence="T", source="inference_crud.yml; release notes of 8.19.19", since=(8, 19, 19), until=(9,))
def test_a_model_that_is_gone_is_404_in_the_last_of_8(cluster: Cluster, name: str) -> None:
    """A model that is not there is 404 first, whatever names it."""
    _delete_what_is_gone(cluster, name, 404)


@fact("2.10", evidence="T", source="inference_crud.yml; elasticsearch#107188, merged before 9.5", since=(9, 5))
def test_a_model_that_is_gone_is_404_though_a_pipeline_names_it(cluster: Cluster, name: str) -> None:
    """A model that is not there is 404 first, whatever names it."""
    _delete_what_is_gone(cluster, name, 404)


@fact("2.10", evidence="S", source="TransportDeleteTrainedModelAction of 9.0", since=(9,), until=(9, 3))
def test_pipelines_were_looked_at_first(cluster: Cluster, name: str) -> None:
    """A model that is not there is 409 while a pipeline names it."""
    _delete_what_is_gone(cluster, name, 409)


def _delete_what_is_gone(cluster: Cluster, name: str, code: int) -> None:
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"inference": {"model_id": name}}]})
    kind = {404: "resource_not_found_exception", 409: "status_exception"}[code]
    assert cluster.error("DELETE", f"{MODELS}/{name}", code=code)[0] == kind


def _defined(cluster: Cluster, name: str) -> bool:
    (config,) = cluster("GET", f"{MODELS}/{name}?include=definition_status")["trained_model_configs"]
    found: bool = config["fully_defined"]
    return found


def _ids(cluster: Cluster, expression: str, query: str = "") -> tuple[int, list[str]]:
    answer = cluster("GET", f"{MODELS}/{expression}{query}")
    return answer["count"], [config["model_id"] for config in answer["trained_model_configs"]]
