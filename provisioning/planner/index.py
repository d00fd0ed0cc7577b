"""The plan for an index alias and the generation behind it: which index it is, and where the alias points.

What changes on that index is told in ``index_change``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.canonical import canonical
from provisioning.desired import DesiredIndex
from provisioning.diff import differences
from provisioning.observed import Observed
from provisioning.plan import Change, Problem, Verb
from provisioning.planner.adoption import Adoption, foreign
from provisioning.planner.index_change import compare, create

_GENERATION = re.compile(r"-(\d{6})")


def plan_index(
    wanted: DesiredIndex, observed: Observed, *, stack: str, notes: list[str], adoption: Adoption
) -> Iterator[Change | Problem]:
    """The changes of an index and its alias."""
    alias = wanted.alias
    if alias in observed.indices:
        yield Problem(
            address=f"alias/{alias}",
            what="a concrete index has this very name (made by the series' notebook?), so no alias can",
            hint="choose another alias (--var index_alias=…) and load the pictures there; the index that is there is not"
            " touched. Or delete it yourself, if it can be filled again",
        )
        return
    pointing = sorted(name for name, index in observed.indices.items() if alias in index.aliases)
    own = [name for name in pointing if observed.indices[name].stack == stack]
    if len(own) > 1:
        yield Problem(
            address=f"alias/{alias}",
            what=f"points to several indices of this stack: {', '.join(own)}",
            hint="remove the alias from all but one of them",
        )
        return
    # An alias that points elsewhere while an index of ours is there was moved by hand.
    name = own[0] if own else newest(alias, observed, stack)
    if name is None and len(pointing) > 1:
        yield Problem(
            address=f"alias/{alias}",
            what=f"points to several indices: {', '.join(pointing)}",
            hint="remove the alias from all but one of them",
        )
        return
    if name is None and pointing:
        name = pointing[0]
        owner = observed.indices[name].stack
        if not adoption.takes(f"index/{name}", owner):
            otherwise = f"choose another alias (--var index_alias=…), or take the alias {alias} away from it"
            yield foreign(f"index/{name}", owner, what=f"has the alias {alias}", otherwise=otherwise)
            return
    if name is None:
        name = f"{alias}-000001"
        if name in observed.indices:
            owner = observed.indices[name].stack
            if not adoption.takes(f"index/{name}", owner):
                yield foreign(f"index/{name}", owner, otherwise="choose another alias (--var index_alias=…)")
                return
    index = observed.indices.get(name)
    if index is not None and index.closed:
        yield Problem(
            address=f"index/{name}",
            what="is closed: it answers no search and takes no document, and what it holds cannot be counted",
            hint=f"open it (POST {name}/_open) and plan again; closed indices are neither changed nor replaced",
        )
        return
    if index is None:
        change: Change | Problem = create(wanted, name, 1, Verb.CREATE, "not there yet")
    else:
        change = compare(wanted, name, index, stack=stack, version=observed.version, notes=notes)
    yield change
    replaced = isinstance(change, Change) and change.verb is Verb.REPLACE
    there = None if index is None or replaced else index.aliases.get(alias)
    yield _point(alias, name, there, others=[other for other in pointing if other != name])


def newest(alias: str, observed: Observed, stack: str) -> str | None:
    """The last generation of an alias that this stack made."""
    return max(
        (
            name
            for name, index in observed.indices.items()
            if name.startswith(f"{alias}-") and _GENERATION.fullmatch(name[len(alias) :]) and index.stack == stack
        ),
        default=None,
    )


def _point(alias: str, name: str, there: Mapping[str, Any] | None, *, others: list[str]) -> Change:
    """The alias itself: it points to one index, with nothing that filters or routes.

    Args:
        alias: its name.
        name: the index that it shall point to.
        there: its properties on that index; ``None`` when it does not point there.
        others: the indices that it points to and should not.
    """
    pointing = ([] if there is None else [name]) + others
    if not pointing:
        verb, reason, before = Verb.CREATE, "not there yet", {}
    else:
        # One index behind an alias is written through without the flag.
        flag = {"is_write_index": True} if there is not None else {}
        before = {"index": pointing[0] if len(pointing) == 1 else pointing, **flag, **canonical("alias", there or {})}
        verb = Verb.UPDATE
        if there is None:
            reason = f"was moved by hand to {', '.join(others)}, and moves back"
        else:
            reason = f"points to {', '.join(others)} too" if others else "was changed by hand"
    after = {"index": name, "is_write_index": True}
    fields = differences(before, after)
    if not fields:
        return Change(kind="alias", name=alias, verb=Verb.NO_OP, reason="as wanted")
    return Change(
        kind="alias", name=alias, verb=verb, reason=reason, fields=fields, request={**after, "others": others}
    )
