"""What a fetch tells whoever waits for it. How it is shown is `progress.py`'s duty."""

from typing import Protocol


class Report(Protocol):
    def say(self, line: str) -> None:
        """One whole line, lower-case, for the user."""

    def begin(self, model: str, total: int) -> None:
        """A file of `total` bytes begins to be fetched."""

    def at(self, done: int) -> None:
        """`done` bytes of it are here. May step back, when bytes prove wrong."""

    def end(self) -> None:
        """No more of this file: it is whole, or it failed."""


def size_words(count: int) -> str:
    """Bytes as people say them, in decimal units: `1.12 GB`, `98 MB`."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
