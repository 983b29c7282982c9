"""What every `LogStore` must do: subclass `LogStoreContract` and say how a store on one place is opened.

    class TestMyStore(LogStoreContract):
        @pytest.fixture
        def place(self, tmp_path):
            return MyPlace(tmp_path)

where a place is a `Place`. The contract holds what a store promises when all is well and when a second
writer appears; what its medium does when it fills or breaks is for the store's own tests.
"""

import hashlib
from typing import Protocol

import pytest
from msgspec.structs import replace

from signalbox.domain.errors import LogUnavailable
from signalbox.ports.log import Batch, Head, LogStore, StoredRecord
from signalbox.tlog.tiles import Tile


class Place(Protocol):
    """Where one log is kept, whoever opens it."""

    def open(self, address: str = "") -> LogStore:
        """Another handle on this place, as another process would make one; not acquired yet."""

    def break_lock(self) -> None:
        """Let the next `acquire` succeed although the lease is held: an operator removed the lock file."""


def stored(words: str) -> StoredRecord:
    """A record that mentions `words` in its leaf and its body; a store never looks inside."""
    return StoredRecord(b"leaf of " + words.encode(), b"\x00\xff" * 8, b"body of " + words.encode())


def batch_of(first: int, *words: str, time_us: int = 1_000, low_water: int = 0, **blobs: bytes) -> Batch:
    """A batch for a tenant `acme`, one record for each of `words`."""
    end = first + len(words)
    return Batch(
        first,
        tuple(stored(each) for each in words),
        (Head("acme", end, hashlib.sha256(str(end).encode()).hexdigest()),) if words else (),
        tuple(blobs.items()),
        low_water,
        time_us,
        time_us,
    )


class LogStoreContract:
    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError("a subclass says where the store is")

    def test_a_new_store_is_empty(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        seen = (store.heads(), store.next_number(), store.low_water(), list(store.scan()))
        _expect(((), 0, 0, []), seen)
        _expect([], list(store.find("anything", 0)))
        _expect(None, store.blob("0" * 64))
        store.release()

    def test_what_was_appended_is_there_for_the_next_holder(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        store.append(batch_of(0, "one", "two", digest=b"content"))
        store.append(batch_of(2, "three", low_water=1))
        store.release()
        after = place.open()
        after.acquire()
        _expect([(0, stored("one")), (1, stored("two")), (2, stored("three"))], list(after.scan()))
        _expect((3, 1, b"content"), (after.next_number(), after.low_water(), after.blob("digest")))
        _expect([("acme", 3)], [(head.tenant, head.count) for head in after.heads()])
        after.release()

    def test_a_scan_begins_inside_a_batch(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        store.append(batch_of(0, "a", "b", "c"))
        store.append(batch_of(3, "d"))
        for first in range(6):
            _expect([n for n in range(4) if n >= first], [number for number, _ in store.scan(first)])
        store.release()

    def test_a_scan_crosses_many_batches(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        for number in range(0, 100, 2):
            store.append(batch_of(number, f"r{number}", f"r{number + 1}"))
        _expect([(n, stored(f"r{n}")) for n in range(100)], list(store.scan()))
        store.release()

    def test_an_empty_batch_moves_only_the_low_water_mark(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        store.append(batch_of(0, "a", "b"))
        store.append(batch_of(2, low_water=2))
        _expect((2, 2, 2), (store.next_number(), store.low_water(), len(list(store.scan()))))
        store.release()

    def test_a_batch_that_is_not_the_next_is_refused_and_changes_nothing(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        store.append(batch_of(0, "a"))
        before = (store.heads(), store.next_number(), store.low_water(), list(store.scan()))
        for first in (0, 2):
            with pytest.raises(LogUnavailable):
                store.append(batch_of(first, "b", low_water=1, digest=b"content"))
        _expect(before, (store.heads(), store.next_number(), store.low_water(), list(store.scan())))
        _expect(None, store.blob("digest"))
        store.append(batch_of(1, "b"))
        store.release()

    def test_the_first_content_pinned_under_a_digest_stays(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        store.append(batch_of(0, "a", digest=b"first"))
        store.append(batch_of(1, "b", digest=b"second"))
        _expect(b"first", store.blob("digest"))
        store.release()

    def test_tiles_and_checkpoints_are_kept_with_their_batch(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        _expect((None, None, None), (store.tile(0, 0), store.checkpoint(), store.checkpoint(0)))
        short, long = Tile(1, 0, b"\x01" * 32), Tile(1, 0, b"\x02" * 64)
        store.append(replace(batch_of(0, "a", "b"), tiles=(short,), checkpoint="of two\n"))
        with pytest.raises(LogUnavailable):
            store.append(replace(batch_of(0, "a"), tiles=(long,), checkpoint="of one\n"))
        _expect((short.hashes, None, "of two\n"), (store.tile(1, 0), store.tile(0, 0), store.checkpoint()))
        store.append(replace(batch_of(2, "c"), tiles=(Tile(0, 7, b"\x03" * 32), long)))
        store.append(replace(batch_of(3), checkpoint="of three\n"))
        store.release()
        after = place.open()
        after.acquire()
        _expect((long.hashes, b"\x03" * 32), (after.tile(1, 0), after.tile(0, 7)))
        seen = [after.checkpoint(size) for size in (None, 3, 2, 1)]
        _expect(["of three\n", "of three\n", "of two\n", None], seen)
        after.release()

    def test_find_reads_from_shortly_before_a_time(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        hour = 3_600_000_000
        store.append(batch_of(0, "early ref-7", "early other", time_us=hour))
        store.append(batch_of(2, "late other", "late ref-7", time_us=2 * hour))
        store.append(batch_of(4, "stepped ref-7", time_us=hour // 2))  # the clock was set back
        store.append(batch_of(5, "last ref-7", time_us=3 * hour))
        for since, expected in ((hour // 2, [0, 3, 4, 5]), (hour, [0, 3, 4, 5]), (2 * hour + 1, [3, 4, 5])):
            _expect(expected, [number for number, _ in store.find("ref-7", since)])
        _expect([5], [number for number, _ in store.find("ref-7", 3 * hour)])
        _expect([], list(store.find("ref-7", 4 * hour)))
        _expect([], list(store.find("ref-8", 0)))
        store.release()

    def test_a_second_writer_is_refused_and_told_who_holds_the_lease(self, place: Place) -> None:
        first, second = place.open("127.0.0.1:8484"), place.open("the command line")
        first.acquire()
        with pytest.raises(LogUnavailable, match=r"127\.0\.0\.1:8484"):
            second.acquire()
        with pytest.raises(LogUnavailable):
            second.append(batch_of(0, "a"))
        first.append(batch_of(0, "a"))
        first.release()
        second.acquire()
        second.append(batch_of(1, "b"))
        second.release()

    def test_a_writer_whose_lock_was_broken_is_fenced(self, place: Place) -> None:
        first, second = place.open(), place.open()
        epoch = first.acquire()
        first.append(batch_of(0, "a"))
        place.break_lock()
        later = second.acquire()
        _expect(True, later > epoch)
        for attempt in (lambda: first.append(batch_of(1, "b")), lambda: first.tenant_key("acme")):
            with pytest.raises(LogUnavailable):
                attempt()
        _expect(1, second.next_number())
        second.append(batch_of(1, "c"))
        _expect([stored("a"), stored("c")], [record for _, record in second.scan()])
        second.release()
        first.release()

    def test_nothing_is_written_after_release(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        store.release()
        store.release()
        with pytest.raises(LogUnavailable):
            store.append(batch_of(0, "a"))

    def test_a_tenants_key_is_made_once_and_kept(self, place: Place) -> None:
        store = place.open()
        store.acquire()
        key, other = store.tenant_key("acme"), store.tenant_key("other")
        _expect((32, True), (len(key), key != other))
        _expect(key, store.tenant_key("acme"))
        store.release()
        after = place.open()
        after.acquire()
        _expect(key, after.tenant_key("acme"))
        after.release()


def _expect(expected: object, seen: object) -> None:
    """`assert`, for a module that is shipped: it holds under `python -O` too."""
    if expected != seen:
        raise AssertionError(f"expected {expected!r}, saw {seen!r}")
