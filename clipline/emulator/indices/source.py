"""``_source`` as it is shown: includes, excludes, and without vectors where the index leaves them out."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, json_token
from clipline.emulator.indices.mapping import fields
from clipline.emulator.wire import Call

if TYPE_CHECKING:
    from clipline.emulator.indices.index import Index


def shown_source(source: dict[str, Any], index: Index, choice: Any) -> dict[str, Any]:
    """A source filtered by the ``_source`` of a request: a pattern, a list, or an object.

    ``exclude_vectors`` in the request wins over ``index.mapping.exclude_source_vectors``.
    """
    includes, excludes, exclude_vectors = _patterns(choice)
    if exclude_vectors if exclude_vectors is not None else index.excludes_vectors:
        properties = index.mappings.get("properties", {})
        excludes = [*excludes, *(name for name, field in fields(properties) if field["type"] == "dense_vector")]
    if not includes and not excludes:
        return source
    return _pick(source, includes, excludes, "")


def source_choice(call: Call) -> Any:
    """The ``_source…`` parameters in the form of a search body's ``_source``; ``None`` without any."""
    whole = call.params.get("_source")
    if whole in ("false", "true", ""):
        if whole == "false":
            return False
        whole = None
    result: dict[str, Any] = {}
    includes = call.params.get("_source_includes") or whole
    if includes:
        result["includes"] = includes.split(",")
    if call.params.get("_source_excludes"):
        result["excludes"] = call.params["_source_excludes"].split(",")
    if "_source_exclude_vectors" in call.params:
        result["exclude_vectors"] = call.flag("_source_exclude_vectors")
    return result or None


def check_choice(choice: Any) -> None:
    """Refuse what the ``_source`` of a request cannot be.

    Raises:
        ApiError: 400.
    """
    if choice is not False:
        _patterns(choice)


def _patterns(choice: Any) -> tuple[list[str], list[str], bool | None]:
    if choice is None or choice is True:
        return [], [], None
    if isinstance(choice, str):
        return [choice], [], None
    if isinstance(choice, list):
        return [str(item) for item in choice], [], None
    if isinstance(choice, dict):
        unknown = set(choice) - {"includes", "include", "excludes", "exclude", "exclude_vectors"}
        if unknown:
            raise ApiError(400, "parsing_exception", f"Unknown key for a VALUE_STRING in [{sorted(unknown)[0]}].")
        for key in set(choice) - {"exclude_vectors"}:
            for item in choice[key] if isinstance(choice[key], list) else [choice[key]]:
                if not isinstance(item, str):
                    raise ApiError(400, "parsing_exception", f"Unknown key for a {json_token(item)} in [{key}].")
        includes = choice.get("includes", choice.get("include", []))
        excludes = choice.get("excludes", choice.get("exclude", []))
        return _list(includes), _list(excludes), choice.get("exclude_vectors")
    found = json_token(choice)
    reason = f"Expected one of [VALUE_BOOLEAN, VALUE_STRING, START_ARRAY, START_OBJECT] but found [{found}]"
    raise ApiError(400, "parsing_exception", reason, meta={"line": 1, "col": 1})


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _pick(value: dict[str, Any], includes: list[str], excludes: list[str], prefix: str) -> dict[str, Any]:
    picked: dict[str, Any] = {}
    for key, child in value.items():
        name = f"{prefix}{key}"
        if any(fnmatchcase(name, pattern) for pattern in excludes):
            continue
        included = not includes or any(fnmatchcase(name, pattern) for pattern in includes)
        if isinstance(child, dict):
            below = _pick(child, [] if included else includes, excludes, f"{name}.")
            if below or (included and not child):
                picked[key] = below
        elif included:
            picked[key] = child
    return picked
