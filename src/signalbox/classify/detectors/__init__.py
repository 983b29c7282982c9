"""Which kinds of protected content are in a text: a screen that is linear in its length, then the proof.

The whole text is screened, however long it is, with operations that run at memory speed (`bytes.translate`,
a vectorised search for a dozen literals at once); a pattern or a checksum runs only where a screen has found
cause. So what stands at the end of two megabytes is found, and a text without anything to find costs
microseconds.

No detector looks across `BOUNDARY`.
"""

from typing import Final

from msgspec import Struct

from signalbox.classify.detectors.credentials import (
    ISSUED,
    TELLING,
    has_issued_credential,
    has_told_credential,
)
from signalbox.classify.detectors.fold import fold
from signalbox.classify.detectors.health import CLINICAL, has_health
from signalbox.classify.detectors.labels import MARKS, brought_along
from signalbox.classify.detectors.literals import Literals
from signalbox.classify.detectors.numbers import find_numbers
from signalbox.domain.traits import Sensitivity

CATEGORIES: Final = ("bank", "credentials", "health", "payment", "personal")
_PREFIXES: Final = Literals(ISSUED)
_WORDS: Final = Literals((*TELLING, *CLINICAL, *MARKS))


class Detected(Struct, frozen=True):
    """`categories` sorted, each once. `label` is the highest that the content brought along."""

    categories: tuple[str, ...]
    label: Sensitivity


def detect(text: str) -> tuple[str, ...]:
    """The categories found in `text`, as `scan` finds them."""
    return scan(text).categories


def scan(text: str) -> Detected:
    """What is found in `text`, which may hold several, set apart by `BOUNDARY`."""
    data = fold(text)
    lower = data.lower()
    found = find_numbers(data)
    prefixes = _PREFIXES.standing_in(data)
    words = _WORDS.standing_in(lower)
    if (prefixes and has_issued_credential(data, prefixes)) or (
        words and has_told_credential(data, lower, words)
    ):
        found.add("credentials")
    if words and not words.isdisjoint(CLINICAL) and has_health(data, lower):
        found.add("health")
    label = Sensitivity.PUBLIC if not words or words.isdisjoint(MARKS) else brought_along(lower, words)
    return Detected(tuple(sorted(found)) if found else (), label)
