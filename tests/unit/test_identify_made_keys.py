"""Keys that acts made, in the ring that every request asks."""

import pytest

from signalbox.domain.acts import ActContent, Proposal, act_of
from signalbox.domain.errors import Unauthenticated
from signalbox.domain.principal import Principal, Tenant
from signalbox.governance.keys import KeyCreated, KeyRevoked, KeyRotated, Keys
from signalbox.identify import Key, KeyExpired, KeyRing, hashed

ACME, OTHER = Tenant(id="acme"), Tenant(id="other")
TENANTS = {tenant.id: tenant for tenant in (ACME, OTHER)}
END = 1_000_000


class History:
    def __init__(self) -> None:
        self.keys = Keys()
        self.number = 0

    def act(self, content: ActContent, tenant: str = "acme") -> None:
        self.number += 1
        self.keys.obey(act_of(Proposal(tenant, content), number=self.number, by="anna", time_us=10))

    def make(self, ident: str, text: str, tenant: str = "acme") -> None:
        made = KeyCreated(key=ident, sha256=hashed(text), purpose="a test", expires_us=END, groups=("g",))
        self.act(made, tenant)


def ring_of(history: History, *written: Key) -> KeyRing:
    return KeyRing(written, None, history.keys, TENANTS)


def opens(ring: KeyRing, text: str, now_us: int = 0) -> bool:
    try:
        ring.identify(text, now_us)
    except Unauthenticated:
        return False
    return True


def test_a_made_key_speaks_as_itself_in_its_tenant() -> None:
    history = History()
    history.make("k", "secret")
    principal = ring_of(history).identify("secret", 0)
    assert (principal.tenant, principal.key, principal.subject) == (ACME, "k", "key:acme:k")
    assert (principal.groups, principal.roles) == (("g",), ())
    assert ring_of(history).identify("secret", END - 1).key == "k"
    with pytest.raises(KeyExpired) as expired:
        ring_of(history).identify("secret", END)
    assert expired.value.principal.tenant is ACME


def test_what_changed_is_heard_and_only_that() -> None:
    history = History()
    ring = ring_of(history)
    history.make("a", "one")
    history.make("b", "two")
    assert not opens(ring, "one")
    ring.hear()
    before = ring.identify("two", 0)
    history.act(KeyRotated(key="a", sha256=hashed("three"), old_until_us=500, expires_us=2 * END))
    ring.hear()
    assert opens(ring, "one", 499)
    assert not opens(ring, "one", 500)
    assert opens(ring, "three", 2 * END - 1)
    assert ring.identify("two", 0) is before
    history.act(KeyRevoked(key="a", reason="lost"))
    ring.hear()
    assert not opens(ring, "one")
    assert not opens(ring, "three")
    assert opens(ring, "two")


def test_a_second_rotation_ends_the_first_secret() -> None:
    history = History()
    history.make("a", "one")
    history.act(KeyRotated(key="a", sha256=hashed("two"), old_until_us=END, expires_us=END))
    history.act(KeyRotated(key="a", sha256=hashed("three"), old_until_us=END, expires_us=END))
    ring = ring_of(history)
    assert [opens(ring, text) for text in ("one", "two", "three")] == [False, True, True]


def test_keys_of_a_tenant_that_is_not_there_open_nothing() -> None:
    history = History()
    history.make("a", "one", "gone")
    assert not opens(ring_of(history), "one")


def test_acts_do_not_change_a_key_of_the_settings() -> None:
    history = History()
    written = Key(hashed("one"), Principal(tenant=OTHER, key="written", subject="o"))
    ring = ring_of(history, written)
    history.make("a", "one")
    ring.hear()
    assert ring.identify("one", 0).key == "written"
    history.act(KeyRevoked(key="a", reason="lost"))
    ring.hear()
    assert ring.identify("one", 0).key == "written"
    history.make("b", "two")
    ring.hear()
    assert opens(ring, "two")
