"""A text model as a file, and its way into a cluster.

``find`` says which bundle serves a model, ``build`` makes one (the only module that needs torch), ``bundle`` reads and
writes the file, ``seal`` finds a flipped bit anywhere in it, ``loadable`` says whether a server's version loads the model,
``push`` uploads it in ``parts``, ``parity`` proves by its ``probes`` that what was deployed is what was bundled.
"""
