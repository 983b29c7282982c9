"""What a proof means for a release: whether it stands in the way, and in which words."""

from hashlib import sha256
from typing import Final, Literal

from msgspec import Struct

from signalbox.governance.releases.content import Terms
from signalbox.proof import Finding, ProofReport

Outcome = Literal["kept", "marked", "refused", "nothing"]
_DAY_US: Final = 86_400_000_000


class ReleaseProof(Struct, frozen=True, kw_only=True):
    """Of the content of that hash, compiled to that policy and catalogue. `report` is None where it has no
    invariants. `reasons` say what stands in the way or was marked."""

    hash: str
    policy: str
    catalogue: str
    invariants: str
    report: ProofReport | None
    outcome: Outcome
    reasons: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Under which the report is kept; empty where there is none."""
        return "" if self.report is None else sha256(self.report.content).hexdigest()


def proof_of(
    content_hash: str,
    terms: Terms,
    *,
    policy: str,
    catalogue: str,
    invariants: str,
    report: ProofReport | None,
) -> ReleaseProof:
    """Judged on the terms that the content itself has. A report of something else refuses."""
    outcome: Outcome = "nothing"
    reasons: tuple[str, ...] = ()
    if report is not None:
        reasons = blockers(report, terms)
        outcome = "refused" if reasons else "kept"
        if (report.policy, report.catalogue, report.invariants) != (policy, catalogue, invariants):
            outcome, reasons = "refused", ("the proof is of another policy, catalogue or invariants",)
        elif outcome == "kept" and report.unproven:
            outcome, reasons = "marked", tuple(finding_words(finding) for finding in report.unproven)
    return ReleaseProof(
        hash=content_hash,
        policy=policy,
        catalogue=catalogue,
        invariants=invariants,
        report=report,
        outcome=outcome,
        reasons=reasons,
    )


def blockers(report: ProofReport, terms: Terms) -> tuple[str, ...]:
    """One sentence for each finding that keeps the release from being published."""
    return tuple(
        finding_words(finding)
        for finding in (*report.violated, *report.unproven)
        if finding.outcome == "violated" or finding.tenant not in terms.marked
    )


def finding_words(finding: Finding) -> str:
    """What was found of an invariant that was not proved."""
    about = f"`{finding.invariant}` of tenant `{finding.tenant}`"
    if finding.counterexample is not None:
        found = finding.counterexample
        return f"{about} does not hold: {found.told(_day(found.now_us))}"
    outside = "; ".join(f"{item.construct} in `{item.rule}`" for item in finding.outside)
    return f"{about} cannot be proved: {outside or 'the solver gave up'}"


def _day(time_us: int) -> str:
    """As `2026-01-31`, UTC: the civil calendar, counted from 1 March of the year 0 in eras of 400 years."""
    days = time_us // _DAY_US + 719_468
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    from_march = (5 * of_year + 2) // 153
    day = of_year - (153 * from_march + 2) // 5 + 1
    month = from_march + 3 if from_march < 10 else from_march - 9
    return f"{year + 400 * era + (month <= 2):04d}-{month:02d}-{day:02d}"
