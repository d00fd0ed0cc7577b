"""Which concrete indices an expression names: names, aliases, wildcards, exclusions, comma lists, ``_all``, date math.

Pure: it sees the names that there are and nothing else. After IndexNameExpressionResolver of Elasticsearch 9: an
exclusion (``-x``) counts only after a wildcard, a wildcard passes hidden names by unless it begins with a dot as they
do, and a name that an option lets go is left out silently.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.index_names import index_closed, index_not_found, invalid_name
from clipline.emulator.patterns import simple_match


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an expression is to be read; the defaults are those of most APIs."""

    ignore_unavailable: bool = False
    allow_no_indices: bool = True
    expand: bool = True
    """Whether wildcards are patterns; if not they are names, and no index has such a name."""
    open: bool = True
    """Whether wildcards reach open indices."""
    closed: bool = False
    """Whether they reach closed ones."""
    forbid_closed: bool = False
    """Whether a closed index that is named, or that a named alias has, is an error."""
    hidden: bool = False
    aliases: bool = True
    """Whether the name of an alias stands for its indices; where it does not, it is an error."""


@dataclass(frozen=True, slots=True)
class Names:
    """What there is: every index, every alias with its indices, and the names of both that are hidden.

    ``closed`` are the closed indices with their UUIDs.
    """

    indices: Collection[str]
    aliases: Mapping[str, Collection[str]]
    hidden: Collection[str] = frozenset()
    closed: Mapping[str, str] = field(default_factory=dict)

    def only(self, allowed: Callable[[str], bool]) -> Names:
        """Those that somebody may know of."""
        indices = [name for name in self.indices if allowed(name)]
        return Names(
            indices, {name: of for name, of in self.aliases.items() if allowed(name)}, self.hidden, self.closed
        )


def resolve(expression: str, names: Names, options: Options) -> list[str]:
    """The concrete indices, in the order in which the expression names them.

    Raises:
        ApiError: 404 for a name that is missing, 400 for one that is not allowed.
    """
    parts = [resolve_name(part) for part in expression.split(",")]
    if parts in (["_all"], [""], ["*"]) and (options.expand or parts != ["*"]):
        found = (
            dict.fromkeys(_in_state(_visible(names.indices, "*", names, options), names, options))
            if options.expand
            else {}
        )
        for alias in _visible(names.aliases, "*", names, options) if options.expand and options.aliases else []:
            found |= dict.fromkeys(_in_state(sorted(names.aliases[alias]), names, options))
    else:
        found = _listed(parts, names, options)
    if not found and not options.allow_no_indices:
        raise none_found(parts)
    return list(found)


def none_found(parts: list[str]) -> ApiError:
    """404 for an expression that names nothing."""
    if parts in (["_all"], [""]):
        return index_not_found("_all", " and no indices exist")
    if len(parts) > 1:
        meta = {"resource.type": "index_expression", "resource.id": parts, "index_uuid": "_na_", "index": None}
        return ApiError(404, "index_not_found_exception", "no such index [null]", meta=meta)
    return index_not_found(parts[0])


def _listed(parts: list[str], names: Names, options: Options) -> dict[str, None]:
    found: dict[str, None] = {}
    wildcard = False
    for part in parts:
        if not part:
            raise index_not_found(part)
        if part.startswith("_") and part != "_all":
            raise invalid_name(part, "must not start with '_'.")
        if "::" in part:
            raise unsupported(f"the selector in [{part}]")
        if part.find(":") > 0:
            raise unsupported(f"the index of a remote cluster [{part}]")
        excluded = wildcard and part.startswith("-")
        name = part[1:] if excluded else part
        pattern = options.expand and ("*" in name or name == "_all")
        reached = _expanded(name, names, options) if pattern else _one(name, names, options, quiet=excluded)
        wildcard = wildcard or pattern
        if excluded:
            for gone in reached:
                found.pop(gone, None)
            continue
        if pattern and not reached and not options.allow_no_indices:
            raise index_not_found(name)
        found |= dict.fromkeys(reached)
    return found


def _one(name: str, names: Names, options: Options, *, quiet: bool) -> list[str]:
    if name in names.indices:
        return _not_closed([name], names, options)
    if name in names.aliases:
        if options.aliases:
            return _not_closed(sorted(names.aliases[name]), names, options)
        if options.ignore_unavailable or quiet:
            return []
        raise is_alias(name)
    if options.ignore_unavailable or quiet:
        return []
    if name.startswith("-"):
        raise index_not_found(
            name,
            " and if you intended to exclude this index, ensure that you use wildcards that include it before explicitly "
            "excluding it",
        )
    raise index_not_found(name)


def is_alias(name: str) -> ApiError:
    """400 where only a concrete index will do."""
    return illegal_argument(
        f"The provided expression [{name}] matches an alias, specify the corresponding concrete indices instead."
    )


def _expanded(pattern: str, names: Names, options: Options) -> list[str]:
    pattern = "*" if pattern == "_all" else pattern
    found = dict.fromkeys(_in_state(_visible(names.indices, pattern, names, options), names, options))
    if options.aliases:
        for alias in _visible(names.aliases, pattern, names, options):
            found |= dict.fromkeys(_in_state(sorted(names.aliases[alias]), names, options))
    return list(found)


def _not_closed(found: list[str], names: Names, options: Options) -> list[str]:
    """What is named itself; a closed one is an error, or left out, where a request has no use for it."""
    if not options.forbid_closed:
        return found
    shut = [name for name in found if name in names.closed]
    if shut and not options.ignore_unavailable:
        raise index_closed(shut[0], names.closed[shut[0]])
    return [name for name in found if name not in names.closed]


def _in_state(found: Iterable[str], names: Names, options: Options) -> list[str]:
    """Of what a wildcard stands for, the indices in a state that it reaches."""
    return [name for name in found if (options.closed if name in names.closed else options.open)]


def _visible(candidates: Collection[str], pattern: str, names: Names, options: Options) -> list[str]:
    return [
        name
        for name in sorted(candidates)
        if simple_match(pattern, name)
        and (options.hidden or name not in names.hidden or (pattern.startswith(".") and name.startswith(".")))
    ]
