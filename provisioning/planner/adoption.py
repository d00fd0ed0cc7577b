"""Who owns what is there, and what an operator chose to take over (``--adopt``). Pure.

A resource is *managed* when it carries this stack's mark (or is listed as adopted, where it cannot be marked), *foreign*
when it does not, and an *orphan* when it is managed and no longer declared. A foreign resource under a name that the
stack needs is a problem of the plan until it is adopted by its address.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioning.plan import Field, Problem

ALL = "all"


@dataclass(frozen=True, slots=True)
class Adoption:
    """The addresses that may be taken over; ``all`` stands for whatever carries no other stack's mark."""

    addresses: frozenset[str] = frozenset()
    used: set[str] = field(default_factory=set)

    def takes(self, address: str, owner: str | None) -> bool:
        """Whether a foreign resource may be taken over; one of another stack only by its own address."""
        if address in self.addresses:
            self.used.add(address)
            return True
        return ALL in self.addresses and owner is None

    def unused(self) -> list[str]:
        """The addresses that were given and not needed."""
        return sorted(self.addresses - self.used - {ALL})


def taken_over(owner: str | None, stack: str) -> Field:
    """The field that shows a change of hands."""
    return Field("_meta.clipline.stack", owner, stack)


def foreign(address: str, owner: str | None, *, what: str = "is there already", otherwise: str) -> Problem:
    """The problem of a foreign resource: ``otherwise`` says what to do when it is not to be taken over."""
    if owner is not None:
        return Problem(
            address=address,
            what=f"{what} and belongs to the stack {owner!r}",
            hint=f"{otherwise}; or take it away from that stack: --adopt {address}",
        )
    return Problem(
        address=address,
        what=f"{what} and was not made by clipline",
        hint=f"{otherwise}; or take it over as it is shown by the plan with --adopt {address}",
    )
