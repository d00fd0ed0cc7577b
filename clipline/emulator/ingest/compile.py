"""A pipeline's JSON → checked steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.ingest.conditions import Evaluate, compile_condition
from clipline.emulator.ingest.document import java
from clipline.emulator.ingest.inference import check_inference
from clipline.emulator.ingest.mustache import check_template
from clipline.emulator.ingest.processors import CONVERT_TYPES, DATE_FORMATS, PROCESSORS, REFUSED

_COMMON = ("if", "tag", "description", "ignore_failure", "on_failure")
_PIPELINE = {"name": "string", "ignore_missing_pipeline": "boolean"}
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "boolean": ((bool,), "a boolean"),
    "list": ((list,), "a list"),
    "map": ((dict,), "a map"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One processor with its options and what happens when it fails."""

    kind: str
    options: Mapping[str, Any]
    tag: str | None
    description: str | None
    condition_source: str | None
    condition: Evaluate | None
    ignore_failure: bool
    on_failure: tuple[Step, ...]


def compile_steps(processors: Any) -> tuple[Step, ...]:
    """Check processors in order.

    Raises:
        ApiError: 400 for the first that is wrong, 501 for the first that is not emulated.
    """
    if not isinstance(processors, list):
        raise ApiError(
            400,
            "parse_exception",
            f"[processors] property isn't a list, but of type [{java(processors)}]",
            meta={"property_name": "processors"},
        )
    return tuple(_step(kind, dict(options or {})) for entry in processors for kind, options in entry.items())


def _step(kind: str, options: dict[str, Any]) -> Step:
    if kind in REFUSED:
        raise unsupported(f"the ingest processor [{kind}]")
    if kind not in PROCESSORS and kind not in ("inference", "pipeline"):
        raise ApiError(
            400, "parse_exception", f"No processor type exists with name [{kind}]", meta={"processor_type": kind}
        )
    common = {key: options.pop(key) for key in _COMMON if key in options}
    tag = common.get("tag")
    if kind == "inference":
        check_inference(options, tag)
    elif kind == "pipeline":
        _check(kind, options, _PIPELINE, ("name",), tag)
    else:
        _check(kind, options, PROCESSORS[kind].options, PROCESSORS[kind].required, tag)
        _check_values(kind, options, tag)
    condition = common.get("if")
    if isinstance(condition, dict):
        condition = condition.get("source")
    if "on_failure" in common and not common["on_failure"]:
        raise _wrong(kind, tag, "[on_failure] processors list cannot be empty", "on_failure")
    return Step(
        kind=kind,
        options=options,
        tag=tag,
        description=common.get("description"),
        condition_source=condition,
        condition=compile_condition(condition) if condition is not None else None,
        ignore_failure=bool(common.get("ignore_failure", False)),
        on_failure=compile_steps(common.get("on_failure", [])),
    )


def _check(
    kind: str, options: Mapping[str, Any], known: Mapping[str, str], required: tuple[str, ...], tag: str | None
) -> None:
    for name in required:
        if name not in options:
            raise _wrong(kind, tag, f"[{name}] required property is missing", name)
    unknown = [name for name in options if name not in known]
    if unknown:
        names = ", ".join(unknown)
        reason = f"processor [{kind}] doesn't support one or more provided configuration parameters [{names}]"
        raise ApiError(400, "parse_exception", reason, meta=_meta(kind, tag))
    for name, value in options.items():
        types, label = _KINDS.get(known[name], ((object,), ""))
        if not isinstance(value, types):
            raise _wrong(kind, tag, f"[{name}] property isn't {label}, but of type [{java(value)}]", name)
        if isinstance(value, str):
            check_template(value)


def _check_values(kind: str, options: Mapping[str, Any], tag: str | None) -> None:
    if kind == "set" and "value" not in options and "copy_from" not in options:
        raise _wrong(kind, tag, "[value] required property is missing", "value")
    if kind == "convert" and options["type"] not in CONVERT_TYPES:
        if options["type"] in ("ip", "auto"):
            raise unsupported(f"the convert type [{options['type']}]")
        reason = f"type [{options['type']}] not supported, cannot convert field."
        raise _wrong(kind, tag, reason, "type")
    if kind == "date":
        for name in options["formats"]:
            if name not in DATE_FORMATS:
                raise unsupported(f"the date format [{name}] of the date processor")


def _wrong(kind: str, tag: str | None, reason: str, name: str) -> ApiError:
    return ApiError(400, "parse_exception", reason, meta={**_meta(kind, tag), "property_name": name})


def _meta(kind: str, tag: str | None) -> dict[str, Any]:
    return {"processor_type": kind, **({"processor_tag": tag} if tag else {})}
