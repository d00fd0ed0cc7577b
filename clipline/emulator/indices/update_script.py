"""What the script of an update makes of a document: ``ctx._source`` is changed, ``ctx.op`` says what to do with it."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.indices.stored import Stored
from clipline.emulator.painless import compile_script

Script = tuple[str, Mapping[str, Any]]
_MEANT = {"none": "none", "noop": "none", "index": "index", "delete": "delete", "create": "create"}


def scripted(script: Script, index: str, stored: Stored) -> tuple[str, dict[str, Any]]:
    """``index``, ``delete`` or ``none``, and the source as the script left it.

    Raises:
        ApiError: 400, it failed; 501 for what is not emulated.
    """
    ctx = {
        "op": "index",
        "_index": index,
        "_type": "_doc",
        "_id": stored.id,
        "_version": stored.version,
        "_routing": stored.routing,
        "_now": int(time.time() * 1000),
        "_source": stored.document(),
    }
    return _run(script, ctx, ("index", "delete", "none"))


def scripted_upsert(script: Script, source: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """``create`` or ``none``, and the source as the script left it.

    Raises:
        ApiError: 400, it failed; 501 for what is not emulated.
    """
    ctx = {"op": "create", "_now": int(time.time() * 1000), "_source": copy.deepcopy(source)}
    return _run(script, ctx, ("create", "none"))


def _run(script: Script, ctx: dict[str, Any], allowed: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    before = {key: value for key, value in ctx.items() if key not in ("op", "_source")}
    text, params = script
    try:
        compile_script(text).run(ctx, params)
    except ApiError as error:
        if error.status != 400:
            raise
        raise ApiError(
            400, "illegal_argument_exception", "failed to execute script", caused_by=error.cause()
        ) from error
    op, source = _MEANT.get(str(ctx.pop("op", None)), ""), ctx.pop("_source", None)
    if op not in allowed:
        raise unsupported(f"another [ctx.op] of an update's script than {', '.join(allowed)}")
    if ctx != before or not isinstance(source, dict):
        raise unsupported("a script of an update that changes something else than [ctx._source] and [ctx.op]")
    return op, source
