"""A Bedrock refusal → `VendorError`: its exception's name in `type`, the status in `code`.

The name stands in the header `x-amzn-errortype` (with a link after a colon) or in the body's `__type` (after
a namespace and `#`); the words in `message` or `Message`. Front ends in between answer with their own JSON or
a page. It does not judge which failure that is.
"""

from typing import Any, Final

import msgspec

from signalbox.wires.errors import VendorError

MESSAGE_MAX: Final = 1_000
NAME_MAX: Final = 64
_READ_MAX: Final = 65_536
_decode: Final = msgspec.json.Decoder().decode


def read_error(status: int, error_type: str | None, body: bytes) -> VendorError:
    """Never raises. `error_type` is the header; only 64 KiB of the body are looked at."""
    try:
        value = _decode(body) if len(body) <= _READ_MAX else None
    except (ValueError, RecursionError):
        value = None
    said: dict[Any, Any] = value if isinstance(value, dict) else {}
    name = error_type or _text(said, "__type", "code", "Code")
    words = _text(said, "message", "Message", "originalMessage")
    if not words and not said:
        words = body[:_READ_MAX].decode("utf-8", "replace")
    return VendorError(exception_name(name), str(status), _line(words, MESSAGE_MAX))


def exception_name(name: str) -> str:
    """`ns#ThrottlingException:http://…` → `ThrottlingException`; in-stream names begin with a capital too."""
    bare = _line(name, 4 * NAME_MAX).partition(":")[0].rpartition("#")[2][:NAME_MAX]
    return bare[:1].upper() + bare[1:]


def _text(said: dict[Any, Any], *keys: str) -> str:
    for key in keys:
        value = said.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def _line(text: str, length_max: int) -> str:
    """One printable line of at most `length_max` characters."""
    line = " ".join(text[: 4 * length_max].split())[:length_max]
    return line if line.isprintable() else "".join([c if c.isprintable() else "?" for c in line])
