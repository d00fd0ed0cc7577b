"""A pipeline's JSON → checked steps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.ingest import convert
from clipline.emulator.ingest.conditions import Evaluate, compile_condition
from clipline.emulator.ingest.dates import check_format
from clipline.emulator.ingest.document import java
from clipline.emulator.ingest.inference import check_inference
from clipline.emulator.ingest.metrics import Metric
from clipline.emulator.ingest.mustache import check_template
from clipline.emulator.ingest.processors import PROCESSORS, REFUSED

_COMMON = {
    "if": "condition",
    "tag": "string",
    "description": "string",
    "ignore_failure": "boolean",
    "on_failure": "list",
}
_PIPELINE = {"name": "string", "ignore_missing_pipeline": "boolean"}
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "any": ((object,), ""),
    "string": ((str,), "a string"),
    "strings": ((str, list), "a string"),
    "condition": ((str, dict), "a string"),
    "boolean": ((bool,), "a boolean"),
    "list": ((list,), "a list"),
}
_MEDIA_TYPES = ("application/json", "text/plain")


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
    metric: Metric = field(default_factory=Metric, compare=False)

    @property
    def wrapped(self) -> bool:
        """Whether Elasticsearch runs it inside a processor of its own kind that handles its failures."""
        return self.ignore_failure or bool(self.on_failure)

    def stats(self) -> dict[str, Any]:
        """Its entry in ``_nodes/stats/ingest``, with the names that Elasticsearch's wrappers get there."""
        inner = self.kind + (f":{self.options['name']}" if self.kind == "pipeline" else "")
        name = inner + (f":{self.tag}" if self.tag else "")
        if self.condition is not None and self.wrapped:
            name = f"compound:CompoundProcessor-{'-'.join(_tags((self,)))}"
        kind = self.kind if self.condition is None else "conditional"
        return {name: {"type": kind, "stats": self.metric.shown()}}


def compile_steps(processors: Any, *, name: str = "processors") -> tuple[Step, ...]:
    """Check processors in order.

    Raises:
        ApiError: 400 for the first that is wrong, 501 for the first that is not emulated.
    """
    if not isinstance(processors, list):
        reason = f"[{name}] property isn't a list, but of type [{java(processors)}]"
        raise ApiError(400, "parse_exception", reason, meta={"property_name": name})
    steps = []
    for entry in processors:
        if not isinstance(entry, dict):
            reason = f"[{name}] property isn't a list of maps, but has an entry of type [{java(entry)}]"
            raise ApiError(400, "parse_exception", reason, meta={"property_name": name})
        for kind, options in entry.items():
            if not isinstance(options, dict):
                reason = f"property isn't a map, but of type [{java(options)}]"
                raise ApiError(400, "parse_exception", reason, meta={"processor_type": kind})
            steps.append(_step(kind, dict(options)))
    return tuple(steps)


def _step(kind: str, options: dict[str, Any]) -> Step:
    if kind in REFUSED:
        raise unsupported(f"the ingest processor [{kind}]")
    if kind not in PROCESSORS and kind not in ("inference", "pipeline"):
        reason = f"No processor type exists with name [{kind}]"
        raise ApiError(400, "parse_exception", reason, meta={"processor_type": kind})
    common = {key: options.pop(key) for key in _COMMON if options.get(key) is not None}
    tag = common.get("tag") if isinstance(common.get("tag"), str) else None
    _check_kinds(kind, common, _COMMON, tag)
    _check_options(kind, options, tag)
    if "on_failure" in common and not common["on_failure"]:
        raise _wrong(kind, tag, "[on_failure] processors list cannot be empty", "on_failure")
    source = _condition_source(common.get("if"))
    return Step(
        kind=kind,
        options=options,
        tag=tag,
        description=common.get("description"),
        condition_source=source,
        condition=compile_condition(source) if source is not None else None,
        ignore_failure=common.get("ignore_failure", False),
        on_failure=compile_steps(common.get("on_failure", []), name="on_failure"),
    )


def _tags(steps: tuple[Step, ...]) -> list[str]:
    return [tag for step in steps for tag in (step.tag or "null", *_tags(step.on_failure))]


def _condition_source(given: Any) -> str | None:
    if not isinstance(given, dict):
        text: str | None = given
        return text
    if set(given) - {"source", "lang"} or given.get("lang", "painless") != "painless":
        raise unsupported("conditions other than a Painless source without parameters")
    if not isinstance(given.get("source"), str):
        raise ApiError(400, "illegal_argument_exception", "must specify either [source] for an inline script or [id]")
    return str(given["source"])


def _check_options(kind: str, options: dict[str, Any], tag: str | None) -> None:
    if kind == "inference":
        check_inference(options, tag)
        return
    known: Mapping[str, str] = _PIPELINE if kind == "pipeline" else PROCESSORS[kind].options
    required = ("name",) if kind == "pipeline" else PROCESSORS[kind].required
    refused = () if kind == "pipeline" else PROCESSORS[kind].refused
    for name in refused:
        if name in options:
            raise unsupported(f"the option [{name}] of the ingest processor [{kind}]")
    for name in required:
        if options.get(name) is None:
            raise _wrong(kind, tag, f"[{name}] required property is missing", name)
    unknown = [name for name in options if name not in known]
    if unknown:
        names = ", ".join(unknown)
        reason = f"processor [{kind}] doesn't support one or more provided configuration parameters [{names}]"
        raise ApiError(400, "parse_exception", reason, meta=_meta(kind, tag))
    for name in [name for name, value in options.items() if value is None]:
        del options[name]  # null is the default
    _check_kinds(kind, options, known, tag)
    for name, value in options.items():
        if name not in ("pattern", "replacement", "formats"):
            check_template(value)
    _check_values(kind, options, tag)


def _check_kinds(kind: str, options: Mapping[str, Any], known: Mapping[str, str], tag: str | None) -> None:
    for name, value in options.items():
        types, label = _KINDS[known[name]]
        if not isinstance(value, types):
            raise _wrong(kind, tag, f"[{name}] property isn't {label}, but of type [{java(value)}]", name)


def _check_values(kind: str, options: Mapping[str, Any], tag: str | None) -> None:
    if kind == "set":
        if "value" in options and "copy_from" in options:
            reason = "[copy_from] cannot set both `copy_from` and `value` in the same processor"
            raise _wrong(kind, tag, reason, "copy_from")
        if "value" not in options and "copy_from" not in options:
            raise _wrong(kind, tag, "[value] required property is missing", "value")
    if kind in ("set", "append") and options.get("media_type", _MEDIA_TYPES[0]) not in _MEDIA_TYPES:
        raise unsupported(f"the media type [{options['media_type']}] of the ingest processor [{kind}]")
    if kind == "remove" and isinstance(options["field"], list):
        for name in options["field"]:
            if not isinstance(name, str):
                raise _wrong(kind, tag, f"[field] property isn't a string, but of type [{java(name)}]", "field")
    if kind == "convert" and options["type"] not in convert.TYPES:
        if options["type"] in convert.NOT_EMULATED:
            raise unsupported(f"the convert type [{options['type']}]")
        raise _wrong(kind, tag, f"[type] type [{options['type']}] not supported, cannot convert field.", "type")
    if kind == "date":
        for name in options["formats"]:
            if not isinstance(name, str):
                raise _wrong(kind, tag, f"[formats] property isn't a string, but of type [{java(name)}]", "formats")
            check_format(name)
    if kind == "gsub":
        _check_gsub(options)


def _check_gsub(options: Mapping[str, Any]) -> None:
    try:
        groups = re.compile(options["pattern"], re.ASCII).groups
    except re.error:
        # Java's expressions are not Python's, so this may be a good one.
        raise unsupported(f"the regular expression [{options['pattern']}]") from None
    replacement = options["replacement"]
    references = re.findall(r"\$(.?)", replacement)
    if "\\" in replacement or any(not name.isdigit() or int(name) > groups for name in references):
        raise unsupported(f"the replacement [{replacement}] of the gsub processor")


def _wrong(kind: str, tag: str | None, reason: str, name: str) -> ApiError:
    return ApiError(400, "parse_exception", reason, meta={**_meta(kind, tag), "property_name": name})


def _meta(kind: str, tag: str | None) -> dict[str, Any]:
    return {"processor_type": kind, **({"processor_tag": tag} if tag else {})}
