"""The requests to start, update and stop a deployment: read and checked, with the defaults filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import (
    ApiError,
    illegal_argument,
    status_error,
    unsupported,
    validation_failed,
    wrong_kind,
)
from clipline.emulator.http.wire import Call
from clipline.emulator.ml.adaptive import Settings, adaptive_problems, first_number, is_enabled, parse_adaptive
from clipline.emulator.ml.bodies import whole
from clipline.emulator.ml.sizes import parse_size
from clipline.emulator.ml.times import seconds, time_text

_ENUMS = "org.elasticsearch.xpack.core.ml.inference.assignment"
_WAIT_STATES = ("started", "starting", "fully_allocated")
_START = "cluster:admin/xpack/ml/trained_models/deployment/start"
_UPDATE = "cluster:admin/xpack/ml/trained_models/deployment/update"
_OLD_NAMES = {"inference_threads": "threads_per_allocation", "model_threads": "number_of_allocations"}
_START_FIELDS = {"model_id", "deployment_id", "timeout", "wait_for", "threads_per_allocation", "number_of_allocations",
                 "queue_capacity", "cache_size", "priority", "adaptive_allocations", *_OLD_NAMES}  # fmt: skip
_LONGEST_QUEUE = 100_000
_QUEUE = 10_000
"""StartTrainedModelDeploymentAction since 8.16; the documentation still says 1024."""
TIMEOUT = "30s"
_WHOLE = range(-(1 << 31), 1 << 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A request to start; ``parameters`` are the task's, without what follows from the model."""

    deployment_id: str
    wait_for: str
    timeout: float
    timeout_text: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A request to update; ``reset`` asks for no adaptive allocations at all."""

    number: int | None
    adaptive: Settings | None
    reset: bool


def start_request(call: Call) -> Start:
    """A request to start: the body, and the query string on top of it.

    Raises:
        ApiError: 400.
    """
    model_id, body = call.args["model_id"], _fields(call.body, _START_FIELDS, _START)
    if body.get("model_id", model_id) != model_id:
        raise _inconsistent("model_id", body["model_id"], model_id)
    deployment_id = call.params.get("deployment_id", model_id)
    if body.get("deployment_id", deployment_id) != deployment_id:
        # The server seems to prefer the path's model to it, which nobody can want.
        raise unsupported("a [deployment_id] in the body; say it in the query string")
    options = {**body, **call.params}
    adaptive = parse_adaptive(body.get("adaptive_allocations"), _START)
    number = _integer(call, body, "number_of_allocations", _START)
    threads, queue = (
        default if (given := _integer(call, body, name, _START)) is None else given
        for name, default in (("threads_per_allocation", 1), ("queue_capacity", _QUEUE))
    )
    priority = _text(options, "priority", "normal").lower()
    wait_for = _text(options, "wait_for", "started").lower()
    if priority not in ("normal", "low"):
        raise illegal_argument(f"No enum constant {_ENUMS}.Priority.{priority.upper()}")
    if wait_for not in (*_WAIT_STATES, "stopping"):
        raise illegal_argument(f"No enum constant {_ENUMS}.AllocationStatus.State.{wait_for.upper()}")
    timeout = _text(options, "timeout", TIMEOUT)
    wrong = []
    if wait_for not in _WAIT_STATES:
        wrong.append(f"invalid [wait_for] state [{wait_for}]; must be one of [{','.join(_WAIT_STATES)}")
    if number is not None:
        wrong += [_POSITIVE.format("number_of_allocations")] * (number < 1)
        wrong += [_ADAPTIVE] * is_enabled(adaptive)
    wrong += [_POSITIVE.format("threads_per_allocation")] * (threads < 1)
    wrong += adaptive_problems(adaptive or {})
    if threads > 32 or threads.bit_count() != 1 or threads < 0:
        wrong.append("[threads_per_allocation] must be a power of 2 less than or equal to 32")
    wrong += [_POSITIVE.format("queue_capacity")] * (queue < 1)
    wrong += [f"[queue_capacity] must be less than {_LONGEST_QUEUE}"] * (queue > _LONGEST_QUEUE)
    wrong += ["[timeout] must be positive"] * (seconds("timeout", timeout) <= 0)
    if priority == "low":
        wrong += ["[number_of_allocations] must be 1 when [priority] is low"] * (number is not None and number > 1)
        wrong += ["[threads_per_allocation] must be 1 when [priority] is low"] * (threads > 1)
    if wrong:
        raise validation_failed(*wrong)
    parameters: dict[str, Any] = {
        "number_of_allocations": first_number(adaptive) if number is None else number,
        "threads_per_allocation": threads,
        "queue_capacity": queue,
        "priority": priority,
    }
    if "cache_size" in options:
        parameters["cache_size"] = parse_size("cache_size", str(options["cache_size"])).given
    if adaptive is not None:
        parameters["adaptive_allocations"] = adaptive
    return Start(
        deployment_id=deployment_id,
        wait_for=wait_for,
        timeout=seconds("timeout", timeout),
        timeout_text=time_text(timeout),
        parameters=parameters,
    )


def update_request(call: Call) -> Update:
    """A request to update.

    Raises:
        ApiError: 400.
    """
    deployment_id = call.args["model_id"]
    known = {"model_id", "number_of_allocations", "timeout", "adaptive_allocations"}
    body = _fields(call.body, known, _UPDATE)
    if body.get("model_id", deployment_id) != deployment_id:
        raise _inconsistent("model_id", body["model_id"], deployment_id)
    number = _integer(call, body, "number_of_allocations", _UPDATE)
    if number is not None and number < 1:
        raise validation_failed(_POSITIVE.format("number_of_allocations"))
    adaptive = parse_adaptive(body.get("adaptive_allocations"), _UPDATE)
    return Update(number=number, adaptive=adaptive, reset="adaptive_allocations" in body and adaptive is None)


def stop_options(call: Call) -> dict[str, bool]:
    """The options to stop: those of the body if there is one, else those of the query string.

    Raises:
        ApiError: 400; a query string beside a body is not read, and so not recognised.
    """
    names = {"allow_no_match": True, "force": False, "finish_pending_work": False}
    if not call.raw.strip():
        return {name: call.flag(name, default=default) for name, default in names.items()}
    parser = "cluster:admin/xpack/ml/trained_models/deployment/stop"
    body = _fields(call.body, {*names, "id"}, parser)
    if body.get("id", call.args["model_id"]) != call.args["model_id"]:
        raise _inconsistent("id", body["id"], call.args["model_id"])
    if unread := sorted(call.params.keys() & names.keys()):
        plural = "s" if len(unread) > 1 else ""
        listed = ", ".join(f"[{name}]" for name in unread)
        raise illegal_argument(f"request [{call.path}] contains unrecognized parameter{plural}: {listed}")
    for name in names:
        if body.get(name, "true") not in (True, False, "true", "false"):
            raise wrong_kind(parser, name, body[name])
    return {name: body.get(name, default) in (True, "true") for name, default in names.items()}


def deprecations(call: Call) -> tuple[str, ...]:
    """Warnings about old names of fields in the body of a start."""
    return tuple(
        f"Deprecated field [{old}] used, expected [{new}] instead"
        for old, new in _OLD_NAMES.items()
        if old in call.body
    )


def adaptive_refusal() -> ApiError:
    """400 for a number of allocations beside adaptive allocations that are enabled."""
    return ApiError(400, "validation_exception", f"Validation Failed: 1: {_ADAPTIVE};")


_POSITIVE = "[{}] must be a positive integer"
_ADAPTIVE = "[number_of_allocations] cannot be set if adaptive allocations is enabled"


def _fields(body: Mapping[str, Any], known: set[str], parser: str) -> dict[str, Any]:
    for key in body:
        if key not in known:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [{parser}] unknown field [{key}]")
    return {_OLD_NAMES.get(key, key): value for key, value in body.items()}


def _integer(call: Call, body: Mapping[str, Any], name: str, parser: str) -> int | None:
    """A number of 32 bits of the query string, else of the body; ``None`` where neither has it."""
    if name in call.params:
        return int_parameter(name, call.params[name])
    return None if body.get(name) is None else whole(body, name, parser, bits=32)


def int_parameter(name: str, text: str) -> int:
    """What Integer.parseInt reads of a text: no blanks, no underscores, no fraction.

    Raises:
        ApiError: 400.
    """
    if re.fullmatch(r"[+-]?[0-9]{1,10}", text) is None or int(text) not in _WHOLE:
        raise illegal_argument(f"Failed to parse int parameter [{name}] with value [{text}]")
    return int(text)


def _text(options: Mapping[str, Any], name: str, default: str) -> str:
    value = options.get(name, default)
    if not isinstance(value, str):
        raise wrong_kind(_START, name, value)
    return value


def _inconsistent(field: str, body: Any, path: str) -> ApiError:
    return status_error(
        400, f"Inconsistent {field}; '{body}' specified in the body differs from '{path}' specified as a URL argument"
    )
