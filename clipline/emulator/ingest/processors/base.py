"""What every processor is: a function that reads its options once and gives one that changes documents."""

from __future__ import annotations

from collections.abc import Callable

from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import IngestDocument

Work = Callable[[IngestDocument], None]
"""What a processor does to a document."""

Factory = Callable[[Options], Work]
"""Reads the options in Elasticsearch's order; raises its first complaint, or 501 for what is not emulated."""


class Dropped(Exception):
    """The document is dropped."""
