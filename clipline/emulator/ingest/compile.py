"""A pipeline's JSON → checked steps (Pipeline.create, ConfigurationUtils.readProcessor).

Every processor is read before anything is refused: the first complaint is the error, the others are its ``suppressed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import IngestDocument, java
from clipline.emulator.ingest.execute import Compiled, Execution, Failure, Inner, Step
from clipline.emulator.ingest.processors import PROCESSORS, refused
from clipline.emulator.painless import Script, compile_script
from clipline.emulator.painless.request import read_script

if TYPE_CHECKING:
    from clipline.emulator.node import Node

DATES = ("created_date", "modified_date")
"""Keys that the system sets, in milliseconds (``…_millis``) and, for people, as texts."""


def compile_pipeline(node: Node, name: str, body: Mapping[str, Any]) -> Compiled:
    """Check a pipeline and make it ready to run.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    options = Options(node, None, None, dict(body))
    options.string("description", None)
    options.integer("version")
    options.mapping("_meta", None)
    options.boolean("deprecated")
    if node.version >= (9, 2):
        _check_access(options)
        for key in DATES:
            options.optional(f"{key}_millis")
    steps = _Reader(node).steps(options.items("processors"))
    given = options.items("on_failure", None)
    on_failure = _Reader(node).steps(given or [])
    if options.values:
        names = ", ".join(options.values)
        reason = f"pipeline [{name}] doesn't support one or more provided configuration parameters [{names}]"
        raise ApiError(400, "parse_exception", reason)
    if given is not None and not on_failure:
        raise ApiError(400, "parse_exception", f"pipeline [{name}] cannot have an empty on_failure option defined")
    return Compiled(name, steps, on_failure)


def _check_access(options: Options) -> None:
    pattern = options.string("field_access_pattern", "classic")
    if pattern == "flexible":
        raise unsupported("the field access pattern [flexible]")
    if pattern != "classic":
        raise options.wrong("field_access_pattern", f"Invalid ingest pipeline field access pattern [{pattern}]")


@dataclass(slots=True)
class _Reader:
    """Reads lists of processors."""

    node: Node

    def steps(self, processors: list[Any]) -> tuple[Step, ...]:
        """The processors of a list, in order.

        Raises:
            ApiError: 400 with what is wrong, the first complaint before the others; else 501 for what is not emulated.
        """
        found: list[Step] = []
        errors: list[ApiError] = []
        for entry in processors:
            if not isinstance(entry, dict):
                reason = f"[processors] property isn't a list of maps, but has an entry of type [{java(entry)}]"
                raise ApiError(400, "parse_exception", reason, meta={"property_name": "processors"})
            for kind, options in entry.items():
                try:
                    found.append(self.step(kind, options))
                except ApiError as error:
                    errors.append(error)
        # A real refusal is the answer whatever else is not emulated.
        wrong = [error for error in errors if error.status != 501]
        if wrong:
            raise _with_suppressed(wrong)
        if errors:
            raise errors[0]
        return tuple(found)

    def step(self, kind: str, given: Any) -> Step:
        """One processor.

        Raises:
            ApiError: 400, or 501.
        """
        if isinstance(given, str) and kind == "script":
            given = {"source": given}
        if not isinstance(given, dict):
            reason = f"property isn't a map, but of type [{java(given)}]"
            raise ApiError(400, "parse_exception", reason, meta={"processor_type": kind})
        options = Options(self.node, None, None, dict(given))
        tag = options.string("tag", None)
        description = options.string("description", None)
        condition = _condition(options)
        if kind not in PROCESSORS and kind != "pipeline":
            if kind in refused(self.node.version):
                raise unsupported(f"the ingest processor [{kind}]")
            raise Options(self.node, kind, tag, {}).wrong(None, f"No processor type exists with name [{kind}]")
        ignore_failure = options.boolean("ignore_failure")
        handlers = options.items("on_failure", None)
        on_failure = self.steps(handlers or [])
        own = Options(self.node, kind, tag, options.values, self._nested)
        if handlers is not None and not on_failure:
            raise own.wrong("on_failure", "processors list cannot be empty")
        try:
            work = None if kind == "pipeline" else PROCESSORS[kind](own)
            inner = _inner(own) if kind == "pipeline" else None
            own.finish()
            compiled = _compiled(condition)
        except ApiError as error:
            meta = {"processor_type": kind, **({"processor_tag": tag} if tag is not None else {})}
            if error.status != 501:
                error.meta = {**error.meta, **meta}
            raise
        return Step(
            kind=kind,
            tag=tag,
            description=description,
            condition_source=condition[0] if condition else None,
            condition=compiled,
            params=condition[1] if condition else {},
            ignore_failure=ignore_failure,
            on_failure=on_failure,
            work=work,
            inner=inner,
        )

    def _nested(self, kind: str, given: Any) -> Any:
        step = self.step(kind, given)

        def work(document: IngestDocument) -> None:
            try:
                Execution(self.node.pipelines.find).step(step, document)
            except Failure as failure:
                # Only what handles failures of its own says which processor it was; else it is the one around it.
                if step.ignore_failure or step.on_failure or failure.kind not in (kind, "conditional"):
                    raise
                raise failure.error from failure

        return work


def _inner(options: Options) -> Inner:
    name = options.template("name")
    return Inner(name, options.boolean("ignore_missing_pipeline"))


def _condition(options: Options) -> tuple[str, Mapping[str, Any]] | None:
    given = options.optional("if")
    if given is None:
        return None
    if not isinstance(given, str | dict):
        own = Options(options.node, "conditional", None, {})
        raise own.wrong("script", f"property isn't a map or string, but of type [{java(given)}]")
    return read_script({"source": given} if isinstance(given, str) else given)


def _compiled(condition: tuple[str, Mapping[str, Any]] | None) -> Script | None:
    return compile_script(condition[0], condition=True) if condition is not None else None


def _with_suppressed(errors: list[ApiError]) -> ApiError:
    first, *others = errors
    if others:
        first.meta = {**first.meta, "suppressed": [error.cause() for error in others]}
    return first
