"""Creating what is refused when it is there already, over a network that may lose the answer."""

from __future__ import annotations

from collections.abc import Callable

from clipline.core.cluster.reasons import kind_of
from clipline.core.cluster.repeating import GATEWAY


def create(send: Callable[[], object]) -> None:
    """Send a request that creates something; where its answer is lost, send it once more, which tells.

    That it is there then is a success: only for what nobody else makes meanwhile, as under the lock of a stack.

    Raises:
        elasticsearch.ApiError, elasticsearch.TransportError: it was refused, or lost a second time.
    """
    from elasticsearch import ApiError, BadRequestError, ConnectionError, ConnectionTimeout  # noqa: A004

    try:
        send()
    except (ConnectionError, ConnectionTimeout):
        pass
    except ApiError as error:
        if error.meta.status not in GATEWAY:
            raise
    else:
        return
    try:
        send()
    except BadRequestError as error:
        if kind_of(error.body) != "resource_already_exists_exception":
            raise


def ensure(send: Callable[[], object]) -> None:
    """Like ``create``, where it may be there from an earlier run: that is a success too.

    Raises:
        elasticsearch.ApiError, elasticsearch.TransportError: as ``create``.
    """
    from elasticsearch import BadRequestError

    try:
        create(send)
    except BadRequestError as error:
        if kind_of(error.body) != "resource_already_exists_exception":
            raise
