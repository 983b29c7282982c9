"""What a draft sounds like, and what could be said better: each suggestion is of a sentence that is there.

Tone, reader's feeling and clarity are words of a short list, so that they can be compared. A replacement
keeps the numbers and names of what it replaces; one that does not is left out.
"""

import re
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Contract, Example, Question, narrowed
from signalbox.workloads.faithful import unfaithful

Tone = Literal["friendly", "neutral", "formal", "direct", "harsh", "apologetic"]
Sentiment = Literal["positive", "neutral", "negative"]
Clarity = Literal["clear", "mostly clear", "unclear"]
SENTENCES_MAX: Final = 40
_BETWEEN: Final = re.compile(r"(?<=[.!?])\s+")
_WORD: Final = re.compile(r"\w")


class Suggestion(Struct, frozen=True, forbid_unknown_fields=True):
    """`span` stands in the draft, word by word."""

    span: Annotated[str, Meta(min_length=1)]
    replacement: Annotated[str, Meta(min_length=1, max_length=600)]


class Coached(Struct, frozen=True, forbid_unknown_fields=True):
    """How the draft will strike its reader: `sentiment` is the reader's."""

    tone: Tone
    sentiment: Sentiment
    clarity: Clarity
    suggestions: Annotated[tuple[Suggestion, ...], Meta(max_length=3)]


COACH: Final = Contract(
    app="outlook",
    feature="coach",
    answer=Coached,
    instructions=(
        "You coach somebody who wrote the mail below. Answer with JSON: `tone` of the mail, `sentiment` that "
        "its reader will have, `clarity`, and up to 3 suggestions: `span` is a sentence of the mail exactly "
        "as it stands, `replacement` the same said better, in the same language, with the same names and "
        "numbers. A good mail gets no suggestions."
    ),
    examples=(
        Example(
            "Jo, I told you 3 times that the paint is missing. Fix it.",
            '{"tone":"harsh","sentiment":"negative","clarity":"clear","suggestions":[{"span":"Fix it.",'
            '"replacement":"Could you please take care of it?"}]}',
        ),
    ),
    tokens_out=450,
)


async def coach(asker: Asker, text: str) -> Coached:
    """`text` is the draft. Raises members of the error family."""
    asker.tell(0, 1, "reading the draft")
    said = await asker.ask(question(text))
    asker.tell(1, 1, "done")
    return Coached(said.tone, said.sentiment, said.clarity, _sound(said, text))


def question(text: str) -> Question[Coached]:
    def accept(said: Coached) -> str | None:
        for suggestion in said.suggestions:
            if suggestion.span not in text:
                return f"`span` is copied from the mail; `{suggestion.span[:60]}` does not stand there"
        if said.suggestions and not _sound(said, text):
            first = said.suggestions[0]
            wrong = unfaithful(first.span, first.replacement) or "a replacement says it in other words"
            return f"of the replacement `{first.replacement[:60]}`: {wrong}"
        return None

    spans = sentences(text)
    schema = narrowed(COACH.schema, "suggestions/*/span", enum=list(spans)) if spans else None
    return Question(contract=COACH, content=text, accept=accept, schema=schema)


def sentences(text: str) -> tuple[str, ...]:
    """As they stand, each once: what can be suggested about."""
    found = [part.strip() for line in text.splitlines() for part in _BETWEEN.split(line)]
    return tuple(dict.fromkeys(each for each in found if _WORD.search(each)))[:SENTENCES_MAX]


def _sound(said: Coached, text: str) -> tuple[Suggestion, ...]:
    """Suggestions that change something and keep to what was said; one for each span."""
    kept = {
        each.span: each
        for each in reversed(said.suggestions)
        if each.span in text
        and " ".join(each.replacement.split()) != " ".join(each.span.split())
        and unfaithful(each.span, each.replacement) is None
    }
    return tuple(reversed(kept.values()))
