"""The cluster itself: who it is, how it is, what it may do, its settings, its one node.

- ``info``: ``GET /`` and ``_xpack``;  ``health``: ``_cluster/health``, ``_cluster/pending_tasks``
- ``node_info``, ``node_stats``: ``_nodes``;  ``machine``: what they measure
- ``settings_api``: ``_cluster/settings``;  ``licence_api``: ``_license``
- ``tables``: ``_cat/health``, ``_cat/nodes``, ``_cat/master``
"""

from clipline.emulator.cluster import health, info, licence_api, node_info, node_stats, settings_api, tables

ROUTES = [
    *info.ROUTES,
    *health.ROUTES,
    *licence_api.ROUTES,
    *settings_api.ROUTES,
    *node_info.ROUTES,
    *node_stats.ROUTES,
    *tables.ROUTES,
]

__all__ = ["ROUTES"]
