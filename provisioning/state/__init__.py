"""What clipline remembers in the cluster beside the resources: who works, what was done, what was adopted.

All of it lives in one hidden index, ``clipline-state``:

1. ``store``: the index, its mapping, one document read, one document written under a condition.
2. ``who``: the user, as the cluster knows them, and the process; tells whether a process is provably dead.
3. ``lock``: at most one operator changes a stack at a time. ``renewal`` keeps the lock while the work goes on.
4. ``history``: one document a run.
5. ``adopted``: the resources of a stack that carry no mark of ours.
6. ``uploads``: how far the upload of a model has come.
"""
