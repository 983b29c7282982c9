"""What a proof found, as a value with canonical bytes: it is stored, signed and shown."""

from typing import Literal

from msgspec import Struct

from signalbox.domain.canonical import canonical
from signalbox.domain.traits import Facts
from signalbox.proof.encode import Strange

Outcome = Literal["proved", "violated", "unproven"]


class Counterexample(Struct, frozen=True):
    """A request that Cedar itself permits to the endpoint, at `now_us` (wall clock), by these rules."""

    facts: Facts
    endpoint: str
    now_us: int
    rules: tuple[str, ...]

    def told(self, when: str, of: str = "") -> str:
        """The request in words, on `when`, `of` whom. Names that begin with `any-other-` stand for those that
        no rule names."""
        facts = self.facts
        groups = _listed(facts.groups) or "none"
        categories = _listed(facts.categories) or "none"
        return (
            f"a {facts.sensitivity.label} request{of} (app `{facts.app}`, feature `{facts.feature}`, "
            f"groups {groups}, categories {categories}, boundary `{facts.boundary}`) may go to "
            f"`{self.endpoint}` on {when}, permitted by {_listed(self.rules)}"
        )


class Finding(Struct, frozen=True, kw_only=True):
    """One invariant for one tenant.

    `idle`: proved, and no request and endpoint are such as the invariant speaks of: perhaps a name is
    misspelt. `outside`: for what is unproven, what lies outside the provable subset.
    """

    invariant: str
    tenant: str
    outcome: Outcome
    idle: bool = False
    counterexample: Counterexample | None = None
    outside: tuple[Strange, ...] = ()


class Reach(Struct, frozen=True):
    """What was proved of: a tenant's requests in these boundaries. `endpoints` are those that Cedar lets
    some request of theirs reach; none at all means that everything proved of the tenant is proved of
    nothing."""

    tenant: str
    boundaries: tuple[str, ...]
    endpoints: tuple[str, ...]


class ProofReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of which releases, by hash, and what. `strange` is all that lies outside the provable subset, which
    does not keep an invariant from being proved that holds whatever it says. `any_grant`: it was proved of
    requests under the widest break-glass grant that there could be; left out where it was not."""

    policy: str
    catalogue: str
    invariants: str
    solver: str
    findings: tuple[Finding, ...]
    reaches: tuple[Reach, ...]
    strange: tuple[Strange, ...]
    any_grant: bool = False

    @property
    def violated(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.outcome == "violated")

    @property
    def unproven(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.outcome == "unproven")

    @property
    def vacuous(self) -> tuple[str, ...]:
        """Tenants of whom no request is permitted anywhere."""
        return tuple(reach.tenant for reach in self.reaches if not reach.endpoints)

    @property
    def content(self) -> bytes:
        """Canonical bytes: what is hashed and signed."""
        return canonical(self)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join([f"`{name}`" for name in names])
