"""All stores of one place, whichever kind it is: what the composition root and the commands are handed.

Each call gives a new handle, to be closed by who asked for it.
"""

from pathlib import Path
from typing import Protocol

from signalbox.adapters.stores.sqlite.acts import SqliteActStore
from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.adapters.stores.sqlite.payloads import SqlitePayloadStore
from signalbox.adapters.stores.sqlite.switches import SqliteSwitchStore
from signalbox.domain.errors import LogUnavailable
from signalbox.ports.acts import ActStore
from signalbox.ports.log import LogReader, LogStore
from signalbox.ports.payloads import PayloadStore
from signalbox.ports.switches import SwitchStore


class Stores(Protocol):
    node: str
    """Whose log `log` writes; empty where there is one only."""

    def log(self, address: str) -> LogStore:
        """`address` is what others are told when they ask who writes it."""

    def reader(self, node: str = "") -> LogReader:
        """Of this node's log, or of another's. Raises `LogUnavailable`, also where there is none."""

    def nodes(self) -> tuple[str, ...]:
        """Whose logs there are, this node's first. Raises `LogUnavailable`."""

    def switches(self) -> SwitchStore: ...

    def acts(self) -> ActStore: ...

    def payloads(self) -> PayloadStore: ...


class SqliteStores:
    """Files of a data directory."""

    node = ""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def log(self, address: str) -> LogStore:
        return SqliteLogStore(self._data_dir, address=address)

    def reader(self, node: str = "") -> LogReader:
        if node:
            raise LogUnavailable(f"there is no log `{node}`: a data directory has one, without a name")
        return SqliteLogReader.open(self._data_dir)

    def nodes(self) -> tuple[str, ...]:
        return ("",)

    def switches(self) -> SwitchStore:
        return SqliteSwitchStore(self._data_dir)

    def acts(self) -> ActStore:
        return SqliteActStore(self._data_dir)

    def payloads(self) -> PayloadStore:
        return SqlitePayloadStore(self._data_dir)
