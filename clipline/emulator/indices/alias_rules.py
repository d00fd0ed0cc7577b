"""What an alias may be: its name, its options, its filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.indices.index_names import wrong_name

if TYPE_CHECKING:
    from clipline.emulator.indices.store import Indices

OPTIONS = frozenset({"is_write_index", "filter", "is_hidden"})
_LACKING = frozenset({"routing", "index_routing", "search_routing"})


def check_alias(indices: Indices, alias: str, body: Mapping[str, Any], *, new_index: str | None = None) -> None:
    """Refuse an alias that cannot be; ``new_index`` is one that is about to be made with it.

    Raises:
        ApiError: 400 for its name or options, 500 for a second write index, 501 for what is not emulated.
    """
    if wrong := wrong_name(alias, lowercase=False) or (None if alias else "must not be empty"):
        raise _invalid(f"Invalid alias name [{alias}], {wrong}", alias)
    if indices.exists(alias) or alias == new_index:
        raise _invalid(
            f"Invalid alias name [{alias}]: an index or data stream exists with the same name as the alias", alias
        )
    for key in body:
        if key in _LACKING:
            raise unsupported(f"the alias option [{key}]")
        if key not in OPTIONS:
            raise ApiError(400, "parsing_exception", f"Unknown field [{key}] in alias [{alias}]")
    if body.get("filter") is not None:
        _check_filter(body["filter"])
    if new_index is not None and body.get("is_write_index"):
        others = [name for name, other in indices.aliases().get(alias, {}).items() if other.get("is_write_index")]
        if others:
            raise two_write_indices(alias, sorted([*others, new_index]))


def two_write_indices(alias: str, names: list[str]) -> ApiError:
    """500, as Elasticsearch says it."""
    return ApiError(
        500, "illegal_state_exception", f"alias [{alias}] has more than one write index [{','.join(names)}]"
    )


def _check_filter(body: Any) -> None:
    from clipline.emulator.search.queries import read_query
    from clipline.emulator.search.reading import Reading

    read_query(body, Reading())


def _invalid(reason: str, alias: str) -> ApiError:
    return ApiError(400, "invalid_alias_name_exception", reason, meta={"index_uuid": "_na_", "index": alias})
