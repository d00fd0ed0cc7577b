"""Trained models: configurations, definitions, deployments and inference.

Only ``native`` imports torch, and it runs in a process of its own, as in Elasticsearch.
"""

from clipline.emulator.ml import api_aliases, api_deployments, api_infer, api_models
from clipline.emulator.ml.models import Models

ROUTES = [*api_models.ROUTES, *api_aliases.ROUTES, *api_deployments.ROUTES, *api_infer.ROUTES]

__all__ = ["ROUTES", "Models"]
