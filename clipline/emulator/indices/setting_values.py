"""What the value of an index setting may be, with the words in which Elasticsearch refuses another."""

from __future__ import annotations

import re

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices.setting_table import Setting

_SECONDS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = ("pb", "tb", "gb", "mb", "kb", "p", "t", "g", "m", "k", "b")


def check_value(setting: Setting, name: str, value: str) -> None:
    """Refuse what a setting cannot be.

    Raises:
        ApiError: 400 with Elasticsearch's text.
    """
    if setting.kind == "bool" and value not in ("true", "false"):
        raise illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
    if setting.kind in ("int", "long", "float"):
        _check_number(setting, name, value)
    if setting.kind == "time" and seconds(name, value) < 0 <= (setting.least or 0):
        raise illegal_argument(f"failed to parse value [{value}] for setting [index.{name}], must be >= [0s]")
    if setting.kind == "bytes":
        _check_bytes(name, value)
    if setting.kind == "enum":
        _check_enum(setting, name, value)
    if setting.kind == "expand":
        expanded_replicas(value)


def seconds(name: str, value: str) -> float:
    """A time value such as ``1s``; -1 without a unit stands for never.

    Raises:
        ApiError: 400 with Elasticsearch's text.
    """
    text = value.strip()
    if re.fullmatch(r"-0*1", text):
        return -1.0
    if re.fullmatch(r"0+", text):
        return 0.0
    where = f"failed to parse setting [index.{name}] with value [{value}] as a time value"
    unit = next((unit for unit in _SECONDS if text.lower().endswith(unit)), None)
    if unit is None:
        raise illegal_argument(f"{where}: unit is missing or unrecognized")
    number = text[: -len(unit)].strip()
    if re.fullmatch(r"[+-]?\d+\.\d*", number):
        raise illegal_argument(f"failed to parse [{value}], fractional time values are not supported")
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", number) or abs(int(number)) >= 2**63:
        raise illegal_argument(f"failed to parse [{value}]")
    if int(number) < 0:
        raise illegal_argument(f"{where}: negative durations are not supported")
    return int(number) * _SECONDS[unit]


def expanded_replicas(value: str, *, nodes: int = 1) -> int | None:
    """How many replicas ``auto_expand_replicas`` makes on so many nodes; ``None`` where it leaves them as they are.

    Raises:
        ApiError: 400 with Elasticsearch's text.
    """
    if value == "false":
        return None
    least, dash, most = value.rpartition("-") if value.endswith("-all") else value.partition("-")
    where = f"failed to parse [index.auto_expand_replicas] from value: [{value}]"
    if not dash:
        raise illegal_argument(f"{where} at index -1")
    if not re.fullmatch(r"\d{1,9}", least) or not (most == "all" or re.fullmatch(r"\d{1,9}", most)):
        raise illegal_argument(where)
    low, high = int(least), 2**31 - 1 if most == "all" else int(most)
    if low > high:
        raise illegal_argument(
            f"[index.auto_expand_replicas] minReplicas must be =< maxReplicas but wasn't {low} > {high}"
        )
    reached = min(high, nodes - 1)
    return reached if low <= reached else None


def _check_number(setting: Setting, name: str, value: str) -> None:
    whole, bits = setting.kind != "float", 31 if setting.kind == "int" else 63
    where = f"Failed to parse value [{value}] for setting [index.{name}]"
    try:
        if not re.fullmatch(r"[+-]?[0-9]+" if whole else r"[+-]?[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?", value):
            raise ValueError
        number = int(value) if whole else float(value)
        if whole and abs(number) >= 2**bits:
            raise ValueError
    except ValueError:
        cause = {"type": "number_format_exception", "reason": f'For input string: "{value}"'}
        raise ApiError(400, "illegal_argument_exception", where, caused_by=cause) from None
    if setting.least is not None and number < setting.least:
        raise illegal_argument(f"{where} must be >= {int(setting.least) if whole else setting.least}")
    if setting.most is not None and number > setting.most:
        raise illegal_argument(f"{where} must be <= {int(setting.most) if whole else setting.most}")


def _check_bytes(name: str, value: str) -> None:
    text = value.strip().lower()
    if text in ("-1", "0"):
        return
    where = f"failed to parse setting [index.{name}] with value [{value}] as a size in bytes"
    unit = next((unit for unit in _BYTES if text.endswith(unit)), None)
    if unit is None:
        raise ApiError(400, "illegal_argument_exception", f"{where}: unit is missing or unrecognized")
    if not re.fullmatch(r"\d+(?:\.\d+)?", text[: -len(unit)].strip()):
        raise illegal_argument(f"failed to parse [{value}]")


def _check_enum(setting: Setting, name: str, value: str) -> None:
    found = value if name != "translog.durability" else value.lower()
    if found in setting.values:
        return
    if name == "translog.durability":
        constant = f"org.elasticsearch.index.translog.Translog.Durability.{value.upper()}"
        raise illegal_argument(f"No enum constant {constant}")
    if name == "mode":
        raise illegal_argument(f"[{value}] is an invalid index mode, valid modes are: [{','.join(setting.values)}]")
    raise illegal_argument(
        f"unknown value for [index.{name}] must be one of [{', '.join(setting.values)}] but was: {value}"
    )
