"""Who makes a request, and what he may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.security.privileges import every_index_action
from clipline.emulator.security.roles import Role

ELASTIC = "elastic"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user: his role names, and whether he may sign in."""

    name: str
    roles: tuple[str, ...]
    full_name: str | None = None
    email: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool = True

    def shown(self) -> dict[str, Any]:
        """As ``GET _security/user`` shows it."""
        return {
            "username": self.name,
            "roles": list(self.roles),
            "full_name": self.full_name,
            "email": self.email,
            "metadata": dict(self.metadata),
            "enabled": self.enabled,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A user, or an API key of his.

    ``limits`` are sets of roles; an action needs a grant in each of them: a key may do what its own descriptors allow
    and its owner's roles allowed when it was made.
    """

    user: User
    limits: tuple[tuple[Role, ...], ...]
    key: Mapping[str, Any] | None = None

    @property
    def realm(self) -> str:
        """Where the credentials were found."""
        if self.key is not None:
            return "_es_api_key"
        return "reserved" if self.user.name == ELASTIC else "default_native"

    def allows_cluster(self, action: str) -> bool:
        """Whether an action on the cluster is granted."""
        return all(any(role.allows_cluster(action) for role in roles) for roles in self.limits)

    def allows_index(self, action: str, name: str) -> bool:
        """Whether an action on an index or alias is granted."""
        return all(any(role.allows_index(action, name) for role in roles) for roles in self.limits)

    def allows_somewhere(self, action: str) -> bool:
        """Whether an action is granted on any index at all."""
        return all(any(role.allows_somewhere(action) for role in roles) for roles in self.limits)

    def actions(self, name: str) -> frozenset[str]:
        """The actions on indices, as privileges tell them apart, that are granted on an index or alias."""
        return frozenset(action for action in every_index_action() if self.allows_index(action, name))

    def described(self) -> str:
        """How a refusal names him."""
        if self.key is not None:
            return f"API key id [{self.key['id']}] of user [{self.user.name}]"
        found = sorted({role.name for roles in self.limits for role in roles})
        lacking = sorted(set(self.user.roles) - set(found))
        absent = f" (assigned roles [{','.join(lacking)}] were not found)" if lacking else ""
        return f"user [{self.user.name}] with effective roles [{','.join(found)}]{absent}"
