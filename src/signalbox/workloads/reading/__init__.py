"""Reading files that nobody vouches for: each in a child process of its own, within limits.

A reader is a pure function of bytes in a module of its own, which imports the library for its format. It runs
in the child alone, so that neither a malformed file nor the library that meets it can take the server along.

Names are loaded when they are used: the child imports this package too, and needs nothing of the parent's.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from signalbox.workloads.reading.parent import (
        LIMITS,
        Limits,
        read_deck,
        read_mails,
        read_text,
        read_workbook,
    )
    from signalbox.workloads.reading.unreadable import Encrypted, TooLarge, Unreadable

_HOMES: Final = {
    "Encrypted": "signalbox.workloads.reading.unreadable",
    "LIMITS": "signalbox.workloads.reading.parent",
    "Limits": "signalbox.workloads.reading.parent",
    "TooLarge": "signalbox.workloads.reading.unreadable",
    "Unreadable": "signalbox.workloads.reading.unreadable",
    "read_deck": "signalbox.workloads.reading.parent",
    "read_mails": "signalbox.workloads.reading.parent",
    "read_text": "signalbox.workloads.reading.parent",
    "read_workbook": "signalbox.workloads.reading.parent",
}

__all__ = [
    "LIMITS",
    "Encrypted",
    "Limits",
    "TooLarge",
    "Unreadable",
    "read_deck",
    "read_mails",
    "read_text",
    "read_workbook",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module `signalbox.workloads.reading` has no attribute `{name}`")
    return getattr(import_module(home), name)
