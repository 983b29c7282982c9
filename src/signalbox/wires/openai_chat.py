"""OpenAI Chat Completions, both ways: the public face of the `openai_chat_*` files.

It adds nothing of its own: reading a request is `openai_chat_read`, writing one `openai_chat_write`, whole
replies `openai_chat_reply`, streams `openai_chat_stream`, error bodies `openai_chat_error`.
"""

from signalbox.wires.errors import VendorError, WireError
from signalbox.wires.openai_chat_error import read_error
from signalbox.wires.openai_chat_read import ChatCall, read_request
from signalbox.wires.openai_chat_reply import read_reply, write_reply
from signalbox.wires.openai_chat_stream import ChunkReader, ChunkWriter
from signalbox.wires.openai_chat_write import ChatOptions, write_request

__all__ = [
    "ChatCall",
    "ChatOptions",
    "ChunkReader",
    "ChunkWriter",
    "VendorError",
    "WireError",
    "read_error",
    "read_reply",
    "read_request",
    "write_reply",
    "write_request",
]
