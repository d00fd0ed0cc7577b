"""Templates, indices, aliases, mappings, documents."""

from clipline.emulator.indices import admin, aliases, bulk, documents, get, multi_get, templates, update
from clipline.emulator.indices.store import Indices

ROUTES = [
    *templates.ROUTES,
    *aliases.ROUTES,
    *bulk.ROUTES,
    *documents.ROUTES,
    *get.ROUTES,
    *multi_get.ROUTES,
    *update.ROUTES,
    *admin.ROUTES,
]

__all__ = ["ROUTES", "Indices"]
