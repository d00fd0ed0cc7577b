"""Templates, indices, aliases, mappings, documents."""

from clipline.emulator.indices import (
    admin,
    aliases,
    bulk,
    closing,
    documents,
    field_mapping,
    get,
    maintenance,
    multi_get,
    resolve_api,
    settings_api,
    simulated_ingest,
    simulation,
    stats,
    tables,
    templates,
    update,
)
from clipline.emulator.indices.store import Indices

ROUTES = [
    *templates.ROUTES,
    *simulation.ROUTES,
    *simulated_ingest.ROUTES,
    *aliases.ROUTES,
    *settings_api.ROUTES,
    *closing.ROUTES,
    *maintenance.ROUTES,
    *resolve_api.ROUTES,
    *stats.ROUTES,
    *tables.ROUTES,
    *bulk.ROUTES,
    *documents.ROUTES,
    *get.ROUTES,
    *multi_get.ROUTES,
    *update.ROUTES,
    *admin.ROUTES,
    *field_mapping.ROUTES,
]

__all__ = ["ROUTES", "Indices"]
