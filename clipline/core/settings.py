"""Where the cluster is and how to sign in.

From flags first, then the environment: ``ELASTICSEARCH_URL`` or ``ELASTIC_CLOUD_ID``; ``ELASTICSEARCH_API_KEY``, or
``ELASTICSEARCH_USERNAME`` with ``ELASTICSEARCH_PASSWORD``; ``ELASTICSEARCH_CA_CERTS``. A user and password inside a URL
are taken out of it at once, so that no message or log can hold them. There is no default address: nobody should wonder
where an apply went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from clipline.core.errors import UsageError

CA_CERTS = "ELASTICSEARCH_CA_CERTS"
_CLOUD = (".elastic-cloud.com", ".elastic.cloud", ".es.io", ".found.io", ".cloud.es.io")
"""How addresses of Elastic Cloud end."""
PATIENCE = 60.0
"""Longer than a node takes to start again, or a master to be elected; shorter than an operator takes to look elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One cluster's address and credentials.

    ``timeout`` is in seconds and counts per request; ``patience`` is how many seconds a request that found the cluster busy
    or away is sent again, 0 for never.
    """

    url: str | None = None
    cloud_id: str | None = None
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_certs: str | None = None
    timeout: float = 30.0
    patience: float = PATIENCE

    @property
    def name(self) -> str:
        """The address as it may be printed: without credentials."""
        if self.url is None:
            return f"Elastic Cloud deployment {(self.cloud_id or '').partition(':')[0]}"
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def in_cloud(self) -> bool:
        """Whether it is a deployment of Elastic Cloud, which may add nodes by itself."""
        return bool(self.cloud_id) or str(urlsplit(self.url or "").hostname or "").endswith(_CLOUD)


def connection(
    *,
    environment: Mapping[str, str],
    url: str | None = None,
    cloud_id: str | None = None,
    timeout: float = 30.0,
    patience: float = PATIENCE,
) -> Connection:
    """The connection that flags and environment describe; a flag overrules the environment.

    Raises:
        UsageError: no address, two addresses, an address without scheme, two ways to sign in, or half of one.
    """
    if url is None and cloud_id is None:
        url = environment.get("ELASTICSEARCH_URL") or None
        cloud_id = environment.get("ELASTIC_CLOUD_ID") or None
    if url and cloud_id:
        raise UsageError("both a URL and a Cloud id are given", hint="unset ELASTICSEARCH_URL or ELASTIC_CLOUD_ID")
    if not url and not cloud_id:
        raise UsageError(
            "no cluster is named",
            hint="give --url (or ELASTICSEARCH_URL), --cloud-id (or ELASTIC_CLOUD_ID), or --emulator to try it here",
        )
    api_key = environment.get("ELASTICSEARCH_API_KEY") or None
    username = environment.get("ELASTICSEARCH_USERNAME") or None
    password = environment.get("ELASTICSEARCH_PASSWORD") or None
    if url:
        _check_url(url)
        url, own_username, own_password = _without_credentials(url)
        if own_username and username:
            raise UsageError(
                "the URL and the environment both name a user",
                where=url,
                hint="take the user out of the URL, or unset ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD",
            )
        if own_username or own_password:
            username, password = own_username, own_password
    if api_key and username:
        raise UsageError(
            "both an API key and a user name are given",
            hint="unset ELASTICSEARCH_API_KEY or ELASTICSEARCH_USERNAME",
        )
    if (username is None) != (password is None):
        raise UsageError("a user name and its password go together", hint="set ELASTICSEARCH_USERNAME and _PASSWORD")
    return Connection(
        url=url,
        cloud_id=cloud_id,
        api_key=api_key,
        username=username,
        password=password,
        ca_certs=environment.get(CA_CERTS) or None,
        timeout=timeout,
        patience=patience,
    )


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        # What stands before an @ may be a password, whatever else is wrong with the rest.
        shown = f"…@{url.rpartition('@')[2]}" if "@" in url else url
        raise UsageError(f"{shown!r} is not the URL of a cluster", hint="write it as https://host:9200")


def _without_credentials(url: str) -> tuple[str, str | None, str | None]:
    """The URL as it may be printed and logged, and the user and password that stood in it."""
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, unquote(parts.username or "") or None, unquote(parts.password or "") or None
