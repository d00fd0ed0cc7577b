"""Ingest pipelines: stored, checked, run, counted, simulated.

1. **Compile** (when a pipeline is put; no document is there): ``compile`` reads the JSON, ``config`` the options of one
   processor in Elasticsearch's order and words; ``processors`` has a table of all of them, ``inference`` the one that asks a
   model; ``mustache`` the templates in their options. Conditions and scripts are ``clipline.emulator.painless``.
2. **Run**: ``execute`` takes a ``document`` through the steps, with their conditions and failures; ``metrics`` counts.
3. **Keep**: ``pipelines`` stores the bodies and holds the compiled form; the writes of ``indices`` ask it to run them.

Over HTTP: ``api`` (put, get, delete), ``simulate``. ``_ingest/_simulate``, which asks an index, too, is in ``indices``.
"""

from clipline.emulator.ingest.api import ROUTES
from clipline.emulator.ingest.pipelines import Pipelines

__all__ = ["ROUTES", "Pipelines"]
