"""Whether a server loads the model of a bundle: what it would refuse after the upload is told before it. Pure.

The lists were read off the tags of elastic/ml-cpp (``clipline/data/ml-native.json``). A version within a line of releases has
the lists of the newest known patch that is not newer than it; one that is newer than all that are known has the newest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from provisioning.bundles.bundle import Bundle
from provisioning.plan import Plan, Problem, Verb

Version = tuple[int, int, int]


class AtHand(Protocol):
    """Where a bundle is found, if it is there."""

    def at_hand(self, stem: str) -> Bundle | None:
        """The bundle of a model; nothing is built."""


def refusals(manifest: Mapping[str, Any], version: Version) -> tuple[str, ...]:
    """Why a server of that version would not load the model, each in a sentence; empty where it would."""
    operators: Mapping[str, str] = manifest["operators"]
    forbidden = sorted(set(operators) & _forbidden(version))
    allowed = _allowed(version)
    unknown = sorted(set(operators) - allowed - set(forbidden)) if allowed is not None else []
    server = f"Elasticsearch {_text(version)}"
    return (
        *(f"{server} forbids {name}, which stands in {operators[name]}" for name in forbidden),
        *(f"{server} does not know {name}, which stands in {operators[name]}" for name in unknown),
        *_hooks(manifest, version),
    )


def remarks(manifest: Mapping[str, Any], version: Version) -> tuple[str, ...]:
    """What may matter and is no refusal."""
    found = []
    newest = max(_by_tag("allowed_operations"))
    if version > newest:
        found.append(
            f"Elasticsearch {_text(version)} is newer than any whose rules for models are known here; those of"
            f" {_text(newest)} were taken"
        )
    built, there = str((manifest.get("versions") or {}).get("torch", "")), libtorch(version)
    if there is not None and _numbers(built) > _numbers(there):
        found.append(
            f"the model was traced with torch {built}, and Elasticsearch {_text(version)} loads it in libtorch {there}; should"
            f" its deployment fail to start, build the bundle with torch {there}"
        )
    return tuple(found)


def with_refusals(plan: Plan, bundles: AtHand) -> Plan:
    """A plan with the problems and notes of the models that it would push and whose bundles are at hand."""
    pushed = {
        change.name
        for change in plan.pending
        if change.kind == "trained_model" and change.verb is not Verb.DELETE and "adopt" not in change.request
    }
    problems, notes = list(plan.problems), list(plan.notes)
    version = parsed(plan.version)
    for model in plan.models:
        bundle = bundles.at_hand(model.asset.stem) if model.model_id in pushed else None
        if bundle is None or bundle.digest != model.digest:
            continue
        address = f"trained_model/{model.model_id}"
        problems += [Problem(address=address, what=what, hint=HINT) for what in refusals(bundle.manifest, version)]
        notes += [f"{address}: {what}" for what in remarks(bundle.manifest, version)]
    return replace(plan, problems=tuple(problems), notes=tuple(notes))


HINT = "it would be refused when its deployment starts: take a model without that, or a server of another version"


def libtorch(version: Version) -> str | None:
    """The libtorch of a version; ``None`` for one that is older than all that are known."""
    spans = [(*_span(text), value) for text, value in _data()["libtorch_by_patch"].items()]
    for first, last, value in spans:
        if first <= version <= last:
            return str(value)
    _, last, value = max(spans)
    return str(value) if version > last else None


def parsed(version: str) -> Version:
    """``9.2.0`` as numbers; what follows them, as ``-SNAPSHOT``, is left out."""
    major, minor, patch = (*_numbers(version), 0, 0, 0)[:3]
    return (major, minor, patch)


def _hooks(manifest: Mapping[str, Any], version: Version) -> Iterator[str]:
    scan = _data()["graph_validation"]["state_hook_prescan"]
    hooks = manifest.get("state_hooks") or ()
    starts = [parsed(text) for text in scan["first_versions"]]
    looks = any(start[:2] == version[:2] and start <= version for start in starts) or version > max(starts)
    if hooks and looks:
        yield f"Elasticsearch {_text(version)} loads no model with code of its own for its state: {', '.join(hooks)}"


def _allowed(version: Version) -> frozenset[str] | None:
    """``None``: that version has no such list."""
    return _of(_by_tag("allowed_operations"), version)


def _forbidden(version: Version) -> frozenset[str]:
    # Versions without a list look for a few operators, in some patches only; a model of text has none of them.
    listed = _of(_by_tag("forbidden_operations"), version)
    return listed if listed is not None else frozenset(_data()["graph_validation"]["legacy_check"]["op_list"])


def _of(by_tag: Mapping[Version, frozenset[str]], version: Version) -> frozenset[str] | None:
    line = [tag for tag in by_tag if tag[:2] == version[:2] and tag <= version]
    if line:
        return by_tag[max(line)]
    newest = max(by_tag)
    return by_tag[newest] if version > newest else None


@cache
def _by_tag(name: str) -> dict[Version, frozenset[str]]:
    lists = _data()["graph_validation"][name]
    return {parsed(tag.strip(" v")): frozenset(names) for tags, names in lists.items() for tag in tags.split(",")}


@cache
def _data() -> dict[str, Any]:
    value: dict[str, Any] = json.loads((files("clipline") / "data" / "ml-native.json").read_text("utf-8"))
    return value


def _span(text: str) -> tuple[Version, Version]:
    """``8.15.0-8.15.1``, ``8.15.2+`` (later patches of that line), ``8.18.x`` or ``9.2.x-9.5.x``."""
    first, dash, last = text.partition("-")
    if text.endswith("+"):
        start = parsed(text.rstrip("+"))
        return start, (*start[:2], _NO_END)
    lowest = parsed(first.replace("x", "0"))
    end = (last if dash else first).replace("x", str(_NO_END))
    return lowest, parsed(end)


_NO_END = 10**6


def _numbers(text: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(number) for number in match[0].split(".")) if match else ()


def _text(version: Version) -> str:
    return ".".join(map(str, version))
