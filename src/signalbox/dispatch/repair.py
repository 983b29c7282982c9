"""Asking once more: what a model is shown of an output that its check did not accept. Pure.

It does not judge output: that is the check's, which comes with the order.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import Reply
from signalbox.domain.request import Message, Request, Text

SHOWN_MAX: Final = 32_000
"""Characters of the bad answer that the model is shown; what is longer is cut at its end."""
WORDS_MAX: Final = 4_000
_CHARACTERS_PER_TOKEN: Final = 4


class Asked(Struct, frozen=True):
    """A request as it is sent, with its size: an order's own, or with a repair in it."""

    request: Request
    tokens_in: int


class Unfit(ProviderFailure):
    """A whole reply that its check did not accept, and the check's words. The detail quotes neither."""

    def __init__(self, detail: str, reply: Reply, words: str) -> None:
        super().__init__(FailureKind.INVALID_OUTPUT, detail)
        self.reply = reply
        self.words = words


def asked_again(asked: Asked, reply: Reply, words: str) -> Asked:
    """The original request, the model's answer to it, and the check's words. An answer by tool calls is
    shown as the text of their arguments: nobody has results for them."""
    said = "\n".join([choice.text for choice in reply.choices if choice.text])
    if not said:
        said = "\n".join([use.arguments for choice in reply.choices for use in choice.tool_uses])
    said, words = said[:SHOWN_MAX], words[:WORDS_MAX]
    shown = (Message("assistant", (Text(said),)),) if said.strip() else ()
    messages = (*asked.request.messages, *shown, Message("user", (Text(words),)))
    added = -(-(len(said) + len(words)) // _CHARACTERS_PER_TOKEN)
    return Asked(replace(asked.request, messages=messages), asked.tokens_in + added)
