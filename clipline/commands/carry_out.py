"""A plan → its outcome: under the stack's lock, on a cluster that is still as the plan saw it, said change by change."""

from __future__ import annotations

import sys
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Any

import click

from clipline.commands.ending import ended_like_ctrl_c
from clipline.commands.planning import Planned, scope_of
from clipline.core.errors import PlanError, UsageError
from clipline.core.output import say, show, talk

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from provisioning.apply import Done
    from provisioning.plan import Change, Plan


def carry_out(
    planned: Planned,
    client: Elasticsearch,
    *,
    wait_timeout: float = 300.0,
    break_lock: bool = False,
    cloud: bool = False,
) -> list[Done]:
    """Carry out a plan that has something to do, saying each change on stderr as it is done.

    Raises:
        LockError: somebody else changes this stack.
        PlanError: the cluster has moved since the plan was made; nothing was done.
        CliplineError, elasticsearch.ApiError: a change failed; what was done and what not has been said.
    """
    from provisioning.apply import Work, apply_plan
    from provisioning.state.history import recorded
    from provisioning.state.lock import held

    plan = planned.plan
    console = talk()
    live = console.is_terminal

    def progress(sent: int, total: int) -> None:
        if live:
            console.print(f"  {sent / 1e6:.0f} of {total / 1e6:.0f} MB", end="\r", markup=False)

    with ExitStack() as stack:
        stack.enter_context(ended_like_ctrl_c())
        lock = stack.enter_context(held(client, stack=plan.stack, command=str(plan.purpose), break_lock=break_lock))
        check_unmoved(plan, client)
        run = stack.enter_context(recorded(client, lock=lock, plan=plan))
        done: list[Done] = []
        begun: list[Change] = []

        def before(change: Change) -> None:
            lock.check()
            begun.append(change)
            run.mark(change, "begun")
            say(f"{change.verb} {change.address} …")

        work = Work(
            client=client,
            stack=plan.stack,
            version=plan.version,
            models=plan.models,
            bundles=planned.bundles,
            wait_seconds=wait_timeout,
            upload_progress=progress,
            cloud=cloud,
        )
        try:
            with console.status(f"{plan.purpose} under way") if live else nullcontext():
                for item in apply_plan(plan, work, before=before):
                    say(f"  done in {item.seconds:.1f} s" + (f": {item.detail}" if item.detail else ""))
                    done.append(item)
                    run.mark(item.change, "done", seconds=item.seconds, detail=item.detail)
        except BaseException:
            _say_where_it_stopped(plan, done, begun)
            raise
    return done


def check_unmoved(plan: Plan, client: Elasticsearch) -> None:
    """Compare the cluster with what a plan was made from.

    Raises:
        PlanError: it is another cluster, or it has moved.
    """
    from provisioning.observe import observe, server
    from provisioning.seen import moved

    found = server(client)
    if found.cluster_uuid != plan.cluster_uuid:
        raise PlanError(
            f"this plan was made for another cluster ({plan.target}); nothing was done",
            hint="plan again against this one",
        )
    addresses = moved(plan, observe(client, found=found, scope=scope_of(plan)))
    if addresses:
        raise PlanError(
            f"the cluster has moved since the plan was made, at {', '.join(addresses)}; nothing was done",
            hint="plan again, and look at what differs",
        )


def ask(question: str) -> None:
    """Ask before a cluster is changed.

    Raises:
        UsageError: nobody is here to answer.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            "this command asks before it changes a cluster, and nobody is here to answer", hint="give --yes"
        )
    click.confirm(question, abort=True, err=True)


def show_applied(done: list[Done]) -> None:
    """One line about a plan that was carried out."""
    show(f"Applied: {len(done)} change{'s' if len(done) != 1 else ''} in {sum(d.seconds for d in done):.1f} s.")


def outcome(done: Done) -> dict[str, Any]:
    """One change carried out, as JSON."""
    return {
        "address": done.change.address,
        "verb": str(done.change.verb),
        "seconds": round(done.seconds, 3),
        "detail": done.detail,
    }


def _say_where_it_stopped(plan: Plan, done: list[Done], begun: list[Change]) -> None:
    states = {id(change): "begun, may be done in part" for change in begun}
    states |= {id(item.change): "done" for item in done}
    say(f"stopped after {len(done)} of {len(plan.pending)} changes:")
    for change in plan.pending:
        say(f"  {change.verb} {change.address}: {states.get(id(change), 'not begun')}")
    say("run it again: it plans what is left, and goes on from there")
