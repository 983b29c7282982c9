"""What every `ActStore` must do: subclass `ActStoreContract` and say how a store on one place is opened.

    class TestMyStore(ActStoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda: MyStore(tmp_path)

Every call of `open_store` gives another handle on the same place, as another process would have.
"""

# ruff: noqa: S101 - a suite of tests

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from signalbox.domain.acts import Act
from signalbox.ports.acts import ActsMoved, ActStore

OpenStore = Callable[[], ActStore]


def act(number: int, said: str = "{}") -> Act:
    return Act(
        number=number,
        kind="test.done",
        tenant="acme",
        by="ada",
        time_us=1_000 + number,
        content=said.encode(),
    )


class ActStoreContract:
    @pytest.fixture
    def open_store(self) -> OpenStore:
        raise NotImplementedError("a subclass says where the store is")

    def test_a_new_history_is_empty(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            assert (store.read(0), store.logged(), store.content("00")) == ((), 0, None)

    def test_what_one_handle_appends_every_other_reads_in_order(self, open_store: OpenStore) -> None:
        with closing(open_store()) as here, closing(open_store()) as there:
            assert there.read(0) == ()
            here.append([act(1), act(2)], after=0)
            there.append([act(3)], after=2)
            assert here.read(0) == there.read(0) == (act(1), act(2), act(3))
            assert here.read(2) == (act(3),)
            assert here.read(3) == ()

    def test_who_thought_of_an_older_history_appends_nothing(self, open_store: OpenStore) -> None:
        with closing(open_store()) as here, closing(open_store()) as there:
            here.append([act(1)], after=0)
            with pytest.raises(ActsMoved):
                there.append([act(1, '{"other":true}'), act(2)], after=0)
            with pytest.raises(ActsMoved):
                there.append([act(3)], after=2)
            assert there.read(0) == (act(1),)
            there.append([act(2)], after=1)

    def test_of_many_at_once_exactly_one_is_next(self, open_store: OpenStore) -> None:
        def race(who: int) -> bool:
            with closing(open_store()) as store:
                try:
                    store.append([act(1, f'{{"who":{who}}}')], after=0)
                except ActsMoved:
                    return False
                return True

        with closing(open_store()) as first:
            first.read(0)  # the place is made
            with ThreadPoolExecutor(8) as pool:
                won = list(pool.map(race, range(8)))
            assert won.count(True) == 1
            assert first.read(0) == (act(1, f'{{"who":{won.index(True)}}}'),)

    def test_the_history_survives_its_handles(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            store.append([act(1)], after=0)
            store.keep("ab", b"\x00content")
            store.set_logged(1)
        with closing(open_store()) as store:
            assert (store.read(0), store.content("ab"), store.logged()) == ((act(1),), b"\x00content", 1)

    def test_what_is_kept_under_a_digest_stays(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            store.keep("ab", b"first")
            store.keep("ab", b"second")
            assert store.content("ab") == b"first"
