"""Searching: queries, vectors, and what a hit shows."""

from clipline.emulator.search import analyze, api, delete_by_query, field_caps

ROUTES = [*api.ROUTES, *delete_by_query.ROUTES, *analyze.ROUTES, *field_caps.ROUTES]

__all__ = ["ROUTES"]
