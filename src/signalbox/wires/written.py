"""A request as bytes for a vendor, with what was mapped or left out on the way.

It does not say where the bytes go.
"""

from msgspec import Struct


class Written(Struct, frozen=True):
    """`notes` are members of `domain.notes.Note`, each at most once, in the order in which they arose."""

    body: bytes
    notes: tuple[str, ...] = ()
