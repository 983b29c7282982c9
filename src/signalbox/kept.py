"""The kept content of a running house: who keeps it, reads it back, erases it and sweeps, over one store.

Nothing is opened before something is kept, asked for or erased: where no tenant keeps content there is no
file.
"""

from collections.abc import Callable, Iterator, Mapping

from signalbox.governance.holds import Holds
from signalbox.histories import StoreThread, WasLogged
from signalbox.keeping.chest import Chest
from signalbox.keeping.data_keys import DataKeys
from signalbox.keeping.eraser import Acting, Eraser, Forgetful
from signalbox.keeping.keeper import DEFAULT_LIMITS, Keeper, KeeperLimits
from signalbox.keeping.rules import KeepRules
from signalbox.keeping.sweeper import CADENCE_S, Sweeper
from signalbox.ports.clock import Clock
from signalbox.ports.erasure import ErasableLog
from signalbox.ports.failpoint import Failpoint, passing
from signalbox.ports.log import DecisionLog, LogReader, StoredRecord
from signalbox.ports.payloads import PayloadStore
from signalbox.ports.tenant_keys import TenantKeys


class Kept:
    """Use `open` and `aclose`. `erasable` is the log where this process writes it, with `was_logged`: then it
    also sweeps. `open_reader` opens a reader of the log, and is called from threads."""

    def __init__(
        self,
        store: PayloadStore,
        tenant_keys: Mapping[str, TenantKeys],
        rules: Mapping[str, KeepRules],
        *,
        board: Acting,
        holds: Holds,
        cache: Forgetful,
        log: DecisionLog,
        clock: Clock,
        place: str,
        stopped: Callable[[str], str],
        open_reader: Callable[[], LogReader],
        erasable: ErasableLog | None,
        was_logged: WasLogged | None,
        randomness: Callable[[int], bytes],
        failpoint: Failpoint = passing,
        limits: KeeperLimits = DEFAULT_LIMITS,
        cadence_s: float = CADENCE_S,
    ) -> None:
        self._store = store
        self._thread = StoreThread("signalbox-payloads")
        self._open_reader = open_reader
        self.holds = holds
        self.keys = DataKeys(store, self._thread, tenant_keys, clock, randomness)
        self.keeper = Keeper(
            store,
            self._thread,
            self.keys,
            log,
            clock,
            rules,
            place=place,
            stopped=stopped,
            randomness=randomness,
            limits=limits,
        )
        self.eraser = Eraser(
            board,
            holds,
            store,
            self._thread,
            self.keys,
            cache,
            log,
            log=erasable,
            mentioning=self._mentioning,
            failpoint=failpoint,
        )
        self.chest = Chest(store, self._thread, self.keys, clock, about=self._about, all_of=self._all_of)
        self.sweeper = (
            Sweeper(
                board,
                holds,
                store,
                self._thread,
                self.eraser,
                self.keeper,
                clock,
                was_logged,
                cadence_s=cadence_s,
            )
            if was_logged is not None
            else None
        )

    def open(self) -> None:
        self.keeper.open()
        if self.sweeper is not None:
            self.sweeper.open()

    async def aclose(self) -> None:
        """What waits is stored first."""
        await self.keeper.aclose()
        if self.sweeper is not None:
            await self.sweeper.aclose()
        for keys in set(self.keys.tenant_keys.values()):
            await keys.aclose()
        self._thread.end_with(self._store.close)

    def heard(self) -> None:
        """Acts were obeyed: of a subject that is being erased nothing is known here any more."""
        if self.holds.under_way:
            for tenant, subject in self.holds.under_way:
                self.keys.forget(tenant, subject)
            if self.sweeper is not None:
                self.sweeper.soon()

    def _mentioning(self, text: str) -> Iterator[tuple[int, StoredRecord]]:
        reader = self._open_reader()
        try:
            yield from reader.find(text, 0)
        finally:
            reader.close()

    def _about(self, ident: str, time_us: int) -> Iterator[StoredRecord]:
        reader = self._open_reader()
        try:
            for _, stored in reader.find(ident, time_us):
                yield stored
        finally:
            reader.close()

    def _all_of(self, tenant: str) -> Iterator[StoredRecord]:
        mark = f'"tenant":"{tenant}"'.encode()
        reader = self._open_reader()
        try:
            for _, stored in reader.scan():
                if mark in stored.leaf:
                    yield stored
        finally:
            reader.close()
