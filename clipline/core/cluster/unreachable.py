"""Nothing was answered: TLS, names, ports, time. → a sentence with the next thing to do.

OpenSSL tells its reasons by the words in ``ssl.SSLCertVerificationError.verify_message`` and ``ssl.SSLError.reason``.
"""

from __future__ import annotations

import re
import ssl
from socket import gaierror
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clipline.core.cluster.reasons import layers_of, system_error, system_reason, timed_out_connecting
from clipline.core.errors import ClusterError, UnreachableError
from clipline.core.settings import CA_CERTS, Connection

if TYPE_CHECKING:
    from elastic_transport import TransportError

_HTTP_SPOKEN = (
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "UNKNOWN_PROTOCOL",
)
"""What OpenSSL 1.1 and 3 make of an answer in plain HTTP."""


def explain_silence(error: TransportError, target: Connection) -> ClusterError:
    """The sentence for a request that got no answer, or one that cannot be read."""
    from elastic_transport import ConnectionTimeout, SerializationError, TlsError

    if isinstance(error, SerializationError):
        return UnreachableError(
            f"the answer cannot be read: {system_reason(error)}",
            where=target.name,
            hint="what answers there may not be Elasticsearch: check the URL and its port",
        )
    if isinstance(error, TlsError):
        return _explain_tls(error, target)
    if isinstance(error, ConnectionTimeout):
        return _explain_timeout(error, target)
    return _explain_connection(error, target)


def _explain_tls(error: TransportError, target: Connection) -> ClusterError:
    where = target.name
    found = next((layer for layer in layers_of(error) if isinstance(layer, ssl.SSLCertVerificationError)), None)
    if found is not None:
        return _explain_certificate(found, target)
    text = " ".join(map(str, layers_of(error)))
    if "doesn't match" in text:  # urllib3 compares names itself
        return _other_name(system_reason(error), target)
    reason = next((layer.reason for layer in layers_of(error) if isinstance(layer, ssl.SSLError) and layer.reason), "")
    if reason in _HTTP_SPOKEN or "wrong version number" in text or "record layer failure" in text:
        return UnreachableError(
            "the URL says https, and what answers there does not speak TLS",
            where=where,
            hint=f"write {_with_scheme(where, 'http')} if this cluster has no TLS; else check the port",
        )
    if "CERTIFICATE_REQUIRED" in reason or "alert certificate required" in text:
        return UnreachableError(
            "the cluster wants a certificate of the client, which clipline cannot show",
            where=where,
            hint="sign in by an API key at a node whose xpack.security.http.ssl.client_authentication is not `required`",
        )
    return UnreachableError(
        f"TLS failed: {system_reason(error)}",
        where=where,
        hint="the server may allow other TLS versions or ciphers only: openssl s_client -connect HOST:PORT shows them",
    )


def _explain_certificate(error: ssl.SSLCertVerificationError, target: Connection) -> ClusterError:
    said, where = error.verify_message, target.name
    if "expired" in said:
        return UnreachableError(
            "the server's certificate, or one above it, has expired",
            where=where,
            hint="renew it on the cluster (openssl s_client -connect HOST:PORT shows its dates); if it has not expired, this"
            " machine's clock is wrong",
        )
    if "not yet valid" in said:
        return UnreachableError(
            "the server's certificate is not valid yet",
            where=where,
            hint="check the clocks of this machine and the server",
        )
    if "mismatch" in said:
        return _other_name(said, target)
    if "self-signed" in said or "self signed" in said:
        what = "the server's certificate is signed by itself, or by an authority of its own, that is not trusted here"
    else:
        what = f"the server's certificate is not signed by an authority that is trusted here ({said})"
    if target.ca_certs is None:
        hint = f"set {CA_CERTS} to the cluster's CA file (config/certs/http_ca.crt of a node)"
    else:
        hint = f"{target.ca_certs}, which {CA_CERTS} names, is not this cluster's CA: take config/certs/http_ca.crt of a node"
    return UnreachableError(what, where=where, hint=hint)


def _other_name(said: str, target: Connection) -> ClusterError:
    host = urlsplit(target.name).hostname or target.name
    return UnreachableError(
        f"the server's certificate is for another name than {host}: {said}",
        where=target.name,
        hint="use a name in the URL that the certificate holds (openssl s_client -connect HOST:PORT shows them), or have"
        f" {host} added to it",
    )


def _explain_timeout(error: TransportError, target: Connection) -> ClusterError:
    if timed_out_connecting(error):
        return UnreachableError(
            f"no connection within {target.timeout:g} s{_tries(error)}",
            where=target.name,
            hint="something drops what we send: check host, port and firewalls",
        )
    return UnreachableError(
        f"no answer within {target.timeout:g} s to {_request(error)}",
        where=target.name,
        hint="look at the cluster's load, or raise --timeout; what was asked for may be done nevertheless: run it again",
    )


def _explain_connection(error: TransportError, target: Connection) -> ClusterError:
    found, where, tries = system_error(error), target.name, _tries(error)
    host = urlsplit(where).hostname or where
    if isinstance(found, gaierror) or _is_about_names(error):
        return UnreachableError(
            f"the name {host} is not known here: {system_reason(error)}{tries}",
            where=where,
            hint="check the URL for a slip, and that this machine's DNS knows the cluster (VPN?)",
        )
    if isinstance(found, ConnectionRefusedError):
        return UnreachableError(
            f"cannot connect: {system_reason(error)}{tries}",
            where=where,
            hint="check the port and that the cluster runs; --emulator starts one here",
        )
    if isinstance(found, ConnectionResetError | BrokenPipeError) or "RemoteDisconnected" in repr(
        list(layers_of(error))
    ):
        hint = "run it again: it goes on from what was done; the cluster's log, or a proxy's, says why"
        if where.startswith("http://"):
            hint = f"if the cluster has TLS, write {_with_scheme(where, 'https')}; else {hint}"
        return UnreachableError(
            f"the connection broke before an answer came to {_request(error)}: {system_reason(error)}{tries}",
            where=where,
            hint=hint,
        )
    return UnreachableError(
        f"cannot connect: {system_reason(error)}{tries}",
        where=where,
        hint="check the URL and that the cluster runs; --emulator starts one here",
    )


def _is_about_names(error: TransportError) -> bool:
    return re.search(r"NameResolutionError|Name or service not known", repr(list(layers_of(error)))) is not None


def _with_scheme(where: str, scheme: str) -> str:
    return f"{scheme}://{where.partition('://')[2]}"


def _request(error: TransportError) -> str:
    failure = getattr(error, "failure", None)
    return f"{failure.method} {failure.target.partition('?')[0]}" if failure else "a request"


def _tries(error: TransportError) -> str:
    failure = getattr(error, "failure", None)
    if failure is None or failure.tries == 1:
        return ""
    return f" (asked {failure.tries} times in {failure.seconds:.0f} s)"
