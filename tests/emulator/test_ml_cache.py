"""Results that are remembered: as many as there is room for, the least used forgotten first."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clipline.emulator.ml.cache import ResultCache


def test_the_least_used_is_forgotten() -> None:
    size = len(b"[[[1.0]]]") + 64
    cache = ResultCache(2 * size)
    keys = [cache.key([[[number]]]) for number in range(3)]
    cache.put(keys[0], [[[1.0]]])
    cache.put(keys[1], [[[2.0]]])
    assert cache.get(keys[0]) == [[[1.0]]]
    cache.put(keys[2], [[[3.0]]])
    assert [cache.get(key) for key in keys] == [[[[1.0]]], None, [[[3.0]]]]
    assert ResultCache(0).key([[[1]]]) is None
    cache.put(keys[1], [[[0.5] * 100]])  # larger than all of it
    assert cache.get(keys[1]) is None


def test_a_result_that_is_asked_for_ever_takes_no_more_room() -> None:
    cache = ResultCache(1000)
    key = cache.key([[[1]]])
    cache.put(key, [[[1.0]]])
    for _ in range(5000):
        cache.get(key)
    assert len(cache._order) < 200
    other = cache.key([[[2]]])
    cache.put(other, [[[0.5] * 225]])  # no room for both: the one that was used least goes, which is the last one
    assert cache.get(key) is None or cache.get(other) is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(1, 40)), max_size=80), st.integers(0, 800))
def test_a_cache_keeps_to_its_size(steps: list[tuple[int, bool, int]], most: int) -> None:
    cache = ResultCache(most)
    for number, write, length in steps:
        key = cache.key([[[number]]])
        if write:
            cache.put(key, [[[float(number)] * length]])
        elif (found := cache.get(key)) is not None:
            assert found[0][0][0] == number
        assert sum(size for _, size in cache._results.values()) == cache._bytes <= most
