"""Models, parts, vocabularies and aliases, asked by the genuine client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from clipline.emulator.launch import running_emulator
from tests.emulator.ml_tiny import put_tiny

TEXT: dict[str, Any] = {"text_embedding": {}}
BERT = {
    "do_lower_case": False,
    "with_special_tokens": True,
    "max_sequence_length": 512,
    "truncate": "first",
    "span": -1,
}


@pytest.fixture(scope="module")
def own_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulator of this module's own: it is emptied between tests."""
    with running_emulator(tmp_path_factory.mktemp("own")) as url:
        yield url


@pytest.fixture
def es(own_url: str) -> Iterator[Elasticsearch]:
    """A client of an emulator that holds no model before and after."""
    with Elasticsearch(own_url, request_timeout=60) as client:
        _clear(client)
        yield client
        _clear(client)


def _clear(client: Elasticsearch) -> None:
    for pipeline in client.ingest.get_pipeline():
        client.ingest.delete_pipeline(id=pipeline)
    for config in client.ml.get_trained_models()["trained_model_configs"]:
        if config["model_id"] != "lang_ident_model_1":
            client.ml.delete_trained_model(model_id=config["model_id"], force=True)


def _refusal(status: int, kind: str, reason: str, call: Any, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(ApiError) as caught:
        call(*args, **kwargs)
    error = caught.value.body["error"]
    assert (caught.value.status_code, error["type"]) == (status, kind), error
    assert reason in error["reason"]


def test_put_shows_defaults_in_the_servers_order(es: Elasticsearch) -> None:
    answer = es.ml.put_trained_model(
        model_id="m",
        model_type="pytorch",
        description="d",
        tags=["t"],
        inference_config=TEXT,
        prefix_strings={"ingest": "passage: "},
    )
    created = answer["create_time"]
    assert isinstance(created, int)
    assert list(answer.items()) == [
        ("model_id", "m"),
        ("model_type", "pytorch"),
        ("created_by", "api_user"),
        ("version", "12.0.0"),
        ("create_time", created),
        ("model_size_bytes", 0),
        ("estimated_operations", 0),
        ("license_level", "platinum"),
        ("description", "d"),
        ("tags", ["t"]),
        ("input", {"field_names": ["input"]}),
        (
            "inference_config",
            {
                "text_embedding": {
                    "vocabulary": {"index": ".ml-inference-native-000002"},
                    "tokenization": {"bert": BERT},
                }
            },
        ),
        ("location", {"index": {"name": ".ml-inference-native-000002"}}),
        ("prefix_strings", {"ingest": "passage: "}),
    ]
    assert es.ml.get_trained_models(model_id="m")["trained_model_configs"] == [answer.body]


PUT_REFUSALS: dict[str, tuple[str, dict[str, Any], int, str, str]] = {
    "capital": ("Model", {}, 400, "action_request_validation_exception", "Invalid model_id; 'Model' can contain"),
    "dash": ("m-", {}, 400, "action_request_validation_exception", "must start and end with alphanumeric"),
    "long": ("m" * 65, {}, 400, "action_request_validation_exception", "cannot contain more than 64 characters."),
    "elastic": (".elser", {}, 501, "emulator_unsupported_exception", "[.elser]"),
    "tag": ("n", {"tags": ["T"]}, 400, "action_request_validation_exception", "Invalid tags [T]"),
    "own tag": ("n", {"tags": ["n"]}, 400, "action_request_validation_exception", "must equal the model_id"),
    "tag of a model": ("n", {"tags": ["old"]}, 400, "status_exception", "must not match existing model_ids."),
    "id of a tag": ("tagged", {}, 400, "status_exception", "model_id tagged must not match existing tags."),
    "generated": ("n", {"version": "1"}, 400, "action_request_validation_exception", "illegal to set [version]"),
    "unknown": ("n", {"foo": 1}, 400, "x_content_parse_exception", "unknown field [foo]"),
    "again": ("old", {}, 400, "resource_already_exists_exception", "Trained machine learning model [old] already"),
    "alias": ("nick", {}, 400, "status_exception", "requested model_id [nick] is the same as an existing model_alias"),
    "tree": ("n", {"model_type": "tree_ensemble"}, 501, "emulator_unsupported_exception", "[tree_ensemble]"),
    "two tasks": (
        "n", {"inference_config": {"ner": {}, "text_embedding": {}}}, 400, "status_exception", "one inference type",
    ),
    "no task": ("n", {"inference_config": {"x": {}}}, 400, "status_exception", "configuration type [x]. Supported"),
    "ner": ("n", {"inference_config": {"ner": {}}}, 501, "emulator_unsupported_exception", "the task [ner]"),
    "mpnet": (
        "n", {"inference_config": {"text_embedding": {"tokenization": {"mpnet": {}}}}}, 501,
        "emulator_unsupported_exception", "[mpnet]",
    ),
    "span": (
        "n", {"inference_config": {"text_embedding": {"tokenization": {"bert": {"span": 3}}}}}, 400,
        "illegal_argument_exception", "[span] must not be provided when [truncate] is [first]",
    ),
    "truncate": (
        "n", {"inference_config": {"text_embedding": {"tokenization": {"bert": {"truncate": "last"}}}}}, 400,
        "illegal_argument_exception", "Tokenization.Truncate.LAST",
    ),
    "tags no list": ("n", {"tags": 7}, 400, "x_content_parse_exception", "tags doesn't support values of type"),
    "input no object": ("n", {"input": 7}, 400, "x_content_parse_exception", "input doesn't support values of type"),
}  # fmt: skip


def test_put_refusals(es: Elasticsearch) -> None:
    es.ml.put_trained_model(model_id="old", model_type="pytorch", inference_config=TEXT, tags=["tagged"])
    es.ml.put_trained_model_alias(model_id="old", model_alias="nick")
    for name, (model_id, more, status, kind, reason) in PUT_REFUSALS.items():
        body = {"model_type": "pytorch", "inference_config": TEXT, **more}
        try:
            _refusal(
                status, kind, reason, es.perform_request, "PUT", f"/_ml/trained_models/{model_id}",
                body=body, headers={"content-type": "application/json", "accept": "application/json"},
            )  # fmt: skip
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


def test_parts(es: Elasticsearch) -> None:
    put = es.ml.put_trained_model_definition_part
    good: dict[str, Any] = {"definition": "AAAA", "total_definition_length": 6, "total_parts": 2}
    _refusal(404, "resource_not_found_exception", "Could not find trained model [m]", put, model_id="m", part=0, **good)
    es.ml.put_trained_model(model_id="m", model_type="pytorch", inference_config=TEXT)
    for more, part, reason in (
        ({"total_parts": 0}, 0, "[total_parts] must be greater than 0;"),
        ({"total_parts": 10001}, 0, "[total_parts] must be less than or equal to 10000;"),
        ({"total_definition_length": 0}, 0, "[total_definition_length] must be greater than 0;"),
        ({}, -1, "[part] must be greater or equal to 0;"),
        ({}, 2, "[part] must be less than total_parts;"),
    ):
        _refusal(
            400, "action_request_validation_exception", f"Validation Failed: 1: {reason}",
            put, model_id="m", part=part, **{**good, **more},
        )  # fmt: skip
    for value in (1 << 63, (1 << 64) - 1, 1e300, "six"):
        _refusal(
            400, "x_content_parse_exception", "failed to parse field [total_definition_length]",
            put, model_id="m", part=0, **{**good, "total_definition_length": value},
        )  # fmt: skip
    _refusal(400, "illegal_argument_exception", "int parameter [part]", put, model_id="m", part="0_0", **good)
    for definition in ("!!", "AAA", "AAAA=", "AA\u00e9A"):
        _refusal(
            400, "x_content_parse_exception", "[put_trained_model_part_action] failed to parse field [definition]",
            put, model_id="m", part=0, **{**good, "definition": definition},
        )  # fmt: skip
    for part, complete in ((1, False), (0, True)):
        as_text = {**good, "total_parts": "2", "definition": "AA\r\n AA"}  # the parser takes both
        assert put(model_id="m", part=part, **as_text) == {"acknowledged": True}
        (config,) = es.ml.get_trained_models(model_id="m", include="definition_status")["trained_model_configs"]
        assert config["fully_defined"] is complete
    _refusal(
        400, "resource_already_exists_exception", "Trained machine learning model chunked doc [m][0] already exists",
        put, model_id="m", part=0, **good,
    )  # fmt: skip


def test_vocabulary(es: Elasticsearch) -> None:
    put = es.ml.put_trained_model_vocabulary
    _refusal(404, "resource_not_found_exception", "model [m]", put, model_id="m", vocabulary=["[UNK]"])
    es.ml.put_trained_model(model_id="m", model_type="pytorch", inference_config=TEXT)
    _refusal(400, "action_request_validation_exception", "must not be empty", put, model_id="m", vocabulary=[])
    _refusal(400, "x_content_parse_exception", "field [vocabulary]", put, model_id="m", vocabulary=["a", None])
    assert put(model_id="m", vocabulary=["[UNK]"]) == {"acknowledged": True}
    _refusal(400, "resource_already_exists_exception", "[m]", put, model_id="m", vocabulary=["[UNK]"])


def test_get_by_expression(es: Elasticsearch) -> None:
    for name, tags in (("b1", ["x", "y"]), ("a1", ["x"]), ("a2", [])):
        es.ml.put_trained_model(model_id=name, model_type="pytorch", inference_config=TEXT, tags=tags)
    es.ml.put_trained_model_alias(model_id="b1", model_alias="nick")

    def names(expression: str | None = None, **more: Any) -> tuple[int, list[str]]:
        answer = es.ml.get_trained_models(model_id=expression, **more)
        return answer["count"], [config["model_id"] for config in answer["trained_model_configs"]]

    every = ["a1", "a2", "b1", "lang_ident_model_1"]
    assert names() == names("_all") == names("*") == (4, every)
    assert names("a*") == names("a1,a2") == (2, ["a1", "a2"])
    assert names("nick") == names("ni*") == (1, ["b1"])
    assert names("x*") == (0, [])
    assert names("[a]*") == (0, [])
    assert names(from_=1, size=2) == (4, ["a2", "b1"])
    assert names(tags="x") == (2, ["a1", "b1"])
    assert names(tags="x,y") == (1, ["b1"])
    (config,) = es.ml.get_trained_models(model_id="b1")["trained_model_configs"]
    assert config["metadata"] == {"model_aliases": ["nick"]}
    (config,) = es.ml.get_trained_models(model_id="a1", exclude_generated=True)["trained_model_configs"]
    assert list(config) == ["model_id", "model_type", "tags", "input", "inference_config", "location"]
    missing = "No known trained model with model_id [{}]"
    _refusal(404, "resource_not_found_exception", missing.format("zz"), es.ml.get_trained_models, model_id="zz")
    _refusal(
        404, "resource_not_found_exception", missing.format("z*"),
        es.ml.get_trained_models, model_id="z*", allow_no_match=False,
    )  # fmt: skip
    _refusal(
        400, "status_exception", "Getting model definition is not supported when getting more than one model",
        es.ml.get_trained_models, include="definition",
    )  # fmt: skip
    for code, kind, said, model in (
        (400, "status_exception", "[a1] is type [pytorch] and does not support retrieving the definition", "a1"),
        (501, "emulator_unsupported_exception", "include=definition of models of trees", "lang_ident_model_1"),
    ):
        _refusal(code, kind, said, es.ml.get_trained_models, model_id=model, include="definition")
    _refusal(400, "illegal_argument_exception", "[nonsense]", es.ml.get_trained_models, include="nonsense")


def test_alias_rules(es: Elasticsearch) -> None:
    put = es.ml.put_trained_model_alias
    _refusal(404, "resource_not_found_exception", "[m]", put, model_id="m", model_alias="nick")
    for name in ("m", "n"):
        put_tiny(es, name)
    for alias in ("nick1", "Nick", "-nick", "sentence-transformers__clip-v1"):
        _refusal(
            400, "action_request_validation_exception", f"Invalid model_alias; '{alias}' can contain lowercase",
            put, model_id="m", model_alias=alias,
        )  # fmt: skip
    _refusal(400, "status_exception", "same as an existing trained model_id", put, model_id="m", model_alias="n")
    _refusal(400, "action_request_validation_exception", "[n]", put, model_id="n", model_alias="n")
    assert put(model_id="m", model_alias="nick") == {"acknowledged": True}
    # Not even to the model that it has.
    _refusal(400, "status_exception", "already refers to [m]", put, model_id="m", model_alias="nick")
    assert put(model_id="m", model_alias="nick", reassign=True) == {"acknowledged": True}
    _refusal(
        400, "status_exception",
        "cannot assign model_alias [nick] to model_id [n] as model_alias already refers to [m]. Set parameter [reassign] "
        "to [true] if model_alias should be reassigned.",
        put, model_id="n", model_alias="nick",
    )  # fmt: skip
    es.ml.start_trained_model_deployment(model_id="m", wait_for="starting")
    _refusal(
        400, "status_exception", "cannot reassign model_alias [nick] to model [n] from model [m] as it is not yet deployed",
        put, model_id="n", model_alias="nick", reassign=True,
    )  # fmt: skip
    es.ml.stop_trained_model_deployment(model_id="m")
    put(model_id="n", model_alias="nick", reassign=True)
    delete = es.ml.delete_trained_model_alias
    _refusal(404, "status_exception", "model_alias [nock] could not be found", delete, model_id="n", model_alias="nock")
    _refusal(
        409, "status_exception", "does not refer to provided model_id [m]", delete, model_id="m", model_alias="nick"
    )
    es.ingest.put_pipeline(id="p", processors=[{"inference": {"model_id": "nick"}}])
    _refusal(
        409, "status_exception", "Cannot delete model_alias [nick] as it is still referenced by ingest processors",
        delete, model_id="n", model_alias="nick",
    )  # fmt: skip
    _refusal(
        409, "status_exception",
        "Cannot delete model [n] as it has a model_alias [nick] that is still referenced by ingest processors; "
        "use force to delete the model",
        es.ml.delete_trained_model, model_id="n",
    )  # fmt: skip
    es.ingest.delete_pipeline(id="p")
    assert delete(model_id="n", model_alias="nick") == {"acknowledged": True}


def test_delete(es: Elasticsearch) -> None:
    delete = es.ml.delete_trained_model
    _refusal(404, "resource_not_found_exception", "Could not find trained model [m]", delete, model_id="m")
    _refusal(400, "status_exception", "required by machine learning", delete, model_id="lang_ident_model_1")
    put_tiny(es, "m")
    es.ingest.put_pipeline(
        id="p", processors=[{"set": {"field": "a", "value": 1, "on_failure": [{"inference": {"model_id": "m"}}]}}]
    )
    _refusal(409, "status_exception", "[m] as it is still referenced by ingest processors", delete, model_id="m")
    es.ingest.delete_pipeline(id="p")
    es.ml.start_trained_model_deployment(model_id="m", wait_for="starting")
    _refusal(
        409, "status_exception", "Cannot delete model [m] as it is currently deployed; use force to delete the model",
        delete, model_id="m",
    )  # fmt: skip
    assert delete(model_id="m", force=True) == {"acknowledged": True}
    assert es.ml.get_trained_models(model_id="m*")["count"] == 0
    # Nothing of the old definition is left behind.
    es.ml.put_trained_model(model_id="m", model_type="pytorch", inference_config=TEXT)
    (config,) = es.ml.get_trained_models(model_id="m", include="definition_status")["trained_model_configs"]
    assert config["fully_defined"] is False


def test_info(es: Elasticsearch) -> None:
    info = es.ml.info()
    assert info["native_code"]["version"] == "9.2.0"
    assert info["limits"]["max_single_ml_node_processors"] >= 1
