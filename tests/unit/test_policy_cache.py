"""The verdict cache: bounded, least recently used first, and never past what a verdict promises."""

import pytest

from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import Verdict
from signalbox.policy import VerdictCache


def facts(app: str, sensitivity: Sensitivity = Sensitivity.PUBLIC) -> Facts:
    return Facts("acme", ("a", "b"), app, "", sensitivity, (), "world")


def verdict(until_us: int | None = None) -> Verdict:
    return Verdict("p", "c", (True,), (("base",),), until_us)


def test_equal_facts_find_the_verdict() -> None:
    cache = VerdictCache(4)
    kept = verdict()
    cache.put(facts("excel"), kept)

    assert cache.get(facts("excel"), 0) is kept
    assert cache.get(facts("word"), 0) is None
    assert cache.get(facts("excel", Sensitivity.GENERAL), 0) is None
    assert (cache.hits, cache.misses) == (1, 2)


def test_a_verdict_is_not_served_from_the_moment_it_ends() -> None:
    cache = VerdictCache(4)
    cache.put(facts("excel"), verdict(until_us=100))

    assert cache.get(facts("excel"), 99) is not None
    assert cache.get(facts("excel"), 100) is None
    assert len(cache) == 0


def test_the_least_recently_used_goes_first() -> None:
    cache = VerdictCache(2)
    cache.put(facts("a"), verdict())
    cache.put(facts("b"), verdict())
    cache.get(facts("a"), 0)
    cache.put(facts("c"), verdict())

    assert [cache.get(facts(app), 0) is not None for app in "abc"] == [True, False, True]
    assert len(cache) == 2


def test_putting_again_renews_and_does_not_grow() -> None:
    cache = VerdictCache(2)
    renewed = verdict(until_us=7)
    cache.put(facts("a"), verdict())
    cache.put(facts("b"), verdict())
    cache.put(facts("a"), renewed)
    cache.put(facts("c"), verdict())

    assert cache.get(facts("a"), 0) is renewed
    assert cache.get(facts("b"), 0) is None


def test_clear_forgets_every_verdict() -> None:
    cache = VerdictCache(2)
    cache.put(facts("a"), verdict())
    cache.clear()

    assert cache.get(facts("a"), 0) is None
    assert len(cache) == 0


def test_a_cache_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        VerdictCache(0)
