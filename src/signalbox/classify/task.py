"""What is asked for: as declared, by the feature, or else by the words of the last user message.

The lexical classifier is modest and says so in its confidence; a trained one may take its place behind
`task_of`. Policy never sees an inferred task, ranking does.
"""

from collections.abc import Sequence
from typing import Final

from signalbox.classify.features import Feature
from signalbox.classify.lexicon import WEIGHTS
from signalbox.domain.errors import MalformedRequest
from signalbox.domain.request import Message, Text
from signalbox.domain.traits import TaskType

CERTAIN: Final = 10_000
UNKNOWN: Final = 2_000
_CONFIDENCE_MAX: Final = 8_500
_SCORE_MIN: Final = 4
_MARGIN_MIN: Final = 1
_WORDS_EACH_END: Final = 40
_CHARACTERS_EACH_END: Final = 400
_PUNCTUATION: Final = ".,;:!?\"'()[]{}<>*#`„“”‘’«»…"
_TASKS: Final = {str(task): task for task in TaskType}


def task_of(declared: str, feature: Feature | None, messages: Sequence[Message]) -> tuple[TaskType, int]:
    """The task, and how sure that is in 1e-4: 10000 where it was declared.

    Raises `MalformedRequest` for a declared task that is not one.
    """
    if declared:
        found = _TASKS.get(declared) or _TASKS.get(declared.strip().lower())
        if found is None:
            raise MalformedRequest(
                f"unknown task `{declared[:64]}`: use one of {', '.join(_TASKS)}", param="task"
            )
        return found, CERTAIN
    if feature is not None:
        return feature.task, CERTAIN
    return task_of_words(last_user_text(messages))


def last_user_text(messages: Sequence[Message]) -> str:
    """The text parts of the last user message, as far as both of its ends are looked at."""
    for message in reversed(messages):
        if message.role == "user":
            texts = [part.text for part in message.parts if isinstance(part, Text)]
            return texts[0] if len(texts) == 1 else "\n".join(_ends(text) for text in texts)
    return ""


def task_of_words(text: str) -> tuple[TaskType, int]:
    """By the words at both ends of `text`, where people say what they want done with what lies between.

    The first twelve words count double: a request mostly opens with its verb. A word counts once.
    """
    scores: dict[TaskType, int] = {}
    seen: set[str] = set()
    for place, raw in enumerate(_ends(text).lower().split()):
        word = raw if raw.isalnum() else raw.strip(_PUNCTUATION)
        weights = WEIGHTS.get(word)
        if weights is None or word in seen:
            continue
        seen.add(word)
        for task, weight in weights:
            scores[task] = scores.get(task, 0) + weight * (2 if place < 12 else 1)
    if not scores:
        return TaskType.CHAT, UNKNOWN
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    best, score = ranked[0]
    rival = ranked[1][1] if len(ranked) > 1 else 0
    if score < _SCORE_MIN or score - rival < _MARGIN_MIN:
        return TaskType.CHAT, UNKNOWN
    return best, min(_CONFIDENCE_MAX, 10_000 * score // (score + rival + 3))


def _ends(text: str) -> str:
    """At most 40 words from each end. Cutting at a character may leave half a word: it matches nothing."""
    if len(text) <= 2 * _CHARACTERS_EACH_END:
        words = text.split()
        if len(words) <= 2 * _WORDS_EACH_END:
            return text
        return " ".join(words[:_WORDS_EACH_END] + words[-_WORDS_EACH_END:])
    head = text[:_CHARACTERS_EACH_END].split()[:_WORDS_EACH_END]
    tail = text[-_CHARACTERS_EACH_END:].split()[-_WORDS_EACH_END:]
    return " ".join(head + tail)
