"""What a door has to know of a dialect: how to read a request and how to write an answer.

It knows nothing of HTTP's own matters, of callers or of policy: those are the same in every dialect and stand
in `door.py`.
"""

from typing import Any, Protocol, TypeVar

from msgspec import Struct

from signalbox.domain.reply import Event, Reply
from signalbox.domain.request import Request
from signalbox.edge.problems import Shape

HeaderList = list[tuple[bytes, bytes]]


class Asked(Protocol):
    """A request as a dialect read it; what else it said is the dialect's own business."""

    @property
    def request(self) -> Request: ...


class Answered(Struct, frozen=True, gc=False):
    """What an answer says of itself: `ident` is unique (the decision's, without its prefix), `model` the one
    that answered, `created_s` seconds since the epoch, `tokens_in` our own count of the prompt."""

    ident: str
    model: str
    created_s: int
    tokens_in: int


class StreamWriter(Protocol):
    """One client's stream."""

    def event(self, event: Event) -> bytes:
        """The bytes to send now; empty for what is held, or has no place in the dialect."""

    def end(self, extra: dict[str, Any] | None) -> bytes:
        """The last bytes, with `extra` in a way that the dialect's clients tolerate."""

    def error(self, body: bytes) -> bytes:
        """Instead of `end`: the dialect's error event, of the body that `Shape.body` made."""


A = TypeVar("A", bound=Asked)


class Dialect(Protocol[A]):
    """`name` is for metrics; `shape` is how errors look."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> Shape: ...

    def read(self, body: bytes, headers: HeaderList) -> A:
        """Raises `MalformedRequest` or `UnsupportedRequest`, each with the field's path in `param`."""

    def whole(self, asked: A, answered: Answered, reply: Reply) -> bytes: ...

    def writer(self, asked: A, answered: Answered) -> StreamWriter: ...
