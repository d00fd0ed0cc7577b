"""Reads the queries over texts, intervals and patterns: match and its kin, multi_match, fuzzy, range, prefix, wildcard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.search import ranges
from clipline.emulator.search.compound import Query
from clipline.emulator.search.dates import time_zone
from clipline.emulator.search.full_text import BoolPrefix, Match, MultiMatch, OneField, Phrase, PhrasePrefix, boosted
from clipline.emulator.search.fuzzy import MAX_EXPANSIONS, read_fuzziness
from clipline.emulator.search.minimum import check
from clipline.emulator.search.nearly import Fuzzy
from clipline.emulator.search.query_options import options_of, single
from clipline.emulator.search.reading import boost_of, flag, malformed, number, whole

_FUZZY = {"fuzziness", "prefix_length", "max_expansions", "fuzzy_transpositions"}
_MULTI_TYPES = ("best_fields", "most_fields", "cross_fields", "phrase", "phrase_prefix", "bool_prefix")


def _match(body: Mapping[str, Any], inside: Any) -> Query:
    name, options = single("match", body, "query")
    known = {"query", "operator", "minimum_should_match", "boost", "analyzer", "lenient", "zero_terms_query",
             "auto_generate_synonyms_phrase_query"}  # fmt: skip
    options_of("match", options, known | _FUZZY, "fuzzy_rewrite cutoff_frequency")
    return _text_match("match", name, options)


def _match_phrase(body: Mapping[str, Any], inside: Any) -> Query:
    name, options = single("match_phrase", body, "query")
    options_of("match_phrase", options, {"query", "slop", "boost", "analyzer", "zero_terms_query"})
    return _phrase("match_phrase", name, options)


def _match_phrase_prefix(body: Mapping[str, Any], inside: Any) -> Query:
    name, options = single("match_phrase_prefix", body, "query")
    known = {"query", "slop", "boost", "analyzer", "zero_terms_query", "max_expansions"}
    options_of("match_phrase_prefix", options, known)
    return _phrase("match_phrase_prefix", name, options)


def _match_bool_prefix(body: Mapping[str, Any], inside: Any) -> Query:
    name, options = single("match_bool_prefix", body, "query")
    known = {"query", "operator", "minimum_should_match", "boost", "analyzer"}
    options_of("match_bool_prefix", options, known | _FUZZY, "fuzzy_rewrite")
    return _bool_prefix(_text_match("match_bool_prefix", name, options))


def _bool_prefix(match: Match) -> BoolPrefix:
    return BoolPrefix(**{name: getattr(match, name) for name in Match.__dataclass_fields__})


def _phrase(kind: str, name: str, options: Mapping[str, Any]) -> Phrase | PhrasePrefix:
    slop = number(options.get("slop", 0), "slop", kind)
    if slop < 0:
        raise illegal_argument("No negative slop allowed.")
    if slop:
        raise unsupported(f"the option [slop] of the query [{kind}]")
    boost, analyzer, otherwise = boost_of(options, kind), _analyzer(kind, options), _zero(options)
    if not kind.endswith("_prefix"):
        return Phrase(name, _query(kind, options), boost, analyzer, otherwise=otherwise)
    most = whole(options.get("max_expansions", MAX_EXPANSIONS), "max_expansions", kind)
    if most < 0:
        raise illegal_argument("No negative maxExpansions allowed.")
    return PhrasePrefix(name, _query(kind, options), boost, analyzer, otherwise=otherwise, most=most)


def _fuzzy(body: Mapping[str, Any], inside: Any) -> Query:
    name, options = single("fuzzy", body, "value")
    known = {"value", "term", "boost", "fuzziness", "prefix_length", "max_expansions", "transpositions"}
    options_of("fuzzy", options, known, "rewrite")
    value = options.get("value", options.get("term"))
    if value is None:
        raise illegal_argument("query value cannot be null")
    if isinstance(value, Mapping | list):
        raise malformed("fuzzy", "unexpected token [START_ARRAY] after [value]")
    fuzziness = read_fuzziness("fuzzy", options, default="AUTO")
    assert fuzziness is not None  # there is a default
    return Fuzzy(name, value, fuzziness, boost_of(options, "fuzzy"))


def _multi_match(body: Mapping[str, Any], inside: Any) -> Query:
    known = {"query", "fields", "type", "operator", "minimum_should_match", "boost", "analyzer", "lenient", "slop",
             "zero_terms_query", "tie_breaker", "auto_generate_synonyms_phrase_query"}  # fmt: skip
    options_of("multi_match", body, known | _FUZZY, "fuzzy_rewrite cutoff_frequency")
    kind = str(body.get("type", "best_fields")).lower()
    if kind not in _MULTI_TYPES:
        raise malformed("multi_match", f"failed to parse [multi_match] query type [{kind}]. unknown type.")
    if body.get("fuzziness") is not None and kind in ("cross_fields", "phrase", "phrase_prefix"):
        raise malformed("multi_match", f"Fuzziness not allowed for type [{kind}]")
    if body.get("slop") and kind == "bool_prefix":
        raise malformed("multi_match", f"[slop] not allowed for type [{kind}]")
    if kind == "cross_fields":
        raise unsupported(f"the type [{kind}] of the query [multi_match]")
    given = body.get("fields", [])
    fields = tuple(_boosted(str(one)) for one in (given if isinstance(given, list) else [given]))
    plain = {**body, "boost": 1.0}
    match: OneField = (
        _phrase(f"match_{kind}", "", plain) if kind.startswith("phrase") else _text_match("multi_match", "", plain)
    )
    if kind == "bool_prefix" and isinstance(match, Match):
        match = _bool_prefix(match)
    tie = number(
        body.get("tie_breaker", 1.0 if kind in ("most_fields", "bool_prefix") else 0.0), "tie_breaker", "multi_match"
    )
    lenient = None if body.get("lenient") is None else flag(body["lenient"], "lenient", "multi_match")
    return MultiMatch(fields, match, tie, boost_of(body, "multi_match"), lenient)


def _text_match(kind: str, name: str, options: Mapping[str, Any]) -> Match:
    operator = str(options.get("operator", "or")).lower()
    if operator not in ("or", "and"):
        raise illegal_argument(f"No enum constant org.elasticsearch.index.query.Operator.{operator.upper()}")
    least = options.get("minimum_should_match")
    check(least)
    return Match(
        name,
        _query(kind, options),
        operator == "and",
        least,
        boost_of(options, kind),
        _analyzer(kind, options),
        flag(options.get("lenient", False), "lenient", kind),
        _zero(options),
        read_fuzziness(kind, options),
    )


def _query(kind: str, options: Mapping[str, Any]) -> Any:
    if "query" not in options:
        raise (
            malformed(kind, "requires query value")
            if kind != "multi_match"
            else malformed(kind, "No text specified for multi_match query")
        )
    value = options["query"]
    if value is None or isinstance(value, Mapping | list):
        found = "VALUE_NULL" if value is None else "START_ARRAY" if isinstance(value, list) else "START_OBJECT"
        raise malformed(kind, f"unknown token [{found}] after [query]")
    return value


def _analyzer(kind: str, options: Mapping[str, Any]) -> str | None:
    name = options.get("analyzer")
    if isinstance(name, Mapping | list):
        raise malformed(kind, "query does not support [analyzer]")
    return None if name is None else str(name)


def _zero(options: Mapping[str, Any]) -> bool:
    value = str(options.get("zero_terms_query", "none")).lower()
    if value not in ("none", "all"):
        raise malformed("match", f"Unsupported zero_terms_query value [{value}]")
    return value == "all"


def _boosted(field: str) -> tuple[str, float]:
    try:
        return boosted(field)
    except ValueError:
        raise illegal_argument(f'For input string: "{field.partition("^")[2]}"') from None


def _range(body: Mapping[str, Any], inside: Any) -> Query:
    name, options = single("range", body, "gte")
    if not isinstance(body.get(name), Mapping):
        raise malformed("range", f"query does not support [{name}]")
    known = {"gt", "gte", "lt", "lte", "from", "to", "include_lower", "include_upper", "boost", "format", "time_zone",
             "relation"}  # fmt: skip
    options_of("range", options, known)
    if any(isinstance(value, Mapping | list) for value in options.values()):
        wrong = next(key for key, value in options.items() if isinstance(value, Mapping | list))
        raise malformed("range", f"query does not support [{wrong}]")
    low, high = options.get("from"), options.get("to")
    from_low = flag(options.get("include_lower", True), "include_lower", "range")
    to_high = flag(options.get("include_upper", True), "include_upper", "range")
    for key, value in options.items():
        if key in ("gt", "gte"):
            low, from_low = value, key == "gte"
        elif key in ("lt", "lte"):
            high, to_high = value, key == "lte"
    relation = str(options.get("relation", "intersects")).lower()
    if relation not in ("intersects", "disjoint", "within", "contains"):
        raise illegal_argument(f"{options['relation']} is not a valid relation")
    zone = None if options.get("time_zone") is None else time_zone(str(options["time_zone"]))
    shape = None if options.get("format") is None else str(options["format"])
    return ranges.Range(name, low, high, from_low, to_high, shape, zone, relation, boost_of(options, "range"))


def _pattern(kind: str) -> Callable[[Mapping[str, Any], Any], Query]:
    def read(body: Mapping[str, Any], inside: Any) -> Query:
        name, options = single(kind, body, "value")
        known = {"value", "boost", "case_insensitive", "rewrite"} | ({"wildcard"} if kind == "wildcard" else set())
        options_of(kind, options, known)
        if options.get("rewrite", "constant_score") not in ("constant_score", "constant_score_blended"):
            raise unsupported(f"the option [rewrite] of the query [{kind}]")
        value = options.get("value", options.get("wildcard"))
        if value is None:
            raise illegal_argument("value cannot be null")
        ignore_case = flag(options.get("case_insensitive", False), "case_insensitive", kind)
        return ranges.Pattern(kind, name, str(value), boost_of(options, kind), ignore_case)

    return read


TEXT_READERS: Mapping[str, Callable[[Mapping[str, Any], Any], Query]] = {
    "match": _match,
    "match_phrase": _match_phrase,
    "match_bool_prefix": _match_bool_prefix,
    "match_phrase_prefix": _match_phrase_prefix,
    "multi_match": _multi_match,
    "fuzzy": _fuzzy,
    "range": _range,
    "prefix": _pattern("prefix"),
    "wildcard": _pattern("wildcard"),
}
