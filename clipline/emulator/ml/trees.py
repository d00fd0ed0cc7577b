"""Definitions of tree models: read and checked as the server does; they are kept as resources and cannot be run.

Sources: Tree.validate, Ensemble.validate, their estimatedNumOperations, TransportPutTrainedModelAction.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import math
import zlib
from collections import deque
from dataclasses import dataclass
from typing import Any

import orjson

from clipline.emulator.errors import ApiError, status_error, unsupported, wrong_kind
from clipline.emulator.ml.bodies import check_fields

_TARGETS = ("regression", "classification")
_TREE = {"feature_names", "tree_structure", "target_type", "classification_labels"}
_ENSEMBLE = {"feature_names", "trained_models", "aggregate_output", "target_type", "classification_labels",
             "classification_weights"}  # fmt: skip
_NODE = {"node_index", "split_feature", "split_gain", "threshold", "decision_type", "default_left", "left_child",
         "right_child", "leaf_value", "number_samples"}  # fmt: skip
_AGGREGATORS = ("weighted_sum", "weighted_mode", "logistic_regression", "exponent")
_NODE_BYTES, _NAME_BYTES, _MODEL_BYTES = 96, 56, 64
"""About what nodes, names and models take of a Java heap; the server measures its own."""
_LARGEST = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TreeModel:
    """What is told of a definition: the kind of its results, operations of one inference, bytes (about)."""

    target: str
    operations: int
    size: int


def read_definition(definition: Any) -> TreeModel:
    """A definition, checked.

    Raises:
        ApiError: 400 for what is wrong, 501 for preprocessors and other kinds of models.
    """
    if not isinstance(definition, dict):
        raise wrong_kind("trained_model_definition", "definition", definition)
    check_fields(definition, {"preprocessors", "trained_model"}, "trained_model_definition")
    if definition.get("preprocessors"):
        raise unsupported("preprocessors of a trained model")
    model = definition.get("trained_model")
    if model is None:
        raise status_error(400, "[trained_model] must not be null.")
    return _model(model)


def decompressed(model_id: str, text: str) -> Any:
    """The definition in a ``compressed_definition``: JSON in gzip in base64.

    Raises:
        ApiError: 400, or 501 for one that is very large.
    """
    try:
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        plain = inflater.decompress(base64.b64decode(text, validate=True), _LARGEST)
        if inflater.unconsumed_tail:
            raise unsupported(f"a definition that inflates to more than {_LARGEST} bytes")
        if not inflater.eof:
            raise ValueError("Unexpected end of ZLIB input stream")
        return orjson.loads(plain)
    except (binascii.Error, ValueError, zlib.error, gzip.BadGzipFile) as error:
        raise ApiError(
            400,
            "status_exception",
            f"Failed to parse definition for [{model_id}]",
            caused_by={"type": "i_o_exception", "reason": str(error)},
        ) from error


def _model(named: Any) -> TreeModel:
    if not isinstance(named, dict) or len(named) != 1:
        raise status_error(400, "[trained_model] must be an object with one model")
    ((kind, body),) = named.items()
    if kind not in ("tree", "ensemble"):
        raise unsupported(f"trained models of the kind [{kind}]")
    if not isinstance(body, dict):
        raise wrong_kind(kind, kind, body)
    return _tree(body) if kind == "tree" else _ensemble(body)


def _tree(body: dict[str, Any]) -> TreeModel:
    check_fields(body, _TREE, "tree")
    names, nodes = _texts("tree", body, "feature_names"), body.get("tree_structure")
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise wrong_kind("tree", "tree_structure", nodes)
    for node in nodes:
        check_fields(node, _NODE, "tree_node")
        for key in ("node_index", "split_feature", "left_child", "right_child"):
            if not isinstance(node.get(key, 0), int) or isinstance(node.get(key), bool):
                raise wrong_kind("tree_node", key, node[key])
    highest = max((node.get("split_feature", -1) for node in nodes), default=-1)
    if highest >= len(names):
        raise status_error(400, f"feature index [{highest}] is out of bounds for the [feature_names] array")
    if len(nodes) > 1 and not names:
        raise status_error(
            400,
            f"[feature_names] is empty and the tree has > 1 nodes; num nodes [{len(nodes)}]. The model Must have features "
            "if tree is not a stump",
        )
    target = _target("tree", body)
    if (target == "classification") != (body.get("classification_labels") is not None):
        raise status_error(
            400, "[target_type] should be [classification] if [classification_labels] is provided, and vice versa"
        )
    _check_structure(nodes)
    operations = math.ceil(math.log(len(nodes))) + len(names) if nodes else len(names)
    return TreeModel(target, operations, _MODEL_BYTES + _NODE_BYTES * len(nodes) + _weight(names))


def _check_structure(nodes: list[dict[str, Any]]) -> None:
    children = [[node.get(key, -1) for key in ("left_child", "right_child")] for node in nodes]
    missing = [child for pair in children for child in pair if child >= len(nodes)]
    if missing:
        raise status_error(400, f"[tree] contains missing nodes [{', '.join(map(str, missing))}]")
    visited: set[int] = set()
    waiting = deque([0] if nodes else [])
    while waiting:
        number = waiting.popleft()
        if number in visited:
            raise status_error(400, f"[tree] contains cycle at node {number}")
        visited.add(number)
        waiting += [child for child in children[number] if child >= 0]


def _ensemble(body: dict[str, Any]) -> TreeModel:
    check_fields(body, _ENSEMBLE, "ensemble")
    names, given = _texts("ensemble", body, "feature_names", optional=True), body.get("trained_models")
    if not isinstance(given, list):
        raise wrong_kind("ensemble", "trained_models", given)
    if not given:
        raise status_error(400, "[trained_models] must not be empty")
    target, labels = _target("ensemble", body), body.get("classification_labels")
    weights, aggregate = body.get("classification_weights"), body.get("aggregate_output")
    if aggregate is not None and not (isinstance(aggregate, dict) and len(aggregate) == 1):
        raise status_error(400, "[aggregate_output] must have exactly one aggregator defined.")
    if aggregate is not None and (kind := next(iter(aggregate))) not in _AGGREGATORS:
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [ensemble] unknown field [{kind}]")
    if (labels is not None or weights is not None) and target != "classification":
        raise status_error(
            400,
            "[target_type] should be [classification] if [classification_labels] or [classification_weights] are provided",
        )
    models = [_model(one) for one in given]
    average = math.ceil(sum(model.operations for model in models) / len(models))
    size = _MODEL_BYTES + sum(model.size for model in models) + _weight(names)
    return TreeModel(target, average + 2 * (len(models) - 1), size)


def _target(parser: str, body: dict[str, Any]) -> str:
    target = body.get("target_type", "regression")
    if not isinstance(target, str):
        raise wrong_kind(parser, "target_type", target)
    if target.lower() not in _TARGETS:
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [{parser}] failed to parse field [target_type]")
    return target.lower()


def _texts(parser: str, body: dict[str, Any], name: str, *, optional: bool = False) -> list[str]:
    value = body.get(name, [] if optional else None)
    if value is None:
        raise status_error(400, f"[{name}] must not be null.")
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong_kind(parser, name, value)
    return value


def _weight(names: list[str]) -> int:
    return sum(_NAME_BYTES + len(name) for name in names)
