"""What every `PayloadStore` must do: subclass `PayloadStoreContract` and say how a store is opened.

    class TestMyStore(PayloadStoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda: MyStore(tmp_path)

Every call of `open_store` gives another handle on the same place, as another process would have; the place is
empty when a test begins. That what is destroyed is overwritten is for the store's own tests to show, on its
medium.
"""

# ruff: noqa: S101 - a suite of tests

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from msgspec.structs import replace

from signalbox.ports.payloads import Address, Due, Payload, PayloadStore, SubjectKey

OpenStore = Callable[[], PayloadStore]
ANNA, BEN = "u-anna", "u-ben"


def subject_key(number: int) -> SubjectKey:
    return SubjectKey(f"{number:032x}", b"wrapped\x00" + bytes([number % 256]) * 40)


def payload(
    decision: str,
    key: SubjectKey,
    *,
    subject: str = ANNA,
    tenant: str = "acme",
    time_us: int = 1_000,
    until_us: int = 9_000,
) -> Payload:
    return Payload(
        address=Address(tenant, decision),
        subject=subject,
        key=key.id,
        time_us=time_us,
        until_us=until_us,
        sensitivity=2,
        prompt=b"\x00\xffprompt of " + decision.encode(),
        reply=b"",
    )


def _due(of: Payload) -> Due:
    return Due(of.until_us, of.address, of.subject)


class PayloadStoreContract:
    @pytest.fixture
    def open_store(self) -> OpenStore:
        raise NotImplementedError("a subclass says where the store is")

    def test_a_new_store_is_empty(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            assert store.key("acme", ANNA) is None
            assert store.get(Address("acme", "dec-1")) is None
            assert store.keys_after("acme", "", 9) == ()
            assert (store.scan("acme", "", 9), store.due(2**60, None, 9), store.unlogged(9)) == ((), (), ())
            assert store.delete([Address("acme", "dec-1")]) == 0
            assert store.delete_unreadable("acme", ANNA, 9) == 0

    def test_what_one_handle_keeps_another_finds(self, open_store: OpenStore) -> None:
        with closing(open_store()) as here, closing(open_store()) as there:
            key = here.add_key("acme", ANNA, subject_key(1), 10)
            assert there.key("acme", ANNA) == key == subject_key(1)
            assert there.put([payload("dec-1", key), payload("dec-2", key)]) == (True, True)
            assert here.get(Address("acme", "dec-1")) == payload("dec-1", key)
            assert here.get(Address("other", "dec-1")) is None
            assert here.scan("acme", "", 1) == (payload("dec-1", key),)
            assert here.scan("acme", "dec-1", 9) == (payload("dec-2", key),)
            assert here.scan("other", "", 9) == ()

    def test_it_survives_its_handles(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            store.add_key("acme", ANNA, subject_key(1), 10)
            store.put([payload("dec-1", subject_key(1))])
        with closing(open_store()) as store:
            assert store.key("acme", ANNA) == subject_key(1)
            assert store.get(Address("acme", "dec-1")) == payload("dec-1", subject_key(1))

    def test_of_many_keys_at_once_the_first_is_everybodys(self, open_store: OpenStore) -> None:
        def race(number: int) -> SubjectKey:
            with closing(open_store()) as store:
                return store.add_key("acme", ANNA, subject_key(number), 10)

        with closing(open_store()) as store:
            store.key("acme", ANNA)  # the place is made
            with ThreadPoolExecutor(4) as pool:
                won = set(pool.map(race, range(1, 9)))
            assert won == {store.key("acme", ANNA)}

    def test_a_subject_is_a_tenants_own(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            store.add_key("acme", ANNA, subject_key(1), 10)
            store.add_key("other", ANNA, subject_key(2), 10)
            assert store.destroy_keys("acme", ANNA, 10) == 1
            assert (store.key("acme", ANNA), store.key("other", ANNA)) == (None, subject_key(2))

    def test_keys_are_read_in_pages_and_wrapped_anew(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            for number, subject in enumerate(("a", "b", "c"), 1):
                store.add_key("acme", subject, subject_key(number), 10)
            assert store.keys_after("acme", "", 2) == (("a", subject_key(1)), ("b", subject_key(2)))
            assert store.keys_after("acme", "b", 2) == (("c", subject_key(3)),)
            anew = SubjectKey(subject_key(2).id, b"under another key")
            assert store.rewrap("acme", "b", anew)
            assert store.key("acme", "b") == anew
            assert not store.rewrap("acme", "b", subject_key(9))
            assert store.key("acme", "b") == anew

    def test_what_is_put_twice_stays_as_it_was(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            key = store.add_key("acme", ANNA, subject_key(1), 10)
            store.put([payload("dec-1", key)])
            assert store.put([replace(payload("dec-1", key), prompt=b"another")]) == (True,)
            assert store.get(Address("acme", "dec-1")) == payload("dec-1", key)

    def test_nothing_is_kept_under_a_key_that_is_not_there(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            key = store.add_key("acme", ANNA, subject_key(1), 10)
            ghost = payload("dec-2", subject_key(2))
            other = payload("dec-3", key, subject=BEN)  # a key of somebody else's
            assert store.put([payload("dec-1", key), ghost, other]) == (True, False, False)
            assert store.scan("acme", "", 9) == (payload("dec-1", key),)

    def test_an_erased_subject_is_gone_and_may_come_again(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            key = store.add_key("acme", ANNA, subject_key(1), 10)
            bens = store.add_key("acme", BEN, subject_key(7), 10)
            store.put([payload(f"dec-{n}", key, time_us=100) for n in range(5)])
            store.put([payload("dec-b", bens, subject=BEN)])
            assert store.destroy_keys("acme", ANNA, 500) == 1
            assert store.key("acme", ANNA) is None
            assert [store.delete_unreadable("acme", ANNA, 3) for _ in range(3)] == [3, 2, 0]
            assert store.scan("acme", "", 9) == (payload("dec-b", bens, subject=BEN),)
            anew = store.add_key("acme", ANNA, subject_key(2), 600)
            late, later = (payload("dec-l", anew, time_us=500), payload("dec-m", anew, time_us=501))
            assert store.put([late, later]) == (False, True)
            assert store.put([payload("dec-n", key, time_us=700)]) == (False,)
            assert store.destroy_keys("acme", ANNA, 500) == 0  # again: what came after it stays
            assert store.get(later.address) == later
            assert store.delete_unreadable("acme", ANNA, 9) == 0

    def test_what_is_due_comes_in_order_and_in_pages(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            key = store.add_key("acme", ANNA, subject_key(1), 10)
            kept = [payload(f"dec-{n}", key, until_us=until) for n, until in enumerate((300, 100, 200, 100))]
            store.put(kept)
            inorder = [_due(kept[1]), _due(kept[3]), _due(kept[2])]
            assert list(store.due(200, None, 9)) == inorder
            assert list(store.due(200, None, 1)) == inorder[:1]
            assert list(store.due(200, inorder[0], 9)) == inorder[1:]
            assert store.due(99, None, 9) == ()
            assert store.delete([kept[1].address, Address("acme", "dec-x")]) == 1
            assert list(store.due(200, None, 9)) == inorder[1:]

    def test_what_the_log_does_not_have_yet_is_told(self, open_store: OpenStore) -> None:
        with closing(open_store()) as store:
            key = store.add_key("acme", ANNA, subject_key(1), 10)
            first, second = payload("dec-2", key, time_us=50), payload("dec-1", key, time_us=60)
            store.put([second, first])
            assert store.unlogged(1) == (first,)
            store.set_logged([first.address, Address("acme", "dec-x")])
            assert store.unlogged(9) == (second,)
