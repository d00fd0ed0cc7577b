"""clipline: image-search stacks on Elasticsearch, kept as files and put into a cluster by one command.

The rooms:

- ``clipline.core``: errors, settings, the cluster connection, output, encoders, the records others share
- ``clipline.search``: text, picture or document id → vector → kNN → hits
- ``clipline.emulator``: an Elasticsearch-compatible HTTP server, reached only over HTTP
- ``clipline.demo``: the tiny model pair, its pictures, and the main job from start to end
- ``clipline.cli``: the command line; with ``clipline.demo`` the only place where the rooms meet

Beside it stand ``provisioning`` (assets → plan → apply) and ``loader`` (pictures → documents).
"""

__version__ = "0.1.0"
