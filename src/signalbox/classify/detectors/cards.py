"""Payment card numbers: issuer ranges of ISO/IEC 7812 as the card schemes publish them, then Luhn.

Thirteen-digit Visa numbers are no longer issued and look like European article numbers: left out.
"""

import re
from typing import Final

from signalbox.classify.detectors.checksums import luhn

_ISSUED: Final = re.compile(
    rb"4(?:\d{15}|\d{18})"  # Visa
    rb"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    rb"|3[47]\d{13}"  # American Express
    rb"|(?:30[0-5]|3095|36|38|39)\d{11,17}"  # Diners Club, 14 to 19 digits
    rb"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover
    rb"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    rb"|62\d{14,17}"  # UnionPay
    rb"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{12,15}"  # Maestro
)


def is_card(digits: bytes) -> bool:
    """Whether 14 to 19 digits are a card number: an issuer's range and length, and the Luhn digit."""
    return _ISSUED.fullmatch(digits) is not None and luhn(digits)
