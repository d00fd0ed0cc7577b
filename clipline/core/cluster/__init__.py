"""The client, what is asked again after a pause, and what its errors mean.

``connecting`` makes the client; ``patience`` is its transport, which waits and asks again where the cluster is busy or away
(``repeating`` says which requests may be sent twice, ``creating`` sends those that may not); ``explaining`` turns whatever the
client raises into a sentence, with ``answers`` for what Elasticsearch said, ``privileges`` for what it did not allow,
``strangers`` for what is not Elasticsearch, and ``unreachable`` for where nothing was said. The only room of core that makes
requests.
"""

from __future__ import annotations

from clipline.core.cluster.connecting import connect, log_requests, new_opaque_id
from clipline.core.cluster.creating import create, ensure
from clipline.core.cluster.explaining import cluster_errors, explain
from clipline.core.cluster.reasons import reason

__all__ = ["cluster_errors", "connect", "create", "ensure", "explain", "log_requests", "new_opaque_id", "reason"]
