"""The part of a release that can concern a caller, parsed once and kept.

A rule whose head says `principal in` some tenant or group cannot match a caller outside it, so leaving
it out changes no answer and no error: Cedar does not look at a rule's conditions before its head matches.
`tests/property/test_policy_slices.py` holds this against whole releases.
"""

from typing import Final

import cedarpy

from signalbox.policy.names import Uid
from signalbox.policy.rules import Rule, policy_set

KEPT: Final = 32
"""A parsed rule takes some 6.5 KB: a slice of 200 rules, 1.3 MB. Parsing a slice again costs 1 to 4 ms."""


class Slices:
    """Parsed slices by the scopes that the caller is in: callers that no rule tells apart share one.

    INVARIANT: the table is replaced, never changed, so that threads may ask at once; the worst that a
    race costs is parsing a slice again.
    """

    __slots__ = ("_kept", "_rules", "_scopes")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._scopes = frozenset(rule.scope for rule in rules if rule.scope is not None)
        self._kept: dict[frozenset[Uid], cedarpy.PolicySet] = {}

    def of(self, inside: frozenset[Uid]) -> cedarpy.PolicySet:
        """The rules for a caller that is in the tenant and groups `inside`."""
        scopes = self._scopes & inside
        kept = self._kept
        found = kept.get(scopes)
        if found is None:
            found = policy_set(
                tuple(rule for rule in self._rules if rule.scope is None or rule.scope in scopes)
            )
            surviving = list(kept.items())[-(KEPT - 1) :]
            self._kept = {**dict(surviving), scopes: found}
        return found
