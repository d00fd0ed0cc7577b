"""The native process of a deployment: one TorchScript model in a process of its own, as in Elasticsearch.

It is started by ``clipline.emulator.ml.process`` and imports nothing of the server but ``identity``, so that it is ready
soon. In order: ``archive`` looks into the file before torch is imported, ``confine`` limits the process, ``model`` loads it
and refuses what ``graph`` finds in it by the ``rules`` of a version, then answers; ``__main__`` has the protocol.
"""
