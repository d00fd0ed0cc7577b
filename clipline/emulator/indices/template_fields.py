"""The fields of index and component templates: read into the form that is stored, shown as GET shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, wrong_kind
from clipline.emulator.identity import Version
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.alias_options import read_options
from clipline.emulator.indices.parsing import field_failed
from clipline.emulator.spelling import unknown_field

_DATES = ("created_date_millis", "modified_date_millis")
_COMPONENT = ("template", "version", "_meta", "deprecated")
_INDEX = ("index_patterns", "template", "composed_of", "priority", "version", "_meta", "data_stream",
          "allow_auto_create", "ignore_missing_component_templates", "deprecated")  # fmt: skip
_TEMPLATE = ("settings", "mappings", "aliases", "lifecycle", "data_stream_options")
_STREAM = ("hidden", "allow_custom_routing", "failure_store")


def read_component(body: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """A component template as it is stored.

    Raises:
        ApiError: 400 for a field or a value of the wrong kind, 501 for what is not emulated.
    """
    _check_keys("component_template", body, (*_COMPONENT, *_DATES) if version >= (9, 2) else _COMPONENT)
    if body.get("template") is None:
        raise illegal_argument("Required [template]")
    return {key: _field("component_template", key, body[key]) for key in _COMPONENT if body.get(key) is not None}


def read_index(body: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """An index template as it is stored.

    Raises:
        ApiError: 400 for a field or a value of the wrong kind, 501 for what is not emulated.
    """
    _check_keys("index_template", body, (*_INDEX, *_DATES) if version >= (9, 2) else _INDEX)
    if not body.get("index_patterns"):
        raise illegal_argument("Required [index_patterns]")
    read = {key: _field("index_template", key, body[key]) for key in _INDEX if body.get(key) is not None}
    read.setdefault("composed_of", [])
    return {key: read[key] for key in _INDEX if key in read}


def managed_date(body: Mapping[str, Any]) -> str | None:
    """The date of a request that only the server may set."""
    return next((key.removesuffix("_millis") for key in _DATES if body.get(key) is not None), None)


def shown(body: Mapping[str, Any], version: Version, *, flat: bool = False, human: bool = False) -> dict[str, Any]:
    """A stored template as GET shows it; its dates are shown since 9.2."""
    result = {key: value for key, value in body.items() if key not in _DATES}
    template = dict(result.get("template") or {})
    if flat and "settings" in template:
        template["settings"] = settings_of.dotted(settings_of.flatten(template["settings"], version))
        result["template"] = template
    if version >= (9, 2):
        for key in _DATES:
            if human:
                moment = datetime.fromtimestamp(body[key] / 1000, UTC)
                result[key.removesuffix("_millis")] = f"{moment:%Y-%m-%dT%H:%M:%S}.{body[key] % 1000:03d}Z"
            result[key] = body[key]
    return result


def _check_keys(parser: str, body: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in body:
        if key not in known:
            raise unknown_field(parser, key, known)


def _field(parser: str, key: str, value: Any) -> Any:
    try:
        return _READERS[key](parser, key, value)
    except ApiError as error:
        if error.type != "x_content_parse_exception" or error.reason.startswith(f"[1:1] [{parser}] "):
            raise
        raise field_failed(parser, key, error) from error


def _whole(parser: str, key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        raise wrong_kind(parser, key, value)
    try:
        number = int(value)
        if number != float(value) or abs(number) >= 2**63:
            raise ValueError
    except (ValueError, OverflowError):
        cause = illegal_argument(f'For input string: "{value}"')
        raise field_failed(parser, key, cause) from None
    return number


def _flag(parser: str, key: str, value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise wrong_kind(parser, key, value)
    return value


def _texts(parser: str, key: str, value: Any) -> list[str]:
    if not isinstance(value, list | str):
        raise wrong_kind(parser, key, value)
    values = value if isinstance(value, list) else [value]
    for item in values:
        if item is None or isinstance(item, list | dict | bool):
            raise wrong_kind(parser, key, item)
    return [str(item) for item in values]


def _object(parser: str, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong_kind(parser, key, value)
    return value


def _stream(parser: str, key: str, value: Any) -> dict[str, Any]:
    _object(parser, key, value)
    _check_keys("data_stream_template", value, _STREAM)
    if "failure_store" in value:
        raise unsupported("the failure store of a data stream")
    return {name: _flag("data_stream_template", name, value.get(name, False)) for name in _STREAM[:2]}


def _template(parser: str, key: str, value: Any) -> dict[str, Any]:
    _object(parser, key, value)
    _check_keys("template", value, _TEMPLATE)
    if value.get("data_stream_options") is not None:
        raise unsupported("the template part [data_stream_options]")
    read: dict[str, Any] = {}
    for part in ("settings", "mappings", "aliases"):
        if value.get(part) is not None:
            read[part] = _object("template", part, value[part])
    if "aliases" in read:
        read["aliases"] = {
            alias: read_options(alias, _object("alias", alias, options)) for alias, options in read["aliases"].items()
        }
    if "mappings" in read and set(read["mappings"]) == {"_doc"}:
        read["mappings"] = read["mappings"]["_doc"]
    if value.get("lifecycle") is not None:
        read["lifecycle"] = _lifecycle(value["lifecycle"])
    return read


def _lifecycle(value: Any) -> dict[str, Any]:
    _object("template", "lifecycle", value)
    if lacking := sorted(value.keys() - {"enabled", "data_retention"}):
        raise unsupported(f"[{lacking[0]}] of the lifecycle of a data stream")
    enabled = _flag("lifecycle", "enabled", value.get("enabled", True))
    kept = {"data_retention": value["data_retention"]} if value.get("data_retention") is not None else {}
    return {"enabled": enabled, **kept}


_READERS = {
    "template": _template,
    "version": _whole,
    "_meta": _object,
    "deprecated": _flag,
    "index_patterns": _texts,
    "composed_of": _texts,
    "priority": _whole,
    "data_stream": _stream,
    "allow_auto_create": _flag,
    "ignore_missing_component_templates": _texts,
}
