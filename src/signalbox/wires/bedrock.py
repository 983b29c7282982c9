"""Amazon Bedrock's Converse and ConverseStream, both sides: the public face of the `bedrock_*` files.

The vendor's side of a wire is what providers speak: `write_request`, `read_reply`, `FrameReader`,
`read_error`. The other side is what an emulator of the vendor speaks: `read_request`, `write_reply`,
`FrameWriter`. It adds nothing of its own; embeddings, which go over InvokeModel, are `bedrock_embeddings`.
"""

from signalbox.wires.bedrock_blocks import Unsayable
from signalbox.wires.bedrock_error import read_error
from signalbox.wires.bedrock_model import ConverseOptions, converse_options
from signalbox.wires.bedrock_read import read_request
from signalbox.wires.bedrock_reply import read_reply, write_reply
from signalbox.wires.bedrock_stream import FrameReader, FrameWriter
from signalbox.wires.bedrock_write import write_request

__all__ = [
    "ConverseOptions",
    "FrameReader",
    "FrameWriter",
    "Unsayable",
    "converse_options",
    "read_error",
    "read_reply",
    "read_request",
    "write_reply",
    "write_request",
]
