"""Every store of the kill switch passes the public suite."""

from pathlib import Path

import pytest

from signalbox.adapters.stores.postgres.link import Link
from signalbox.adapters.stores.postgres.switches import PostgresSwitchStore
from signalbox.adapters.stores.sqlite.switches import SqliteSwitchStore
from signalbox.testing.switch_store import OpenStore, SwitchStoreContract


class TestSqliteSwitchStore(SwitchStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: SqliteSwitchStore(tmp_path / "data")


class TestPostgresSwitchStore(SwitchStoreContract):
    @pytest.fixture
    def open_store(self, database: str) -> OpenStore:
        return lambda: PostgresSwitchStore(Link.to(database), "here")
