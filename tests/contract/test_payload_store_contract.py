"""The store of kept content against its contract, and what SQLite's leaves in its file."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.payloads import PAYLOADS_FILE, SqlitePayloadStore
from signalbox.ports.payloads import Address, PayloadsUnavailable, SubjectKey
from signalbox.testing.payload_store import ANNA, BEN, OpenStore, PayloadStoreContract, payload, subject_key


class TestSqlite(PayloadStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: SqlitePayloadStore(tmp_path / "data")


def _everything(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


def _destroy(store: SqlitePayloadStore) -> None:
    store.destroy_keys("acme", ANNA, 50)


def _wrap_anew(store: SqlitePayloadStore) -> None:
    store.rewrap("acme", ANNA, SubjectKey(subject_key(1).id, b"another"))


@pytest.mark.parametrize("take_away", [_destroy, _wrap_anew])
def test_no_byte_of_a_key_is_left_in_any_file(
    tmp_path: Path, take_away: Callable[[SqlitePayloadStore], None]
) -> None:
    wrapped = os.urandom(300)
    with closing(SqlitePayloadStore(tmp_path)) as store, closing(SqlitePayloadStore(tmp_path)) as reader:
        store.add_key("acme", ANNA, SubjectKey(subject_key(1).id, wrapped), 10)
        for number in range(40):  # neighbours on its page, before and after
            store.add_key("acme", f"u-{number}", subject_key(number), 10)
        assert reader.key("acme", ANNA) == SubjectKey(subject_key(1).id, wrapped)
        assert wrapped in _everything(tmp_path)
        take_away(store)
        left = _everything(tmp_path)  # while both handles are open
        assert not [at for at in range(0, len(wrapped) - 8) if wrapped[at : at + 8] in left]


def test_no_byte_of_deleted_content_is_left_in_any_file(tmp_path: Path) -> None:
    content = os.urandom(20_000)  # over several pages
    with closing(SqlitePayloadStore(tmp_path)) as store:
        key = store.add_key("acme", ANNA, subject_key(1), 10)
        kept = payload("dec-1", key)
        store.put([kept, payload("dec-2", key)])
        store.delete([kept.address])
        store.put([payload("dec-1", key, until_us=1)])
        large = type(kept)(**{**{f: getattr(kept, f) for f in kept.__struct_fields__}, "reply": content})
        store.delete([kept.address])
        store.put([large])
        assert content[:64] in _everything(tmp_path)
        store.delete([large.address])
        left = _everything(tmp_path)
        assert not [at for at in range(0, len(content) - 16, 16) if content[at : at + 16] in left]


def test_a_file_that_is_locked_is_unavailable_and_comes_back(tmp_path: Path) -> None:
    with closing(SqlitePayloadStore(tmp_path)) as store:
        key = store.add_key("acme", ANNA, subject_key(1), 10)
        with closing(sqlite3.connect(tmp_path / PAYLOADS_FILE, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(PayloadsUnavailable) as refused:
                store.put([payload("dec-1", key)])
        assert PAYLOADS_FILE in refused.value.operator
        assert store.get(Address("acme", "dec-1")) is None
        assert store.put([payload("dec-1", key)]) == (True,)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    with closing(SqlitePayloadStore(tmp_path)) as store:
        store.add_key("acme", BEN, subject_key(1), 10)
    assert (tmp_path / PAYLOADS_FILE).stat().st_mode & 0o077 == 0
