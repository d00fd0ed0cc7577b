"""What changes on the index behind an alias, and how.

An index that holds documents is never replaced: what Elasticsearch cannot change in place needs a migration, and the
plan says so. Fields are added and dynamic settings changed in place; an empty index may be replaced, and the plan says
that it is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from clipline.core.records import MARK
from provisioning.canonical import aligned, canonical_mappings, canonical_settings
from provisioning.canonical.mappings import undeclared
from provisioning.desired import DesiredIndex
from provisioning.diff import differences
from provisioning.observed import ObservedIndex, Version
from provisioning.plan import Change, Field, Problem, Verb
from provisioning.planner.adoption import taken_over
from provisioning.planner.in_place import field_in_place, root_update
from provisioning.planner.setting_scopes import setting_in_place
from provisioning.planner.static_defaults import with_defaults

_BY_SERVER = frozenset(
    {"number_of_replicas", "routing.allocation.include._tier_preference", "lifecycle.indexing_complete"}
)
"""Dynamic settings that every index gets, or that an index lifecycle sets."""


def create(wanted: DesiredIndex, name: str, generation: int, verb: Verb, reason: str) -> Change:
    """A new index; its settings and fields come from the template, its marks with the request."""
    meta = {**(wanted.mappings.get("_meta") or {}), MARK: {**wanted.marks, "generation": generation}}
    fields = differences({}, {"_meta": meta})
    return Change(
        kind="index", name=name, verb=verb, reason=reason, fields=fields, request={"mappings": {"_meta": meta}}
    )


def compare(
    wanted: DesiredIndex, name: str, index: ObservedIndex, *, stack: str, version: Version, notes: list[str]
) -> Change | Problem:
    """The change of an index that is there: this stack's own, or one that the operator chose to adopt."""
    live_meta = dict(index.mappings.get("_meta") or {})
    adopted = index.stack != stack
    live_marks = {} if adopted else dict(live_meta.get(MARK) or {})
    generation = int(live_marks.get("generation") or _generation(name))
    marks = {
        **wanted.marks,
        "generation": generation,
        "encoder": _binding(wanted.marks["encoder"], live_marks.get("encoder")),
    }
    if "text_encoder" in marks:
        marks["text_encoder"] = _binding(marks["text_encoder"], live_marks.get("text_encoder"))
    meta = {**live_meta, **(wanted.mappings.get("_meta") or {}), MARK: marks}
    before, after = aligned(canonical_mappings(index.mappings), canonical_mappings({**wanted.mappings, "_meta": meta}))
    mapping_fields = (*differences(before, after, only_wanted=True), *_no_longer(live_marks, marks))
    settings = canonical_settings(index.settings)
    effective = with_defaults(settings, wanted.settings, index.settings)
    setting_fields = differences(effective, wanted.settings, only_wanted=True)
    fields = (*mapping_fields, *(_prefixed("settings", field) for field in setting_fields))
    _note_undeclared(name, tuple(undeclared(before, after)), settings.keys() - wanted.settings.keys(), notes)
    if not fields and not adopted:
        return Change(kind="index", name=name, verb=Verb.NO_OP, reason="as wanted")
    same_encoder = marks["encoder"].get("digest") == (live_marks.get("encoder") or {}).get("digest") is not None
    impossible = [
        field.path
        for field in mapping_fields
        if not _of_adoption(field, adopted)
        and not field_in_place(field, before, after, same_encoder=same_encoder, version=version)
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
        reason = f"is empty, and {impossible[0]} cannot be changed in place"
        replaced = create(wanted, name, generation, Verb.REPLACE, reason)
        return Change(
            kind="index", name=name, verb=Verb.REPLACE, reason=reason, fields=fields, request=replaced.request
        )
    request: dict[str, Any] = {}
    if mapping_fields or adopted:
        request["mappings"] = {"_meta": meta, **root_update(wanted.mappings)}
    if setting_fields:
        request["settings"] = {field.path: field.after for field in setting_fields}
    reason = "can be changed in place"
    if adopted:
        fields = (taken_over(index.stack, stack), *fields)
        reason = "adopted"
        if index.documents:
            reason += f"; its {index.documents} documents are taken to be of the encoder {marks['encoder']['model']}"
    return Change(kind="index", name=name, verb=Verb.UPDATE, reason=reason, fields=fields, request=request)


def _generation(name: str) -> int:
    digits = name[-6:]
    return int(digits) if digits.isdecimal() and name[-7:-6] == "-" else 1


def _of_adoption(field: Field, adopted: bool) -> bool:
    """Whether a difference is the marks themselves, which an index made by others cannot have."""
    return adopted and field.path.split(".")[:1] == ["_meta"]


def _binding(wanted: Mapping[str, Any], live: Mapping[str, Any] | None) -> dict[str, Any]:
    """The wanted encoder, of pictures or of texts; while its digest is unknown here, the same one's on the index stays."""
    encoder, there = dict(wanted), live or {}
    # A text model's digest is also that of its import parameters.
    same = all(there.get(key) == encoder.get(key) for key in ("model", "revision", "import"))
    if "digest" not in encoder and same and "digest" in there:
        encoder["digest"] = there["digest"]
    return encoder


def _no_longer(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Field]:
    """What the index says of the encoder of its texts and shall not say any more: the marks are written as a whole."""
    there = {"text_encoder": live["text_encoder"]} if "text_encoder" in live else {}
    here = {"text_encoder": wanted["text_encoder"]} if "text_encoder" in wanted else {}
    for field in differences(there, here):
        if field.after is None:
            yield _prefixed(f"_meta.{MARK}", field)


def _prefixed(prefix: str, field: Field) -> Field:
    return Field(f"{prefix}.{field.path}", field.before, field.after)


def _note_undeclared(name: str, fields: tuple[str, ...], settings: Set[str], notes: list[str]) -> None:
    """Tell of what only the live index has: it is no drift, because the stack says nothing of it.

    A field can never be removed from a mapping, and a setting may be there for a reason (a write block before a
    migration, a block that the server set when the disk was full), so neither keeps a plan from being empty.
    """
    if fields:
        notes.append(f"index/{name} has fields that the stack does not declare: {', '.join(fields)}")
    by_hand = sorted(setting for setting in settings if setting_in_place(setting) and setting not in _BY_SERVER)
    if by_hand:
        notes.append(f"index/{name} has settings that the stack does not declare: {', '.join(by_hand)}")
