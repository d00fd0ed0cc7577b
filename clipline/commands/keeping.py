"""How long a text model that another one takes the place of is kept: the flags, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from provisioning.canonical.units import time_seconds
from provisioning.planner.succession import GRACE

F = TypeVar("F", bound=Callable[..., Any])

_MOST = timedelta(days=3650)


def _span(ctx: click.Context, param: click.Parameter, value: str | None) -> timedelta | None:
    seconds = time_seconds(value) if value is not None else 0.0
    if seconds is None or seconds > _MOST.total_seconds():
        raise click.BadParameter(f"{value!r} is no time; write 30s, 12h or 7d, ten years at most", ctx, param)
    return None if value is None else timedelta(seconds=seconds)


def keeping_options(command: F) -> F:
    """``--grace-period`` and ``--keep-old``, which ``read_grace`` reads."""
    command = click.option(
        "--grace-period",
        callback=_span,
        metavar="TIME",
        help=f"How long a replaced text model is kept for a rollback, before an apply deletes it.  [default: {GRACE.days}d]",
    )(command)
    return click.option("--keep-old", is_flag=True, help="Keep a replaced text model until it is pruned by hand.")(
        command
    )


def read_grace(values: dict[str, Any]) -> timedelta | None:
    """Take these flags out of a command's values; ``None`` to keep for good.

    Raises:
        click.UsageError: both are given.
    """
    period, keep = values.pop("grace_period"), values.pop("keep_old")
    if keep and period is not None:
        raise click.UsageError("--keep-old keeps it for good: leave out --grace-period")
    if keep:
        return None
    return GRACE if period is None else period
