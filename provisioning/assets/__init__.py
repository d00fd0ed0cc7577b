"""Files → assets: reading (``documents``, ``variables``), the stack (``stack``, ``model_asset``), what is wrong (``validate``).

In order: ``variables.gather`` collects the values, ``stack.read_stack`` reads every file with them, ``validate.check``
finds what is wrong (``schema``: shapes, ``names``: the server's rules for names). Nothing here knows of a cluster.
"""
