"""An expected document and the one that came → the fields that differ. A field that nobody expected is one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.pipeline_tests.case import Difference, Kind
from provisioning.pipeline_tests.matchers import Matcher

_LONGEST = 100


def differences(expected: Any, found: Any) -> tuple[Difference, ...]:
    """The differing fields, by their dotted path.

    Args:
        expected: plain values, and ``Matcher``s anywhere in them.
        found: plain values.
    """
    return tuple(_walk(expected, found, ""))


def shown(value: Any) -> str:
    """A value on one line, shortened in its middle; a list of numbers with their count."""
    if isinstance(value, list) and len(value) > 4 and all(isinstance(item, int | float) for item in value):
        return f"a list of {len(value)} numbers [{value[0]}, {value[1]}, … {value[-1]}]"
    text = json.dumps(value, ensure_ascii=False, default=_words)
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]} … {text[-half:]} ({len(text)} characters)"


def _words(value: Any) -> str:
    assert isinstance(value, Matcher)  # everything else came from YAML or JSON
    return f"<{value.words}>"


def _walk(expected: Any, found: Any, path: str) -> Iterator[Difference]:
    if isinstance(expected, Matcher):
        if not expected.accepts(found):
            yield Difference(path=path, kind=Kind.DIFFERS, wanted=expected.words, found=found)
    elif isinstance(expected, Mapping) and isinstance(found, Mapping):
        yield from _objects(expected, found, path)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (left, right) in enumerate(zip(expected, found, strict=True)):
            yield from _walk(left, right, f"{path}[{number}]")
    elif expected != found or type(expected) is not type(found):  # JSON tells true, 1 and 1.0 apart
        yield Difference(path=path, kind=Kind.DIFFERS, wanted=shown(expected), found=found)


def _objects(expected: Mapping[str, Any], found: Mapping[str, Any], path: str) -> Iterator[Difference]:
    for key in sorted({*expected, *found}):
        inner = f"{path}.{key}" if path else key
        if key not in found:
            wanted = expected[key].words if isinstance(expected[key], Matcher) else shown(expected[key])
            yield Difference(path=inner, kind=Kind.MISSING, wanted=wanted)
        elif key not in expected:
            yield Difference(path=inner, kind=Kind.UNEXPECTED, found=found[key])
        else:
            yield from _walk(expected[key], found[key], inner)
