"""The ``inference`` processor (InferenceProcessor): both output shapes, and the siblings it writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import IngestDocument
from clipline.emulator.ml.infer_options import checked_override

if TYPE_CHECKING:
    from clipline.emulator.ingest.processors.base import Work
    from clipline.emulator.node import Node

_DEFAULT_TARGET = "ml.inference"


def inference(options: Options) -> Work:
    """Read the options when a pipeline is stored; that the model exists is not asked.

    Raises:
        ApiError: 400 ``parse_exception``, or 501 for a task that is not emulated.
    """
    model = options.string("model_id")
    config = options.mapping("inference_config", None)
    override = checked_override(config)[1] if config is not None else {}
    if options.values.get("input_output") is not None:
        return _with_pairs(options, model, config, override)
    target = options.string("target_field", f"{_DEFAULT_TARGET}.{options.tag}" if options.tag else _DEFAULT_TARGET)
    field_map = options.mapping("field_map", None)
    if field_map is None:
        field_map = options.mapping("field_mappings", {})
    options.boolean("ignore_missing")  # taken, and without effect in this style

    def work(document: IngestDocument) -> None:
        _by_target(options.node, model, config, document, target, field_map)

    return work


def _with_pairs(options: Options, model: str, config: Any, override: Mapping[str, Any]) -> Work:
    pairs = _pairs(options)
    if options.string("target_field", None) is not None:
        raise options.wrong(
            "target_field",
            "option is incompatible with [input_output]. Use the [output_field] option to specify where to write the "
            "inference results to.",
        )
    if override.get("results_field") is not None:
        raise options.wrong(
            None,
            "The [inference_config.results_field] setting is incompatible with using [input_output]. Prefer to use the "
            "[input_output.output_field] option to specify where to write the inference results to.",
        )
    ignore_missing = options.boolean("ignore_missing")

    def work(document: IngestDocument) -> None:
        _by_pairs(options.node, model, config, document, pairs, ignore_missing)

    return work


def _pairs(options: Options) -> list[tuple[str, str]]:
    given = options.optional("input_output")
    if not isinstance(given, dict | list):
        raise options.wrong("input_output", "property isn't a map or list of maps")
    maps = given if isinstance(given, list) else [given]
    if not maps:
        raise options.wrong("input_output", "property cannot be empty at least one is required")
    if not all(isinstance(pair, dict) for pair in maps):
        raise options.wrong("input_output", "property isn't a list of maps")
    pairs: list[tuple[str, str]] = []
    for pair in maps:
        one = Options(options.node, options.kind, options.tag, dict(pair))
        pairs.append((one.string("input_field"), one.string("output_field")))
        one.finish()
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise options.wrong("input_field", f"names must be unique but [{name}] is repeated")
        seen.add(name)
    return pairs


def _by_pairs(
    node: Node, model: str, config: Any, document: IngestDocument, pairs: list[tuple[str, str]], ignore_missing: bool
) -> None:
    # All inputs are gathered before the model is asked, and all it says before the document is changed.
    texts: list[tuple[str, str]] = []
    for source, target in pairs:
        text = document.get(source, ignore_missing=ignore_missing)
        if text is None and ignore_missing:
            continue
        if not isinstance(text, str):
            raise illegal_argument(f"input field [{source}] cannot be processed because it is not a text field")
        texts.append((target, text))
    results = [node.models.infer_text(model, text, prefix="ingest", config_update=config) for _, text in texts]
    for number, ((target, _), result) in enumerate(zip(texts, results, strict=True)):
        value = next(value for key, value in result.items() if key != "is_truncated")
        parent = target.rpartition(".")[0]
        beside = f"{parent}." if parent else ""
        _put(document, target, value)
        if result.get("is_truncated"):
            _put(document, f"{beside}is_truncated", True)
        if number == 0:
            _put(document, f"{beside}model_id", node.models.reported_id(model))


def _by_target(
    node: Node, model: str, config: Any, document: IngestDocument, target: str, field_map: Mapping[str, Any]
) -> None:
    fields = dict(document.source)
    for source, name in field_map.items():
        value = document.get(source, ignore_missing=True)
        if value is not None:
            fields[str(name)] = value
    (result,) = node.models.infer(model, [fields], prefix="ingest", config_update=config)
    _put(document, target, {**result, "model_id": node.models.reported_id(model)})


def _put(document: IngestDocument, path: str, value: Any) -> None:
    """Set or append (InferenceResults.setOrAppendValue): a vector is appended to a vector number by number."""
    if document.has(path):
        document.append(path, value)
    else:
        document.set(path, value)


def references(body: Mapping[str, Any]) -> Iterator[str]:
    """The models that a pipeline names, where Elasticsearch looks for them (InferenceProcessorInfoExtractor).

    In processors, in what ``foreach`` holds and in a processor's ``on_failure``; not in the pipeline's own ``on_failure``.
    """
    for entry in body.get("processors", []):
        for kind, options in entry.items():
            yield from _named(kind, options)


def _named(kind: str, options: Any) -> Iterator[str]:
    if not isinstance(options, dict):
        return
    if kind == "inference":
        yield options["model_id"]
    elif kind == "foreach":
        for inner, more in (options.get("processor") or {}).items():
            yield from _named(inner, more)
    else:
        for entry in options.get("on_failure") or []:
            for inner, more in entry.items():
                yield from _named(inner, more)
