"""All stores of one database, for one node."""

from signalbox.adapters.stores.postgres.acts import PostgresActStore
from signalbox.adapters.stores.postgres.link import Link
from signalbox.adapters.stores.postgres.log_reader import PostgresLogReader
from signalbox.adapters.stores.postgres.log_store import PostgresLogStore
from signalbox.adapters.stores.postgres.payloads import PostgresPayloadStore
from signalbox.adapters.stores.postgres.switches import PostgresSwitchStore
from signalbox.ports.acts import ActStore
from signalbox.ports.log import LogReader, LogStore
from signalbox.ports.payloads import PayloadStore
from signalbox.ports.switches import SwitchStore


class PostgresStores:
    """Implements `adapters.stores.opened.Stores`."""

    def __init__(self, link: Link, node: str) -> None:
        self.node = node
        self._link = link

    def log(self, address: str) -> LogStore:
        return PostgresLogStore(self._link, self.node, address=address)

    def log_of(self, node: str, address: str) -> LogStore:
        """Another node's log, to be written in its place. Its lease goes to one alone."""
        return PostgresLogStore(self._link, node, address=address)

    def reader(self, node: str = "") -> LogReader:
        return PostgresLogReader.open(self._link, node or self.node)

    def nodes(self) -> tuple[str, ...]:
        names = PostgresLogReader.names(self._link)
        return tuple(sorted(names, key=lambda name: (name != self.node, name)))

    def switches(self) -> SwitchStore:
        return PostgresSwitchStore(self._link, self.node)

    def acts(self) -> ActStore:
        return PostgresActStore(self._link, self.node)

    def payloads(self) -> PayloadStore:
        return PostgresPayloadStore(self._link)
