"""The sentence with which Elasticsearch refuses an action, taken apart.

Its form is that of ``AuthorizationDenialMessages``; the privileges stand in it from the narrowest to ``all``::

    action [indices:admin/create] is unauthorized for API key id [VuaCfGcBCdbkQm-e5aOx] of user [ci] on indices
    [clipline-state], this action is granted by the index privileges [create_index,manage,all]
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WHO = r"(?P<who>(?:API key id \[[^\]]*\] of )?(?:user|service account) \[[^\]]*\](?: run as \[[^\]]*\])?)"
_DENIED = re.compile(
    r"action \[(?P<action>\S+)\] (?:towards remote cluster .*?)?is unauthorized for "
    + _WHO
    + r"(?: with (?:effective|assigned) roles \[(?P<roles>[^\]]*)\])?"
    r"(?: \(assigned roles \[(?P<absent>[^\]]*)\] were not found\))?"
    r"(?: on (?:restricted )?indices \[(?P<indices>[^\]]*)\])?"
    r"(?:.*?this action is granted by the (?P<kind>cluster|index) privileges \[(?P<grants>[^\]]*)\])?",
    re.DOTALL,
)
_SOFT = {"cluster": "cluster privilege", "index": "index privilege"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """What was refused, to whom, where, and what would grant it (narrowest first; empty where the server does not say)."""

    action: str
    who: str
    indices: tuple[str, ...]
    kind: str
    grants: tuple[str, ...]
    roles_not_found: tuple[str, ...]

    @property
    def what(self) -> str:
        """The sentence: who may not do what, and which privilege is missing where."""
        text = f"{self.who} may not do {self.action}{self._place}"
        if self.grants:
            text += f": the {_SOFT[self.kind]} {self.grants[0]} is missing"
        if self.roles_not_found:
            text += f"; its role {', '.join(self.roles_not_found)} does not exist on this cluster"
        return text

    @property
    def hint(self) -> str:
        """What to ask an administrator for."""
        wider = f" ({', '.join(self.grants[1:])} would do, too)" if len(self.grants) > 1 else ""
        grant = f"grant `{self.grants[0]}`{self._place}{wider}; " if self.grants else ""
        return f"{grant}`clipline doctor --print-roles` prints what the stack needs"

    @property
    def _place(self) -> str:
        return f" on {', '.join(self.indices)}" if self.indices else ""


def denied(reason: str) -> Denied | None:
    """The parts of a refusal; ``None`` for any other sentence."""
    found = _DENIED.search(reason)
    if found is None:
        return None
    return Denied(
        action=found["action"],
        who=found["who"].replace("[", "").replace("]", ""),
        indices=_listed(found["indices"]),
        kind=found["kind"] or "",
        grants=_listed(found["grants"]),
        roles_not_found=_listed(found["absent"]),
    )


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
