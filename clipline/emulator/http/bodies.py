"""How long a body may be, and which routes take one. The real handlers refuse one that they have not read (BaseRestHandler)."""

from __future__ import annotations

import re

from clipline.emulator.errors import illegal_argument
from clipline.emulator.http.wire import Route

MAX_BODY = 100 * 1024 * 1024
"""Bytes: ``http.max_content_length``, 100mb by default."""

# Of GET and DELETE only these read a body; of POST and PUT all do but the others.
_READS = re.compile(
    r"/(_search|_count|_mget|_msearch|_validate/query|_explain/\{\w+\}|_field_caps|_analyze|_simulate|_has_privileges"
    r"|_search/template|_render/template|_termvectors(/\{\w+\})?|_search/scroll)$|^/_cat/count|^/_security/_query/"
)
_READS_ON_DELETE = re.compile(r"^/_pit$|^/_search/scroll$|^/_security/(api_key|role|oauth2/token)$")
_IGNORES = re.compile(
    r"/(_refresh|_flush|_forcemerge|_cache/clear|_open|_close|_block/\{\w+\}|start_trial|start_basic"
    r"|_enable|_disable|_clear_cache|set_upgrade_mode|model_aliases/\{\w+\}|deployment/cache/_clear)$"
)


def check_takes_body(route: Route, method: str, path: str) -> None:
    """Refuse a body where nothing reads it.

    Raises:
        ApiError: 400 ``illegal_argument_exception``.
    """
    if route.method in ("POST", "PUT"):
        taken = not _IGNORES.search(route.path)
    else:
        taken = bool((_READS if route.method == "GET" else _READS_ON_DELETE).search(route.path))
    if not taken:
        raise illegal_argument(f"request [{method} {path}] does not support having a body")
