"""Mail as it travels (RFC 5322 and MIME): headers, the text that its reader sees, names of attachments.

Nothing is fetched: no picture, no key, no address. No signature is verified and nothing is decrypted.
"""

import email
import email.header
import re
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, Final

from signalbox.workloads.documents import Mail
from signalbox.workloads.reading.calendar_text import told_of
from signalbox.workloads.reading.html_text import shown_of
from signalbox.workloads.reading.names import shown
from signalbox.workloads.reading.unreadable import Encrypted, TooLarge, Unreadable

DEPTH_MAX: Final = 50
PARTS_MAX: Final = 1_000
ADDRESSES_MAX: Final = 1_000
_HEADER_MAX: Final = 100_000
_SUBJECT_MAX: Final = 1_000
_ARMOUR: Final = "-----BEGIN PGP MESSAGE-----"
_LOCKED: Final = "its text is encrypted, and only its recipient's program can open it"
_ONE_BYTE: Final = re.compile(r"iso-8859-|windows-125|cp125|latin")
_BOUNDARY: Final = re.compile(rb"boundary\s*=", re.I)
_FIRST: Final = re.compile(rb"\A(?:From |>?[!-9;-~]+[ \t]*:)")


def read(name: str, content: bytes) -> Mail:
    """Raises `Unreadable` and its kinds. `name` is not looked at."""
    content = _octets(content).lstrip(b"\r\n")
    if not _FIRST.match(content):
        raise Unreadable("it does not begin with a header, as mail does")
    if len(_BOUNDARY.findall(content)) > PARTS_MAX:
        raise TooLarge(f"it has more than {PARTS_MAX} parts within parts")
    message = email.message_from_bytes(content, policy=default)
    body = _Body()
    body.take(message, 0)
    missed = body.missed
    date, unread = date_of(header(message, "date"))
    return Mail(
        id="m1",
        subject=header(message, "subject")[:_SUBJECT_MAX],
        sender=next(iter(addresses(message, "from")), ""),
        to=addresses(message, "to"),
        cc=addresses(message, "cc"),
        date=date,
        text="\n\n".join(text for text in body.texts if text),
        message_id=header(message, "message-id"),
        in_reply_to=header(message, "in-reply-to"),
        attachments=tuple(body.attachments),
        missed=(*missed, *unread),
    )


def _octets(content: bytes) -> bytes:
    """A mail that was saved as UTF-16, or with a mark of UTF-8, as mail is."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise Unreadable("it is not text in UTF-16, as its first bytes say") from error
    return content.removeprefix(b"\xef\xbb\xbf")


class _Body:
    """What is found while going through the parts."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.attachments: list[str] = []
        self.missed: list[str] = []
        self._parts = 0

    def take(self, part: EmailMessage, depth: int) -> None:
        """Raises `Encrypted` and `TooLarge`."""
        self._parts += 1
        if depth > DEPTH_MAX or self._parts > PARTS_MAX:
            raise TooLarge(f"it has parts within parts {DEPTH_MAX} deep, or more than {PARTS_MAX} of them")
        kind = part.get_content_type()
        if kind == "multipart/encrypted" or (kind in _SEALED and not _only_signed(part)):
            raise Encrypted(_LOCKED)
        if kind in _SEALED:
            self._miss("its text, which is inside a signature that is not opened")
        elif kind == "multipart/signed":
            self._miss("its signature, which was not verified")
            self._each(_parts(part)[:1], depth)
        elif kind == "multipart/alternative":
            self._alternative(_parts(part), depth)
        elif kind == "multipart/digest":
            for each in _parts(part):
                self._forwarded(each, depth)
        elif part.is_multipart() and kind != "message/rfc822":
            self._each(_parts(part), depth)
        elif _is_attached(part):
            self._attach(part)
        elif kind == "message/rfc822":
            self._forwarded(part, depth)
        else:
            self._text(part, kind)

    def _each(self, parts: list[EmailMessage], depth: int) -> None:
        for part in parts:
            self.take(part, depth + 1)

    def _alternative(self, parts: list[EmailMessage], depth: int) -> None:
        """The plain one of several that say the same; an invitation says more than the text beside it."""
        kinds = [part.get_content_type() for part in parts]
        chosen = kinds.index("text/plain") if "text/plain" in kinds else len(parts) - 1
        before = len(self.texts)
        for place, part in enumerate(parts):
            if place == chosen or kinds[place] == "text/calendar" or _is_attached(part):
                self.take(part, depth + 1)
        if not any(self.texts[before:]):
            self._each([part for place, part in enumerate(parts) if place != chosen], depth)

    def _forwarded(self, part: EmailMessage, depth: int) -> None:
        """A message within: who wrote it, and its text. Its attachments are its own."""
        for inner in _parts(part) if part.get_content_type() == "message/rfc822" else [part]:
            lines = [f"{name.title()}: {header(inner, name)}" for name in ("from", "date", "subject")]
            self.texts.append("\n".join(line for line in lines if not line.endswith(": ")))
            self.take(inner, depth + 1)

    def _text(self, part: EmailMessage, kind: str) -> None:
        if not kind.startswith("text/"):
            self._attach(part)
            return
        text = self._decoded(part)
        if kind == "text/html":
            text, hid = shown_of(text)
            if hid:
                self._miss("text that is hidden from its reader")
        elif kind == "text/calendar":
            text = told_of(text)
        elif _ARMOUR in text:
            raise Encrypted(_LOCKED)
        self.texts.append(text.replace("\r\n", "\n").strip())

    def _decoded(self, part: EmailMessage) -> str:
        """As its character set says, as UTF-8 where that is wrong, and else with marks for what is not
        known."""
        octets = part.get_payload(decode=True)
        if not isinstance(octets, bytes):
            return ""
        said = str(part.get_content_charset("utf-8") or "utf-8")
        # What is UTF-8 is that, whatever a program that knows one alphabet alone wrote above it.
        order = ("utf-8", said) if _ONE_BYTE.match(said) else (said, "utf-8")
        for charset in order:
            try:
                return octets.decode(charset)
            except (UnicodeDecodeError, LookupError, ValueError):
                continue
        self._miss("signs that are not in the character set that it names")
        return octets.decode("utf-8", "replace")

    def _attach(self, part: EmailMessage) -> None:
        name = shown(_file_name(part) or "")
        self.attachments.append(name if name != "file" else part.get_content_type())

    def _miss(self, what: str) -> None:
        if what not in self.missed:
            self.missed.append(what)


_SEALED: Final = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))


def _only_signed(part: EmailMessage) -> bool:
    return "signed" in str(part.get_param("smime-type", "")).lower()


def _parts(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, EmailMessage)] if isinstance(payload, list) else []


def _is_attached(part: EmailMessage) -> bool:
    try:
        disposition = part.get_content_disposition()
    except (ValueError, IndexError, AttributeError, TypeError):
        disposition = None
    if disposition == "attachment":
        return True
    return bool(_file_name(part)) and not part.get_content_type().startswith(("text/", "multipart/"))


def _file_name(part: EmailMessage) -> str | None:
    try:
        return part.get_filename()
    except (ValueError, IndexError, AttributeError, TypeError, LookupError):
        return "unnamed"


def header(message: EmailMessage, name: str) -> str:
    """As it is shown, or as it was written where it cannot be understood; on one line."""
    try:
        said = str(message.get(name) or "")
    except (ValueError, IndexError, AttributeError, TypeError, LookupError, AssertionError):
        said = _raw(message, name)
    return _clean(said[:_HEADER_MAX])


def _raw(message: EmailMessage, name: str) -> str:
    return next((str(value) for key, value in message.raw_items() if key.lower() == name), "")


def _clean(text: str) -> str:
    """Without bytes that were no text, and on one line."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def addresses(message: EmailMessage, name: str) -> tuple[str, ...]:
    """Each as `Name <address>`, or the address alone."""
    try:
        given: list[Any] = message.get_all(name) or []
        found = [(each.display_name, each.addr_spec) for line in given for each in line.addresses]
    except (ValueError, IndexError, AttributeError, TypeError, LookupError, AssertionError):
        found = getaddresses([_clean(_raw(message, name)[:_HEADER_MAX])])
    return tuple(_joined(found[:ADDRESSES_MAX]))


def _joined(found: list[tuple[str, str]]) -> Iterator[str]:
    for display, address in found:
        who, where = _clean(display), _clean(address)
        if who or where:
            yield f"{who} <{where}>" if who and where and who != where else where or who


def date_of(said: str) -> tuple[str, tuple[str, ...]]:
    """ISO 8601, and what was missed of it."""
    if not said:
        return "", ()
    for reader in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return reader(said).isoformat(), ()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return "", ("its date, which is written as no date is",)
