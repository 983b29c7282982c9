"""A thread's summary: what it is about, what was decided, who does what until when, what is open.

Each statement cites the mails that it rests on. Who is to do something occurs in the thread, and when stands
in its text: a statement that fails in either is left out, and told. A long thread is read in groups of mails,
and what is said of each is put together by code.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Contract, Example, Question, narrowed
from signalbox.workloads.documents import Mail
from signalbox.workloads.grounding import Source
from signalbox.workloads.language import is_foreign, language_of
from signalbox.workloads.manners import fault, is_nothing
from signalbox.workloads.outlook.mails import groups, people, shown

Line = Annotated[str, Meta(min_length=1, max_length=300)]
Word = Annotated[str, Meta(max_length=80)]
Cited = Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)]


class Stated(Struct, frozen=True, forbid_unknown_fields=True):
    """`source`: ids of the mails that it rests on."""

    text: Line
    source: Cited


class Action(Struct, frozen=True, forbid_unknown_fields=True):
    """`who` and `due` as the thread says them, empty where it does not."""

    who: Word
    what: Line
    due: Word
    source: Cited


class ThreadSummary(Struct, frozen=True, forbid_unknown_fields=True):
    summary: Annotated[str, Meta(min_length=1, max_length=600)]
    decisions: Annotated[tuple[Stated, ...], Meta(max_length=5)]
    actions: Annotated[tuple[Action, ...], Meta(max_length=6)]
    open_questions: Annotated[tuple[Stated, ...], Meta(max_length=5)]


class OutlookSummary(Struct, frozen=True):
    """As `ThreadSummary`, of the whole thread and without bounds."""

    summary: str
    decisions: tuple[Stated, ...]
    actions: tuple[Action, ...]
    open_questions: tuple[Stated, ...]


class Summarized(Struct, frozen=True):
    """`left_out` is how many statements did not stand in the thread."""

    summary: OutlookSummary
    left_out: int


THREAD: Final = Contract(
    app="outlook",
    feature="summarize",
    answer=ThreadSummary,
    instructions=(
        "You summarise a mail thread for somebody who has no time. Answer in the thread's language "
        "with JSON: `summary` in one or two sentences; `decisions` that were taken; `actions` with who is to "
        "do what, and until when in the thread's own words (empty if not said); `open_questions` that nobody "
        "answered. Lists are empty where there is nothing. Cite in `source` the ids in brackets. Use only "
        "names, dates and numbers that stand in the mails."
    ),
    examples=(
        Example(
            "[m1] From: Jo Lind <jo@example.org>\nSubject: Platform 2\nWe close platform 2 for painting. "
            "Mia, please order 40 litres by Friday. Who tells the buses?",
            '{"summary":"Platform 2 is closed for painting.","decisions":[{"text":"Platform 2 is closed for '
            'painting.","source":["m1"]}],"actions":[{"who":"Mia","what":"Order 40 litres.","due":'
            '"by Friday","source":["m1"]}],'
            '"open_questions":[{"text":"Who tells the buses?","source":["m1"]}]}',
        ),
    ),
    tokens_out=700,
)


async def summarize(asker: Asker, mails: Sequence[Mail]) -> Summarized:
    """Mails in the order of the thread. Raises members of the error family."""
    parts: list[ThreadSummary] = []
    left_out = 0
    together = groups(mails)
    for number, group in enumerate(together):
        asker.tell(number, len(together), f"reading {group[0].id} to {group[-1].id}")
        said = await asker.ask(question(group))
        kept = _grounded(said, group)
        left_out += _size(said) - _size(kept)
        parts.append(kept)
    asker.tell(len(together), len(together), "done")
    return Summarized(
        OutlookSummary(
            " ".join(part.summary for part in parts),
            tuple(each for part in parts for each in part.decisions),
            tuple(each for part in parts for each in part.actions),
            tuple(each for part in parts for each in part.open_questions),
        ),
        left_out,
    )


def question(mails: Sequence[Mail]) -> Question[ThreadSummary]:
    content = "\n\n".join(shown(mail) for mail in mails)
    ids = [mail.id for mail in mails]

    def accept(said: ThreadSummary) -> str | None:
        wrong = fault(said.summary, content)
        if wrong is not None:
            return wrong
        whole = " ".join([said.summary, *(each.text for each in (*said.decisions, *said.open_questions))])
        if is_foreign(whole, content):
            return f"answer in the language of the mails (`{language_of(content)}`)"
        missing = _source(mails).missing(said.summary)
        if missing:
            return f"these stand nowhere in the mails, so leave them out: {', '.join(missing[:10])}"
        if not set(ids).issuperset(_cited(said)):
            return f"`source` names ids of the mails, such as {', '.join(ids[:3])}"
        kept = _size(_grounded(said, mails))
        if 2 * kept < _size(said):
            return "name only people, dates and numbers that stand in the mails, in their words"
        return None

    schema = THREAD.schema
    for path in ("decisions", "actions", "open_questions"):
        schema = narrowed(schema, f"{path}/*/source/*", enum=ids)
    return Question(contract=THREAD, content=content, accept=accept, schema=schema)


def _grounded(said: ThreadSummary, mails: Sequence[Mail]) -> ThreadSummary:
    """Without what does not stand in the mails that it cites."""
    by_id = {mail.id: mail for mail in mails}

    def cited(source: Sequence[str]) -> Source:
        return _source([by_id[ident] for ident in source if ident in by_id])

    return ThreadSummary(
        said.summary,
        tuple(each for each in said.decisions if _stands(each.text, cited(each.source))),
        tuple(_bare(each) for each in said.actions if _is_action(each, cited(each.source))),
        tuple(each for each in said.open_questions if _stands(each.text, cited(each.source))),
    )


def _is_action(action: Action, source: Source) -> bool:
    """Who occurs in the mails, when stands in their text, word by word; and so does what."""
    said = [each for each in (action.who, action.due) if not is_nothing(each)]
    return _stands(action.what, source) and all(source.has_words(each) for each in said)


def _bare(action: Action) -> Action:
    who, due = ("" if is_nothing(each) else each for each in (action.who, action.due))
    return Action(who, action.what, due, action.source)


def _stands(text: str, source: Source) -> bool:
    return not is_nothing(text) and not source.missing(text)


def _source(mails: Sequence[Mail]) -> Source:
    return Source([*people(mails), *(shown(mail) for mail in mails)])


def _cited(said: ThreadSummary) -> set[str]:
    stated = [each.source for each in (*said.decisions, *said.open_questions)]
    return {ident for source in (*stated, *(each.source for each in said.actions)) for ident in source}


def _size(said: ThreadSummary) -> int:
    texts = [
        *(each.text for each in said.decisions),
        *(each.what for each in said.actions),
        *(each.text for each in said.open_questions),
    ]
    return sum(not is_nothing(text) for text in texts)
