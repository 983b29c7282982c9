"""What a caller declares of a request in OpenAI's dialects: `metadata` and `user` → `Declared`.

It does not decide what the caller may assert of itself. Keys of `metadata` that are none of ours are the
caller's own notes: they mean nothing to a model and go no further.
"""

from typing import Final

from signalbox.domain.request import Declared
from signalbox.wires.openai_refusals import malformed

DEADLINE_MS_MAX: Final = 86_400_000
_METADATA: Final = {
    "app": "app",
    "feature": "feature",
    "task": "task",
    "sensitivity": "label",
    "latency_class": "latency_class",
    "data_boundary": "boundary",
    "user": "user",
    "deadline_ms": "deadline_ms",
}
_PREFIX: Final = "signalbox_"


def read_declared(metadata: dict[str, str] | None, user: str | None) -> Declared:
    """Raises `MalformedRequest` on one thing said twice in two ways, and on a deadline that is none."""
    said: dict[str, str] = {"user": user} if user else {}
    for key, value in (metadata or {}).items():
        field = _METADATA.get(key.removeprefix(_PREFIX))
        if field is None or not value:
            continue
        if said.setdefault(field, value) != value:
            raise malformed(f"metadata.{key}", f"`{key}` is given twice, with different values")
    deadline = said.pop("deadline_ms", "")
    return Declared(deadline_ms=_deadline_ms(deadline) if deadline else None, **said)


def _deadline_ms(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 8 and 1 <= int(text) <= DEADLINE_MS_MAX:
        return int(text)
    raise malformed("metadata.deadline_ms", f"expected whole milliseconds from 1 to {DEADLINE_MS_MAX}")
