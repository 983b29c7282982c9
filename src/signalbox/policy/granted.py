"""A verdict under a break-glass grant: where nothing but a permit is missing, the grant supplies it.

INVARIANT: a grant never outweighs anything. It changes an answer only where Cedar found no rule that permits,
no forbid that holds and no rule that errs, and where nothing of this room refuses: whatever a forbid, an
erring rule, a gap in the registry or an unknown boundary denies stays denied, and so does what the kill
switch stops, which is asked elsewhere. It reads no clock: the time is handed in.
"""

from typing import Final

from msgspec.structs import replace

from signalbox.domain.endpoint import Catalogue, Endpoint
from signalbox.domain.grants import RULE, GrantTerms, selected
from signalbox.domain.traits import Facts
from signalbox.domain.verdict import Verdict
from signalbox.policy.compiled import NO_PERMIT, Judgement

_MISSING: Final = (NO_PERMIT,)
_ANY: Final = Judgement(True, (RULE + "any",))


def supplied(
    terms: GrantTerms, judgement: Judgement, facts: Facts, endpoint: Endpoint, now_us: int
) -> Judgement:
    """The judgement on an endpoint, under the grant that covers the caller."""
    if judgement.permitted or judgement.reasons != _MISSING or not _holds(terms, facts, now_us):
        return judgement
    return Judgement(True, (terms.rule,)) if selected(terms, endpoint) else judgement


def widest(judgement: Judgement) -> Judgement:
    """What any grant at all could make of it: for proofs."""
    return _ANY if judgement.reasons == _MISSING and not judgement.permitted else judgement


def under(terms: GrantTerms, verdict: Verdict, facts: Facts, catalogue: Catalogue, now_us: int) -> Verdict:
    """The verdict of these facts under the grant that covers the caller; it holds no longer than that."""
    if not _holds(terms, facts, now_us):
        return verdict
    judged = [
        supplied(terms, Judgement(permitted, reasons), facts, endpoint, now_us)
        for permitted, reasons, endpoint in zip(
            verdict.permitted, verdict.reasons, catalogue.endpoints, strict=True
        )
    ]
    until_us = verdict.valid_until_us
    return replace(
        verdict,
        permitted=tuple([judgement.permitted for judgement in judged]),
        reasons=tuple([judgement.reasons for judgement in judged]),
        valid_until_us=terms.until_us if until_us is None else min(until_us, terms.until_us),
    )


def _holds(terms: GrantTerms, facts: Facts, now_us: int) -> bool:
    return (
        now_us < terms.until_us
        and facts.tenant == terms.tenant
        and facts.grant == terms.id
        and facts.sensitivity <= terms.sensitivity_max
    )
