"""Which kinds of protected content are in a text: a screen that is linear in its length, then the proof.

The whole text is screened, however long it is, with operations that run at memory speed (`bytes.translate`,
`bytes.find`); a pattern or a checksum runs only at the places that a screen has named. So what
stands at the end of two megabytes is found, and a text without anything to find costs microseconds.

No detector looks across `BOUNDARY`.
"""

from typing import Final

from signalbox.classify.detectors.credentials import has_credentials
from signalbox.classify.detectors.fold import fold
from signalbox.classify.detectors.health import has_health
from signalbox.classify.detectors.numbers import find_numbers
from signalbox.classify.detectors.words import bones_of

CATEGORIES: Final = ("bank", "credentials", "health", "payment", "personal")


def detect(text: str) -> tuple[str, ...]:
    """The categories found in `text`, sorted, each once. `text` may hold several, set apart by `BOUNDARY`."""
    data = fold(text).encode("utf-8", "replace")
    found = find_numbers(data)
    bones = bones_of(data)
    if has_credentials(data, bones):
        found.add("credentials")
    if has_health(data, bones):
        found.add("health")
    return tuple(sorted(found)) if found else ()
