"""Reading files that nobody vouches for: each in a child process of its own, within limits.

A reader is a pure function of bytes in a module of its own, which imports the library for its format. It runs
in the child alone, so that neither a malformed file nor the library that meets it can take the server along.
"""

from signalbox.workloads.reading.parent import (
    read_deck,
    read_mails,
    read_text,
    read_workbook,
)
from signalbox.workloads.reading.unreadable import Encrypted, TooLarge, Unreadable

__all__ = ["Encrypted", "TooLarge", "Unreadable", "read_deck", "read_mails", "read_text", "read_workbook"]
