"""Which facts of a request no rule of a release reads: requests that differ in nothing else have one verdict.

INVARIANT: a fact is only called unread where every mention of the context in every rule is of another
attribute by name; a context that is used as a whole reads everything.
"""

from collections.abc import Iterator
from typing import Final

from signalbox.domain.verdict import PolicyRelease
from signalbox.policy.rules import read_rules

_WHOLE: Final = ""


def unread(release: PolicyRelease, attributes: frozenset[str]) -> frozenset[str]:
    """Those of `attributes` of the context that no rule reads. The release is one that compiles."""
    rules, _ = read_rules(release.texts, None)
    read = {name for rule in rules for name in _read(rule.body)}
    return frozenset() if _WHOLE in read else attributes - read


def _read(node: object) -> Iterator[str]:
    """Names of attributes of the context in Cedar's JSON; `_WHOLE` where it stands by itself."""
    match node:
        case {".": {"left": {"Var": "context"}, "attr": str(name)}}:
            yield name
        case {"has": {"left": {"Var": "context"}, "attr": str(name)}}:
            yield name
        case {"Var": "context"}:
            yield _WHOLE
        case dict():
            for item in node.values():
                yield from _read(item)
        case list():
            for item in node:
                yield from _read(item)
