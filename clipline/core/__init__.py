"""What every room may use and what uses none of them.

- ``errors``: the one tree of errors, and the exit codes
- ``settings``: where the cluster is and how to sign in, from flags and the environment
- ``cluster``: the client, and server errors turned into sentences (the only module here that holds a client)
- ``output``: data on stdout, talk on stderr
- ``records``: the document, its identity and the marks that an index carries in ``_meta.clipline``
- ``digest``: the identity of a model directory
- ``hub``: from a model's name to its directory on this machine
- ``encoders``: pictures to vectors
"""
