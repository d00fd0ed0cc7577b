"""Trained models: configurations, definitions, deployments and inference. The road of a model, stage by stage:

1. It is put: ``api_models`` checks its configuration (``bodies``, ``config``, ``names``; ``trees`` for models of trees,
   which are only kept), ``api_parts`` takes definition and vocabulary, ``api_aliases`` gives it names; ``store`` keeps
   them all.
2. It is started: ``requests`` reads what is asked (``adaptive``, ``sizes``, ``times``), ``api_deployments`` checks it
   against what is there (``catalog``), ``capacity`` finds room; ``models`` remembers it and ``deployment`` lives it.
3. Its process is ``process`` to the server; what runs in it is the room ``clipline.emulator.native``. Torch is imported
   there and nowhere else, in one process for each deployment, as in Elasticsearch.
4. It is asked: ``api_infer`` (``infer_request``), a pipeline or a search; ``serving`` finds the deployment that answers
   to the name, ``inference`` makes tokens of the text (``infer_options``, ``tokenizer``, ``wordpiece``), and ``worker``
   is the queue before the process, with its ``cache`` and ``counters``.
5. It is told of: ``api_stats`` (``stats``), ``api_info``.
"""

from clipline.emulator.ml import api_aliases, api_deployments, api_infer, api_info, api_models, api_parts, api_stats
from clipline.emulator.ml.models import Models

ROUTES = [
    *api_models.ROUTES,
    *api_parts.ROUTES,
    *api_aliases.ROUTES,
    *api_deployments.ROUTES,
    *api_stats.ROUTES,
    *api_infer.ROUTES,
    *api_info.ROUTES,
]

__all__ = ["ROUTES", "Models"]
