"""What Elasticsearch appends to an unknown name that is spelled like a known one (``SuggestingErrorOnUnknown``)."""

from __future__ import annotations

from collections.abc import Iterable

from clipline.emulator.errors import ApiError


def suggestion(name: str, known: Iterable[str]) -> str:
    """``did you mean [bool]?`` with a space before it, or nothing."""
    scored = sorted((-_likeness(name, other), other) for other in known)
    close = [other for score, other in scored if -score > 0.5]
    if not close:
        return ""
    return f" did you mean [{close[0]}]?" if len(close) == 1 else f" did you mean any of [{', '.join(close)}]?"


def unknown_field(parser: str, name: str, known: Iterable[str]) -> ApiError:
    """400 of a parser that does not have a field."""
    reason = f"[1:1] [{parser}] unknown field [{name}]{suggestion(name, known)}"
    return ApiError(400, "x_content_parse_exception", reason)


def _likeness(one: str, other: str) -> float:
    """1 minus the edit distance over the longer length, as Lucene's LevenshteinDistance."""
    row = list(range(len(other) + 1))
    for number, left in enumerate(one, 1):
        above, row[0] = row[0], number
        for column, right in enumerate(other, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (left != right))
    return 1 - row[-1] / max(len(one), len(other), 1)
