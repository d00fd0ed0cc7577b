"""Parameters that are of the same kind wherever they are taken: a wrong value is refused although nothing obeys it here.

A handler of Elasticsearch reads each of its parameters before it acts (``RestRequest.paramAsTime``, ``paramAsBoolean``,
``paramAsInt``), so a time-out of ``soon`` is an error on a node that has nobody to wait for, too.
"""

from __future__ import annotations

from clipline.emulator.errors import illegal_argument
from clipline.emulator.http.wire import Call

_TIMES = frozenset({"timeout", "master_timeout"})
_FLAGS = frozenset(
    {"ccs_minimize_roundtrips", "create", "flat_settings", "flush", "forbid_closed_indices", "include_defaults",
     "include_unloaded_segments", "local", "request_cache", "wait_if_ongoing"}
)  # fmt: skip
_COUNTS = {
    "batched_reduce_size": (2, "batchedReduceSize must be >= 2"),
    "max_concurrent_shard_requests": (1, "maxConcurrentShardRequests must be >= 1"),
    "pre_filter_shard_size": (1, "preFilterShardSize must be >= 1"),
}
"""The least value of each, and what SearchRequest says of one below."""


def check_kinds(call: Call) -> None:
    """Refuse values that cannot be read.

    Raises:
        ApiError: 400.
    """
    for name in call.params:
        if name in _TIMES:
            call.millis(name, default="30s")
        elif name in _FLAGS:
            call.flag(name)
        elif name in _COUNTS:
            least, sentence = _COUNTS[name]
            if call.integer(name, default=least) < least:
                raise illegal_argument(sentence)
