"""Trained models: configurations, definitions, deployments and inference.

Torch is imported in the process of ``native`` only, one for each deployment, as in Elasticsearch.
"""

from clipline.emulator.ml import api_aliases, api_deployments, api_infer, api_info, api_models, api_parts, api_stats
from clipline.emulator.ml.models import Models

ROUTES = [
    *api_models.ROUTES,
    *api_parts.ROUTES,
    *api_aliases.ROUTES,
    *api_deployments.ROUTES,
    *api_stats.ROUTES,
    *api_infer.ROUTES,
    *api_info.ROUTES,
]

__all__ = ["ROUTES", "Models"]
