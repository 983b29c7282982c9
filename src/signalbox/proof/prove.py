"""Policy, catalogue and invariants → what holds for every request, or a request for which it does not.

All hops are covered because every hop asks with the same facts; all times, because an endpoint is judged
as it stands in each part of its lifecycle. What a vendor does with a request that it may have, no proof
knows.
"""

from collections.abc import Sequence

from signalbox.domain.endpoint import Catalogue
from signalbox.domain.principal import Tenant
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy import CompiledPolicy, compile_policy
from signalbox.policy.rules import Rule, read_rules
from signalbox.proof.case import Case
from signalbox.proof.encode import Strange
from signalbox.proof.grammar import check_names
from signalbox.proof.invariants import Invariant, Invariants, InvariantsInvalid
from signalbox.proof.report import Finding, ProofReport, Reach
from signalbox.proof.solver import solver_name
from signalbox.proof.world import world


def prove(
    release: PolicyRelease,
    catalogue: Catalogue,
    tenants: Sequence[Tenant],
    invariants: Invariants,
    *,
    any_grant: bool = False,
) -> ProofReport:
    """With `any_grant`, of requests each of which has the widest break-glass grant that there could be: what
    is proved so holds under every grant.

    Raises `PolicyInvalid`, `InvariantsInvalid` for names that are not there, `SolverMissing`.
    """
    faults = check_names(invariants, {tenant.id for tenant in tenants}, catalogue.release.boundaries)
    if faults:
        raise InvariantsInvalid(faults)
    compiled = compile_policy(release, catalogue, tenants)
    rules, _ = read_rules(release.texts, None)
    return prove_compiled(compiled, rules, invariants, any_grant=any_grant)


def prove_compiled(
    compiled: CompiledPolicy, rules: Sequence[Rule], invariants: Invariants, *, any_grant: bool = False
) -> ProofReport:
    """As `prove`, of a release that is compiled already; `rules` are all of its rules."""
    solver = solver_name()
    told = world(compiled.catalogue)
    findings: list[Finding] = []
    reaches: list[Reach] = []
    strange: set[Strange] = set()
    for tenant in compiled.tenants.values():
        case = Case(compiled, tenant, told, rules, invariants.items, any_grant=any_grant)
        reaches.append(case.reach())
        findings += [case.finding(item) for item in invariants.items if _concerns(item, tenant)]
        strange |= case.strange
    return ProofReport(
        policy=compiled.hash,
        catalogue=compiled.catalogue.hash,
        invariants=invariants.hash,
        solver=solver,
        findings=tuple(findings),
        reaches=tuple(reaches),
        strange=tuple(sorted(strange)),
        any_grant=any_grant,
    )


def _concerns(invariant: Invariant, tenant: Tenant) -> bool:
    return not invariant.tenants or tenant.id in invariant.tenants
