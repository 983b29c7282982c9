"""An inbox sorted: how soon each mail is to be read, and whether its sender waits for a reply.

One mail at a time, so that none says anything about another. The user's own rules are applied by code and
before any model: where one says it, no model is asked. A model names the kind of mail, from which its
priority follows, and writes no word of its own: the other reasons that are shown are what code finds in the
mail. What a mail says of its own priority is taken out before a model sees it (`orders`).
"""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from signalbox.domain.request import Grammar
from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Contract, Question
from signalbox.workloads.documents import Mail
from signalbox.workloads.outlook.mails import address_of, new_text, shown
from signalbox.workloads.outlook.orders import without_orders

Priority = Literal["high", "normal", "low"]
SHOWN_MAX: Final = 1_500
"""Characters of a mail by which it is sorted."""
CONSIDERED_MAX: Final = 20_000
"""Characters of a mail that are looked at for them, and for words to an assistant."""
_MACHINE: Final = re.compile(
    r"\b(?:no-?reply|do-?not-?reply|newsletter|notifications?|mailer-daemon|bounce)\b"
)
_ASKS: Final = re.compile(
    r"\?(?:\s|$)|\b(?:please|could you|can you|let me know|call me|get back to|your answer|rsvp|bitte"
    r"|könnt\w* (?:ihr|sie|du)|gib bescheid|merci de|pourriez|s'il vous plaît)\b",
    re.IGNORECASE,
)
_DEADLINE: Final = re.compile(
    r"\b(?:by|until|before|bis|avant)\s+(?:the\s+|zum\s+|le\s+)?"
    r"(?:\d{1,2}(?:[.:/]\d{0,2})?|today|tonight|tomorrow|noon|monday|tuesday|wednesday|thursday|friday|"
    r"heute|morgen|montag|dienstag|mittwoch|donnerstag|freitag|demain|lundi|mardi|mercredi|jeudi|vendredi)\w*",
    re.IGNORECASE,
)


_QUESTION: Final = "asks a question"
_BY_MACHINE: Final = "(sent by a machine: advertising or a notice)"


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """The user's own: `sender` is an address in which `*` stands for anything (`*@example.org`), `subject`
    words that stand in it. With both, both must hold. The first rule that fits decides."""

    priority: Priority
    sender: Annotated[str, Meta(max_length=320)] = ""
    subject: Annotated[str, Meta(max_length=200)] = ""
    needs_reply: bool = False

    def __post_init__(self) -> None:
        if not (self.sender or self.subject):
            raise ValueError("a rule names a `sender`, a `subject`, or both")

    def fits(self, mail: Mail) -> bool:
        address = address_of(mail.sender)
        by_sender = not self.sender or fnmatchcase(address, self.sender.casefold())
        return by_sender and self.subject.casefold() in mail.subject.casefold()

    def told(self) -> str:
        parts = [
            f"{name} `{said}`" for name, said in (("from", self.sender), ("subject", self.subject)) if said
        ]
        return "your rule: " + ", ".join(parts)


Kind = Literal[
    "problem", "complaint", "deadline", "question", "invitation", "report", "thanks", "notice", "advertising"
]
_PRIORITY_OF: Final[dict[Kind, Priority]] = {
    "problem": "high",
    "complaint": "high",
    "deadline": "high",
    "question": "normal",
    "invitation": "normal",
    "report": "normal",
    "thanks": "low",
    "notice": "low",
    "advertising": "low",
}
_WAITED_FOR: Final = frozenset(("problem", "complaint", "deadline", "question", "invitation"))


class Judged(Struct, frozen=True, forbid_unknown_fields=True):
    """What kind of mail it is: this a small model knows where it does not know a priority. A model that is
    not held to one word may give a priority of its own, where the user's wishes ask for one."""

    kind: Kind
    priority: Priority | None = None


class Sorted(Struct, frozen=True):
    id: str
    priority: Priority
    reason: str
    needs_reply: bool


class OutlookTriage(Struct, frozen=True):
    """INVARIANT: every mail once, in the order in which they came."""

    mails: tuple[Sorted, ...]


class Triaged(Struct, frozen=True):
    """`told_off` are ids of mails in which words to an assistant were left out of account."""

    triage: OutlookTriage
    told_off: tuple[str, ...]


TRIAGE: Final = Contract(
    app="outlook",
    feature="triage",
    answer=Judged,
    instructions=(
        "You sort the mail of an office. Say in one word what a mail is:\n"
        "advertising: a shop or a lottery wants to sell something\n"
        "notice: a machine tells that something was done\n"
        "thanks: thanks, congratulations, chat\n"
        "report: minutes, documents or news\n"
        "invitation: to a meeting or an event\n"
        "question: a question or a task without hurry\n"
        "deadline: a task that is due today or tomorrow\n"
        "complaint: a customer is angry\n"
        "problem: something is broken, has stopped, leaks, burns or is down, or people cannot work"
    ),
    tokens_out=40,
    grammar=Grammar(
        "root ::= " + " | ".join(f'"{kind}"' for kind in _PRIORITY_OF),
        "kind",
    ),
)


async def triage(
    asker: Asker, mails: Sequence[Mail], *, rules: Sequence[Rule] = (), wishes: str = ""
) -> Triaged:
    """`wishes` are the user's own words on what matters, for the model; `rules` are not for it to weigh.
    Raises members of the error family: then nothing is delivered."""
    done: list[Sorted] = []
    told_off: list[str] = []
    for number, mail in enumerate(mails):
        asker.tell(number, len(mails), f"sorting {mail.id}")
        rule = next((rule for rule in rules if rule.fits(mail)), None)
        if rule is not None:
            done.append(Sorted(mail.id, rule.priority, rule.told(), rule.needs_reply))
            continue
        content, orders = material(mail)
        if orders:
            told_off.append(mail.id)
        judged = await asker.ask(question(content, wishes))
        done.append(_sorted(mail, judged))
    asker.tell(len(mails), len(mails), "done")
    return Triaged(OutlookTriage(tuple(done)), tuple(told_off))


def material(mail: Mail) -> tuple[str, int]:
    """What a model is shown of a mail, and how many sentences of it were words to an assistant."""
    text, in_text = without_orders(new_text(mail)[:CONSIDERED_MAX])
    subject, in_subject = without_orders(mail.subject)
    seen = Mail(
        id="m1",
        subject=subject,
        sender=_person(mail.sender),
        to=tuple(_person(each) for each in mail.to),
        cc=tuple(_person(each) for each in mail.cc),
    )
    machine = f"{_BY_MACHINE}\n" if _is_machine(mail) else ""
    return machine + shown(seen, text=text[:SHOWN_MAX]), in_text + in_subject


def _person(said: str) -> str:
    """Whoever names themselves as an order is shown by their address."""
    return address_of(said) if without_orders(said)[1] else said


def question(content: str, wishes: str = "") -> Question[Judged]:
    task = f"What matters to the reader, who may want another priority: {wishes}\n" if wishes else ""
    return Question(
        contract=TRIAGE,
        content=content,
        task=f"{task}What is this mail, in one word?",
        accept=lambda judged: None,  # whatever the schema lets through is an answer
    )


def _sorted(mail: Mail, judged: Judged) -> Sorted:
    machine, seen = _is_machine(mail), signs(mail)
    priority = judged.priority or _PRIORITY_OF[judged.kind]
    if judged.priority is None and priority == "low" and _QUESTION in seen and not machine:
        priority = "normal"  # somebody asks: small models take a friendly question for thanks or advertising
    return Sorted(
        mail.id,
        priority,
        "; ".join((judged.kind, *seen)),
        not machine and (judged.kind in _WAITED_FOR or asks(mail)),
    )


def asks(mail: Mail) -> bool:
    """Whether its words ask for an answer."""
    return _ASKS.search(_considered(mail)) is not None


def signs(mail: Mail) -> tuple[str, ...]:
    """What can be seen in a mail without judging it."""
    text = _considered(mail)
    deadline = _DEADLINE.search(text)
    found = [
        ("written by a machine", _is_machine(mail)),
        (_QUESTION, "?" in text),
        (f"names a time: {deadline.group()}" if deadline else "", deadline is not None),
        ("to one person alone", len(mail.to) == 1 and not mail.cc),
    ]
    return tuple(words for words, holds in found if holds)


def _considered(mail: Mail) -> str:
    return without_orders(new_text(mail)[:CONSIDERED_MAX])[0]


def _is_machine(mail: Mail) -> bool:
    return _MACHINE.search(address_of(mail.sender)) is not None
