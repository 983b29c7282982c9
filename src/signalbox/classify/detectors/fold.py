"""Undo what hides a number from a screen: other digits, invisible characters, odd spaces and dashes.

Only a text that has such characters is rewritten, and an ASCII text is not even looked at. Letters that look
alike in another script (a Cyrillic A in an IBAN) are not folded.
"""

import unicodedata
from functools import lru_cache
from typing import Final

_ASCII: Final = bytes(range(128))
_HARMLESS: Final = frozenset("äöüßÄÖÜàâçéèêëîïôùûœæñáíóúÉÈÀÇøåØÅ€£§°“”„‘’«»…•·→")
_REPLACED_ONE_BY_ONE_MAX: Final = 12
_SEPARATORS: Final = {"Zs": " ", "Zl": "\n", "Zp": "\n", "Pd": "-"}


def fold(text: str) -> bytes:
    """`text` in UTF-8, with every disguised digit, letter, space and dash in ASCII, and nothing invisible."""
    if "\r" in text:
        text = text.replace("\r", "")
    data = text.encode("utf-8", "replace")
    if text.isascii():
        return data
    foreign = data.translate(None, _ASCII).decode()
    if _HARMLESS.issuperset(foreign):
        return data
    folded = {ord(char): plain for char in set(foreign) - _HARMLESS if (plain := _plain(char)) != char}
    return _folded(text, folded).encode("utf-8", "replace") if folded else data


def _folded(text: str, folded: dict[int, str]) -> str:
    if len(folded) <= _REPLACED_ONE_BY_ONE_MAX:
        for char, plain in folded.items():
            text = text.replace(chr(char), plain)
        return text
    return text.translate(folded)


@lru_cache(maxsize=4_096)
def _plain(char: str) -> str:
    """What `char` stands for in a number: an ASCII character, nothing, or itself."""
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if char == "\N{MINUS SIGN}":
        return "-"
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me"):
        return ""  # zero-width characters, the soft hyphen, direction marks; variation selectors, strokes
    if category in _SEPARATORS:
        return _SEPARATORS[category]
    compatible = unicodedata.normalize("NFKC", char)
    return compatible if len(compatible) == 1 and compatible.isascii() else char
