"""What every cache must do: the suite that each adapter passes.

    class TestMine(CacheSuite):
        @pytest.fixture
        async def cache(self) -> AsyncIterator[Cache]: ...

Keys are made by `place`; a cache that several processes share is to be empty when a test begins.
"""

# ruff: noqa: S101 - a suite of tests
import asyncio
import hashlib

from signalbox.ports.cache import Cache, Kept, Place

TTL_MS = 60_000


def place(partition: str = "p", key: str = "k") -> Place:
    return Place(_digest(partition), _digest(key))


def kept(content: bytes = b"answer", *, tenant: str = "acme", subject: str = "", release: str = "r") -> Kept:
    return Kept(tenant, _digest(subject or "anna"), _digest(release), content)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class CacheSuite:
    async def test_what_was_put_is_found_with_its_time_left(self, cache: Cache) -> None:
        content = bytes(range(256)) * 40
        assert await cache.put(place(), kept(content), TTL_MS)
        found = await cache.get(place())
        assert found is not None
        assert found.content == content
        assert 0 < found.ttl_ms <= TTL_MS

    async def test_nothing_is_found_where_nothing_was_put(self, cache: Cache) -> None:
        await cache.put(place("p", "k"), kept(), TTL_MS)
        for other in (place("p", "other"), place("other", "k"), place("k", "p")):
            assert await cache.get(other) is None

    async def test_what_is_put_again_stands_in_place_of_the_first(self, cache: Cache) -> None:
        await cache.put(place(), kept(b"first", tenant="acme"), TTL_MS)
        await cache.put(place(), kept(b"second", tenant="other"), TTL_MS)
        found = await cache.get(place())
        assert found is not None
        assert found.content == b"second"
        assert await cache.purge(tenant="acme") == 0

    async def test_what_is_over_its_time_is_not_found(self, cache: Cache) -> None:
        await cache.put(place(), kept(), 30)
        await asyncio.sleep(0.06)  # time itself is what is tested
        assert await cache.get(place()) is None

    async def test_what_is_too_large_is_not_kept(self, cache: Cache) -> None:
        assert not await cache.put(place(), kept(bytes(2 << 20)), TTL_MS)
        assert await cache.get(place()) is None

    async def test_a_purge_takes_what_matches_every_name_given(self, cache: Cache) -> None:
        tagged = {
            place("p", f"{tenant}{subject}{release}"): kept(tenant=tenant, subject=subject, release=release)
            for tenant in ("acme", "other")
            for subject in ("anna", "ben")
            for release in ("1", "2")
        }
        for where, what in tagged.items():
            await cache.put(where, what, TTL_MS)
        assert await cache.purge(tenant="acme", subject=_digest("anna")) == 2
        assert await cache.purge(release=_digest("2")) == 3
        left = {where for where in tagged if await cache.get(where) is not None}
        assert {(tagged[where].tenant, tagged[where].subject) for where in left} == {
            ("acme", _digest("ben")),
            ("other", _digest("anna")),
            ("other", _digest("ben")),
        }
        assert await cache.purge() == 3
        assert not [where for where in tagged if await cache.get(where) is not None]

    async def test_many_at_once_get_each_its_own(self, cache: Cache) -> None:
        places = [place("p", str(number)) for number in range(200)]
        await asyncio.gather(*[cache.put(where, kept(where.key.encode()), TTL_MS) for where in places])
        found = await asyncio.gather(*[cache.get(where) for where in places])
        assert [each and each.content for each in found] == [where.key.encode() for where in places]
