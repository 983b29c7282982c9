"""The kill switch's history in PostgreSQL, shared by all nodes."""

from collections.abc import Sequence
from typing import Final

from signalbox.adapters.stores.postgres.link import Connection, Link
from signalbox.adapters.stores.postgres.shared import Shared
from signalbox.domain.switches import SwitchChange, SwitchState, folded
from signalbox.ports.switches import SwitchesUnavailable

_HISTORY_NAME: Final = "switches"
_EPOCH: Final = "SELECT epoch FROM switch_state"
_HISTORY: Final = """
SELECT epoch, what, selector, by, reason, cut, time_us FROM switch_change WHERE epoch > %s ORDER BY epoch
"""
# The row of the state is locked first: changes are numbered in the order in which they are made.
_APPEND: Final = """
WITH state AS (
    UPDATE switch_state SET epoch = epoch + cardinality(%(whats)s::text[])
    RETURNING epoch - cardinality(%(whats)s::text[]) AS before
)
INSERT INTO switch_change (epoch, what, selector, by, reason, cut, time_us)
SELECT before + number, what, selector, by, reason, cut, time_us FROM state,
    unnest(%(whats)s::text[], %(selectors)s::text[], %(bys)s::text[], %(reasons)s::text[],
           %(cuts)s::boolean[], %(times)s::bigint[])
    WITH ORDINALITY AS each (what, selector, by, reason, cut, time_us, number)
"""


class PostgresSwitchStore:
    """Implements `ports.switches.SwitchStore`. `log` is whose copy of the history `logged` tells of.

    Nothing is opened before the first call. A change whose answer was lost may have been made.
    """

    def __init__(self, link: Link, log: str) -> None:
        self._log = log
        self._shared = Shared(link, _unavailable)
        self.close = self._shared.close

    def read(self, known: SwitchState) -> SwitchState:
        def work(connection: Connection) -> SwitchState:
            (epoch,) = connection.execute(_EPOCH).fetchone() or (0,)
            return known if epoch == known.epoch else folded(_history(connection, 0))

        return self._shared.do(work)

    def change(self, changes: Sequence[SwitchChange]) -> SwitchState:
        def work(connection: Connection) -> SwitchState:
            connection.execute(
                _APPEND,
                {
                    "whats": [change.what for change in changes],
                    "selectors": [change.selector for change in changes],
                    "bys": [change.by for change in changes],
                    "reasons": [change.reason for change in changes],
                    "cuts": [change.cut for change in changes],
                    "times": [change.time_us for change in changes],
                },
            )
            return folded(_history(connection, 0))

        return self._shared.do(work)

    def history(self, after: int = 0) -> tuple[SwitchChange, ...]:
        return self._shared.do(lambda connection: _history(connection, after))

    def logged(self) -> int:
        return self._shared.copied(self._log, _HISTORY_NAME)

    def set_logged(self, epoch: int) -> None:
        self._shared.set_copied(self._log, _HISTORY_NAME, epoch)


def _unavailable(operator: str) -> SwitchesUnavailable:
    return SwitchesUnavailable("the kill switch's state cannot be read or changed", operator=operator)


def _history(connection: Connection, after: int) -> tuple[SwitchChange, ...]:
    return tuple(
        SwitchChange(
            epoch=epoch, what=what, selector=selector, by=by, reason=reason, cut=cut, time_us=time_us
        )
        for epoch, what, selector, by, reason, cut, time_us in connection.execute(_HISTORY, (after,))
    )
