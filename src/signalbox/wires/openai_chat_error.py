"""An error body of an OpenAI-compatible server → `VendorError`.

Shapes met: OpenAI and Azure `{"error": {message, type, code}}`, llama.cpp the same with a numeric code,
vLLM's flat `{"object": "error", message, type, code}`, Ollama's `{"error": "text"}`, FastAPI's
`{"detail": …}`, API gateways' `{"statusCode": …, "message": …}`, and pages of HTML. It does not judge which
failure that is.
"""

from typing import Any, Final

import msgspec

from signalbox.wires.errors import VendorError

MESSAGE_MAX: Final = 1_000
NAME_MAX: Final = 64
_decode: Final = msgspec.json.Decoder().decode
_READ_MAX: Final = 65_536


def read_error(status: int, body: bytes) -> VendorError:
    """Never raises. An empty `code` in the body becomes the HTTP status; only 64 KiB are looked at."""
    try:
        value = _decode(body) if len(body) <= _READ_MAX else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        text = value if isinstance(value, str) else body[:_READ_MAX].decode("utf-8", "replace")
        return _bounded("", str(status), text)
    error = value.get("error")
    if isinstance(error, str):
        return _bounded(_name(value.get("type")), _name(value.get("code")) or str(status), error)
    if not isinstance(error, dict):
        error = value
    code = _name(error.get("code")) or _name(error.get("statusCode")) or str(status)
    return _bounded(_name(error.get("type")), code, _message(error))


def _message(error: dict[Any, Any]) -> str:
    message = error.get("message")
    if isinstance(message, str) and message:
        return message
    detail = error.get("detail")
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        return "; ".join([_violation(item) for item in detail[:8] if isinstance(item, dict)])
    return ""


def _violation(item: dict[Any, Any]) -> str:
    """FastAPI's `{loc, msg, type, input}`; `input` repeats what was sent and is left behind."""
    place = item.get("loc")
    path = ".".join([str(step) for step in place[:8]]) if isinstance(place, list) else ""
    words = item.get("msg")
    return f"{path}: {words}" if isinstance(words, str) else path


def _name(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int and abs(value) < 2**63 else ""


def _bounded(kind: str, code: str, message: str) -> VendorError:
    return VendorError(_line(kind, NAME_MAX), _line(code, NAME_MAX), _line(message, MESSAGE_MAX))


def _line(text: str, length_max: int) -> str:
    """One printable line of at most `length_max` characters."""
    line = " ".join(text[: 4 * length_max].split())[:length_max]
    return line if line.isprintable() else "".join([c if c.isprintable() else "?" for c in line])
