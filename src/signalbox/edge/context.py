"""Request context in headers: `X-Signalbox-*` → Declared, joined with what the body's metadata said."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.request import Declared
from signalbox.identify import hashed

Context = tuple[tuple[bytes, bytes], ...]

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
_KEYS: Final = frozenset((b"api-key", b"x-api-key"))  # as Azure's and Anthropic's clients send one
_VALUE_MAX: Final = 256
_KEPT_MAX: Final = 4_096
_LENGTH_DIGITS_MAX: Final = 16
_ENDLESS: Final = 2**62
_NOTHING: Final = Declared()
SAID: Final = "signalbox.said"
"""Where a scope has the `Headers` of a head that came before; without the length, as the body is there."""
BODY: Final = "signalbox.body"
"""Where a scope has the body of a request that came whole, until `receive` gives it."""


class Headers:
    """What the hot routes need of a request's headers, found in one pass. `digest` is the credential's, by
    which keys are looked up.

    Nothing is refused while they are found: a refusal is written down under whoever sent the request, and
    that is known only once `credential` has been looked up. `ContextReader` refuses.
    """

    __slots__ = ("body_bytes", "context", "credential", "digest")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.credential = ""
        self.body_bytes = 0
        context: list[tuple[bytes, bytes]] = []
        for name, value in headers:
            if name.startswith(_PREFIX):
                context.append((name, value))
            elif name == b"authorization":
                scheme, _, token = value.decode("latin-1").partition(" ")
                if scheme.lower() == "bearer":
                    self.credential = token.strip()
            elif name == b"content-length":
                self.body_bytes = int(value) if len(value) < _LENGTH_DIGITS_MAX else _ENDLESS
            elif name in _KEYS and not self.credential:
                self.credential = value.decode("latin-1").strip()
        self.context: Context = tuple(context)
        self.digest = hashed(self.credential)


class ContextReader:
    """Context headers → Declared. The same app asks with the same headers all day: what they say is kept."""

    def __init__(self) -> None:
        self._read: dict[Context, Declared] = {}

    def declared(self, context: Context, body: Declared) -> Declared:
        """Headers joined with the body's metadata. Raises `MalformedRequest` for a header that is unknown,
        doubled or unreadable, and where headers and metadata contradict."""
        if not context:
            return body
        said = self._read.get(context)
        if said is None:
            said = Declared(**_fields(context))
            if len(self._read) >= _KEPT_MAX:
                self._read.clear()
            self._read[context] = said
        return said if body == _NOTHING else _joined(said, body)


def _fields(context: Context) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, value in context:
        field = _FIELDS.get(name)
        if field is None:
            raise _unknown(name.decode("latin-1")[:64])
        if field in said:
            header = name.decode()
            raise MalformedRequest(f"header `{header}` is given twice", param=header)
        text = _text(name, value)
        if text:
            said[field] = _deadline(text) if field == "deadline_ms" else text
    return said


def _joined(headers: Declared, body: Declared) -> Declared:
    changes: dict[str, str | int] = {}
    for field in _FIELDS.values():
        value, said = getattr(headers, field), getattr(body, field)
        if not value:
            continue
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
