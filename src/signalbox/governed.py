"""The governance of a running house: the board, and what the history of acts comes to for each room.

An area (`signalbox.governance`) is added here once: its projection becomes an attribute, and is handed to the
board with the others.
"""

from signalbox.board import Board
from signalbox.governance.keys import Keys
from signalbox.histories import WasLogged
from signalbox.ports.acts import ActStore
from signalbox.ports.clock import Clock
from signalbox.ports.log import DecisionLog


class Governed:
    """Use `board.open` and `board.aclose`."""

    def __init__(
        self, store: ActStore, log: DecisionLog, clock: Clock, *, was_logged: WasLogged | None
    ) -> None:
        self.keys = Keys()
        self.board = Board(store, log, clock, projections=[self.keys], was_logged=was_logged)
