"""What an alias may be: its name, its filter, its write index, and whether it is hidden."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices.index_names import wrong_name

if TYPE_CHECKING:
    from clipline.emulator.indices.store import Indices


def check_alias(
    indices: Indices, alias: str, body: Mapping[str, Any], *, new_index: str | None = None, gone: Container[str] = ()
) -> None:
    """Refuse an alias that cannot be; ``new_index`` is about to be made with it, and those of ``gone`` to be deleted.

    Raises:
        ApiError: 400 for its name or filter, 501 for a filter that is not emulated.
    """
    if not alias.strip():
        raise illegal_argument("alias name is required")
    if wrong := wrong_name(alias, lowercase=False):
        raise _invalid(alias, wrong)
    if "," in str(body.get("index_routing", "")):
        raise illegal_argument(f"alias [{alias}] has several index routing values associated with it")
    if (indices.exists(alias) and alias not in gone) or alias == new_index:
        raise _invalid(alias, "an index or data stream exists with the same name as the alias")
    if body.get("filter"):
        _check_filter(alias, body["filter"])


def check_together(alias: str, bodies: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what the indices of one alias cannot be together.

    Raises:
        ApiError: 500 for two write indices, or an alias that is hidden on one and not on another.
    """
    writable = sorted(name for name, body in bodies.items() if body.get("is_write_index"))
    if len(writable) > 1:
        reason = f"alias [{alias}] has more than one write index [{','.join(writable)}]"
        raise ApiError(500, "illegal_state_exception", reason)
    hidden = sorted(name for name, body in bodies.items() if body.get("is_hidden"))
    if hidden and len(hidden) < len(bodies):
        visible = sorted(set(bodies) - set(hidden))
        raise ApiError(
            500,
            "illegal_state_exception",
            f"alias [{alias}] has is_hidden set to true on indices [{','.join(hidden)}] but does not have is_hidden set to "
            f"true on indices [{','.join(visible)}]; alias must have the same is_hidden setting on all indices",
        )


def agreed_routing(alias: str, own: str | None, given: str | None) -> str | None:
    """The routing of a document that an alias leads to.

    Raises:
        ApiError: 400 where the request brings another than the alias.
    """
    if own is not None and given not in (None, own):
        raise illegal_argument(
            f"Alias [{alias}] has index routing associated with it [{own}], and was provided with routing value [{given}], "
            "rejecting operation"
        )
    return given if own is None else own


def _check_filter(alias: str, body: Any) -> None:
    from clipline.emulator.search.queries import read_query
    from clipline.emulator.search.reading import Reading

    try:
        read_query(body, Reading())
    except ApiError as error:
        if error.status == 501:
            raise
        reason = f"failed to parse filter for alias [{alias}]"
        raise ApiError(400, "illegal_argument_exception", reason, caused_by=error.cause()) from error


def _invalid(alias: str, wrong: str) -> ApiError:
    return ApiError(400, "invalid_alias_name_exception", f"Invalid alias name [{alias}]: {wrong}")
