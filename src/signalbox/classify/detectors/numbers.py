"""Where a text could hold a card, an account or an identity number, and whether it does.

1. The gate: every digit as `0`, every letter as `A`, and no separators. A text ends here whose longest run
   of digits is shorter than any number looked for, and beside no letter as those with letters have one;
   most do, with all their dates and amounts.
2. The proof: where the shape (the same, with a space for each separator) holds a grouping in which numbers
   are printed, the pattern with its edges, then the check digit.

Numbers are sought in one piece and in the groupings in which they are printed, not in every grouping that
could be made: in a table of figures nearly every choice of cells ends in some valid check digit. Tabs,
commas and pipes set cells apart and never join a number.
"""

import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from signalbox.classify.content import BOUNDARY
from signalbox.classify.detectors import identity
from signalbox.classify.detectors.cards import is_card
from signalbox.classify.detectors.iban import is_iban_at

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
    needle: bytes
    offset: int
    pattern: re.Pattern[bytes]
    check: Callable[[bytes], bool]
    keywords: tuple[bytes, ...] = ()


_SSN_NAMES: Final = (b"ssn", b"social security", b"social-security")
_BSN_NAMES: Final = (b"bsn", b"burgerservice", b"sofi")
_PESEL_NAMES: Final = (b"pesel",)
_CPF_NAMES: Final = (b"cpf",)
_FISCAL: Final = b"AA00A00A000A"
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
        ("payment", b"0000 0000", 0, _FOURS, is_card, ()),
        ("payment", b"0000 0000", 4, _FOURS, is_card, ()),
        ("payment", b"0000 0000", 8, _FOURS, is_card, ()),
        ("payment", b"0000 0000 0000 0000 000", 0, r"\d{4}_\d{4}_\d{4}_\d{4}_\d{3}", is_card, ()),
        ("payment", b"0000 000000 0000", 0, r"\d{4}_\d{6}_\d{4,5}", is_card, ()),
        ("personal", b"000 00 0000", 0, r"\d{3}-\d{2}-\d{4}", identity.is_us_ssn, ()),
        ("personal", b"000 00 0000", 0, r"\d{3}_\d{2}_\d{4}", identity.is_us_ssn, _SSN_NAMES),
        ("personal", b"00 000 000 000", 0, r"\d\d_\d{3}_\d{3}_\d{3}", identity.is_de_steuer_id, ()),
        ("personal", b"000 000 000 00", 0, r"\d{3}_\d{3}_\d{3}_\d\d", identity.is_br_cpf, ()),
        ("personal", b"00 00 00 000 00", 0, r"\d\d_\d\d_\d\d_\d{3}_\d\d", identity.is_be_national, ()),
        ("personal", b"0 00 00 00 000 000 00", 0, _NIR.replace("Ø", r"\d\d"), identity.is_fr_nir, ()),
        ("personal", b"0000000000000 00", 0, r"\d{13}_\d\d", identity.is_fr_nir, ()),
        ("personal", b"000 0000 0000 00", 0, r"756_\d{4}_\d{4}_\d\d", identity.is_ch_ahv, ()),
        ("personal", b"0000 00 000", 0, r"\d{4}_\d\d_\d{3}", identity.is_nl_bsn, _BSN_NAMES),
    )
)  # fmt: skip
_SWEDISH: Final = Printed(
    "personal", b"000000 0000", 0,
    re.compile(rb"(?:(?<![0-9A-Za-z])|(?<=19)|(?<=20))\d{6}-\d{4}(?![0-9A-Za-z])"),
    identity.is_se_personnummer,
)  # fmt: skip
_WITH_LETTERS: Final = tuple(
    Printed("personal", needle, offset, _pattern(body), check)
    for needle, offset, body, check in (
        (b"000 000 00", 11, _NIR.replace("Ø", "2[ABab]"), identity.is_fr_nir),
        (b"000000A", 0, r"\d{5}2[ABab]\d{8}", identity.is_fr_nir),
        (b"000000A", 2, r"[0-9XYZxyz]\d{7}[A-Za-z]", identity.is_es_dni),
        (b"0000000 A", 1, r"[0-9XYZxyz]\d{7}-[A-Za-z]", identity.is_es_dni),
        (b"00 000 000 ", 0, r"\d\d\.\d{3}\.\d{3}-[A-Za-z]", identity.is_es_dni),
        (b"000000A", 2, r"[A-Za-z]{2}\d{6}[A-Da-d]", identity.is_uk_nino),
        (b" 00 00 00 ", 2, r"[A-Za-z]{2}_\d\d_\d\d_\d\d_[A-Da-d]", identity.is_uk_nino),
        (_FISCAL, 4, r"[A-Za-z]{6}\d\d[A-Za-z]\d\d[A-Za-z]\d{3}[A-Za-z]", identity.is_it_codice_fiscale),
    )
)  # fmt: skip
_BY_NEEDLE: Final = tuple(
    (needle, tuple(kind for kind in _WITH_LETTERS if kind.needle == needle))
    for needle in dict.fromkeys(kind.needle for kind in _WITH_LETTERS)
)
_RUN_MIN: Final = b"0" * 9
_RUN_BEFORE_LETTER: Final = b"0" * 6
_LETTER_BEHIND_RUN: Final = _RUN_BEFORE_LETTER + b"A"
_RUN: Final = re.compile(rb"0+")
_RUN_MAX: Final = 19
_FRACTION: Final = re.compile(rb"[.,][0-9]")
_ONE_BY_ONE: Final = re.compile(rb"(?<![0A])(?<!0 )0(?: 0){13,18}(?![0A])(?! 0)")


def find_numbers(data: bytes) -> set[str]:
    """The categories (`bank`, `payment`, `personal`) of the numbers in `data`. Linear in its length."""
    found: set[str] = set()
    runs = data.translate(_SHAPE, _SEPARATOR_BYTES)
    long, beside_letters = _gate(runs)
    if long or beside_letters:
        shape = data.translate(_SHAPE)
        if long:
            _long_numbers(data, shape, found)
        if beside_letters and "personal" not in found and _has_number_with_letters(data, shape):
            found.add("personal")
    return found


def _gate(runs: bytes) -> tuple[bool, bool]:
    """Whether a number without letters could be there, and one with letters; `runs` has no separators.

    INVARIANT: it lets every number pass that the proof finds: `test_the_gate_lets_all_numbers_pass`.
    """
    # `find` and not `in`: for bytes, `in` asks first whether it is given a number, and pays for an exception.
    at = runs.find(_RUN_BEFORE_LETTER)
    if at < 0:
        return False, runs.find(_FISCAL) >= 0
    beside_letters = runs.find(_LETTER_BEHIND_RUN, at) >= 0 or runs.find(_FISCAL) >= 0
    return runs.find(_RUN_MIN, at) >= 0, beside_letters


def _has_number_with_letters(data: bytes, shape: bytes) -> bool:
    for needle, kinds in _BY_NEEDLE:
        if shape.find(needle) >= 0:
            for kind in kinds:
                if _stands(kind, data, shape):
                    return True
    return False


def _long_numbers(data: bytes, shape: bytes, found: set[str]) -> None:
    _runs(data, shape, found)
    if "payment" not in found and b"0 0 0 0 0 0 0 0" in shape and _has_card_one_by_one(data, shape):
        found.add("payment")
    for kind in _WITH_DIGITS:
        if kind.needle in shape and kind.category not in found and _stands(kind, data, shape):
            found.add(kind.category)
    if "personal" not in found and _stands(_SWEDISH, data, shape):
        found.add("personal")
    place = shape.find(b"AA00")
    while place >= 0:
        if is_iban_at(data, place):
            found.add("bank")
            return
        place = shape.find(b"AA00", place + 1)


def _has_card_one_by_one(data: bytes, shape: bytes) -> bool:
    """A card number with a separator after every digit."""
    return any(is_card(data[match.start() : match.end() : 2]) for match in _ONE_BY_ONE.finditer(shape))


def _runs(data: bytes, shape: bytes, found: set[str]) -> None:
    """Numbers written in one piece."""
    place = shape.find(_RUN_MIN)
    while place >= 0:
        run = _RUN.match(shape, place)
        end = run.end() if run else place + len(_RUN_MIN)
        if end - place <= _RUN_MAX and not _continues(data, place, end):
            digits = data[place:end]
            if "payment" not in found and is_card(digits):
                found.add("payment")
            if "personal" not in found and _is_identity_run(data, place, digits):
                found.add("personal")
        place = shape.find(_RUN_MIN, end)


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


def _stands(kind: Printed, data: bytes, shape: bytes) -> bool:
    """Whether a number of this kind is anywhere in `data`."""
    place = shape.find(kind.needle)
    while place >= 0:
        start = place - kind.offset
        match = kind.pattern.match(data, start) if start >= 0 else None
        if match is not None:
            number = match[0].translate(None, _SEPARATOR_BYTES).upper()
            if kind.check(number) and (not kind.keywords or _named(data, start, kind.keywords)):
                return True
        place = shape.find(kind.needle, place + 1)
    return False


def _named(data: bytes, start: int, keywords: tuple[bytes, ...]) -> bool:
    """Whether one of the names stands shortly before `start`, in the same text."""
    before = data[max(0, start - _KEYWORD_REACH) : start].rpartition(_BOUNDARY)[2].lower()
    return any(keyword in before for keyword in keywords)
