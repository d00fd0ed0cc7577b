"""A client of one cluster; everything that asks a cluster something gets it here."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any

from clipline.core.errors import ClusterError
from clipline.core.output import say
from clipline.core.settings import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from elasticsearch import Elasticsearch


def connect(target: Connection, *, opaque_id: str | None = None, tell: Callable[[str], None] = say) -> Elasticsearch:
    """A client for one cluster; makes no request.

    ``opaque_id`` is sent with every request as ``X-Opaque-Id``, so that the server's logs show who asked. ``tell`` gets a
    sentence whenever the client waits before it asks again.
    """
    from elasticsearch import Elasticsearch

    from clipline.core.cluster.patience import Patience, PatientTransport

    options: dict[str, Any] = {
        "request_timeout": target.timeout,
        "headers": {"x-opaque-id": opaque_id or new_opaque_id()},
        "transport_class": PatientTransport.of(Patience(where=target.name, seconds=target.patience, tell=tell)),
    }
    if target.api_key:
        options["api_key"] = target.api_key
    elif target.username and target.password:
        options["basic_auth"] = (target.username, target.password)
    if target.ca_certs:
        options["ca_certs"] = target.ca_certs
    try:
        if target.url:
            return Elasticsearch(target.url, **options)
        return Elasticsearch(cloud_id=target.cloud_id, **options)
    except (ValueError, OSError) as error:
        raise ClusterError(f"the connection cannot be set up: {error}", where=target.name) from error


def new_opaque_id() -> str:
    """A name for one command's requests."""
    return f"clipline-{uuid.uuid4().hex[:8]}"


def log_requests(opaque_id: str) -> None:
    """Print every request to stderr: method, address, status, milliseconds, X-Opaque-Id."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"%(message)s [{opaque_id}]"))
    logger = logging.getLogger("elastic_transport.transport")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
