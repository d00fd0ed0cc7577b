"""Names that are spelled like a wrong one, as Elasticsearch suggests them (``SuggestingErrorOnUnknown``, BaseRestHandler)."""

from __future__ import annotations

from collections.abc import Iterable

from clipline.emulator.errors import ApiError


def did_you_mean(name: str, known: Iterable[str], *, above: float = 0.5) -> str:
    """``did you mean [bool]?`` with a blank before it; nothing where no known name is more alike than ``above``."""
    scored = sorted((-_likeness(name, other), other) for other in known)
    close = [other for score, other in scored if -score > above]
    if not close:
        return ""
    return f" did you mean [{close[0]}]?" if len(close) == 1 else f" did you mean any of [{', '.join(close)}]?"


def unknown_field(parser: str, name: str, known: Iterable[str]) -> ApiError:
    """400 of a parser that does not have a field; where it stands in the text is not known here."""
    reason = f"[1:1] [{parser}] unknown field [{name}]{did_you_mean(name, known)}"
    return ApiError(400, "x_content_parse_exception", reason)


def unrecognized(name: str, known: Iterable[str]) -> str:
    """A wrong parameter or metric as it is listed: ``[nam] -> did you mean [name]?``."""
    meant = did_you_mean(name, known)
    return f"[{name}]{f' ->{meant}' if meant else ''}"


def _likeness(one: str, other: str) -> float:
    """1 minus the edit distance over the longer length, as Lucene's LevenshteinDistance."""
    row = list(range(len(other) + 1))
    for number, left in enumerate(one, 1):
        above, row[0] = row[0], number
        for column, right in enumerate(other, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (left != right))
    return 1 - row[-1] / max(len(one), len(other), 1)
