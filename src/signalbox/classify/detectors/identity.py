"""National identity numbers: one function per number, each with the rule's published source.

A function takes the number without separators, letters in upper case. Where a check digit is weak and
the shape is common (nine or eleven digits in a row), `numbers` also asks for the number's name beside it.
"""

from typing import Final

from signalbox.classify.detectors.checksums import iso7064_mod11_10, luhn, weighted

_NIR_CORSICA: Final = {b"2A": b"19", b"2B": b"18"}
_DNI_LETTERS: Final = b"TRWAGMYFPDXBNJZSQVHLCKE"
_NIE_PREFIX: Final = {b"X": b"0", b"Y": b"1", b"Z": b"2"}
_NINO_PREFIXES_UNUSED: Final = frozenset((b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"))
_CF_ODD_DIGITS: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_CF_ODD_LETTERS: Final = (
    *_CF_ODD_DIGITS, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
)  # fmt: skip
_CF_ODD: Final = dict(
    zip(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (*_CF_ODD_DIGITS, *_CF_ODD_LETTERS), strict=True)
)


def is_us_ssn(digits: bytes) -> bool:
    """US Social Security number: SSA "Randomization FAQ": area not 000, 666 or 9xx; no all-zero group."""
    area = digits[:3]
    return area not in (b"000", b"666") and area < b"900" and digits[3:5] != b"00" and digits[5:] != b"0000"


def is_de_steuer_id(digits: bytes) -> bool:
    """German tax identification number, § 139b AO; BZSt "Steuer-Identifikationsnummer": MOD 11,10.

    Of the first ten digits exactly one occurs two or three times, and the first is not 0.
    """
    head = digits[:10]
    repeated = [count for count in map(head.count, set(head)) if count > 1]
    return digits[0] != 48 and len(repeated) == 1 and repeated[0] <= 3 and iso7064_mod11_10(digits)


def is_fr_nir(number: bytes) -> bool:
    """French NIR, INSEE, decree 82-103: the key is 97 - (13 digits mod 97).

    Corsican departments 2A and 2B count as 19 and 18.
    """
    body = number[:5] + _NIR_CORSICA.get(number[5:7], number[5:7]) + number[7:13]
    if not (body.isdigit() and number[13:].isdigit() and number[:1] in b"123478"):
        return False
    month = int(number[3:5])
    return (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) and 97 - int(body) % 97 == int(number[13:])


def is_it_codice_fiscale(number: bytes) -> bool:
    """Italian tax code, decree of 23 December 1976: odd places by table, even by value, sum mod 26."""
    odd = sum(_CF_ODD[char] for char in number[0:15:2])
    even = sum(int(chr(char)) if 48 <= char <= 57 else char - 65 for char in number[1:15:2])
    return number[8] in b"ABCDEHLMPRST" and (odd + even) % 26 == number[15] - 65


def is_es_dni(number: bytes) -> bool:
    """Spanish DNI or NIE, Real Decreto 1553/2005: the letter at the number modulo 23.

    X, Y, Z before a foreigner's number count as 0, 1, 2.
    """
    digits = _NIE_PREFIX.get(number[:1], number[:1]) + number[1:8]
    return digits.isdigit() and _DNI_LETTERS[int(digits) % 23] == number[8]


def is_uk_nino(number: bytes) -> bool:
    """UK National Insurance number, HMRC manual NIM39110: its shape and unused prefixes; no check digit."""
    return (
        number[0] not in b"DFIQUV"
        and number[1] not in b"DFIOQUV"
        and number[:2] not in _NINO_PREFIXES_UNUSED
        and number[8] in b"ABCD"
    )


def is_nl_bsn(digits: bytes) -> bool:
    """Dutch citizen service number, Logisch Ontwerp BSN: the eleven test with -1 for the last digit."""
    return int(digits) > 0 and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def is_be_national(digits: bytes) -> bool:
    """Belgian national register number, royal decree of 3 April 1984: 97 - (nine digits mod 97).

    A 2 stands before the nine for the born from 2000 on.
    """
    if not (int(digits[2:4]) <= 12 and int(digits[4:6]) <= 31):
        return False
    check = int(digits[9:])
    return check in (97 - int(digits[:9]) % 97, 97 - int(b"2" + digits[:9]) % 97)


def is_ch_ahv(digits: bytes) -> bool:
    """Swiss social insurance number, AHVV art. 133: country code 756 and an EAN-13 check digit."""
    return digits[:3] == b"756" and weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def is_se_personnummer(digits: bytes) -> bool:
    """Swedish personal number, SKV 704: six digits of a date (day + 60 if coordinated), Luhn over ten."""
    day = int(digits[4:6])
    return 1 <= int(digits[2:4]) <= 12 and (1 <= day <= 31 or 61 <= day <= 91) and luhn(digits)


def is_pl_pesel(digits: bytes) -> bool:
    """Polish PESEL, act on population records, art. 15: weights 1 3 7 9; the century is in the month."""
    month = int(digits[2:4]) % 20
    return (
        1 <= month <= 12
        and 1 <= int(digits[4:6]) <= 31
        and weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0
    )


def is_br_cpf(digits: bytes) -> bool:
    """Brazilian CPF, Receita Federal, instruction 1548/2015: two check digits modulo 11; not all equal."""
    if len(set(digits)) == 1:
        return False
    first = weighted(digits[:9], (10, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    second = weighted(digits[:10], (11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    return digits[9] - 48 == first and digits[10] - 48 == second
