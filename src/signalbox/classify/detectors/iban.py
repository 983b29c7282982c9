"""International bank account numbers: ISO 13616, lengths from the SWIFT IBAN registry, MOD 97-10."""

from typing import Final

from signalbox.classify.detectors.checksums import iso7064_mod97_10

_LENGTHS: Final = {
    country.encode(): length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD FK", 19: "MK SI", 20: "AT BA EE KZ LT LU XK MN",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM TL SO",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC",
        32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_SEPARATORS: Final = b" \n\t.-/"
_WINDOW: Final = 72  # 34 characters, each with a separator, and what follows


def is_iban_at(data: bytes, start: int) -> bool:
    """Whether an IBAN begins at `start`, in one piece or in groups, in either case, and ends there too."""
    length = _LENGTHS.get(data[start : start + 2].upper())
    if length is None or data[start - 1 : start].isalnum():
        return False
    window = data[start : start + _WINDOW]
    taken = bytearray()
    for place, char in enumerate(window):
        if char in _SEPARATORS:
            continue
        if not (48 <= char <= 57 or 65 <= char <= 90 or 97 <= char <= 122):
            return False
        taken.append(char)
        if len(taken) == length:
            follows = window[place + 1 : place + 2]
            return not follows.isalnum() and iso7064_mod97_10(bytes(taken[4:] + taken[:4]))
    return False
