"""A scalar's text → its value, where every reader of YAML would give the same.

YAML 1.1, which PyYAML speaks, reads ``no`` as false, ``012`` as 10 and ``1:30`` as 90; YAML 1.2 reads text, 12 and text.
An asset is read by people and by other tools, too, so such a spelling is refused: whoever wrote it says which one is meant.
What JSON cannot hold (``.nan``, ``.inf``) is refused because it is sent as JSON.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import yaml

KINDS = ("str", "int", "float", "bool", "null", "timestamp")
_CONSTRUCTOR = yaml.SafeLoader("")
_PLAIN = {
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+"),
    "float": re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
}
"""What 1.1 takes for each kind and 1.2 takes for the same."""

_NUMBER_OF_1_2 = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+|0o[0-7]+|[-+]?0[0-9]*[89][0-9]*")
"""What is text in 1.1 and a number in 1.2."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def value_of(node: yaml.ScalarNode, text: str) -> Any:
    """The value of a scalar whose kind is that of a node.

    Args:
        node: as composed by PyYAML.
        text: its text.

    Raises:
        ValueError: with what is wrong with the text, as the end of a sentence that begins with it.
    """
    kind = node.tag.rpartition(":")[2]
    if kind in ("str", "timestamp"):  # a date stays text: JSON has none
        if not node.style and _NUMBER_OF_1_2.fullmatch(text):
            raise ValueError("is text in YAML 1.1 and a number in YAML 1.2: quote it, or write the number out")
        return _unpaired(text)
    try:
        value = _CONSTRUCTOR.construct_object(node)
    except (ValueError, KeyError, IndexError, OverflowError, yaml.YAMLError) as error:
        raise ValueError(f"is no {kind}") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("is no number that JSON can hold")
    if kind in _PLAIN and not _PLAIN[kind].fullmatch(text):
        shown = json.dumps(value)
        raise ValueError(f"is {shown} in YAML 1.1 and something else in YAML 1.2: quote it, or write {shown}")
    return value


def value_in_json(node: yaml.ScalarNode) -> Any:
    """The value of a scalar in a file that is JSON, where a spelling has one meaning only."""
    if node.style:
        return _unpaired(node.value)
    value = json.loads(node.value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("is no number that JSON can hold")
    return value


def _unpaired(text: str) -> str:
    r"""The text with the pairs of surrogates joined that JSON writes as ``\ud83d\ude00``."""
    if _SURROGATE.search(text) is None:
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise ValueError("holds half a character (a surrogate without its other half)") from error
