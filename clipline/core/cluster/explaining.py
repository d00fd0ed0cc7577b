"""Whatever the client raises → a ``ClusterError`` that says where, what and what next.

The sentences are imported when one is needed: commands that succeed start without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clipline.core.errors import ClusterError
from clipline.core.settings import Connection

if TYPE_CHECKING:
    from elasticsearch import ApiError, TransportError


@contextmanager
def cluster_errors(target: Connection) -> Iterator[None]:
    """Turn whatever the client raises inside into a ``ClusterError``."""
    from elasticsearch import ApiError, TransportError

    try:
        yield
    except (ApiError, TransportError) as error:
        raise explain(error, target) from error


def explain(error: ApiError | TransportError, target: Connection) -> ClusterError:
    """The sentence for one of the client's exceptions."""
    from elasticsearch import ApiError, UnsupportedProductError

    from clipline.core.cluster.answers import explain_answer
    from clipline.core.cluster.reasons import is_elasticsearch
    from clipline.core.cluster.strangers import explain_stranger
    from clipline.core.cluster.unreachable import explain_silence

    if not isinstance(error, ApiError):
        return explain_silence(error, target)
    if isinstance(error, UnsupportedProductError) or not is_elasticsearch(error.meta, error.body):
        return explain_stranger(error, target)
    return explain_answer(error, target)
