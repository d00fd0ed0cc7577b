"""The processors: one table of those that are emulated, one of those that Elasticsearch has besides.

``inference`` and ``pipeline`` have their own places (``ingest.inference``, ``ingest.execute``).
"""

from __future__ import annotations

from collections.abc import Mapping

from clipline.emulator.identity import Version
from clipline.emulator.ingest.inference import inference
from clipline.emulator.ingest.processors.base import Dropped, Factory, Work
from clipline.emulator.ingest.processors.dates import date
from clipline.emulator.ingest.processors.fields import append, dot_expander, remove, rename, set_
from clipline.emulator.ingest.processors.flow import drop, fail, foreach, script, terminate
from clipline.emulator.ingest.processors.texts import byte_count, gsub, join, simple, split, trimmed, url_decoded
from clipline.emulator.ingest.processors.values import convert, json, sort

__all__ = ["PROCESSORS", "Dropped", "Factory", "Work", "refused"]

PROCESSORS: Mapping[str, Factory] = {
    "append": append,
    "bytes": simple(byte_count),
    "convert": convert,
    "date": date,
    "dot_expander": dot_expander,
    "drop": drop,
    "fail": fail,
    "foreach": foreach,
    "gsub": gsub,
    "inference": inference,
    "join": join,
    "json": json,
    "lowercase": simple(str.lower),
    "remove": remove,
    "rename": rename,
    "script": script,
    "set": set_,
    "sort": sort,
    "split": split,
    "terminate": terminate,
    "trim": simple(trimmed),
    "uppercase": simple(str.upper),
    "urldecode": simple(url_decoded),
}

_REFUSED = """attachment circle community_id csv date_index_name dissect enrich fingerprint geo_grid geoip grok html_strip
ip_location kv network_direction redact registered_domain reroute set_security_user uri_parts user_agent"""
# The minor version that brought each is not certain for all of them; before it, 501 says too much rather than too little.
_REFUSED_LATER = "cef normalize_for_stream recover_failure_document"


def refused(version: Version) -> frozenset[str]:
    """The processors that Elasticsearch has in a version and the emulator has not: 501 when a pipeline is stored."""
    return frozenset([*_REFUSED.split(), *(_REFUSED_LATER.split() if version >= (9, 0) else ())])
