"""A client of one cluster; everything that asks a cluster something gets it here."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipline.core.errors import ClusterError
from clipline.core.output import say
from clipline.core.settings import CA_CERTS, Connection

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
        _check_ca(target.ca_certs, target)
        options["ca_certs"] = target.ca_certs
    try:
        if target.url:
            return Elasticsearch(target.url, **options)
        return Elasticsearch(cloud_id=target.cloud_id, **options)
    except (ValueError, OSError) as error:
        hint = None if target.url else "copy the Cloud id from the deployment's page: NAME:BASE64"
        raise ClusterError(f"the connection cannot be set up: {error}", where=target.name, hint=hint) from error


def new_opaque_id() -> str:
    """A name for one command's requests."""
    return f"clipline-{uuid.uuid4().hex[:8]}"


def _check_ca(path: str, target: Connection) -> None:
    """Refuse a CA file that cannot be used; the client would say so at its first request only, and not of which file."""
    if target.name.startswith("http://"):
        raise ClusterError(
            f"{CA_CERTS} is set, which is for https, and the URL says http",
            where=target.name,
            hint=f"write https:// if the cluster has TLS; else unset {CA_CERTS}",
        )
    import ssl

    given = {"capath": path} if Path(path).is_dir() else {"cafile": path}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(**given)
    except (OSError, ssl.SSLError) as error:
        why = "it holds no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise ClusterError(
            f"the CA file {path} cannot be used: {why}",
            where=CA_CERTS,
            hint="it is config/certs/http_ca.crt of a node, copied to this machine",
        ) from error


def log_requests(opaque_id: str) -> None:
    """Print every request to stderr: method, address, status, milliseconds, X-Opaque-Id."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"%(message)s [{opaque_id}]"))
    logger = logging.getLogger("elastic_transport.transport")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
