"""The two errors of a script, as Elasticsearch shows them (PainlessScriptEngine, PainlessScript, ScriptException)::

    {"type": "script_exception", "reason": "compile error" | "runtime error", "script_stack": ["ctx.a.b", "     ^---- HERE"],
     "script": "ctx.a.b == 1", "lang": "painless", "position": {"offset": 5, "start": 0, "end": 12},
     "caused_by": {"type": "null_pointer_exception", "reason": "…"}}

The frames of Java's own classes, which stand in a real ``script_stack`` too, are left out.
"""

from __future__ import annotations

from typing import Any

from clipline.emulator.errors import ApiError, unsupported

_AROUND = 25
"""How many characters before and after its place a compile error shows."""


class JavaError(Exception):
    """What Java throws while a script runs; the part of the script that called knows where."""

    def __init__(self, kind: str, reason: str | None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.at: int | None = None

    def placed(self, at: int) -> JavaError:
        """The same with its place, unless a deeper part of the script has given one."""
        if self.at is None:
            self.at = at
        return self


def compile_error(source: str, at: int, reason: str, kind: str = "illegal_argument_exception") -> ApiError:
    """400: this is no Painless."""
    start, end = max(0, at - _AROUND), min(len(source), at + _AROUND)
    before = "... " if start > 0 else ""
    shown = before + source[start:end] + (" ..." if end < len(source) else "")
    pointer = " " * (len(before) + at - start) + "^---- HERE"
    return _exception("compile error", [shown, pointer], source, (at, start, end), kind, reason)


def runtime_error(source: str, at: int, span: tuple[int, int], error: JavaError) -> ApiError:
    """400: a script that ran and failed in the statement at ``span``."""
    start, end = span
    stack = [source[start:end], " " * (at - start) + "^---- HERE"]
    return _exception("runtime error", stack, source, (at, start, end), error.kind, error.reason)


def not_emulated(source: str, what: str) -> ApiError:
    """501: this is Painless, and the emulator cannot run it."""
    return unsupported(f"{what} in the script [{source}]")


def _exception(
    reason: str, stack: list[str], source: str, position: tuple[int, int, int], kind: str, cause: str | None
) -> ApiError:
    meta: dict[str, Any] = {
        "script_stack": stack,
        "script": source,
        "lang": "painless",
        "position": dict(zip(("offset", "start", "end"), position, strict=True)),
    }
    return ApiError(400, "script_exception", reason, meta=meta, caused_by={"type": kind, "reason": cause})
