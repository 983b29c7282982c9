"""Check digits, each with the place where its rule is published. All take ASCII digits as bytes.

They say that a number *can* be genuine, not that it was issued.
"""

from typing import Final

_VALUE: Final = bytes(c - 48 if 48 <= c <= 57 else 0 for c in range(256))
_DOUBLED: Final = bytes(sum(divmod(2 * (c - 48), 10)) if 48 <= c <= 57 else 0 for c in range(256))


def luhn(digits: bytes) -> bool:
    """ISO/IEC 7812-1, annex B: double every second digit from the right, sum of all digits mod 10."""
    return (sum(digits[-1::-2].translate(_VALUE)) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def weighted(digits: bytes, weights: tuple[int, ...]) -> int:
    """The sum of digit × weight, as far as the weights reach."""
    return sum((digit - 48) * weight for digit, weight in zip(digits, weights, strict=False))


def iso7064_mod97_10(alphanumeric: bytes) -> bool:
    """ISO/IEC 7064 MOD 97-10 as ISO 13616 applies it: the whole, letters as 10 to 35, is 1 modulo 97."""
    return int("".join(str(int(chr(char), 36)) for char in alphanumeric)) % 97 == 1


def iso7064_mod11_10(digits: bytes) -> bool:
    """ISO/IEC 7064 MOD 11,10: hybrid system with one check digit."""
    product = 10
    for digit in digits[:-1]:
        total = (digit - 48 + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == digits[-1] - 48
