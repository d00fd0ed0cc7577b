"""A text model as a file, and its way into a cluster.

``find`` says which bundle serves a model, ``build`` makes one (the only module that needs torch), ``bundle`` reads and
writes the file, ``push`` uploads it, ``parity`` proves by its ``probes`` that what was deployed is what was bundled.
"""
