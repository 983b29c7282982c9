"""Health terms: two different ones close together, or one beside an ICD-10 code.

One clinical word alone says little ("be patient", "a diagnosis of the sales figures"), so a second term
must stand within 200 bytes of it in the same text. The lexicon is short and public; it finds letters
about a patient, not every hint at an illness.
"""

import re
from collections.abc import Iterator
from typing import Final

from signalbox.classify.content import BOUNDARY

_REACH: Final = 200
_BOUNDARY: Final = BOUNDARY.encode()
CLINICAL: Final = (b"diagnos", b"patient", b"medic", b"m\xc3\xa9dic", b"krank")
"""In lower case. A text without any of them does not speak of health."""

_TERMS: Final = tuple(
    term.encode()
    for term in (
        "alzheimer", "asthma", "bipolar", "cancer", "carcinom", "chemother", "chimioth", "dement", "demenz",
        "depressi", "diabet", "epilep", "hepatitis", "hiv-", "hiv ", "hypertens", "infarct", "leukemi",
        "leukaemi", "metasta", "miscarriage", "parkinson", "pregnan", "psychiatr", "schizophren", "stroke",
        "symptom", "tubercul", "tumor", "tumour", "antibiot", "biopsy", "blood pressure", "blood test",
        "cardiolog", "dosage", "insulin", "mg daily", "mg/day", "oncolog", "prescri", "radiolog",
        "sick leave", "surgery", "therap", "hospital", "clinical",
        "anamnes", "arbeitsunfähig", "behandlung", "biopsie", "blutdruck", "bluthochdruck", "chirurg",
        "dosierung", "infarkt", "karzinom", "klinisch", "schlaganfall", "schwanger", "mg täglich",
        "enceinte", "enfermedad", "grossesse", "maladie", "ordonnance", "posologie", "traitement", "tumeur",
    )
)  # fmt: skip
"""Stems in English, German, French and Spanish, lower case."""

_ICD_10: Final = re.compile(rb"(?<![0-9A-Za-z])[A-TV-Z][0-9]{2}\.[0-9]{1,2}(?![0-9A-Za-z])")


def has_health(data: bytes, lower: bytes) -> bool:
    """Whether `data` speaks of someone's health; `lower` is the same in lower case. Linear in its length."""
    return any(_is_clinical(data[start:end], lower[start:end]) for start, end in _surroundings(lower))


def _is_clinical(data: bytes, lower: bytes) -> bool:
    return (
        sum(word in lower for word in CLINICAL) > 1
        or any(term in lower for term in _TERMS)
        or _ICD_10.search(data) is not None
    )


def _surroundings(lower: bytes) -> Iterator[tuple[int, int]]:
    """What stands within reach of a clinical word, overlaps merged, none across a boundary."""
    start = end = -1
    for place in sorted(place for word in CLINICAL for place in _places(lower, word)):
        left = max(0, place - _REACH)
        left = max(left, lower.rfind(_BOUNDARY, left, place) + 1)
        right = lower.find(_BOUNDARY, place, place + _REACH)
        right = right if right >= 0 else min(len(lower), place + _REACH)
        if start >= 0 and left <= end:
            end = right
            continue
        if start >= 0:
            yield start, end
        start, end = left, right
    if start >= 0:
        yield start, end


def _places(lower: bytes, word: bytes) -> Iterator[int]:
    place = lower.find(word)
    while place >= 0:
        yield place
        place = lower.find(word, place + len(word))
