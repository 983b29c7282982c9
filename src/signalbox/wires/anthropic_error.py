"""An error body of the Messages dialect → `VendorError`.

The shape is `{"type": "error", "error": {"type", "message", "details": {"error_code"}}}`; gateways in front
of the vendor answer in shapes of their own, which `openai_chat_error` knows. It does not judge which failure
that is.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from signalbox.wires.errors import VendorError
from signalbox.wires.openai_chat_error import NAME_MAX
from signalbox.wires.openai_chat_error import read_error as read_any_error

_READ_MAX: Final = 65_536


class _Details(Struct):
    error_code: str = ""


class _Error(Struct):
    details: Any = None


class _Body(Struct):
    error: _Error


_decode: Final = msgspec.json.Decoder(_Body).decode


def read_error(status: int, body: bytes) -> VendorError:
    """Never raises. `code` is the vendor's error code where it gives one, else the HTTP status."""
    said = read_any_error(status, body)
    if len(body) > _READ_MAX:
        return said
    try:
        details = msgspec.convert(_decode(body).error.details, _Details)
    except (ValueError, RecursionError):
        return said
    code = details.error_code[:NAME_MAX]
    return replace(said, code=code) if code.isprintable() and code else said
