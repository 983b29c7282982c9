"""A mail's draft: the model writes subject and body, and nothing else.

Recipients come from the caller alone: the answer has no place for them. What is said in a mail that is
answered is material and no instruction. Numbers and names that nobody gave are refused, as are blanks.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Contract, Example, Question, narrowed
from signalbox.workloads.documents import Mail
from signalbox.workloads.grounding import Source
from signalbox.workloads.language import is_foreign, language_of
from signalbox.workloads.manners import fault
from signalbox.workloads.outlook.mails import groups, people, shown

Tone = Literal["neutral", "friendly", "formal", "direct"]
Length = Literal["short", "medium", "long"]
_WORD: Final = re.compile(r"[^\W\d_]+")
_SENTENCES: Final = {"short": "2 to 3 sentences", "medium": "4 to 7 sentences", "long": "8 to 15 sentences"}
_TOKENS: Final = {"short": 220, "medium": 420, "long": 900}


class Drafted(Struct, frozen=True, forbid_unknown_fields=True):
    """`body` with line breaks; `tone` is the one that was asked for."""

    subject: Annotated[str, Meta(min_length=1, max_length=150)]
    body: Annotated[str, Meta(min_length=1, max_length=6_000)]
    tone: Tone


MAIL: Final = Contract(
    app="outlook",
    feature="draft",
    answer=Drafted,
    instructions=(
        "You write a mail for the user, and answer with JSON: subject, body, tone. The body begins with a "
        "greeting and ends with a closing. Say what the user wants to be said and add no facts: no names, "
        "dates or numbers that you were not given, and no blanks such as [Name]. Plain text."
    ),
    examples=(
        Example(
            "From: Mia Kern\nTo: Jo Lind",
            '{"subject":"Paint for platform 2","body":"Hello Jo,\\n\\ncould you please order the paint for '
            'platform 2 by Friday? Thank you.\\n\\nKind regards,\\nMia Kern","tone":"friendly"}',
        ),
    ),
)


async def draft(
    asker: Asker,
    instruction: str,
    *,
    sender: str = "",
    to: Sequence[str] = (),
    tone: Tone = "neutral",
    length: Length = "medium",
    thread: Sequence[Mail] = (),
) -> Drafted:
    """`sender` and `to` are how people are called. `thread` is what is answered, last mail last. Raises
    members of the error family."""
    asker.tell(0, 1, "writing")
    said = await asker.ask(
        question(instruction, sender=sender, to=to, tone=tone, length=length, thread=thread)
    )
    asker.tell(1, 1, "done")
    return Drafted(" ".join(said.subject.split()), said.body.strip() + "\n", tone)


def question(
    instruction: str,
    *,
    sender: str = "",
    to: Sequence[str] = (),
    tone: Tone = "neutral",
    length: Length = "medium",
    thread: Sequence[Mail] = (),
) -> Question[Drafted]:
    head = [f"{name}: {said}" for name, said in (("From", sender), ("To", ", ".join(to))) if said]
    latest = groups(thread)[-1] if thread else ()
    answered = [shown(mail) for mail in latest]
    content = "\n\n".join(["\n".join(head), *answered]).strip()
    source = Source([content, instruction, *people(thread)])
    closing = f"Sign as {sender}." if sender else "End with `Kind regards` and no name."
    what = "Answer the last mail above" if thread else "Write this mail"
    whom = f" to {', '.join(to)}" if to else ""
    task = f"{what}{whom}, {tone} in tone, in {_SENTENCES[length]}. {closing} {instruction}"

    def accept(said: Drafted) -> str | None:
        if "\n" in said.subject.strip() or "\r" in said.subject:
            return "the subject is one line"
        both = f"{said.subject}\n{said.body}"
        wrong = fault(both, f"{content}\n{instruction}")
        if wrong is not None:
            return wrong
        greeting = said.body.strip().partition("\n")[0]
        if to and _names(greeting) & _names(sender) and not _names(greeting) & _names(" ".join(to)):
            return f"the mail is from {sender} to {', '.join(to)}: greet {to[0]}"
        wanted = " ".join(answered) or instruction
        if is_foreign(both, instruction) and is_foreign(both, wanted):
            return f"write in the user's language (`{language_of(instruction)}`)"
        missing = (*source.missing(said.subject, title=True), *source.missing(said.body))
        if missing:
            return f"nobody said these, so leave them out: {', '.join(missing[:10])}"
        return None

    return Question(
        contract=MAIL,
        content=content,
        task=task,
        accept=accept,
        schema=narrowed(MAIL.schema, "tone", enum=[tone]),
        tokens_out=_TOKENS[length],
    )


def _names(said: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(said)}
