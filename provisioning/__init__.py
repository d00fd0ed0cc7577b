"""Assets → desired state → plan → apply.

The stages, in order:

1. ``stack.read_stack``: the files of a folder → assets. Reads files; knows nothing of a cluster.
2. ``validate.check``: assets → findings. Pure.
3. ``desired.desired_state``: assets (and digests) → the resources wanted. Pure; may not ask a cluster anything.
4. ``observe.observe``: a cluster → the resources found. Read-only: may not change anything.
5. ``planner.make_plan``: desired + observed → a plan, an inert value. Pure: no client in reach.
6. ``apply.apply_plan``: carries out a plan, change by change, and nothing that the plan does not name.

``render`` shows a plan, ``status`` what runs. A text model travels as a ``bundle``: ``build`` makes one (the only
module that needs torch), ``push`` uploads it, ``parity`` proves it.
"""
