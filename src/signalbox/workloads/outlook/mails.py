"""Mails as a model is shown them: what was written new in each, by whom and when. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from signalbox.workloads.documents import Mail

SHOWN_MAX: Final = 6_000
"""Characters of one mail: what is behind is cut, and said to be."""
_QUOTED_FROM: Final = re.compile(
    r"^(?:-{2,}\s*(?:original message|ursprüngliche nachricht|message d'origine)\s*-{2,}"
    r"|on\b[^\n]{5,200}\bwrote:\s*$|am\b[^\n]{5,200}\bschrieb[^\n]*:\s*$|le\b[^\n]{5,200}\ba écrit\s*:\s*$"
    r"|_{10,}\s*$)",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNATURE: Final = re.compile(r"^-- ?$", re.MULTILINE)
_ANGLED: Final = re.compile(r"<([^<>]*)>\s*$")
_GAPS: Final = re.compile(r"\n{3,}")
CUT: Final = " […]"


def new_text(mail: Mail) -> str:
    """Without what it quotes and without its signature, where they are marked as such."""
    text = mail.text.replace("\r\n", "\n")
    quoted = _QUOTED_FROM.search(text)
    if quoted is not None and text[: quoted.start()].strip():
        text = text[: quoted.start()]
    signature = _SIGNATURE.search(text)
    if signature is not None:
        text = text[: signature.start()]
    lines = [line for line in text.split("\n") if not line.startswith(">")]
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()


def shown(mail: Mail, *, text: str | None = None) -> str:
    """With a head of one line each for who, whom, when and what about."""
    body = new_text(mail) if text is None else text
    if len(body) > SHOWN_MAX:
        body = body[:SHOWN_MAX] + CUT
    head = [f"[{mail.id}] From: {mail.sender}"]
    head += [f"{name}: {', '.join(said)}" for name, said in (("To", mail.to), ("Cc", mail.cc)) if said]
    head += [f"{name}: {said}" for name, said in (("Date", mail.date), ("Subject", mail.subject)) if said]
    return "\n".join([*(" ".join(line.split()) for line in head), body])


def groups(mails: Sequence[Mail], size: int = SHOWN_MAX) -> tuple[tuple[Mail, ...], ...]:
    """In order, as many together as a question has room for."""
    made: list[tuple[Mail, ...]] = []
    group: list[Mail] = []
    room = size
    for mail in mails:
        takes = len(shown(mail))
        if group and takes > room:
            made.append(tuple(group))
            group, room = [], size
        group.append(mail)
        room -= takes
    if group:
        made.append(tuple(group))
    return tuple(made)


def people(mails: Iterable[Mail]) -> tuple[str, ...]:
    """Names and addresses of who wrote and who was written to."""
    return tuple(dict.fromkeys(each for mail in mails for each in (mail.sender, *mail.to, *mail.cc) if each))


def address_of(person: str) -> str:
    """`ada@example.org` of `Ada <ada@example.org>`, lower-case; empty if there is none. What stands before an
    address in angle brackets is a name, even where it looks like another address."""
    angled = _ANGLED.search(person)
    said = angled.group(1) if angled is not None else person
    return said.strip().casefold() if said.count("@") == 1 else ""
