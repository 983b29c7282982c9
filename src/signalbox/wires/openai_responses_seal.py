"""A vendor's seal on thinking as `encrypted_content` of a reasoning item, both ways.

OpenAI's own travel bare where the item bears the id that its vendor gave it, for the seal is bound to that;
all others as `seals` has them, with the vendor's id and, before it, a mark where the thinking is redacted.
"""

from typing import Final

from signalbox.domain.request import Thinking
from signalbox.wires.seals import seal, unseal_named

_REDACTED: Final = "!"


def write_seal(thought: Thinking, item_id: str) -> str | None:
    """None for thinking that nobody sealed."""
    if not thought.signature:
        return None
    if thought.format == "openai" and not thought.redacted and thought.id == item_id:
        return thought.signature
    return seal(thought.format, thought.signature, (_REDACTED if thought.redacted else "") + thought.id)


def read_seal(sealed: str, text: str, item_id: str) -> Thinking:
    """The thinking that a client sends back. Never raises."""
    format, signature, id = unseal_named(sealed, "openai")
    if signature is sealed:
        return Thinking(text, signature, format, id=item_id if format else "")
    redacted = id.startswith(_REDACTED)
    return Thinking("" if redacted else text, signature, format, redacted, id.removeprefix(_REDACTED))
