"""Documents through the stack's pipelines as its files have them, by ``_ingest/pipeline/_simulate``.

``run.run_cases`` sends each case's document with the pipeline in the body of the request, so that what is tested is what
``apply`` would put, whatever the cluster has; ``faults`` finds the models that make a case's fault true; ``inner`` knows whether
the pipelines that a pipeline calls, which can only be those of the cluster, are the stack's. Nothing is written, but for the
model without weights that ``--stand-in`` allows for the time of a run.
"""
