"""What is offered for Outlook: parameters, files in, files out. Mails come as files or, from a mail program,
as values."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from signalbox.domain.errors import MalformedRequest
from signalbox.workloads.asking import Asker
from signalbox.workloads.documents import Mail
from signalbox.workloads.made_by import began
from signalbox.workloads.outlook.coach import coach
from signalbox.workloads.outlook.draft import Length, Tone, draft
from signalbox.workloads.outlook.mails import new_text
from signalbox.workloads.outlook.message import person, render
from signalbox.workloads.outlook.summarize import summarize
from signalbox.workloads.outlook.triage import Rule, triage
from signalbox.workloads.reading import read_mails
from signalbox.workloads.registry import File, Result, Workload

MAILS: Final = ("eml", "msg")
EML: Final = "message/rfc822"
THREAD_MAX: Final = 100
INBOX_MAX: Final = 500

Address = Annotated[str, Meta(min_length=3, max_length=320)]
Addresses = Annotated[tuple[Address, ...], Meta(max_length=100)]


class SummarizeParams(Struct, frozen=True, forbid_unknown_fields=True):
    """`mails` in the place of files, in the order of the thread."""

    mails: Annotated[tuple[Mail, ...], Meta(max_length=THREAD_MAX)] = ()


class DraftParams(Struct, frozen=True, forbid_unknown_fields=True):
    """`to`, `cc` and `bcc` are who the draft goes to: nobody else is ever added. `mails`, or files, are the
    thread that is answered, if one is."""

    instruction: Annotated[str, Meta(min_length=1, max_length=4_000)]
    to: Addresses = ()
    cc: Addresses = ()
    bcc: Addresses = ()
    sender: Annotated[str, Meta(max_length=320)] = ""
    tone: Tone = "neutral"
    length: Length = "medium"
    mails: Annotated[tuple[Mail, ...], Meta(max_length=THREAD_MAX)] = ()


class CoachParams(Struct, frozen=True, forbid_unknown_fields=True):
    """`text` of the draft, in the place of a file."""

    text: Annotated[str, Meta(max_length=20_000)] = ""


class TriageParams(Struct, frozen=True, forbid_unknown_fields=True):
    """`rules` decide by code, the first that fits; `wishes` tell the model what matters to the user. An
    embedded model, which says one word of each mail, heeds rules alone."""

    mails: Annotated[tuple[Mail, ...], Meta(max_length=INBOX_MAX)] = ()
    rules: Annotated[tuple[Rule, ...], Meta(max_length=100)] = ()
    wishes: Annotated[str, Meta(max_length=500)] = ""


async def _summarize(asker: Asker, params: SummarizeParams, files: tuple[File, ...]) -> Result:
    mails = await _mails(params.mails, files)
    made = await summarize(asker, mails)
    notes = [f"{mail.id}: not read: {missed}" for mail in mails for missed in mail.missed]
    if made.left_out:
        notes.append(f"{made.left_out} statements were left out: they do not stand in the thread")
    return Result(answer=made.summary, notes=tuple(notes))


async def _draft(asker: Asker, params: DraftParams, files: tuple[File, ...]) -> Result:
    thread = await _mails(params.mails, files) if params.mails or files else ()
    # Before anything is asked: a draft to an address that is none would be of no use.
    to = [person(each, "to") for each in params.to]
    sender = person(params.sender, "sender") if params.sender else None
    for name, given in (("cc", params.cc), ("bcc", params.bcc)):
        for each in given:
            person(each, name)
    made = await draft(
        asker,
        params.instruction,
        sender=sender.display_name or sender.username if sender else "",
        to=[each.display_name or each.username for each in to],
        tone=params.tone,
        length=params.length,
        thread=thread,
    )
    content = render(
        made,
        made=began(asker),
        sender=params.sender,
        to=params.to,
        cc=params.cc,
        bcc=params.bcc,
        answers=thread[-1] if thread else None,
    )
    return Result(answer=made, files=(File("draft.eml", content, EML),))


async def _coach(asker: Asker, params: CoachParams, files: tuple[File, ...]) -> Result:
    if bool(params.text.strip()) == bool(files):
        raise MalformedRequest("give either a file or `text`", param="text")
    text = new_text((await read_mails(files))[0]) if files else params.text
    return Result(answer=await coach(asker, text))


async def _triage(asker: Asker, params: TriageParams, files: tuple[File, ...]) -> Result:
    mails = await _mails(params.mails, files)
    made = await triage(asker, mails, rules=params.rules, wishes=params.wishes)
    notes = [f"{mail.id} is `{file.name[:120]}`" for mail, file in zip(mails, files, strict=bool(files))]
    notes += [f"{ident}: words to an assistant in it were not considered" for ident in made.told_off]
    return Result(answer=made.triage, notes=tuple(notes))


async def _mails(given: tuple[Mail, ...], files: tuple[File, ...]) -> tuple[Mail, ...]:
    """From files or as values, each with an id of its own. Raises `MalformedRequest` and `Unreadable`."""
    if bool(given) == bool(files):
        raise MalformedRequest("give either files or `mails`", param="mails")
    if files:
        return await read_mails(files)
    named = tuple(mail if mail.id else replace(mail, id=f"m{place}") for place, mail in enumerate(given, 1))
    if len({mail.id for mail in named}) < len(named):
        raise MalformedRequest("two `mails` have the same id", param="mails")
    return named


WORKLOADS: Final[tuple[Workload[Any], ...]] = (
    Workload(
        app="outlook",
        feature="summarize",
        told="A thread's summary: decisions, who does what until when, what is open, with the mails cited.",
        params=SummarizeParams,
        run=_summarize,
        takes=MAILS,
        files=(0, THREAD_MAX),
        deadline_ms=900_000,
    ),
    Workload(
        app="outlook",
        feature="draft",
        told="A mail's draft to the recipients that the caller names, as an unsent .eml.",
        params=DraftParams,
        run=_draft,
        takes=MAILS,
        files=(0, THREAD_MAX),
    ),
    Workload(
        app="outlook",
        feature="coach",
        told="Tone, the reader's feeling and clarity of a draft, and better wordings of its own sentences.",
        params=CoachParams,
        run=_coach,
        takes=MAILS,
        files=(0, 1),
    ),
    Workload(
        app="outlook",
        feature="triage",
        told="Mails as high, normal or low, with a reason and whether they need a reply; own rules first.",
        params=TriageParams,
        run=_triage,
        takes=MAILS,
        files=(0, INBOX_MAX),
        deadline_ms=3_600_000,
    ),
)
