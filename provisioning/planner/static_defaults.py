"""What an index is where nobody set one of the settings that only a new index takes. Pure.

A stack may write such a default out, or write it out only for newer servers (``since``), after the index was made: that is
no difference, and no migration. Source: the default of each ``Setting`` of IndexSettings, IndexMetadata, MapperService and
EngineConfig.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_DEFAULTS: Mapping[str, str] = {
    "codec": "default", "mode": "standard", "soft_deletes.enabled": "true", "routing_partition_size": "1",
    "mapping.coerce": "true", "mapping.ignore_malformed": "false", "mapping.ignore_above": "2147483647",
    "mapping.source.mode": "stored", "mapping.synthetic_source_keep": "none", "query_string.lenient": "false",
    "query.parse.allow_unmapped_fields": "true", "queries.cache.enabled": "true", "fielddata.cache": "node",
    "load_fixed_bitset_filters_eagerly": "true", "shard.check_on_startup": "false",
    "store.stats_refresh_interval": "10s",
}  # fmt: skip
_EXCLUDE_VECTORS = "mapping.exclude_source_vectors"
_EXCLUDED_SINCE = 9_034_000
"""``index.version.created`` is below this where a server older than 9.2 made the index, which keeps its vectors."""


def with_defaults(live: Mapping[str, str], wanted: Iterable[str], shown: Mapping[str, Any]) -> dict[str, str]:
    """A live index's settings, and of what is wanted besides the defaults that it has.

    Args:
        live: the canonical settings of the index.
        wanted: names, without ``index.``.
        shown: its settings as the API shows them.
    """
    created = int(((shown.get("index") or {}).get("version") or {}).get("created") or 0)
    defaults = {**_DEFAULTS, _EXCLUDE_VECTORS: "true" if created >= _EXCLUDED_SINCE else "false"}
    return {**{name: defaults[name] for name in wanted if name in defaults}, **live}
