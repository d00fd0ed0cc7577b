"""Tests of ingest pipelines, kept as files beside them. Pure: ``provisioning.simulate`` runs them.

In order: ``files.read_tests`` reads ``pipelines/tests/<pipeline>/*.yml`` into ``case.Case``s, with the ``matchers`` for what
is volatile in an expected document; ``bodies`` makes the pipeline that is sent, with a model that is absent or stopped
where a case wants that; ``judge`` compares an answer of the server with a case into a ``case.Result`` (``comparing``);
``report`` and ``junit`` show the results. Nothing here makes a request, and nothing pretends to be a pipeline: each
document of a case is answered by the server.
"""
