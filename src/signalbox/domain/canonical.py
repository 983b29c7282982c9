"""Canonical bytes and content hashes.

What is hashed or signed is written as RFC 8785 (JSON Canonicalization Scheme) restricted to what it
makes trivial: objects with ASCII keys, strings, booleans, null, arrays and integers within ±2^53.
There are no floats, so the one hard part of RFC 8785 (number formatting) never arises; encoding a
float is an error. `tests/unit/test_canonical.py` holds these bytes against the `rfc8785` package.
"""

import hashlib
from typing import Any, Final

import msgspec

INTEGER_MAX: Final = 2**53 - 1
_encoder: Final = msgspec.json.Encoder(order="sorted")


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of `value` (a Struct or builtins, object keys in ASCII).

    Raises `TypeError` on a float and `ValueError` on an integer beyond ±(2^53 - 1).
    """
    _refuse_inexact(msgspec.to_builtins(value, builtin_types=(float,)))
    return _encoder.encode(value)


def content_hash(value: Any) -> str:
    """Lower-case hex SHA-256 of the canonical bytes: the name of a release or a snapshot."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _refuse_inexact(value: Any) -> None:
    match value:
        case float():
            raise TypeError(f"a float has no place in hashed bytes: `{value}`")
        case bool():
            return
        case int():
            if not -INTEGER_MAX <= value <= INTEGER_MAX:
                raise ValueError(f"integer beyond 2^53 in hashed bytes: `{value}`")
        case dict():
            for key, item in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise TypeError(f"object keys in hashed bytes are ASCII: `{key!r}`")
                _refuse_inexact(item)
        case list() | tuple():
            for item in value:
                _refuse_inexact(item)
        case _:
            return
