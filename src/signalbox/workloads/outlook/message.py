"""A draft as a message (RFC 5322) that a mail program opens for editing. Pure but for the given date.

INVARIANT: whom it goes to is what the caller said, address by address; nothing of a model or of a mail that
is answered becomes a header, but a subject on one line and a message id of the right form.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from signalbox.domain.errors import MalformedRequest
from signalbox.workloads.documents import Mail
from signalbox.workloads.outlook.draft import Drafted

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
)
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,200}@[A-Za-z0-9.\[\]:-]{1,200}>")
_REPLY: Final = re.compile(r"^(?:re|aw|sv|antw)\s*:\s*", re.IGNORECASE)
_SUBJECT_MAX: Final = 200


def render(
    drafted: Drafted,
    *,
    made: datetime,
    sender: str = "",
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    answers: Mail | None = None,
) -> bytes:
    """Raises `MalformedRequest` for an address that is none."""
    message = EmailMessage(policy=SMTP)
    if sender:
        message["From"] = person(sender, "sender")
    for name, given in (("To", to), ("Cc", cc), ("Bcc", bcc)):
        if given:
            message[name] = [person(each, name.lower()) for each in given]
    message["Subject"] = subject_of(drafted, answers)
    message["Date"] = format_datetime(made)
    message["X-Unsent"] = "1"
    if answers is not None and _MESSAGE_ID.fullmatch(answers.message_id.strip()):
        message["In-Reply-To"] = message["References"] = answers.message_id.strip()
    message.set_content(_body(drafted.body))
    return message.as_bytes()


def person(said: str, param: str) -> Address:
    """`Ada Berg <ada@example.org>` or the address alone, checked to be exactly one."""
    name, address = parseaddr(said)
    if not _ADDRESS.fullmatch(address) or _has_control(said) or said.count("@") != 1:
        raise MalformedRequest(
            f"`{param}`: `{said[:80]!r}` is no mail address: expected `name@example.org` or "
            "`Name <name@example.org>`, one in each place",
            param=param,
        )
    try:
        return Address(display_name=name, addr_spec=address)
    except (MessageError, ValueError) as error:
        raise MalformedRequest(f"`{param}`: `{said[:80]!r}` is no mail address", param=param) from error


def subject_of(drafted: Drafted, answers: Mail | None) -> str:
    """The answered mail's own with `Re:`, or the model's; on one line."""
    said = drafted.subject
    if answers is not None and answers.subject.strip():
        said = f"Re: {_REPLY.sub('', answers.subject.strip())}"
    shown = "".join(" " if _is_control(character) else character for character in said)
    return " ".join(shown.split())[:_SUBJECT_MAX]


def _body(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ["".join(each for each in line if each == "\t" or not _is_control(each)) for line in lines]
    return "\n".join(kept).rstrip() + "\n"


def _has_control(text: str) -> bool:
    return any(_is_control(character) for character in text)


def _is_control(character: str) -> bool:
    """Line ends of every kind, and what is not shown: a reader could take it for an end."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
