"""A cheap screen for telling words, in any case.

Only the letters that these words are made of are left standing, fewer than a third of a text, and a word
of it is found there three times as fast. Deleting can only join what stood apart, never hide a
word; so a hint may be wrong, its absence never is: who gets a hint looks at the text.
"""

from typing import Final

_KEPT: Final = b"cdgkmnpstwy:"
_FOLD: Final = bytes(range(256)).lower().replace(b"=", b":")
_DELETED: Final = bytes(char for char in range(256) if _FOLD[char] not in _KEPT)


def bones_of(word: bytes) -> bytes:
    """What the screen leaves of a text or a word; `=` is seen as `:`."""
    return word.translate(_FOLD, _DELETED)
