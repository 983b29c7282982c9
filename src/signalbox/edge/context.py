"""Request context in headers: `X-Signalbox-*` → Declared, joined with what the body's metadata said."""

from typing import Final

from msgspec.structs import replace

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.request import Declared

HeaderList = list[tuple[bytes, bytes]]

_FIELDS: Final = {
    b"x-signalbox-app": "app",
    b"x-signalbox-feature": "feature",
    b"x-signalbox-task": "task",
    b"x-signalbox-sensitivity": "label",
    b"x-signalbox-latency-class": "latency_class",
    b"x-signalbox-data-boundary": "boundary",
    b"x-signalbox-user": "user",
    b"x-signalbox-deadline-ms": "deadline_ms",
}
_PREFIX: Final = b"x-signalbox-"
_VALUE_MAX: Final = 256


class Headers:
    """What the hot routes need of a request's headers, found in one pass.

    Nothing is refused while they are found: a refusal is written down under whoever sent the request, and
    that is known only once `credential` has been looked up. `declared` refuses.
    """

    __slots__ = ("_context", "credential")

    def __init__(self, headers: HeaderList) -> None:
        self.credential = ""
        self._context: HeaderList = []
        for name, value in headers:
            if name == b"authorization":
                scheme, _, token = value.decode("latin-1").partition(" ")
                if scheme.lower() == "bearer":
                    self.credential = token.strip()
            elif name == b"api-key" and not self.credential:  # as Azure's clients send it
                self.credential = value.decode("latin-1").strip()
            elif name.startswith(_PREFIX):
                self._context.append((name, value))

    def context(self) -> dict[str, str]:
        """What the context headers say, by field of `Declared`. Raises `MalformedRequest` for a header
        that is unknown, doubled or unreadable."""
        said: dict[str, str] = {}
        for name, value in self._context:
            field = _FIELDS.get(name)
            if field is None:
                raise _unknown(name.decode("latin-1")[:64])
            if field in said:
                header = name.decode()
                raise MalformedRequest(f"header `{header}` is given twice", param=header)
            text = _text(name, value)
            if text:
                said[field] = text
        return said

    def declared(self, body: Declared) -> Declared:
        """Headers joined with the body's metadata. Raises `MalformedRequest` where they contradict."""
        if not self._context:
            return body
        changes: dict[str, str | int] = {}
        for field, text in self.context().items():
            value = _deadline(text) if field == "deadline_ms" else text
            said = getattr(body, field)
            if said and said != value:
                raise MalformedRequest(
                    f"`{field}` is declared in a header and, differently, in the body", param=field
                )
            changes[field] = value
        return replace(body, **changes)


def _unknown(header: str) -> MalformedRequest:
    known = ", ".join(sorted(known.decode() for known in _FIELDS))
    return MalformedRequest(f"unknown header `{header}`: expected one of {known}", param=header)


def _text(name: bytes, value: bytes) -> str:
    header = name.decode()
    try:
        text = value.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise MalformedRequest(f"header `{header}` is not UTF-8", param=header) from None
    if len(text) > _VALUE_MAX or not text.isprintable():
        raise MalformedRequest(
            f"header `{header}` must be printable and at most {_VALUE_MAX} characters", param=header
        )
    return text


def _deadline(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise MalformedRequest(
            f"X-Signalbox-Deadline-Ms `{text[:32]}` is not a whole number of milliseconds",
            param="X-Signalbox-Deadline-Ms",
        )
    return int(text)
