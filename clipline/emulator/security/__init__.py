"""Security, switched on by ``--secure``: TLS, users, API keys, roles, and a refusal for whoever lacks a privilege.

- ``privileges``, ``roles``: what a named privilege grants, what a role holds (pure)
- ``subject``: who asks; ``store``: users, roles and keys in SQLite
- ``authenticate``: header → subject, or 401; ``authorize``: subject and route → the call he may make, or 403
- ``api_*``: the ``_security`` APIs; ``tls``: the certificates

Without ``--secure`` the node is one with ``xpack.security.enabled: false``: credentials are ignored, and there are no
``_security`` APIs. Sources: the classes of those names in Elasticsearch's x-pack/plugin/{core,security}.
"""

from clipline.emulator.security import (
    api_caches,
    api_keys,
    api_privileges,
    api_query,
    api_roles,
    api_self,
    api_users,
)
from clipline.emulator.security.room import Security

ROUTES = [
    *api_self.ROUTES,
    *api_users.ROUTES,
    *api_roles.ROUTES,
    *api_keys.ROUTES,
    *api_query.ROUTES,
    *api_privileges.ROUTES,
    *api_caches.ROUTES,
]

__all__ = ["ROUTES", "Security"]
