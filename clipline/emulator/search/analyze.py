"""``_analyze``: what becomes of a text.

::

    {"tokens": [{"token": "snow", "start_offset": 0, "end_offset": 4, "type": "<ALPHANUM>", "position": 0}]}

Offsets count UTF-16 units, as Java does. The texts of a list are 100 positions and one offset apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed, wrong_kind
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.field_types import LACKING_ANALYZERS
from clipline.emulator.indices.mapping import fields
from clipline.emulator.search.analysis import ANALYZERS, FILTERS, GAP, TOKENIZERS, Analyzer, keyword, kind_of, standard
from clipline.emulator.search.text import analyzer_of
from clipline.emulator.spelling import unknown_field

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_OPTIONS = ("analyzer", "text", "field", "tokenizer", "filter", "char_filter", "normalizer", "explain", "attributes")
_MOST = 10_000


def analyze(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_analyze``."""
    given: dict[str, Any] = {key: call.params[key] for key in ("index",) if key in call.params} | dict(call.body)
    index = call.args.get("index", given.pop("index", None))
    for key in given:
        if key not in _OPTIONS:
            raise unknown_field("analyze_request", key, _OPTIONS)
    for key in ("explain", "attributes"):
        if given.get(key):
            raise unsupported(f"the option [{key}] of _analyze")
    texts = _texts(given.get("text"))
    return Reply(body={"tokens": _tokens(_analyzer(node, index, given), texts)})


def _tokens(chosen: Analyzer, texts: list[str]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    position = offset = 0
    for text in texts:
        units = _Units(text)
        found = chosen.tokens(text)
        shown += [
            {
                "token": token.term,
                "start_offset": offset + units.before(token.start),
                "end_offset": offset + units.before(token.end),
                "type": kind_of(token.term) if chosen.tokenizer is standard else "word",
                "position": position + token.position,
            }
            for token in found
        ]
        if len(shown) > _MOST:
            raise ApiError(
                500,
                "illegal_state_exception",
                f"The number of tokens produced by calling _analyze has exceeded the allowed maximum of [{_MOST}]. This limit "
                "can be set by changing the [index.analyze.max_token_count] index level setting.",
            )
        position += (found[-1].position + 1 if found else 0) + GAP
        offset += units.before(len(text)) + 1
    return shown


class _Units:
    """UTF-16 units before a character of a text."""

    def __init__(self, text: str) -> None:
        self._wide = [place for place, one in enumerate(text) if ord(one) > 0xFFFF]

    def before(self, place: int) -> int:
        """How many there are before a place."""
        return place + sum(1 for wide in self._wide if wide < place)


def _analyzer(node: Node, index: str | None, given: Mapping[str, Any]) -> Analyzer:
    definition = _definition(node, index, given.get("field"))
    if given.get("normalizer") is not None:
        if given["normalizer"] != "lowercase":
            raise unsupported(f"the normalizer [{given['normalizer']}] of _analyze")
        return Analyzer(keyword, (FILTERS["lowercase"],))
    if given.get("tokenizer") is not None:
        return _custom(given, index)
    if given.get("char_filter") or given.get("filter"):
        if given.get("analyzer") is not None:
            raise illegal_argument("cannot define extra components on a named analyzer")
        return _custom({**given, "tokenizer": "keyword"}, index)
    if (name := given.get("analyzer")) is None:
        if definition is not None and definition["type"] != "text":
            return Analyzer(keyword)
        return analyzer_of(definition or {})
    if name in LACKING_ANALYZERS:
        raise unsupported(f"the analyzer [{name}]")
    if not isinstance(name, str) or name not in ANALYZERS:
        raise illegal_argument(f"failed to find {'analyzer' if index else 'global analyzer'} [{name}]")
    return ANALYZERS[name]


def _custom(given: Mapping[str, Any], index: str | None) -> Analyzer:
    if given.get("char_filter"):
        raise unsupported("[char_filter] of _analyze")
    name = given["tokenizer"]
    if not isinstance(name, str) or name not in TOKENIZERS:
        raise unsupported(f"the tokenizer [{name}] of _analyze")
    filters = []
    wanted = given.get("filter") or []
    for one in wanted if isinstance(wanted, list) else [wanted]:
        if not isinstance(one, str) or one not in FILTERS:
            raise unsupported(f"the filter [{one}] of _analyze")
        filters.append(FILTERS[one])
    return Analyzer(TOKENIZERS[name], tuple(filters))


def _definition(node: Node, index: str | None, field: Any) -> dict[str, Any] | None:
    if index is None:
        if field is not None:
            raise validation_failed("index is required if field is specified")
        return None
    definitions = dict(fields(node.indices.single(index).mappings.get("properties", {})))
    return None if field is None else definitions.get(str(field))


def _texts(value: Any) -> list[str]:
    texts = value if isinstance(value, list) else [] if value is None else [value]
    if not texts:
        raise validation_failed("text is missing")
    if wrong := next((one for one in texts if isinstance(one, dict | list)), None):
        raise wrong_kind("analyze_request", "text", wrong)
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in texts]


ROUTES = [
    Route(method, path, "indices:admin/analyze", analyze, {"index"})
    for method in ("GET", "POST")
    for path in ("/_analyze", "/{index}/_analyze")
]
