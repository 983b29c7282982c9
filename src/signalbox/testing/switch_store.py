"""What every `SwitchStore` must do: subclass `SwitchStoreContract` and say how a store is opened.

    class TestMyStore(SwitchStoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda: MyStore(tmp_path)

Every call of `open_store` gives another handle on the same place, as another process would have.
"""

# ruff: noqa: S101 - a suite of tests

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Literal

import pytest

from signalbox.domain.switches import NOTHING_STOPPED, SwitchChange, folded
from signalbox.ports.switches import SwitchStore

OpenStore = Callable[[], SwitchStore]


def change(
    selector: str, epoch: int = 0, what: Literal["kill", "restore"] = "kill", *, cut: bool = False
) -> SwitchChange:
    return SwitchChange(
        epoch=epoch, what=what, selector=selector, by="ada", reason="a drill", cut=cut, time_us=1_000
    )


class SwitchStoreContract:
    @pytest.fixture
    def open_store(self) -> OpenStore:
        raise NotImplementedError("a subclass says where the store is")

    def test_at_first_nothing_is_stopped(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            assert (store.read(NOTHING_STOPPED), store.history(), store.logged()) == (NOTHING_STOPPED, (), 0)

    def test_a_change_is_seen_through_every_handle(self, open_store: OpenStore) -> None:
        with closing(open_store()) as here, closing(open_store()) as there:
            assert there.read(NOTHING_STOPPED) is NOTHING_STOPPED
            state = here.change([change("vendor:a", cut=True), change("tenant:t")])
            assert state == folded([change("vendor:a", 1, cut=True), change("tenant:t", 2)])
            assert there.read(NOTHING_STOPPED) == state
            assert there.read(state) is state
            assert there.change([change("vendor:a", what="restore")]).epoch == 3
            assert [kill.selector for kill in here.read(state).kills] == ["tenant:t"]
            assert [each.epoch for each in here.history(1)] == [2, 3]

    def test_changes_made_at_once_are_numbered_one_by_one(self, open_store: OpenStore) -> None:
        def throw(who: int) -> int:
            with closing(open_store()) as store:
                return store.change([change(f"vendor:{who}"), change(f"model:{who}")]).epoch

        with closing(open_store()) as first:
            first.read(NOTHING_STOPPED)  # the place is made
            with ThreadPoolExecutor(6) as pool:
                list(pool.map(throw, range(6)))
            history = first.history()
            assert [each.epoch for each in history] == list(range(1, 13))
            pairs = [
                (one.selector, other.selector) for one, other in zip(history[::2], history[1::2], strict=True)
            ]
            assert sorted(pairs) == [(f"vendor:{who}", f"model:{who}") for who in range(6)]

    def test_the_history_survives_its_handles(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            state = store.change([change("vendor:a")])
            store.set_logged(1)
        with closing(open_store()) as store:
            assert (store.read(NOTHING_STOPPED), store.logged()) == (state, 1)
            store.close()
            store.close()
