"""Refuses JSON that two readers could read differently: duplicate keys, and nesting without end.

msgspec keeps the last of two equal keys, another parser the first: what was checked would not be what is
sent. It does not look at what the values mean; each dialect does that with its own types.

The rule is exact and cheap: decode, encode again, compare the number of colons. A key brings one colon of its
own, and colons inside strings survive the round trip; a repeated key vanishes in it, together with its value.
So the numbers are equal exactly when nothing vanished. Only a colon written as an escape could make up for a
lost one: bytes that may hold one take the slow road, as do those where the sum fails (to name the key).
"""

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from signalbox.domain.errors import MalformedRequest

DEPTH_MAX: Final = 64
"""Objects and arrays inside one another; JSON Schemas in use stay below 20."""

T = TypeVar("T")
_KEY_SHOWN_MAX: Final = 64
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


def refuse_duplicate_keys(body: bytes) -> None:
    """Raises `MalformedRequest` on a duplicate key (naming it), on bytes that are not JSON in UTF-8,
    and on more than `DEPTH_MAX` levels of nesting."""
    decode_strict(body)


def decode_strict(body: bytes) -> Any:
    """As `refuse_duplicate_keys`, and returns the value as builtins."""
    try:
        value = _decode(body)
        whole = _colons_kept(body, value) >= 0
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise MalformedRequest(_not_json(error)) from None
    if not _is_surely_shallow(body):
        _refuse_depth(value)
    if not whole:
        _refuse_slowly(body)
    return value


def decode_if_clear(
    body: bytes, decode: Callable[[bytes], T], loose: Callable[[T], list[Any]] | None = None
) -> T | None:
    """The value as `decode` reads it, or None where there is any doubt: then `decode_strict` has the word.

    `decode` is of a type that keeps every field given and, in writing, leaves out those that are not. `loose`
    gives the parts of a value whose depth that type does not bound (it bounds the others far below); None
    says that there are no such parts.
    """
    try:
        value = decode(body)
        colons = _colons_kept(body, value)
        if colons < 0:
            return None
        if loose is not None:
            # All but the innermost hold something: an array, which has a bracket, or an object, with a colon.
            surely_shallow = colons + _count(body, b"[") < DEPTH_MAX or _is_surely_shallow(body)
            if not surely_shallow and _levels(loose(value)) > DEPTH_MAX // 2:
                return None
        return value
    except (ValueError, RecursionError):
        return None


def _colons_kept(body: bytes, value: Any) -> int:
    """How many colons `body` has, if no key vanished on the way from it to `value`; else -1."""
    written = _encode(value)
    colons = len(body) - len(body.replace(b":", b""))  # `_count`, without a call
    if colons != len(written) - len(written.replace(b":", b"")):
        return -1
    # `find` and not `in`, which for bytes begins with an exception; `rfind` takes half as long over prose.
    return colons if body.find(b"\\") < 0 or body.rfind(b"\\u003") < 0 else -1


def _is_surely_shallow(body: bytes) -> bool:
    return _count(body, b"{") + _count(body, b"[") <= DEPTH_MAX


def _count(body: bytes, char: bytes) -> int:
    # `replace` leaps from one to the next; `count` looks at every byte, which takes twice as long on prose.
    return len(body) - len(body.replace(char, b""))


def _not_json(error: ValueError) -> str:
    """What the caller may read of a decoding error: where it happened, never what stood there."""
    if isinstance(error, UnicodeDecodeError):
        return "the body is not valid UTF-8"
    words = str(error).removeprefix("JSON is malformed: ")
    return f"the body is not valid JSON: {words[:1].lower()}{words[1:]}"


def _too_deep() -> MalformedRequest:
    return MalformedRequest(f"the body is nested more than {DEPTH_MAX} levels deep")


def _refuse_depth(value: Any) -> None:
    if _levels([value]) > DEPTH_MAX:
        raise _too_deep()


def _levels(level: list[Any]) -> int:
    """How deep these values are nested, counting to one more than the limit; the stack is not used."""
    for depth in range(DEPTH_MAX + 1):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                below += item.values()
            elif type(item) is list:
                below += item
        level = [item for item in below if type(item) is dict or type(item) is list]
        if not level:
            return depth + 1
    return DEPTH_MAX + 1


def _refuse_slowly(body: bytes) -> None:
    """Reads once more with every pair in sight, and the values that the last of two equal keys had hidden."""
    try:
        json.loads(body, object_pairs_hook=_refuse_pairs, parse_int=str, parse_float=str)
    except RecursionError:
        raise _too_deep() from None


def _refuse_pairs(pairs: list[tuple[str, Any]]) -> None:
    seen = set()
    for key, _ in pairs:
        if key in seen:
            raise MalformedRequest(f"duplicate key `{key[:_KEY_SHOWN_MAX]}`", param=key[:_KEY_SHOWN_MAX])
        seen.add(key)
