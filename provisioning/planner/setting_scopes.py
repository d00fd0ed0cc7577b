"""Which index settings Elasticsearch changes while the index is open: those with ``Property.Dynamic``.

Checked one by one against ``IndexScopedSettings`` and the classes that it lists: ``IndexSettings``, ``IndexMetadata``,
``MapperService``, ``MergePolicyConfig``, ``MergeSchedulerConfig``, the slow logs, ``EngineConfig``, ``Store``,
``LifecycleSettings``. Every other setting is static (a closed index may take it), final or the server's own: a new
index. The names have no ``index.``.
"""

from __future__ import annotations

DYNAMIC = frozenset(
    {
        # IndexMetadata
        "number_of_replicas", "auto_expand_replicas", "priority", "hidden", "write.wait_for_active_shards",
        "blocks.read_only", "blocks.read", "blocks.write", "blocks.metadata", "blocks.read_only_allow_delete",
        # IndexSettings
        "refresh_interval", "default_pipeline", "final_pipeline", "query.default_field", "gc_deletes",
        "flush_after_merge", "translog.durability", "translog.sync_interval", "translog.flush_threshold_size",
        "translog.flush_threshold_age", "translog.generation_threshold_size", "translog.retention.age",
        "translog.retention.size", "soft_deletes.retention.operations", "soft_deletes.retention_lease.period",
        "search.idle.after", "warmer.enabled", "bloom_filter_for_id_field.enabled", "analyze.max_token_count",
        "highlight.max_analyzed_offset", "highlight.weight_matches_mode.enabled", "max_result_window",
        "max_inner_result_window", "max_docvalue_fields_search", "max_script_fields", "max_ngram_diff",
        "max_shingle_diff", "max_rescore_window", "max_refresh_listeners", "max_slices_per_scroll",
        "max_adjacency_matrix_filters", "max_terms_count", "max_regex_length", "time_series.end_time",
        "merge.intra_merge_parallelism_enabled",
        # MapperService; the total of fields, but not what a field is by default (coerce, ignore_malformed)
        "mapping.total_fields.limit", "mapping.total_fields.ignore_dynamic_beyond_limit", "mapping.depth.limit",
        "mapping.nested_fields.limit", "mapping.nested_parents.limit", "mapping.nested_objects.limit",
        "mapping.field_name_length.limit", "mapping.field_name_length.ignore_dynamic_beyond_limit",
        "mapping.dimension_fields.limit",
        # caches, allocation, the engine
        "requests.cache.enable", "allocation.max_retries", "unassigned.node_left.delayed_timeout",
        "routing.rebalance.enable", "routing.allocation.enable", "routing.allocation.total_shards_per_node",
        "compound_format", "optimize_auto_generated_id", "dense_vector.hnsw_filter_heuristic",
        # the life of an index (x-pack); parse_origination_date is read when the index is made, and dynamic all the same
        "lifecycle.name", "lifecycle.rollover_alias", "lifecycle.indexing_complete", "lifecycle.origination_date",
        "lifecycle.parse_origination_date", "lifecycle.prefer_ilm", "lifecycle.step.wait_time_threshold",
    }
)  # fmt: skip
FAMILIES = (
    "routing.allocation.include.", "routing.allocation.exclude.", "routing.allocation.require.", "merge.policy.",
    "merge.scheduler.", "search.slowlog.", "indexing.slowlog.",
)  # fmt: skip
"""Groups of settings of which each one is dynamic."""


def setting_in_place(name: str) -> bool:
    """Whether a setting of an open index can change; its name is without ``index.``."""
    return name in DYNAMIC or name.startswith(FAMILIES)
