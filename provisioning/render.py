"""A plan as people read it: one line per change, ``before → after`` per field, a one-line summary. Pure.

``plan_lines`` is for a terminal, ``markdown_lines`` for a pull request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from provisioning.plan import Change, Field, Plan, Purpose, Verb

_SIGNS = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.REPLACE: "±", Verb.DELETE: "-", Verb.NO_OP: "="}
_MAX_VALUE = 60
_MAX_FIELDS = 12
"""Fields shown of something new; of an update all are shown."""


def plan_lines(plan: Plan, *, all_fields: bool = False) -> Iterator[str]:
    """The plan, line by line, without colour."""
    yield f"stack {plan.stack} on {plan.target} (Elasticsearch {plan.version})"
    notes = [f"note: {note}" for note in _notes(plan)]
    for block in (list(_body_lines(plan, all_fields=all_fields)), notes, [summary_line(plan)]):
        if block:
            yield ""
            yield from block


def _body_lines(plan: Plan, *, all_fields: bool) -> Iterator[str]:
    for change in plan.changes:
        yield f"{_SIGNS[change.verb]} {change.address}  {change.verb}: {change.reason}"
        if change.verb is not Verb.NO_OP:
            yield from _field_lines(change, all_fields=all_fields)
    for problem in plan.problems:
        yield f"! {problem.address}  {problem.what}"
        yield f"    hint: {problem.hint}"


def summary_line(plan: Plan) -> str:
    """What the plan comes to, in one line."""
    if plan.problems:
        count = len(plan.problems)
        return f"This plan cannot be applied: {count} problem{'s' if count != 1 else ''}."
    if plan.in_sync and plan.purpose is Purpose.ROLLBACK:
        return "Nothing to do: the earlier model serves already."
    if plan.in_sync and plan.purpose in (Purpose.PRUNE, Purpose.DESTROY):
        return (
            f"Nothing to delete: no {'orphans' if plan.purpose is Purpose.PRUNE else 'resources'} of this stack here."
        )
    if plan.in_sync:
        return f"In sync: {len(plan.changes)} resources are as wanted."
    counts = plan.counts()
    parts = [f"{counts[verb]} to {verb}" for verb in Verb if verb is not Verb.NO_OP and counts[verb]]
    unchanged = counts[Verb.NO_OP]
    return f"Plan: {', '.join(parts)}" + (f"; {unchanged} unchanged." if unchanged else ".")


def markdown_lines(plan: Plan) -> Iterator[str]:
    """The plan as Markdown: the summary first, then a section for each change that does something."""
    yield f"### clipline {plan.purpose}: stack `{plan.stack}` on `{plan.target}` (Elasticsearch {plan.version})"
    yield ""
    yield f"**{summary_line(plan)}**"
    for change in plan.pending:
        yield ""
        yield f"#### `{_SIGNS[change.verb]}` {change.verb} `{change.address}`"
        yield ""
        yield _plain(change.reason)
        fields = list(_leaves(change.fields))
        if fields:
            yield ""
            yield "| field | before | after |"
            yield "|---|---|---|"
        for path, before, after in fields:
            yield f"| {_cell(path, quoted=False)} | {_cell(before)} | {_cell(after)} |"
    for problem in plan.problems:
        yield ""
        yield f"- **{_plain(problem.address)}**: {_plain(problem.what)}. Hint: {_plain(problem.hint)}"
    if plan.notes or plan.orphans:
        yield ""
    yield from (f"- note: {_plain(note)}" for note in _notes(plan))


def _notes(plan: Plan) -> Iterator[str]:
    yield from plan.notes
    if plan.orphans:
        yield f"no longer declared, and deleted by `clipline prune` only: {', '.join(plan.orphans)}"


def _cell(value: Any, *, quoted: bool = True) -> str:
    """A value as code inside a table: a pipe would end the cell, a backtick the code."""
    if value is None and quoted:
        return ""
    text = _text(value) if quoted else str(value)
    fence = "``" if "`" in text else "`"
    return f"{fence}{text.replace('|', chr(92) + '|')}{fence}"


def _plain(text: str) -> str:
    """A sentence that holds names of others: no markup of theirs counts, no line ends here."""
    for sign in ("\\", "`", "*", "_", "|", "<", ">", "[", "]"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _field_lines(change: Change, *, all_fields: bool) -> Iterator[str]:
    fields = list(_leaves(change.fields))
    shown = fields if all_fields or change.verb is Verb.UPDATE else fields[:_MAX_FIELDS]
    width = max((len(path) for path, _, _ in shown), default=0)
    for path, before, after in shown:
        if before is None:
            yield f"    {path:<{width}}  {_text(after)}"
        else:
            yield f"    {path:<{width}}  {_text(before)} → {'(removed)' if after is None else _text(after)}"
    if len(shown) < len(fields):
        yield f"    … and {len(fields) - len(shown)} more (--verbose-plan shows all)"


def _leaves(fields: tuple[Field, ...]) -> Iterator[tuple[str, Any, Any]]:
    """Fields that are new as a whole, opened up to their leaves."""
    for field in fields:
        if field.before is None and isinstance(field.after, dict) and field.after:
            for path, value in _open(field.path, field.after):
                yield path, None, value
        else:
            yield field.path, field.before, field.after


def _open(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _open(f"{path}.{key}", child)
    else:
        yield path, value


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"
