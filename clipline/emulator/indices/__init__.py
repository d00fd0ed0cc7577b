"""Templates, indices, aliases, mappings, documents."""

from clipline.emulator.indices import admin, aliases, bulk, documents, templates
from clipline.emulator.indices.store import Indices

ROUTES = [*templates.ROUTES, *aliases.ROUTES, *bulk.ROUTES, *documents.ROUTES, *admin.ROUTES]

__all__ = ["ROUTES", "Indices"]
