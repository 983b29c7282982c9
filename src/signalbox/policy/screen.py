"""Is a text small enough to hand to Cedar's parser?

The parser recurses without a limit: a rule with some 800 nested brackets ends the process (measured with
cedarpy 4.12 on an 8 MB stack), and a reload must never do that. It does not parse: it counts brackets
and operators per rule, outside strings and comments, and bounds them far above what a rule needs.
"""

from collections.abc import Iterator
from typing import Final

NESTING_MAX: Final = 30
OPERATORS_MAX: Final = 400
CHARACTERS_MAX: Final = 32_000

_OPERATORS: Final = (".", "&", "|", "+", "-", "*", "<", ">", "=", "!", "if")


def oversize(text: str) -> str:
    """What is too large in the text, in words; empty if it may be parsed."""
    for number, rule in enumerate(_bare(text).split(";"), start=1):
        if len(rule) > CHARACTERS_MAX:
            return f"rule number {number} is longer than {CHARACTERS_MAX} characters: split it"
        if sum(map(rule.count, _OPERATORS)) > OPERATORS_MAX:
            return f"rule number {number} has more than {OPERATORS_MAX} operators: use sets, or split it"
        if _nesting(rule) > NESTING_MAX:
            return f"rule number {number} nests brackets deeper than {NESTING_MAX}: split it"
    return ""


def _bare(text: str) -> str:
    """The text without comments and without what its strings say."""
    return "".join(_outside_strings(text))


def _outside_strings(text: str) -> Iterator[str]:
    start = place = 0
    while place < len(text):
        if text.startswith("//", place):
            yield text[start:place]
            place = start = _line_end(text, place)
        elif text[place] == '"':
            yield text[start : place + 1]
            place = start = _string_end(text, place + 1)
        else:
            place += 1
    yield text[start:]


def _line_end(text: str, place: int) -> int:
    """Cedar ends a comment at a line feed or a carriage return."""
    ends = [end for end in (text.find("\n", place), text.find("\r", place)) if end >= 0]
    return min(ends, default=len(text))


def _string_end(text: str, place: int) -> int:
    """The place of the closing quote plus one, or the end of the text."""
    while place < len(text):
        if text[place] == "\\":
            place += 2
        elif text[place] == '"':
            return place + 1
        else:
            place += 1
    return len(text)


def _nesting(rule: str) -> int:
    depth = deepest = 0
    for character in rule:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest
