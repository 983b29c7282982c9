"""Service keys against a model that remembers everything: what opens until when, and that nobody rises."""

import hashlib

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import asdict

from signalbox.domain.acts import Act, Proposal, act_of
from signalbox.domain.errors import CallerError, Unauthenticated
from signalbox.domain.principal import ASSERTABLE, Principal, Tenant
from signalbox.domain.roles import ACTIONS, PLATFORM, ROLES, may
from signalbox.governance import keys as governance
from signalbox.governance.keys import Home, KeyCreated, KeyRevoked, KeyRotated, Keys
from signalbox.identify import KeyRing

DAY = 86_400_000_000
TENANTS = {name: Tenant(id=name) for name in ("acme", "other")}
HOMES = {"acme": Home(frozenset({"staff"}), frozenset({"written"})), "other": Home(frozenset({"pilots"}))}
GROUPS = ("staff", "pilots", "claude")
ADMIN = Principal(tenant=TENANTS["acme"], key="root", subject="root", roles=("tenant-admin",))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class KeysMachine(RuleBasedStateMachine):
    """Only a tenant administrator of `acme` begins, and whoever has a key acts with it."""

    @initialize()
    def begin(self) -> None:
        self.keys = Keys()
        self.ring = KeyRing((), None, self.keys, TENANTS)
        self.acts: list[Act] = []
        self.now_us = 1
        self.made = 0
        self.opens: dict[str, tuple[str, int]] = {}  # text → key, until
        self.latest: dict[str, str] = {}  # key → text
        self.revoked: set[str] = set()

    def people(self) -> list[Principal]:
        found = [ADMIN]
        for text, (_, until_us) in self.opens.items():
            if self.now_us < until_us:
                found.append(self.ring.identify(text, self.now_us))
        return found

    def do(self, by: Principal, proposal: Proposal) -> None:
        act = act_of(proposal, number=len(self.acts) + 1, by=by.subject, time_us=self.now_us)
        self.keys.obey(act)
        self.acts.append(act)
        self.ring.hear()

    def text(self) -> str:
        self.made += 1
        return f"secret-{self.made}"

    @rule(
        who=st.sampled_from((0, 0, 1, 2)),
        tenant=st.sampled_from(("acme", "acme", "acme", "other")),
        ident=st.sampled_from(("a", "b", "written")),
        roles=st.lists(st.sampled_from(ROLES), max_size=2),
        groups=st.lists(st.sampled_from(GROUPS), max_size=1),
        fields=st.lists(st.sampled_from(ASSERTABLE), max_size=1),
        days=st.integers(0, 370),
    )
    def create(
        self,
        who: int,
        tenant: str,
        ident: str,
        roles: list[str],
        groups: list[str],
        fields: list[str],
        days: int,
    ) -> None:
        people = self.people()
        by, text = people[who % len(people)], self.text()
        wanted = KeyCreated(
            key=ident,
            sha256=digest(text),
            purpose="a test",
            roles=tuple(roles),
            groups=tuple(groups),
            may_assert=tuple(fields),
            expires_us=self.now_us + days * DAY,
        )
        try:
            proposal = governance.create(self.keys, HOMES[tenant], by, tenant, wanted, self.now_us)
        except CallerError:
            return
        assert ident not in self.latest
        assert ident != "written"
        self.do(by, proposal)
        self.latest[ident] = text
        self.opens[text] = (ident, self.now_us + days * DAY)

    @rule(
        who=st.sampled_from((0, 0, 1, 2)),
        ident=st.sampled_from("ab"),
        overlap=st.integers(-1, 31),
        days=st.integers(0, 370),
    )
    def rotate(self, who: int, ident: str, overlap: int, days: int) -> None:
        people = self.people()
        by, text = people[who % len(people)], self.text()
        rotated = KeyRotated(
            key=ident,
            sha256=digest(text),
            old_until_us=self.now_us + overlap * DAY,
            expires_us=self.now_us + days * DAY,
        )
        try:
            proposal = governance.rotate(self.keys, HOMES["acme"], by, "acme", rotated, self.now_us)
        except CallerError:
            return
        assert ident not in self.revoked
        self.do(by, proposal)
        last = self.latest[ident]
        for old, (key, until_us) in list(self.opens.items()):
            if key == ident:
                self.opens[old] = (key, min(until_us, rotated.old_until_us) if old == last else 0)
        self.opens[text] = (ident, rotated.expires_us)
        self.latest[ident] = text

    @rule(who=st.sampled_from((0, 0, 1, 2)), ident=st.sampled_from("ab"))
    def revoke(self, who: int, ident: str) -> None:
        people = self.people()
        by = people[who % len(people)]
        revoked = KeyRevoked(key=ident, reason="lost")
        try:
            proposal = governance.revoke(self.keys, HOMES["acme"], by, "acme", revoked)
        except CallerError:
            return
        self.do(by, proposal)
        self.revoked.add(ident)
        self.opens = {text: (key, 0 if key == ident else until) for text, (key, until) in self.opens.items()}

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.now_us += days * DAY

    @invariant()
    def what_opens_is_what_the_model_says(self) -> None:
        fresh = Keys()
        for act in self.acts:
            fresh.obey(act)
        anew = KeyRing((), None, fresh, TENANTS)
        for ring in (self.ring, anew):
            for text, (ident, until_us) in self.opens.items():
                if self.now_us < until_us:
                    assert ring.identify(text, self.now_us).key == ident
                else:
                    with pytest.raises(Unauthenticated):
                        ring.identify(text, self.now_us)

    @invariant()
    def nobody_rises(self) -> None:
        for principal in self.people():
            assert principal.tenant.id == "acme"
            assert principal.subject == "root" or principal.subject == f"key:acme:{principal.key}"
            for action in ACTIONS:
                assert not may(principal, action, PLATFORM)
                assert not may(principal, action, "other")
            assert not (may(principal, "policy.draft", "acme") and may(principal, "policy.approve", "acme"))
            assert set(principal.groups) <= HOMES["acme"].groups
            assert "label" not in principal.may_assert


KeysMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
TestKeys = KeysMachine.TestCase


@pytest.mark.parametrize("role", ROLES)
def test_only_who_manages_tenants_makes_keys(role: str) -> None:
    by = Principal(tenant=TENANTS["acme"], key="k", subject="s", roles=(role,))
    wanted = KeyCreated(key="a", sha256=digest("x"), purpose="p", expires_us=DAY)
    for tenant in TENANTS:
        allowed = role == "platform-admin" or (role, tenant) == ("tenant-admin", "acme")
        try:
            governance.create(Keys(), HOMES[tenant], by, tenant, wanted, 0)
        except CallerError:
            assert not allowed
        else:
            assert allowed


def test_an_act_holds_no_more_than_a_digest() -> None:
    made = KeyCreated(key="a", sha256=digest("x"), purpose="p", expires_us=DAY)
    assert "x" not in [value for value in asdict(made).values() if isinstance(value, str)]
