"""Bytes as people read them."""

from __future__ import annotations

import pytest

from clipline.core.sizes import size


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 kB"),
        (256_036_846, "244 MB"),
        (4 * 1024**3, "4.0 GB"),
        (52_428_800_000, "49 GB"),
        (5 * 1024**4, "5.0 TB"),
        (2048 * 1024**5, "2048 PB"),
    ],
)
def test_sizes(count: int, shown: str) -> None:
    assert size(count) == shown
