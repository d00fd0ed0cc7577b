"""An Elasticsearch-compatible HTTP server for demos, CI and tests; imports nothing else of ours.

It answers as Elasticsearch 9.2.0 does for what clipline, the official client, eland and applications of the series
touch; what it does not know it refuses with HTTP 501 and ``emulator_unsupported_exception``, naming it.

- ``server``, ``launch``: the process, and starting it from another one
- ``app``, ``wire``, ``errors``: HTTP; handlers below it receive a ``Call`` and return a ``Reply``
- ``node``, ``database``: the state, in one SQLite file
- ``cluster``, ``indices``, ``search``, ``ingest``, ``ml``: the API families, each with its table of routes
"""
