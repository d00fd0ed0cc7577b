"""``_source`` as it is stored and as it is shown: includes, excludes, and without vectors where the index leaves them out.

An index that excludes vectors from ``_source`` keeps them only as it indexes them: what comes back, where it is asked for, are
floats of 32 bits, in an array whatever was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, json_token, unsupported
from clipline.emulator.http.wire import Call
from clipline.emulator.indices.mapping import fields
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.refused import Refused
from clipline.emulator.indices.mappings.traits import Traits
from clipline.emulator.indices.vectors import hydrated, read_vector
from clipline.emulator.patterns import matches_any

if TYPE_CHECKING:
    from clipline.emulator.indices.index import Index


def stored_source(source: dict[str, Any], mappings: dict[str, Any]) -> dict[str, Any]:
    """What an index keeps of a source: all, but for ``_source.includes`` and ``excludes`` of its mapping."""
    kept = mappings.get("_source", {})
    if not kept:
        return source
    return _pick(source, kept.get("includes", []), kept.get("excludes", []), "")


def shown_source(source: dict[str, Any], index: Index, choice: Any) -> dict[str, Any]:
    """A source filtered by the ``_source`` of a request: a pattern, a list, or an object.

    ``exclude_vectors`` in the request wins over ``index.mapping.exclude_source_vectors``, and so does a pattern of
    ``includes`` that a vector matches.
    """
    includes, excludes, exclude_vectors = _patterns(choice)
    vectors = vector_fields(index.mappings)
    if exclude_vectors if exclude_vectors is not None else index.excludes_vectors:
        excludes = [*excludes, *(name for name in vectors if not _any(includes, name))]
    picked = _pick(source, includes, excludes, "") if includes or excludes else source
    return rehydrated(picked, index) if index.excludes_vectors else picked


def chosen_source(source: dict[str, Any], choice: Any) -> dict[str, Any]:
    """The source that an update answers with: of vectors it knows nothing (``UpdateHelper.extractGetResult``)."""
    includes, excludes, _ = _patterns(choice)
    return _pick(source, includes, excludes, "") if includes or excludes else source


def rehydrated(source: dict[str, Any], index: Index) -> dict[str, Any]:
    """A source with its vectors as they come back from an index that does not keep them in ``_source``."""
    traits = Traits((9, 3))  # which reads every form that a vector was ever taken in
    for name, definition in vector_fields(index.mappings).items():
        if definition.get("index") and definition.get("dims"):
            source = _replaced(source, name.split("."), definition, traits)
    return source


def vector_fields(mappings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Full name → definition of the vector fields of a mapping."""
    properties = mappings.get("properties", {})
    return {name: definition for name, definition in fields(properties) if definition["type"] == "dense_vector"}


def source_choice(call: Call) -> Any:
    """The ``_source…`` parameters in the form of a search body's ``_source``; ``None`` without any.

    ``_source=true`` and ``_source=`` say ``True``: all of it, also where it would not be shown by itself.
    """
    whole = call.params.get("_source")
    if whole == "false":
        return False
    whole_of_it = whole in ("true", "")
    if whole_of_it:
        whole = None
    result: dict[str, Any] = {}
    includes = call.params.get("_source_includes") or whole
    if includes:
        result["includes"] = includes.split(",")
    if call.params.get("_source_excludes"):
        result["excludes"] = call.params["_source_excludes"].split(",")
    if "_source_exclude_vectors" in call.params:
        result["exclude_vectors"] = call.flag("_source_exclude_vectors")
    return result or (True if whole_of_it else None)


def check_choice(choice: Any) -> None:
    """Refuse what the ``_source`` of a request cannot be.

    Raises:
        ApiError: 400, or 501 where the real one fails.
    """
    if choice is not False:
        _patterns(choice)


def _replaced(value: Any, path: list[str], definition: dict[str, Any], traits: Traits) -> Any:
    if isinstance(value, list):
        return [_replaced(item, path, definition, traits) for item in value]
    if not isinstance(value, dict):
        return value
    changed = dict(value)
    for length in range(1, len(path) + 1):
        key = ".".join(path[:length])
        if changed.get(key) is None:
            continue
        if length < len(path):
            changed[key] = _replaced(changed[key], path[length:], definition, traits)
            continue
        try:
            changed[key] = hydrated(definition, read_vector(key, definition, changed[key], "", traits))
        except Refused:
            continue  # it was there before the field was
    return changed


def _patterns(choice: Any) -> tuple[list[str], list[str], bool | None]:
    if choice is None or choice is True:
        return [], [], None
    if isinstance(choice, str):
        return [choice], [], None
    if isinstance(choice, list):
        for item in choice:
            if item is None or isinstance(item, dict | list):
                # The real one asks for a text where there is none, fails with 500, and says where, which is not known here.
                raise unsupported(f"a [{json_token(item)}] in the array of [_source]")
        return [java.text(item) for item in choice], [], None
    if isinstance(choice, dict):
        for key, value in choice.items():
            _check_key(key, value)
        includes = choice.get("includes", choice.get("include", []))
        excludes = choice.get("excludes", choice.get("exclude", []))
        return _list(includes), _list(excludes), choice.get("exclude_vectors")
    found = json_token(choice)
    reason = f"Expected one of [VALUE_BOOLEAN, VALUE_STRING, START_ARRAY, START_OBJECT] but found [{found}]"
    raise ApiError(400, "parsing_exception", reason, meta={"line": 1, "col": 1})


def _check_key(key: str, value: Any) -> None:
    """Refuse what an object under ``_source`` cannot hold (``FetchSourceContext.fromXContent``)."""
    wrong = value
    if key == "exclude_vectors" and isinstance(value, bool):
        return
    if key in ("includes", "include", "excludes", "exclude"):
        if isinstance(value, str):
            return
        if isinstance(value, list):
            others = [item for item in value if not isinstance(item, str)]
            if not others:
                return
            wrong = others[0]
    raise ApiError(400, "parsing_exception", f"Unknown key for a {json_token(wrong)} in [{key}].")


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _any(patterns: list[str], name: str) -> bool:
    return matches_any(patterns, name) or any(name.startswith(f"{pattern}.") for pattern in patterns)


def _pick(value: dict[str, Any], includes: list[str], excludes: list[str], prefix: str) -> dict[str, Any]:
    """What is left of an object (XContentMapValues.filter): a pattern of an object stands for all that is in it."""
    picked: dict[str, Any] = {}
    for key, child in value.items():
        name = f"{prefix}{key}"
        if matches_any(excludes, name):
            continue
        included = not includes or _any(includes, name)
        below = [] if included else includes
        if isinstance(child, dict):
            inner = _pick(child, below, excludes, f"{name}.")
            if inner or included:
                picked[key] = inner
        elif isinstance(child, list) and any(isinstance(item, dict) for item in child):
            items = [_pick(item, below, excludes, f"{name}.") if isinstance(item, dict) else item for item in child]
            items = [item for item in items if included or (isinstance(item, dict) and item)]
            if items or included:
                picked[key] = items
        elif included:
            picked[key] = child
    return picked
