"""An Elasticsearch-compatible HTTP server for demos, CI and tests; imports nothing else of ours.

It answers as Elasticsearch 8.19, 9.2 or 9.5 does for what clipline, the official client, eland and applications of the
series touch; what it does not know it refuses with HTTP 501 and ``emulator_unsupported_exception``, naming it.

- ``server``, ``launch``: the process, and starting it from another one
- ``app``, ``routing``, ``media``, ``answers``, ``wire``, ``errors``: HTTP; handlers below receive a ``Call`` and return a
  ``Reply``
- ``cat``, ``human``, ``units``, ``json_body``, ``patterns``: what the families share
- ``node``, ``database``: the state, in one SQLite file; ``identity``, ``versions``, ``licence``: what it is
- ``cluster``, ``indices``, ``search``, ``ingest``, ``ml``: the API families, each with its table of routes
"""
