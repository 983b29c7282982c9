"""What every log store that can empty records must do: subclass `LogErasureContract` as `LogStoreContract`.

That no byte is left on the medium is for the store's own tests to show, where it is promised.
"""

# ruff: noqa: S101 - a suite of tests

import pytest
from msgspec.structs import replace

from signalbox.domain.errors import LogUnavailable
from signalbox.ports.erasure import ErasableStore
from signalbox.ports.log import LogStore, StoredRecord
from signalbox.testing.log_store import Place, batch_of, stored


class LogErasureContract:
    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError("a subclass says where the store is")

    def test_salt_and_body_go_and_the_leaf_stays(self, place: Place) -> None:
        store = _written(place)
        _erase(store, 1, 4)
        _erase(store, 4)
        _erase(store)
        assert list(store.scan()) == list(enumerate(_emptied(["a", "b", "c", "d", "e"], 1, 4)))
        assert [number for number, _ in store.find("body of b", 0)] == []
        assert [number for number, _ in store.find("leaf of b", 0)] == [1]
        store.append(batch_of(5, "f"))
        store.release()
        after = place.open()
        after.acquire()
        assert [record for _, record in after.scan()] == _emptied(["a", "b", "c", "d", "e", "f"], 1, 4)
        assert (after.next_number(), [head.count for head in after.heads()]) == (6, [6])
        after.release()

    def test_of_a_record_that_is_not_there_nothing_is_erased(self, place: Place) -> None:
        store = _written(place)
        with pytest.raises(LogUnavailable):
            _erase(store, 1, 99)
        assert [record for _, record in store.scan()] == _emptied(["a", "b", "c", "d", "e"])
        store.append(batch_of(5, "f"))
        store.release()

    def test_who_does_not_write_erases_nothing(self, place: Place) -> None:
        first, second = _written(place), place.open()
        with pytest.raises(LogUnavailable):
            _erase(second, 1)
        place.break_lock()
        second.acquire()
        with pytest.raises(LogUnavailable):
            _erase(first, 1)
        assert [record for _, record in second.scan()] == _emptied(["a", "b", "c", "d", "e"])
        _erase(second, 1)
        second.release()
        first.release()


def _written(place: Place) -> LogStore:
    store = place.open()
    store.acquire()
    store.append(batch_of(0, "a", "b", "c"))
    store.append(batch_of(3, "d", "e"))
    return store


def _erase(store: LogStore, *numbers: int) -> None:
    assert isinstance(store, ErasableStore)
    store.erase(numbers)


def _emptied(words: list[str], *numbers: int) -> list[StoredRecord]:
    records = [stored(each) for each in words]
    return [
        replace(record, salt=b"", body=b"") if number in numbers else record
        for number, record in enumerate(records)
    ]
