"""The room that a node has for security: open to everybody, or with the door that ``--secure`` puts in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.http.wire import Call, Route
from clipline.emulator.security.authenticate import Authenticator
from clipline.emulator.security.authorize import authorized, denied, refused_names, spelled
from clipline.emulator.security.privileges import is_cluster_action
from clipline.emulator.security.store import SecurityStore
from clipline.emulator.security.subject import ELASTIC, Subject
from clipline.emulator.security.tls import Certificates

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_RUN_AS = "es-security-runas-user"
_MORE_THAN_ITS_INDICES = "Adding an alias is not allowed when the alias has more permissions than any of the indices"
_ACTION: ContextVar[str | None] = ContextVar("action", default=None)
_SUBJECT: ContextVar[Subject | None] = ContextVar("subject", default=None)
"""Who makes the request that this thread answers."""


class Security:
    """Users, roles and keys of a node; without ``--secure`` nobody is asked who he is."""

    def __init__(self, node: Node, data: Path) -> None:
        self._node = node
        self.enabled = node.identity.secure
        if self.enabled:
            self.store = SecurityStore(node.database, data)
            self.authenticator = Authenticator(self.store)
            self.certificates = Certificates.of(data)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a client needs beside the address."""
        if not self.enabled:
            return {}
        return {
            "ELASTICSEARCH_USERNAME": ELASTIC,
            "ELASTICSEARCH_PASSWORD": self.store.elastic_password,
            "ELASTICSEARCH_CA_CERTS": str(self.certificates.ca.resolve()),
        }

    @property
    def subject(self) -> Subject:
        """Who makes the present request; only where security is on."""
        found = _SUBJECT.get()
        assert found is not None  # the first thing that a request does is to sign in
        return found

    def sign_in(self, headers: dict[str, str], uri: str) -> None:
        """Find out who makes a request; whatever this thread does next is done for him.

        Raises:
            ApiError: 401; 501 for who would run as somebody else.
        """
        _ACTION.set(None)
        _SUBJECT.set(self.authenticator.subject(headers, uri) if self.enabled else None)
        if self.enabled and headers.get(_RUN_AS):
            raise unsupported(f"the header [{_RUN_AS}]")

    def admit(self, route: Route, call: Call) -> Call:
        """The call as the one who makes it may make it.

        Raises:
            ApiError: 403.
        """
        if not self.enabled:
            return call
        _ACTION.set(route.action)
        return authorized(self.subject, route, call)

    @property
    def visible(self) -> Callable[[str], bool] | None:
        """Whether a wildcard of the present request may reach an index or alias; ``None`` when it may reach all."""
        action = _ACTION.get()
        if not self.enabled or action is None or is_cluster_action(action):
            return None
        return lambda name: self.subject.allows_index(action, name)

    def require(self, action: str, *names: str, shown: bool = True) -> None:
        """Ask for an action on names, each as it stands; ``shown`` says whether a refusal tells them.

        For a part of a request that names its indices in the body, or that is carried out as a request of its own.

        Raises:
            ApiError: 403.
        """
        if self.enabled and (refused := refused_names(self.subject, action, names)):
            raise denied(self.subject, action, refused if shown else ())

    def check_aliased(self, names: Iterable[str], aliases: Iterable[str]) -> None:
        """Refuse an alias by which the one who makes it could do more than he may on its indices.

        Raises:
            ApiError: 403 (IndicesAliasesRequestInterceptor).
        """
        if not self.enabled:
            return
        for alias in aliases:
            allowed = self.subject.actions(alias)
            if not all(allowed <= self.subject.actions(name) for name in names):
                raise ApiError(403, "security_exception", _MORE_THAN_ITS_INDICES)

    def require_spelled(self, action: str, expression: str, *, shown: bool = True) -> None:
        """Ask for an action on the names that an expression spells out; its wildcards reach what is granted from now on.

        Raises:
            ApiError: 403.
        """
        if self.enabled:
            if not self.subject.allows_somewhere(action):
                raise denied(self.subject, action, expression.split(",") if shown else ())
            self.require(action, *spelled(expression), shown=shown)
            _ACTION.set(action)
