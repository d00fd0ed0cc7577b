"""Searching: queries, vectors, and what a hit shows."""

from clipline.emulator.search.api import ROUTES

__all__ = ["ROUTES"]
