"""Holds and erasures as a history folds to them, against a model that keeps plain lists."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signalbox.domain.acts import Proposal, act_of
from signalbox.domain.errors import Conflict, MalformedRequest, NotFound
from signalbox.governance import holds as rules
from signalbox.governance.holds import Held, Holds

TENANTS = st.sampled_from(("acme", "other"))
SUBJECTS = st.sampled_from(("u-1", "u-2"))
NAMES = st.sampled_from(("case-1", "case-2"))


class HoldsMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.holds = Holds()
        self.number = 0
        self.placed: dict[tuple[str, str], str] = {}
        self.erasing: dict[tuple[str, str], int] = {}
        self.destroyed: dict[str, set[str]] = {"acme": set(), "other": set()}

    def do(self, *proposals: Proposal) -> None:
        for proposal in proposals:
            self.number += 1
            self.holds.obey(act_of(proposal, number=self.number, by="lea", time_us=self.number))

    def covered(self, tenant: str, subject: str) -> bool:
        return any(t == tenant and whom in ("", subject) for (t, _), whom in self.placed.items())

    @rule(tenant=TENANTS, name=NAMES, subject=st.one_of(st.just(""), SUBJECTS))
    def place(self, tenant: str, name: str, subject: str) -> None:
        late = any(t == tenant and subject in ("", whom) for t, whom in self.erasing)
        if (tenant, name) in self.placed or late:
            with pytest.raises(Conflict):
                rules.place(self.holds, tenant, name, subject, "why")
            return
        self.do(rules.place(self.holds, tenant, f" {name} ", subject, "why"))
        self.placed[tenant, name] = subject

    @rule(tenant=TENANTS, name=NAMES)
    def lift(self, tenant: str, name: str) -> None:
        if (tenant, name) not in self.placed:
            with pytest.raises(NotFound):
                rules.lift(self.holds, tenant, name, "why")
            return
        self.do(rules.lift(self.holds, tenant, name, "why"))
        del self.placed[tenant, name]

    @rule(tenant=TENANTS, subject=SUBJECTS)
    def order(self, tenant: str, subject: str) -> None:
        key = f"k{self.number}"
        if (tenant, subject) in self.erasing:
            assert rules.order_erasure(self.holds, tenant, subject, "why", key=key) == ()
        elif self.covered(tenant, subject):
            with pytest.raises(Held):
                rules.order_erasure(self.holds, tenant, subject, "why", key=key)
        else:
            self.do(*rules.order_erasure(self.holds, tenant, subject, "why", key=key))
            self.erasing[tenant, subject] = self.number
            self.destroyed[tenant].add(key)

    @rule(tenant=TENANTS, subject=SUBJECTS)
    def finish(self, tenant: str, subject: str) -> None:
        erasure = self.holds.erasure(tenant, subject)
        assert (erasure.order if erasure else None) == self.erasing.pop((tenant, subject), None)
        if erasure is not None:
            self.do(*rules.erasure_done(self.holds, erasure, payloads=1, records=2))
            assert rules.erasure_done(self.holds, erasure, payloads=1, records=2) == ()

    @rule(tenant=TENANTS)
    def read(self, tenant: str) -> None:
        self.do(rules.reading(tenant, "dec-1", "a complaint"))

    @invariant()
    def agrees(self) -> None:
        for tenant in ("acme", "other"):
            known = {(tenant, hold.name): hold.subject for hold in self.holds.of_tenant(tenant)}
            assert known == {place: whom for place, whom in self.placed.items() if place[0] == tenant}
            assert set(self.holds.destroyed(tenant)) == self.destroyed[tenant]
            for subject in ("u-1", "u-2"):
                assert (self.holds.over(tenant, subject) is not None) == self.covered(tenant, subject)
        assert {who: e.order for who, e in self.holds.under_way.items()} == self.erasing
        # A hold and an erasure of the same content never stand beside each other.
        for tenant, subject in self.erasing:
            assert not self.covered(tenant, subject)


TestHolds = HoldsMachine.TestCase


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 129, "case/2026", ".."])
def test_a_hold_has_a_name_that_can_be_said(name: str) -> None:
    with pytest.raises(MalformedRequest):
        rules.place(Holds(), "acme", name, "", "why")


def test_nothing_is_done_without_a_reason() -> None:
    holds = Holds()
    for attempt in (
        lambda: rules.place(holds, "acme", "case-1", "", " "),
        lambda: rules.order_erasure(holds, "acme", "u-1", "", key=""),
        lambda: rules.reading("acme", "dec-1", ""),
    ):
        with pytest.raises(MalformedRequest):
            attempt()
