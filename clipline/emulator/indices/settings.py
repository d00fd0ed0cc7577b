"""Index settings: stored flat and as text, shown nested under ``index``, checked against the table of known ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import orjson

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.identity import Version
from clipline.emulator.indices import similarities
from clipline.emulator.indices.setting_table import SETTINGS, elsewhere, find, names
from clipline.emulator.indices.setting_values import check_value, expanded_replicas
from clipline.emulator.patterns import simple_match
from clipline.emulator.spelling import did_you_mean

Flat = dict[str, str | None]
"""name without ``index.`` → text; a list is JSON text, ``None`` stands for a reset."""


def flatten(settings: Mapping[str, Any] | None, version: Version, *, wildcards: bool = False) -> Flat:
    """Settings in any spelling as one table; ``wildcards`` lets ``"x.*": null`` reset several.

    Raises:
        ApiError: 400 for a setting or value that Elasticsearch refuses (the first; the others are ``suppressed``), 501
            for what is not emulated.
    """
    flat = {name: _text(name, value) for name, value in _flat(settings or {}, "")}
    refused: list[ApiError] = []
    for name, value in sorted(flat.items()):
        if wildcards and value is None and "*" in name:
            continue
        try:
            _check(name, value, version)
        except ApiError as error:
            refused.append(error)
    if refused:
        raise _combined(refused)
    return flat


def nested(flat: Mapping[str, str | None]) -> dict[str, Any]:
    """The table as GET shows it: nested below ``index``."""
    tree: dict[str, Any] = {}
    for name, value in sorted(flat.items()):
        if value is None:
            continue
        place = tree
        *parents, leaf = name.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = _shown(name, value)
    return {"index": tree} if tree else {}


def dotted(flat: Mapping[str, str | None]) -> dict[str, Any]:
    """The table as GET shows it with ``flat_settings``."""
    return {f"index.{name}": _shown(name, value) for name, value in sorted(flat.items()) if value is not None}


def defaults(flat: Mapping[str, str | None], version: Version) -> Flat:
    """The defaults of the settings that an index has not set, where they are fixed."""
    return {
        name: found.default
        for name, found in SETTINGS.items()
        if found.default is not None and name not in flat and found.since <= version and found.scope != "private"
    }


def check_new(name: str, flat: Mapping[str, str | None]) -> None:
    """Refuse settings that no new index can have together.

    Raises:
        ApiError: 400 in Elasticsearch's words.
    """
    private = [key for key in sorted(flat) if key in SETTINGS and SETTINGS[key].scope == "private"]
    if private:
        lines = "".join(
            f"{number}: private index setting [index.{key}] can not be set explicitly;"
            for number, key in enumerate(private, 1)
        )
        raise ApiError(400, "validation_exception", f"Validation Failed: {lines}")
    if flat.get("soft_deletes.enabled") == "false":
        raise illegal_argument(
            "Creating indices with soft-deletes disabled is no longer supported. Please do not specify a value for "
            "setting [index.soft_deletes.enabled]."
        )
    similarities.check(flat)
    shards = int(flat.get("number_of_shards") or 1)
    if routing := int(flat.get("number_of_routing_shards") or 0):
        if routing < shards:
            raise illegal_argument(
                f"index.number_of_routing_shards [{routing}] must be >= index.number_of_shards [{shards}]"
            )
        if routing % shards:
            raise illegal_argument(f"the number of source shards [{shards}] must be a factor of [{routing}]")


def completed(flat: Mapping[str, str | None]) -> Flat:
    """Settings without what is reset, with those that every index has, and the replicas that expand by themselves."""
    full: Flat = {name: value for name, value in flat.items() if value is not None}
    full.setdefault("number_of_shards", "1")
    full.setdefault("number_of_replicas", "1")
    expanded = expanded_replicas(full.get("auto_expand_replicas") or "false")
    if expanded is not None:
        full["number_of_replicas"] = str(expanded)
    return full


def updated(
    current: Mapping[str, str | None], change: Mapping[str, str | None], *, preserve_existing: bool = False
) -> Flat:
    """The settings of an index after an update."""
    resets = [name for name, value in change.items() if value is None and "*" in name]
    plain = {name: value for name, value in change.items() if name not in resets}
    if preserve_existing:
        plain = {name: value for name, value in plain.items() if name not in current}
    kept = {
        name: value
        for name, value in current.items()
        if not (name in SETTINGS and SETTINGS[name].dynamic and any(simple_match(reset, name) for reset in resets))
    }
    return completed({**kept, **plain})


def static(change: Mapping[str, str | None], version: Version) -> list[str]:
    """The settings of a change that only a closed index can take."""
    found = {name: find(name, version) for name in change if "*" not in name}
    return sorted(name for name, setting in found.items() if setting is not None and not setting.dynamic)


def check_private(change: Iterable[str]) -> None:
    """Refuse an update of what only the server sets.

    Raises:
        ApiError: 400.
    """
    for name in sorted(change):
        if name in SETTINGS and SETTINGS[name].scope == "private":
            raise illegal_argument(
                f"can not update private setting [index.{name}]; this setting is managed by Elasticsearch"
            )


def names_in(settings: Mapping[str, Any]) -> list[str]:
    """The names of settings in any spelling."""
    return [name for name, _ in _flat(settings, "")]


def _check(name: str, value: str | None, version: Version) -> None:
    setting = find(name, version)
    if setting is None:
        if elsewhere(name, version):
            raise unsupported(f"the setting [index.{name}]")
        raise illegal_argument(_unknown(f"index.{name}", version))
    similarities.check_name(name)
    if value is None:
        return
    if setting.effect == "lacking" and setting.scope != "private" and value != setting.default:
        if setting.kind != "text":
            check_value(setting, name, value)
        raise unsupported(f"the setting [index.{name}: {value}]")
    check_value(setting, name, value)


def _unknown(name: str, version: Version) -> str:
    if meant := did_you_mean(name, names(version), above=0.7):
        return f"unknown setting [{name}]{meant}"
    return (
        f"unknown setting [{name}] please check that any required plugins are installed, or check the breaking changes "
        "documentation for removed settings"
    )


def _combined(refused: list[ApiError]) -> ApiError:
    real = [error for error in refused if error.status == 400]
    if len(real) < 2:
        return real[0] if real else refused[0]
    first, *others = real
    meta = {**first.meta, "suppressed": [error.cause() for error in others]}
    return ApiError(first.status, first.type, first.reason, meta=meta, caused_by=first.caused_by,
                    root_cause=[{"type": first.type, "reason": first.reason}])  # fmt: skip


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, child in value.items():
        name = f"{prefix}{key}"
        if isinstance(child, Mapping):
            yield from _flat(child, f"{name}.")
        else:
            yield name.removeprefix("index."), child


def _text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        texts = [str(_text(name, item)) for item in value]
        listed = name in SETTINGS and SETTINGS[name].kind == "list"
        return orjson.dumps(texts).decode() if listed else f"[{', '.join(texts)}]"
    return str(value)


def _shown(name: str, value: str) -> Any:
    if name in SETTINGS and SETTINGS[name].kind == "list" and value.startswith("["):
        # A list is kept as its JSON; other text that begins so was given as text, and is shown as it was given.
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(value)
    return value
