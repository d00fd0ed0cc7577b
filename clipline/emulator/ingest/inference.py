"""The ``inference`` processor: both output shapes, and the siblings it writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.ingest.document import IngestDocument, java
from clipline.emulator.ml.infer_options import checked_override

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_NEW = {"model_id", "input_output", "inference_config", "ignore_missing"}
_KINDS: tuple[tuple[str, type, str], ...] = (
    ("model_id", str, "a string"),
    ("target_field", str, "a string"),
    ("field_map", dict, "a map"),
    ("field_mappings", dict, "a map"),
    ("inference_config", dict, "a map"),
    ("ignore_missing", bool, "a boolean"),
)
_OLD = {"model_id", "target_field", "field_map", "field_mappings", "inference_config", "ignore_missing"}


def check_inference(options: dict[str, Any], tag: str | None) -> None:
    """Check the options when a pipeline is stored; that the model exists is not asked.

    Raises:
        ApiError: 400 ``parse_exception``.
    """
    meta = {"processor_type": "inference", **({"processor_tag": tag} if tag else {})}

    for name in [name for name, value in options.items() if value is None]:
        del options[name]  # null is the default

    def wrong(reason: str, name: str) -> ApiError:
        return ApiError(400, "parse_exception", reason, meta={**meta, "property_name": name})

    if "model_id" not in options:
        raise wrong("[model_id] required property is missing", "model_id")
    for name, kind, label in _KINDS:
        if name in options and not isinstance(options[name], kind):
            raise wrong(f"[{name}] property isn't {label}, but of type [{java(options[name])}]", name)
    known = _NEW if "input_output" in options else _OLD
    if "input_output" in options and "target_field" in options:
        raise wrong(
            "[target_field] option is incompatible with [input_output]. Use the [output_field] option to specify where "
            "to write the inference results to.",
            "target_field",
        )
    unknown = [key for key in options if key not in known]
    if unknown:
        raise ApiError(
            400,
            "parse_exception",
            "processor [inference] doesn't support one or more provided configuration parameters "
            f"[{', '.join(unknown)}]",
            meta=meta,
        )
    update = checked_override(options["inference_config"])[1] if "inference_config" in options else {}
    if "input_output" not in options:
        return
    if "results_field" in update:
        raise wrong(
            "The [inference_config.results_field] setting is incompatible with using [input_output]. Prefer to use the "
            "[input_output.output_field] option to specify where to write the inference results to.",
            "results_field",
        )
    given = options["input_output"]
    if not isinstance(given, dict | list):
        raise wrong("[input_output] property isn't a map or list of maps", "input_output")
    if isinstance(given, list) and not all(isinstance(pair, dict) for pair in given):
        raise wrong("[input_output] property isn't a list of maps", "input_output")
    pairs = _pairs(options)
    if not pairs:
        raise wrong("[input_output] property cannot be empty at least one is required", "input_output")
    seen: set[str] = set()
    for pair in pairs:
        for key in ("input_field", "output_field"):
            if key not in pair:
                raise wrong(f"[{key}] required property is missing", key)
            if not isinstance(pair[key], str):
                raise wrong(f"[{key}] property isn't a string, but of type [{java(pair[key])}]", key)
        if pair["input_field"] in seen:
            raise wrong(f"[input_field] names must be unique but [{pair['input_field']}] is repeated", "input_field")
        seen.add(pair["input_field"])


def run_inference(node: Node, options: Mapping[str, Any], document: IngestDocument, tag: str | None) -> None:
    """Run the processor on a document.

    Raises:
        ApiError: the input is missing or no text, or the model cannot answer.
    """
    if "input_output" in options:
        _by_pairs(node, options, document)
    else:
        _by_target(node, options, document, tag)


def _by_pairs(node: Node, options: Mapping[str, Any], document: IngestDocument) -> None:
    first = True
    for pair in _pairs(options):
        source, target = pair["input_field"], pair["output_field"]
        if not document.has(source) or document.get(source) is None:
            if options.get("ignore_missing"):
                continue
            raise illegal_argument(f"field [{source}] not present as part of path [{source}]")
        text = document.get(source)
        if not isinstance(text, str):
            raise illegal_argument(f"input field [{source}] cannot be processed because it is not a text field")
        result = node.models.infer_text(
            options["model_id"], text, prefix="ingest", config_update=options.get("inference_config")
        )
        value = next(value for key, value in result.items() if key != "is_truncated")
        document.append(target, value)
        parent = target.rpartition(".")[0]
        beside = f"{parent}." if parent else ""
        if first:
            document.append(f"{beside}model_id", node.models.reported_id(options["model_id"]))
        if result.get("is_truncated"):
            document.append(f"{beside}is_truncated", True)
        first = False


def _by_target(node: Node, options: Mapping[str, Any], document: IngestDocument, tag: str | None) -> None:
    default = f"ml.inference.{tag}" if tag else "ml.inference"
    target = options.get("target_field", default)
    mapping = options.get("field_map") or options.get("field_mappings") or {}
    doc = dict(document.source)
    for source, name in mapping.items():
        if document.has(source):
            doc[name] = document.get(source)
    (result,) = node.models.infer(
        options["model_id"], [doc], prefix="ingest", config_update=options.get("inference_config")
    )
    document.append(target, {**result, "model_id": node.models.reported_id(options["model_id"])})


def _pairs(options: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = options["input_output"]
    return [given] if isinstance(given, Mapping) else list(given)
