"""Every index setting of Elasticsearch that is known here: its kind, when it may change, its default, what it does here.

One line per setting: name (without ``index.``), kind, scope, effect, default (``-`` for none that is fixed), and what
else limits it: ``>=n``, ``<=n``, ``since=9.2``, or the values of an enum joined by ``|``. A name that ends in ``*`` is a
family. After IndexScopedSettings, IndexSettings, IndexMetadata, MergePolicyConfig, the slow logs, and the lifecycle
settings of x-pack.

Scopes: ``static`` (at creation only), ``final`` (never again), ``dynamic``, ``private`` (set by the server alone).
Effects: ``done`` (emulated), ``idle`` (changes nothing that can be seen on one emulated node: kept and shown), ``lacking``
(would change answers; only its default is accepted).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from clipline.emulator.identity import Version

_ROWS = """
number_of_shards                                int    final   done    1            >=1 <=1024
number_of_replicas                              int    dynamic done    1            >=0
number_of_routing_shards                        int    final   done    -            >=1
routing_partition_size                          int    final   lacking 1            >=1
auto_expand_replicas                            expand dynamic done    false
hidden                                          bool   dynamic done    false
refresh_interval                                time   dynamic done    1s           >=-1
default_pipeline                                text   dynamic done    _none
final_pipeline                                  text   dynamic done    _none
max_result_window                               int    dynamic done    10000        >=1
blocks.read_only                                bool   dynamic done    false
blocks.read                                     bool   dynamic done    false
blocks.write                                    bool   dynamic done    false
blocks.metadata                                 bool   dynamic done    false
blocks.read_only_allow_delete                   bool   dynamic done    false
mapping.total_fields.limit                      int    dynamic done    1000         >=0
mapping.exclude_source_vectors                  bool   final   done    true         since=9.2
query.default_field                             list   dynamic done    *
priority                                        int    dynamic idle    1            >=0
codec                                           enum   static  idle    default default|lz4|best_compression|zstd
gc_deletes                                      time   dynamic done    60s          >=-1
search.idle.after                               time   dynamic done    30s          >=0
allocation.max_retries                          int    dynamic idle    5            >=0
merge.scheduler.auto_throttle                   bool   dynamic idle    true
merge.scheduler.max_merge_count                 int    dynamic idle    -            >=1
merge.scheduler.max_thread_count                int    dynamic idle    -            >=1
merge.policy.type                               enum   dynamic idle    unset        unset|tiered|log_byte_size|time_based
merge.policy.deletes_pct_allowed                float  dynamic idle    20.0         >=5 <=50
merge.policy.expunge_deletes_allowed            float  dynamic idle    10.0         >=0
merge.policy.floor_segment                      bytes  dynamic idle    -
merge.policy.max_merge_at_once                  int    dynamic idle    -            >=2
merge.policy.max_merge_at_once_explicit         int    dynamic idle    30           >=2
merge.policy.max_merged_segment                 bytes  dynamic idle    0b
merge.policy.segments_per_tier                  float  dynamic idle    -            >=2
merge.policy.merge_factor                       int    dynamic idle    32           >=2
merge.intra_merge_parallelism_enabled           bool   dynamic idle    -            since=9.2
compound_format                                 text   dynamic idle    1gb
translog.durability                             enum   dynamic idle    request      request|async
translog.sync_interval                          time   dynamic idle    5s           >=0
translog.flush_threshold_size                   bytes  dynamic idle    10gb
translog.flush_threshold_age                    time   dynamic idle    1m           >=0
translog.generation_threshold_size              bytes  dynamic idle    64mb
flush_after_merge                               bytes  dynamic idle    512mb
soft_deletes.enabled                            bool   final   done    true
soft_deletes.retention.operations               long   dynamic idle    0            >=0
soft_deletes.retention_lease.period             time   dynamic idle    12h          >=0
max_inner_result_window                         int    dynamic idle    100          >=1
max_docvalue_fields_search                      int    dynamic done    100          >=0
max_script_fields                               int    dynamic idle    32           >=0
max_ngram_diff                                  int    dynamic idle    1            >=0
max_shingle_diff                                int    dynamic idle    3            >=0
max_rescore_window                              int    dynamic idle    10000        >=1
max_refresh_listeners                           int    dynamic idle    1000         >=0
max_slices_per_scroll                           int    dynamic idle    1024         >=1
max_adjacency_matrix_filters                    int    dynamic idle    100          >=2
max_terms_count                                 int    dynamic done    65536        >=1
max_regex_length                                int    dynamic lacking 1000         >=1
analyze.max_token_count                         int    dynamic lacking 10000        >=1
highlight.max_analyzed_offset                   int    dynamic idle    1000000      >=1
highlight.weight_matches_mode.enabled           bool   dynamic idle    true
query_string.lenient                            bool   static  lacking false
query.parse.allow_unmapped_fields               bool   static  lacking true
requests.cache.enable                           bool   dynamic idle    true
queries.cache.enabled                           bool   static  idle    true
fielddata.cache                                 enum   static  idle    node         node|none
load_fixed_bitset_filters_eagerly               bool   static  idle    true
warmer.enabled                                  bool   dynamic idle    true
bloom_filter_for_id_field.enabled               bool   dynamic idle    true
optimize_auto_generated_id                      bool   dynamic idle    true
force_memory_term_dictionary                    bool   static  idle    false
shard.check_on_startup                          enum   static  idle    false        false|true|checksum
store.type                                      enum   static  idle    -            fs|niofs|mmapfs|hybridfs
store.preload                                   list   static  idle    -
store.fs.fs_lock                                enum   static  idle    native       native|simple
store.stats_refresh_interval                    time   static  idle    10s          >=0
unassigned.node_left.delayed_timeout            time   dynamic idle    1m           >=0
routing.rebalance.enable                        enum   dynamic idle    all          all|primaries|replicas|none
routing.allocation.enable                       enum   dynamic lacking all          all|primaries|new_primaries|none
routing.allocation.total_shards_per_node        int    dynamic lacking -1           >=-1
routing.allocation.include._tier_preference     text   dynamic idle    data_content
routing.allocation.include.*                    text   dynamic lacking -
routing.allocation.exclude.*                    text   dynamic lacking -
routing.allocation.require.*                    text   dynamic lacking -
write.wait_for_active_shards                    text   dynamic lacking 1
search.slowlog.threshold.query.warn             time   dynamic idle    -1           >=-1
search.slowlog.threshold.query.info             time   dynamic idle    -1           >=-1
search.slowlog.threshold.query.debug            time   dynamic idle    -1           >=-1
search.slowlog.threshold.query.trace            time   dynamic idle    -1           >=-1
search.slowlog.threshold.fetch.warn             time   dynamic idle    -1           >=-1
search.slowlog.threshold.fetch.info             time   dynamic idle    -1           >=-1
search.slowlog.threshold.fetch.debug            time   dynamic idle    -1           >=-1
search.slowlog.threshold.fetch.trace            time   dynamic idle    -1           >=-1
search.slowlog.include.user                     bool   dynamic idle    false
search.slowlog.level                            enum   dynamic idle    TRACE        TRACE|DEBUG|INFO|WARN
indexing.slowlog.threshold.index.warn           time   dynamic idle    -1           >=-1
indexing.slowlog.threshold.index.info           time   dynamic idle    -1           >=-1
indexing.slowlog.threshold.index.debug          time   dynamic idle    -1           >=-1
indexing.slowlog.threshold.index.trace          time   dynamic idle    -1           >=-1
indexing.slowlog.reformat                       bool   dynamic idle    true
indexing.slowlog.source                         text   dynamic idle    1000
indexing.slowlog.include.user                   bool   dynamic idle    false
indexing.slowlog.level                          enum   dynamic idle    TRACE        TRACE|DEBUG|INFO|WARN
lifecycle.name                                  text   dynamic idle    -
lifecycle.rollover_alias                        text   dynamic idle    -
lifecycle.indexing_complete                     bool   dynamic idle    false
lifecycle.origination_date                      long   dynamic idle    -1           >=-1
lifecycle.parse_origination_date                bool   dynamic lacking false
lifecycle.prefer_ilm                            bool   dynamic idle    true
lifecycle.step.wait_time_threshold              time   dynamic idle    12h          >=1
mapping.nested_fields.limit                     int    dynamic idle    -            >=0
mapping.nested_parents.limit                    int    dynamic idle    50           >=0
mapping.nested_objects.limit                    int    dynamic idle    10000        >=0
mapping.dimension_fields.limit                  int    dynamic idle    32768        >=0
mapping.depth.limit                             int    dynamic done    20           >=1
mapping.field_name_length.limit                 long   dynamic done    9223372036854775807 >=1
mapping.total_fields.ignore_dynamic_beyond_limit bool  dynamic lacking false
mapping.field_name_length.ignore_dynamic_beyond_limit bool dynamic lacking false since=9.3
mapping.ignore_malformed                        bool   static  done    false
mapping.coerce                                  bool   static  done    true
mapping.ignore_above                            int    static  lacking 2147483647   >=0
mapping.source.mode                             enum   static  lacking stored       stored|synthetic|disabled
mapping.synthetic_source_keep                   enum   static  lacking none         none|arrays|all
mapper.dynamic                                  bool   dynamic lacking true
mode                                            enum   static  lacking standard     standard|time_series|logsdb|lookup
sort.field                                      list   static  lacking -
sort.order                                      list   static  lacking -
sort.mode                                       list   static  lacking -
sort.missing                                    list   static  lacking -
routing_path                                    list   static  lacking -
recovery.type                                   text   static  lacking -
data_path                                       text   static  lacking -
analysis.*                                      text   static  lacking -
similarity.*                                    text   static  done    -
format                                          int    static  idle    0            >=0
version.created                                 text   private lacking -
version.compatibility                           text   private lacking -
verified_before_close                           bool   private lacking false
verified_read_only                              bool   private lacking false
"""

_FAMILIES = ("time_series.", "logsdb.", "dense_vector.", "xpack.", "downsample.", "rollup.", "store.snapshot.",
             "resize.", "mapping.synthetic_source.", "mapping.semantic_text.", "mapping.use_", "mapping.patterned_text.",
             "recovery.", "seq_no.", "search.throttled", "shard_limit.", "allocation.existing_shards_allocator",
             "routing.allocation.disk.", "routing.allocation.initial_recovery.", "failure_store.", "fast_refresh",
             "dimensions", "blocked", "frozen", "source_only", "uuid", "history.uuid", "creation_date", "provided_name",
             "version.upgraded", "translog.retention.", "vectors.", "indexing.idle", "index_mapping_",
             "use_time_series_", "disable_sequence_numbers", "synthetic_id", "lifecycle.", "look_", "knn.")  # fmt: skip
"""Elasticsearch has these, or a family of them, beyond the table: they are refused by name."""
_LATEST = ("mapping.array_objects.", "mapping.tokens_per_", "slice.")
"""Elasticsearch's newest tests have these, its 9.2 has not; which version brought them is not known (index/110, index/120)."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table."""

    name: str
    kind: str
    scope: str
    effect: str
    default: str | None
    least: float | None = None
    most: float | None = None
    values: tuple[str, ...] = ()
    since: tuple[int, ...] = ()

    @property
    def dynamic(self) -> bool:
        """Whether it may change while the index is open."""
        return self.scope == "dynamic"


def _parsed(row: str) -> Setting:
    name, kind, scope, effect, default, *limits = row.split()
    least = most = None
    values: tuple[str, ...] = ()
    since: tuple[int, ...] = ()
    for limit in limits:
        if limit.startswith(">="):
            least = float(limit[2:])
        elif limit.startswith("<="):
            most = float(limit[2:])
        elif limit.startswith("since="):
            since = tuple(map(int, limit[6:].split(".")))
        else:
            values = tuple(limit.split("|"))
    return Setting(name, kind, scope, effect, None if default == "-" else default, least, most, values, since)


SETTINGS = {setting.name: setting for setting in map(_parsed, _ROWS.strip().splitlines())}


@cache
def names(version: Version) -> tuple[str, ...]:
    """The settings that a version has, with their prefix; families are left out."""
    return tuple(f"index.{name}" for name, found in SETTINGS.items() if found.since <= version and name[-1] != "*")


def find(name: str, version: Version) -> Setting | None:
    """The setting of a name (without ``index.``), if the version has it."""
    found = SETTINGS.get(name)
    if found is None:
        family = next(
            (key for key in SETTINGS if key.endswith("*") and name.startswith(key[:-1]) and name != key[:-1]), ""
        )
        found = SETTINGS.get(family)
    return found if found is not None and found.since <= version else None


def elsewhere(name: str, version: Version) -> bool:
    """Whether Elasticsearch has, or may have, a setting of this name that the table has not."""
    return name.startswith(_FAMILIES) or (version >= (9, 5) and name.startswith(_LATEST))
