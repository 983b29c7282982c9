"""OpenAI Responses, both ways: the public face of the `openai_responses_*` files.

It adds nothing of its own. For a client: `_read` reads a request (its shape is `_body`, its input `_items`),
`_reply` writes a whole reply, `_stream` a streamed one. For a vendor: `_write` writes a request, `_vendor`
reads a whole reply, `_events` a streamed one. `_seal` carries seals on thinking either way.
"""

from signalbox.wires.errors import VendorError, WireError
from signalbox.wires.openai_chat_error import read_error
from signalbox.wires.openai_responses_events import ResponseReader
from signalbox.wires.openai_responses_read import ResponsesCall, read_request
from signalbox.wires.openai_responses_reply import write_reply
from signalbox.wires.openai_responses_stream import ResponseWriter
from signalbox.wires.openai_responses_vendor import read_reply
from signalbox.wires.openai_responses_write import write_request

__all__ = [
    "ResponseReader",
    "ResponseWriter",
    "ResponsesCall",
    "VendorError",
    "WireError",
    "read_error",
    "read_reply",
    "read_request",
    "write_reply",
    "write_request",
]
