"""The terminal as commands write to it: what others wrote is text there, and no instruction to it.

App names, reasons, policies and replies come from whoever asked or drafted. Taken for markup, they would hide
a line or break a command off; with the terminal's own codes in them, an approver would read something other
than what is signed.
"""

import unicodedata
from typing import Any, Final

from rich.console import Console
from rich.text import Text

_UNSEEN: Final = frozenset(("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))
"""Unicode's categories of what is not seen itself: controls, directions, zero widths, separators of lines."""


class Screen(Console):
    """INVARIANT: no text is markup, an emoji's name or a control: colours are arguments."""

    def __init__(self) -> None:
        super().__init__(soft_wrap=False, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(visible(text), **how)


def visible(text: str) -> str:
    """What is not seen itself is written as Python writes it, but for line feeds and tabs."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text.replace("\r\n", "\n")))


def _shown(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()
