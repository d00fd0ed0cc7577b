"""``adaptive_allocations``: read, merged, checked and shown as the server does (AdaptiveAllocationsSettings).

The number of allocations does not follow the load here: it stays what it was set to, between the two bounds.
"""

from __future__ import annotations

from typing import Any

from clipline.emulator.errors import ApiError, wrong_kind

_MIN, _MAX = "min_number_of_allocations", "max_number_of_allocations"
_NONE = -1
"""What an explicit ``null`` is kept as until it is merged, as in the server."""

Settings = dict[str, Any]
"""``enabled``, and the bounds that were given."""


def parse_adaptive(value: Any, parser: str) -> Settings | None:
    """The settings of a request; ``None`` for an explicit ``null``.

    Raises:
        ApiError: 400 for other kinds of values and for unknown fields.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong_kind(parser, "adaptive_allocations", value)
    found: Settings = {}
    for key, given in value.items():
        if key == "enabled":
            if given not in (True, False, "true", "false") or (isinstance(given, int) and not isinstance(given, bool)):
                raise wrong_kind("autoscaling_settings", key, given)
            found[key] = given in (True, "true")
        elif key in (_MIN, _MAX):
            if given is not None and (isinstance(given, bool) or not isinstance(given, int)):
                raise wrong_kind("autoscaling_settings", key, given)
            found[key] = _NONE if given is None else given
        else:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [autoscaling_settings] unknown field [{key}]")
    return found


def merged(old: Settings | None, new: Settings) -> Settings:
    """Settings with an update on top; a bound that the update sets to ``null`` is gone."""
    if old is None:
        return new
    result = {**old, **new}
    return {key: value for key, value in result.items() if key == "enabled" or value != _NONE}


def adaptive_problems(settings: Settings) -> list[str]:
    """What is wrong with the bounds, in the server's words."""
    least, most = settings.get(_MIN, _NONE), settings.get(_MAX, _NONE)
    wrong = []
    if least != _NONE and least < 0:
        wrong.append(f"[{_MIN}] must be a non-negative integer or null")
    if most != _NONE and most < 1:
        wrong.append(f"[{_MAX}] must be a positive integer or null")
    if _NONE not in (least, most) and least > most:
        wrong.append(f"[{_MIN}] must not be larger than [{_MAX}]")
    return wrong


def is_enabled(settings: Settings | None) -> bool:
    """Whether the server would choose the number of allocations itself."""
    return bool(settings and settings.get("enabled"))


def shown_adaptive(settings: Settings) -> dict[str, Any]:
    """As answers show them."""
    bounds = {key: settings[key] for key in (_MIN, _MAX) if key in settings}
    return {"enabled": bool(settings.get("enabled")), **bounds}


def first_number(settings: Settings | None) -> int:
    """The number of allocations to begin with when the request names none."""
    return max(1, int((settings or {}).get(_MIN, 1)))
