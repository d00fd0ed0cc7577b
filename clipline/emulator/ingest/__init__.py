"""Ingest pipelines: stored, checked, simulated, run."""

from clipline.emulator.ingest.api import ROUTES
from clipline.emulator.ingest.pipelines import Pipelines

__all__ = ["ROUTES", "Pipelines"]
