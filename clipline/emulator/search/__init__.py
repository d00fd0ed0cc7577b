"""Searching: queries, vectors, and what a hit shows."""

from clipline.emulator.search import api, delete_by_query

ROUTES = [*api.ROUTES, *delete_by_query.ROUTES]

__all__ = ["ROUTES"]
