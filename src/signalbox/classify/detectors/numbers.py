"""Where a text could hold a card, an account or an identity number, and whether it does.

1. The screen: the shape of the text, with every digit as `0`, every letter as `A` and a space for each
   separator, is searched once for the few groupings of digits that all numbers looked for have in them. Most
   texts have none, with all their dates and amounts.
2. The proof, from the first of them to the last, of the numbers that those groupings are in: where the shape
   holds a grouping in which one is printed, the pattern with its edges, then the check digit.

Numbers are sought in one piece and in the groupings in which they are printed, not in every grouping that
could be made: in a table of figures nearly every choice of cells ends in some valid check digit. Tabs,
commas and pipes set cells apart and never join a number.
"""

import re
from collections.abc import Callable, Set
from typing import Final

from msgspec import Struct

from signalbox.classify.content import BOUNDARY
from signalbox.classify.detectors import identity
from signalbox.classify.detectors.cards import is_card
from signalbox.classify.detectors.iban import is_iban_at
from signalbox.classify.detectors.literals import Literals

_SEPARATORS: Final = b" \n.-/"
_KEYWORD_REACH: Final = 48


def _shape(char: int) -> int:
    if 48 <= char <= 57:
        return 48
    if 65 <= char <= 90 or 97 <= char <= 122:
        return 65
    if chr(char) == BOUNDARY:
        return 0
    if char in _SEPARATORS or (char < 32 and char != 9) or char == 127:
        return 32
    return char if char < 128 else 0xFF


_SHAPE: Final = bytes(map(_shape, range(256)))
_SEPARATOR_BYTES: Final = bytes(char for char in range(256) if _SHAPE[char] == 32)
_BOUNDARY: Final = BOUNDARY.encode()


class Printed(Struct, frozen=True):
    """A number as it is printed: found by `needle` in the shape, `offset` bytes into the pattern."""

    category: str
    needle: str
    offset: int
    pattern: re.Pattern[bytes]
    check: Callable[[bytes], bool]
    keywords: tuple[bytes, ...] = ()


_SSN_NAMES: Final = (b"ssn", b"social security", b"social-security")
_BSN_NAMES: Final = (b"bsn", b"burgerservice", b"sofi")
_PESEL_NAMES: Final = (b"pesel",)
_CPF_NAMES: Final = (b"cpf",)
_FISCAL: Final = "AA00A00A000A"
_FOURS: Final = r"\d{4}_?\d{4}_?\d{4}_?\d{4}"
_NIR: Final = r"\d_\d\d_\d\d_Ø_\d{3}_\d{3}_\d\d"  # Ø: the department


def _pattern(body: str) -> re.Pattern[bytes]:
    """`body` with `_` for one separator, not inside a longer word, number or decimal fraction."""
    return re.compile(
        (r"(?<![0-9A-Za-z])(?<![0-9][.,])" + body.replace("_", r"[\s./\x00-\x08\x0b-\x1e\x7f-]")).encode()
        + rb"(?![0-9A-Za-z])(?![.,][0-9])"
    )


_WITH_DIGITS: Final = tuple(
    Printed(category, needle, offset, _pattern(body), check, keywords)
    for category, needle, offset, body, check, keywords in (
        ("payment", "0000 0000", 0, _FOURS, is_card, ()),
        ("payment", "0000 0000", 4, _FOURS, is_card, ()),
        ("payment", "0000 0000", 8, _FOURS, is_card, ()),
        ("payment", "0000 0000 0000 0000 000", 0, r"\d{4}_\d{4}_\d{4}_\d{4}_\d{3}", is_card, ()),
        ("payment", "0000 000000 0000", 0, r"\d{4}_\d{6}_\d{4,5}", is_card, ()),
        ("personal", "000 00 0000", 0, r"\d{3}-\d{2}-\d{4}", identity.is_us_ssn, ()),
        ("personal", "000 00 0000", 0, r"\d{3}_\d{2}_\d{4}", identity.is_us_ssn, _SSN_NAMES),
        ("personal", "00 000 000 000", 0, r"\d\d_\d{3}_\d{3}_\d{3}", identity.is_de_steuer_id, ()),
        ("personal", "000 000 000 00", 0, r"\d{3}_\d{3}_\d{3}_\d\d", identity.is_br_cpf, ()),
        ("personal", "00 00 00 000 00", 0, r"\d\d_\d\d_\d\d_\d{3}_\d\d", identity.is_be_national, ()),
        ("personal", "0 00 00 00 000 000 00", 0, _NIR.replace("Ø", r"\d\d"), identity.is_fr_nir, ()),
        ("personal", "0000000000000 00", 0, r"\d{13}_\d\d", identity.is_fr_nir, ()),
        ("personal", "000 0000 0000 00", 0, r"756_\d{4}_\d{4}_\d\d", identity.is_ch_ahv, ()),
        ("personal", "0000 00 000", 0, r"\d{4}_\d\d_\d{3}", identity.is_nl_bsn, _BSN_NAMES),
    )
)  # fmt: skip
_SWEDISH: Final = Printed(
    "personal", "000000 0000", 0,
    re.compile(rb"(?:(?<![0-9A-Za-z])|(?<=19)|(?<=20))\d{6}-\d{4}(?![0-9A-Za-z])"),
    identity.is_se_personnummer,
)  # fmt: skip
_WITH_LETTERS: Final = tuple(
    Printed("personal", needle, offset, _pattern(body), check)
    for needle, offset, body, check in (
        ("000 000 00", 11, _NIR.replace("Ø", "2[ABab]"), identity.is_fr_nir),
        ("000000A", 0, r"\d{5}2[ABab]\d{8}", identity.is_fr_nir),
        ("000000A", 2, r"[0-9XYZxyz]\d{7}[A-Za-z]", identity.is_es_dni),
        ("0000000 A", 1, r"[0-9XYZxyz]\d{7}-[A-Za-z]", identity.is_es_dni),
        ("00 000 000 ", 0, r"\d\d\.\d{3}\.\d{3}-[A-Za-z]", identity.is_es_dni),
        ("000000A", 2, r"[A-Za-z]{2}\d{6}[A-Da-d]", identity.is_uk_nino),
        ("AA 00 00 00 A", 0, r"[A-Za-z]{2}_\d\d_\d\d_\d\d_[A-Da-d]", identity.is_uk_nino),
        (_FISCAL, 4, r"[A-Za-z]{6}\d\d[A-Za-z]\d\d[A-Za-z]\d{3}[A-Za-z]", identity.is_it_codice_fiscale),
    )
)  # fmt: skip
_KINDS: Final = (*_WITH_DIGITS, _SWEDISH, *_WITH_LETTERS)
_RUN_MIN: Final = "0" * 9
_BY_ONES: Final = "0 0 0 0 0 0 0 0"
_ACCOUNT: Final = "AA00"
_SOUGHT: Final = (
    _RUN_MIN, "000000 0000", "000000A", "0000000 A", "0000 0000", "0000 00 000", "000 00 0000", "00 000 00",
    "AA 00 00 00 A", _BY_ONES, _ACCOUNT,
)  # fmt: skip
_DECOYS: Final = ("\1\1\1\1", "\2\2\2\2", "\3\3\3\3", "\4\4\4\4")
"""In no shape. Literals of three first bytes are sought by these bytes, and digits are everywhere: with more
they are sought by four bytes each, which takes two thirds of the time."""

_SCREEN: Final = Literals(literal.encode() for literal in (*_SOUGHT, *_DECOYS))
"""INVARIANT: whatever is sought in a shape holds one of these: `test_whatever_is_sought_is_screened`."""
_BY_LITERAL: Final = {
    literal.encode(): tuple(
        (needle, tuple(kind for kind in _KINDS if kind.needle == needle))
        for needle in dict.fromkeys(kind.needle for kind in _KINDS)
        if literal == next(each for each in _SOUGHT if each in needle)
    )
    for literal in _SOUGHT
}
"""The needles, each under the first literal in it, with the kinds of number that each of them finds."""

_SLACK: Final = 24  # not fewer bytes than the longest needle has
_RUN: Final = re.compile(_RUN_MIN + "0*")
_RUN_MAX: Final = 19
_FRACTION: Final = re.compile(rb"[.,][0-9]")
_ONE_BY_ONE: Final = re.compile(r"(?<![0A])(?<!0 )0(?: 0){13,18}(?![0A])(?! 0)")


def find_numbers(data: bytes) -> set[str]:
    """The categories (`bank`, `payment`, `personal`) of the numbers in `data`. Linear in its length."""
    shape = data.translate(_SHAPE)
    screened = _SCREEN.found_in(shape)
    if screened is None:
        return set()
    standing, first, last = screened
    start = max(0, first - _SLACK)
    # As text, because for bytes `in` asks first whether it is given a number, and pays for an exception.
    return _proved(data, shape[start : last + _SLACK].decode("latin-1"), start, standing)


def _proved(data: bytes, shape: str, start: int, standing: Set[bytes]) -> set[str]:
    """The categories of the numbers proved in `data` from `start` on, where its shape is `shape`, in which
    no literals of the screen but `standing` are. What is of a category that is found is not looked at."""
    found: set[str] = set()
    if _RUN_MIN in shape:
        _runs(data, shape, start, found)
    if _BY_ONES in shape and "payment" not in found and _has_card_one_by_one(data, shape, start):
        found.add("payment")
    for literal in standing:
        for needle, kinds in _BY_LITERAL[literal]:
            if needle in shape:
                for kind in kinds:
                    if kind.category not in found and _stands(kind, data, shape, start):
                        found.add(kind.category)
    place = shape.find(_ACCOUNT)
    while place >= 0:
        if is_iban_at(data, start + place):
            found.add("bank")
            return found
        place = shape.find(_ACCOUNT, place + 1)
    return found


def _has_card_one_by_one(data: bytes, shape: str, start: int) -> bool:
    """A card number with a separator after every digit."""
    return any(
        is_card(data[start + match.start() : start + match.end() : 2])
        for match in _ONE_BY_ONE.finditer(shape)
    )


def _runs(data: bytes, shape: str, start: int, found: set[str]) -> None:
    """Numbers written in one piece."""
    for run in _RUN.finditer(shape):
        at, end = start + run.start(), start + run.end()
        if end - at <= _RUN_MAX and not _continues(data, at, end):
            digits = data[at:end]
            if "payment" not in found and is_card(digits):
                found.add("payment")
            if "personal" not in found and _is_identity_run(data, at, digits):
                found.add("personal")


def _continues(data: bytes, start: int, end: int) -> bool:
    """Whether the digits are part of a word or of a decimal number."""
    before, after = data[max(0, start - 2) : start], data[end : end + 2]
    return (
        before[-1:].isalnum()
        or after[:1].isalnum()
        or (before[-1:] in (b".", b",") and before[:1].isdigit())
        or _FRACTION.match(after) is not None
    )


def _is_identity_run(data: bytes, start: int, digits: bytes) -> bool:
    match len(digits):
        case 9:
            return (identity.is_us_ssn(digits) and _named(data, start, _SSN_NAMES)) or (
                identity.is_nl_bsn(digits) and _named(data, start, _BSN_NAMES)
            )
        case 11:
            return (
                identity.is_de_steuer_id(digits)
                or identity.is_be_national(digits)
                or (identity.is_pl_pesel(digits) and _named(data, start, _PESEL_NAMES))
                or (identity.is_br_cpf(digits) and _named(data, start, _CPF_NAMES))
            )
        case 13:
            return identity.is_ch_ahv(digits)
        case 15:
            return identity.is_fr_nir(digits)
        case _:
            return False


def _stands(kind: Printed, data: bytes, shape: str, start: int) -> bool:
    """Whether a number of this kind is in `data` from `start` on, where its shape is `shape`."""
    place = shape.find(kind.needle)
    while place >= 0:
        at = start + place - kind.offset
        match = kind.pattern.match(data, at) if at >= 0 else None
        if match is not None:
            number = match[0].translate(None, _SEPARATOR_BYTES).upper()
            if kind.check(number) and (not kind.keywords or _named(data, at, kind.keywords)):
                return True
        place = shape.find(kind.needle, place + 1)
    return False


def _named(data: bytes, start: int, keywords: tuple[bytes, ...]) -> bool:
    """Whether one of the names stands shortly before `start`, in the same text."""
    before = data[max(0, start - _KEYWORD_REACH) : start].rpartition(_BOUNDARY)[2].lower()
    return any(keyword in before for keyword in keywords)
