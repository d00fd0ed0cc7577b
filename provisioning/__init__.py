"""Assets → desired state → plan → apply.

The stages, in order:

1. ``assets``: the files of a folder → a checked stack. Reads files; knows nothing of a cluster.
2. ``desired.desired_state``: assets (and digests) → the resources wanted. Pure; may not ask a cluster anything.
3. ``observe.observe``: a cluster → the resources found. Read-only: may not change anything.
4. ``planner.make_plan``: desired + observed → a plan, an inert value. Pure: no client in reach. Both sides are compared
   in their ``canonical`` form.
5. ``apply.apply_plan``: carries out a plan, change by change, and nothing that the plan does not name.

``render`` shows a plan, ``plan_file`` keeps one, ``seen`` tells whether the cluster has moved since, ``status`` shows what
runs, ``state`` remembers who works and what was adopted. A text model travels as a bundle (``bundles``), made by the only module
that needs torch. ``pipeline_tests`` reads the tests of ingest pipelines and judges their results, ``simulate`` runs them.
"""
