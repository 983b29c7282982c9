"""Anthropic Messages, both ways: the public face of the `anthropic_*` files.

It adds nothing of its own: reading a request is `anthropic_read`, writing one `anthropic_write`, whole
replies `anthropic_reply`, streams `anthropic_stream_read` and `anthropic_stream_write`, error bodies
`anthropic_error`.
"""

from signalbox.wires.anthropic_error import read_error
from signalbox.wires.anthropic_read import read_count_request, read_request
from signalbox.wires.anthropic_reply import read_reply, write_reply
from signalbox.wires.anthropic_stream_read import EventReader
from signalbox.wires.anthropic_stream_write import EventWriter
from signalbox.wires.anthropic_write import write_request
from signalbox.wires.errors import VendorError, WireError
from signalbox.wires.written import Written

__all__ = [
    "EventReader",
    "EventWriter",
    "VendorError",
    "WireError",
    "Written",
    "read_count_request",
    "read_error",
    "read_reply",
    "read_request",
    "write_reply",
    "write_request",
]
