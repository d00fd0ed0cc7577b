"""An Elasticsearch-compatible HTTP server for demos, CI and tests; imports nothing else of ours.

It answers as Elasticsearch 8.19, 9.2 or 9.5 does for what clipline, the official client, eland and applications of the
series touch; what it does not know it refuses with HTTP 501 and ``emulator_unsupported_exception``, naming it.

- ``server``, ``launch``, ``record``: the process, starting it from another one, and finding it again
- ``identity``, ``versions``, ``licence``, ``cluster_settings``: what it is started as, and what depends on that
- ``node``, ``database``: the state, in SQLite; the rooms below reach each other through the node
- ``http``: from bytes to a ``Call``, from a ``Reply`` to bytes; ``errors``: the errors between them
- ``cluster``, ``indices``, ``search``, ``ingest``, ``ml``, ``security``: the API families, each with its table of routes;
  ``absent``: what there never is any of
- ``native``: the process of a deployed model, the only one that imports torch
- ``painless``: the part of the language that conditions, scripts and scores are written in
- ``patterns``, ``spelling``, ``units``, ``node_description``, ``shard_health``: what several families share
- ``coverage``: the page that says what is answered, made from the tables
"""
