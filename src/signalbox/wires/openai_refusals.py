"""How a body in one of OpenAI's dialects is refused: which field, and in whose words.

It does not decide what is refused.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from msgspec import ValidationError, convert

from signalbox.domain.errors import CallerError, MalformedRequest, UnsupportedRequest
from signalbox.wires.strict_json import decode_strict

T = TypeVar("T")
_SHOWN_MAX: Final = 200


def read_slowly(
    body: bytes,
    kind: type[T],
    unoffered: dict[str, tuple[Any, ...]],
    why: dict[str, str] | None = None,
    screen: Callable[[dict[str, Any]], None] | None = None,
) -> T:
    """The slow road, which says what is wrong. `unoffered` holds fields of the dialect that are not offered,
    each with the values that ask for nothing special; null is always one of them; `why` has words for some.
    `screen` may have better words for a body that is not of the `kind`."""
    value = decode_strict(body)
    try:
        read = convert(value, kind)
    except ValidationError as error:
        if screen is not None and isinstance(value, dict):
            screen(value)
        raise mismatch(str(error)) from None
    if not unoffered.keys().isdisjoint(value):
        for field, harmless in unoffered.items():
            given = value.get(field)
            if given is not None and not any(type(given) is type(one) and given == one for one in harmless):
                words = why.get(field) if why else None
                raise unsupported(field, words or f"`{field}` is not offered here; leave it out")
    return read


def mismatch(words: str) -> CallerError:
    """msgspec's words, without the caller's values: an unknown field is named, an unknown value is not."""
    what, _, place = words.partition(" - at `")
    path = place.rstrip("`").replace("key` in `", "").removeprefix("$").removeprefix(".")[:_SHOWN_MAX]
    if what.startswith("Object contains unknown field"):
        field = what.partition("`")[2].rstrip("`")[:64]
        path = f"{path}.{field}" if path else field
        return malformed(path, f"unknown field `{field}`")
    if what.startswith("Object missing required field"):
        field = what.partition("`")[2].rstrip("`")
        path = f"{path}.{field}" if path else field
        return malformed(path, f"missing field `{field}`")
    if what.startswith("Invalid"):
        if path.startswith("tools[") and path.endswith("].type"):
            return unsupported(path, "only tools of type `function` are offered; hosted tools are not")
        return malformed(path, "not one of the values of this field")
    return malformed(path, f"{what[:1].lower()}{what[1:_SHOWN_MAX]}")


def malformed(path: str, words: str) -> MalformedRequest:
    return MalformedRequest(f"`{path}`: {words}" if path else words, param=path or None)


def unsupported(path: str, words: str) -> UnsupportedRequest:
    return UnsupportedRequest(f"`{path}`: {words}", param=path)
