"""The one wildcard of Elasticsearch's own matching: ``*`` stands for anything, also for nothing."""

from __future__ import annotations

import re
from functools import lru_cache


def simple_match(pattern: str, text: str) -> bool:
    """Whether the whole text matches (``Regex.simpleMatch``); every character but ``*`` stands for itself."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern))), re.DOTALL)
