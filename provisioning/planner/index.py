"""The plan for the index behind an alias.

An index that holds documents is never replaced: what Elasticsearch cannot change in place needs a migration, and the
plan says so. Fields are added and dynamic settings changed in place; an empty index may be replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from clipline.core.records import MARK
from provisioning.canonical import aligned, canonical_mappings, canonical_settings
from provisioning.desired import DesiredIndex
from provisioning.diff import differences
from provisioning.observed import Observed, ObservedIndex
from provisioning.plan import Change, Field, Problem, Verb
from provisioning.planner.in_place import field_in_place, root_update, setting_in_place


def plan_index(wanted: DesiredIndex, observed: Observed, *, stack: str, notes: list[str]) -> Iterator[Change | Problem]:
    """The changes of an index and its alias."""
    if wanted.alias in observed.indices:
        yield Problem(
            address=f"alias/{wanted.alias}",
            what="a concrete index has this very name (made by the series' notebook?), so no alias can",
            hint="choose another alias (--var index_alias=…); the index that is there is not touched",
        )
        return
    pointing = sorted(name for name, index in observed.indices.items() if wanted.alias in index.aliases)
    if len(pointing) > 1:
        yield Problem(
            address=f"alias/{wanted.alias}",
            what=f"points to several indices: {', '.join(pointing)}",
            hint="remove the alias from all but one of them",
        )
        return
    name = pointing[0] if pointing else _newest(wanted.alias, observed, stack)
    index = observed.indices.get(name) if name else None
    if name is None or index is None:
        name = f"{wanted.alias}-000001"
        yield _create(wanted, name, 1, Verb.CREATE, "not there yet")
        yield _point(wanted.alias, name, {})
        return
    owner = ((index.mappings.get("_meta") or {}).get(MARK) or {}).get("stack")
    if owner != stack:
        yield Problem(
            address=f"index/{name}",
            what=f"belongs to the stack {owner!r}" if owner else "was not made by clipline",
            hint=f"move the alias {wanted.alias} back if it was moved by hand, or choose another (--var index_alias=…)",
        )
        return
    change = _compare(wanted, name, index, notes)
    yield change
    replaced = isinstance(change, Change) and change.verb is Verb.REPLACE
    yield _point(wanted.alias, name, {} if replaced else index.aliases)


def _newest(alias: str, observed: Observed, stack: str) -> str | None:
    pattern = re.compile(re.escape(alias) + r"-\d{6}")
    ours = [
        name
        for name, index in observed.indices.items()
        if pattern.fullmatch(name) and ((index.mappings.get("_meta") or {}).get(MARK) or {}).get("stack") == stack
    ]
    return max(ours, default=None)


def _create(wanted: DesiredIndex, name: str, generation: int, verb: Verb, reason: str) -> Change:
    meta = {**(wanted.mappings.get("_meta") or {}), MARK: {**wanted.marks, "generation": generation}}
    fields = differences({}, {"_meta": meta})
    return Change(
        kind="index", name=name, verb=verb, reason=reason, fields=fields, request={"mappings": {"_meta": meta}}
    )


def _point(alias: str, name: str, aliases: Mapping[str, Any]) -> Change:
    if alias in aliases and aliases[alias].get("is_write_index", True):
        return Change(kind="alias", name=alias, verb=Verb.NO_OP, reason="as wanted")
    after = {"index": name, "is_write_index": True}
    verb = Verb.UPDATE if alias in aliases else Verb.CREATE
    before = {"index": name, "is_write_index": False} if verb is Verb.UPDATE else {}
    return Change(
        kind="alias",
        name=alias,
        verb=verb,
        reason="not there yet" if verb is Verb.CREATE else "cannot be written through",
        fields=differences(before, after),
        request=after,
    )


def _compare(wanted: DesiredIndex, name: str, index: ObservedIndex, notes: list[str]) -> Change | Problem:
    live_marks = dict((index.mappings.get("_meta") or {}).get(MARK) or {})
    generation = int(live_marks.get("generation", 1))
    marks = {**wanted.marks, "generation": generation, "encoder": _encoder(wanted.marks, live_marks)}
    meta = {**(index.mappings.get("_meta") or {}), **(wanted.mappings.get("_meta") or {}), MARK: marks}
    before, after = aligned(canonical_mappings(index.mappings), canonical_mappings({**wanted.mappings, "_meta": meta}))
    mapping_fields = differences(before, after, only_wanted=True)
    setting_fields = differences(canonical_settings(index.settings), wanted.settings, only_wanted=True)
    fields = (*mapping_fields, *(_prefixed("settings", field) for field in setting_fields))
    _note_extra_fields(name, before, after, notes)
    if not fields:
        return Change(kind="index", name=name, verb=Verb.NO_OP, reason="as wanted")
    same_encoder = marks["encoder"].get("digest") == (live_marks.get("encoder") or {}).get("digest") is not None
    impossible = [
        field.path for field in mapping_fields if not field_in_place(field, before, after, same_encoder=same_encoder)
    ]
    impossible += [f"settings.{field.path}" for field in setting_fields if not setting_in_place(field.path)]
    if impossible and index.documents:
        shown = ", ".join(impossible[:3]) + (" …" if len(impossible) > 3 else "")
        return Problem(
            address=f"index/{name}",
            what=f"needs a migration: {shown} cannot be changed while it holds {index.documents} documents",
            hint="load the pictures into a stack with another index alias (--var index_alias=…)",
        )
    if impossible:
        reason = f"holds no documents, and {impossible[0]} cannot be changed in place"
        replaced = _create(wanted, name, generation, Verb.REPLACE, reason)
        return Change(
            kind="index", name=name, verb=Verb.REPLACE, reason=reason, fields=fields, request=replaced.request
        )
    request: dict[str, Any] = {}
    if mapping_fields:
        request["mappings"] = {"_meta": meta, **root_update(wanted.mappings)}
    if setting_fields:
        request["settings"] = {field.path: field.after for field in setting_fields}
    return Change(
        kind="index", name=name, verb=Verb.UPDATE, reason="can be changed in place", fields=fields, request=request
    )


def _encoder(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted encoder; while its digest is unknown here, the same encoder's digest on the index stays."""
    encoder = dict(wanted["encoder"])
    there = live.get("encoder") or {}
    same = there.get("model") == encoder["model"] and there.get("revision") == encoder.get("revision")
    if "digest" not in encoder and same and "digest" in there:
        encoder["digest"] = there["digest"]
    return encoder


def _prefixed(prefix: str, field: Field) -> Field:
    return Field(f"{prefix}.{field.path}", field.before, field.after)


def _note_extra_fields(name: str, before: Mapping[str, Any], after: Mapping[str, Any], notes: list[str]) -> None:
    extra = sorted(set(before.get("properties", {})) - set(after.get("properties", {})))
    if extra:
        notes.append(f"index/{name} has fields that the stack does not declare: {', '.join(extra)}")
