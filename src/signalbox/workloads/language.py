"""Which language a text is in, by its small words. Pure.

Enough to notice an answer in another language than its source. It says nothing of a text that is short, mixed
or in a language that it does not know.
"""

import re
from collections import Counter
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")
_WORDS: Final[dict[str, str]] = {
    "de": (
        "der die das und ist nicht ein eine den dem des mit von zu auf für im sich auch es wir ich "
        "sie er wird werden sind bei aus nach dass als oder bis zum zur hat haben bitte wurde über"
    ),
    "en": (
        "the and of to is in that it for was on are with as be this have from at by not we you will "
        "they or an which has been were their our your please would could should about"
    ),
    "es": (
        "el los las que del en un una por con para es se su al lo como más pero sus fue ha este "
        "está muy y también"
    ),
    "fr": (
        "le les des et est dans un une pour que qui sur pas avec plus par au aux du nous vous sont "
        "ce cette elle il ont été leur"
    ),
    "it": (
        "il gli che di è un una per con non sono del della dei le nel alla ha come più anche questo "
        "si dal loro"
    ),
    "nl": (
        "het een van en dat niet zijn op met voor aan te er maar om ook als bij naar wordt worden "
        "deze heeft wij"
    ),
    "pt": (
        "os não uma um para com que do da dos das em por mais como foi ao são seu sua pelo pela nos este é"
    ),
}
_SMALL_WORDS: Final = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_COUNTED_MIN: Final = 3
"""Small words without which nothing is said."""
_LEAD: Final = 1.5
"""How many times as many as of any other language: they share some."""


def language_of(text: str) -> str:
    """A code of ISO 639-1, or empty where it is not clear."""
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text.lower()):
        for language, small in _SMALL_WORDS.items():
            if word in small:
                counts[language] += 1
    if not counts:
        return ""
    (first, most), *others = counts.most_common(2)
    if most < _COUNTED_MIN or (others and most < _LEAD * others[0][1]):
        return ""
    return first


def is_foreign(said: str, source: str) -> bool:
    """Whether `said` is clearly in another language than `source`."""
    there, here = language_of(said), language_of(source)
    return bool(there and here and there != here)
