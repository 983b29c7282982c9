"""What keeps a key from being made, and histories that this program never wrote."""

import pytest
from msgspec.structs import replace

from signalbox.domain.acts import ActContent, ActUnreadable, Proposal, act_of
from signalbox.domain.errors import Conflict, MalformedRequest, NotFound, NotPermitted
from signalbox.domain.principal import Principal, Tenant
from signalbox.governance import keys as governance
from signalbox.governance.keys import Home, KeyCreated, KeyRevoked, KeyRotated, Keys

DAY = 86_400_000_000
ACME = Tenant(id="acme")
PLATFORM = Principal(tenant=ACME, key="p", subject="p", roles=("platform-admin",))
ADMIN = Principal(tenant=ACME, key="t", subject="t", roles=("tenant-admin",))
GOOD = KeyCreated(key="a", sha256="0" * 64, purpose="reports", expires_us=DAY)
OTHER = "1" * 64


def history(*contents: ActContent) -> Keys:
    keys = Keys()
    for number, content in enumerate(contents, 1):
        keys.obey(act_of(Proposal("acme", content), number=number, by="t", time_us=1))
    return keys


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"key": "A"}, "an `id`"),
        ({"key": ""}, "an `id`"),
        ({"key": "a\n"}, "an `id`"),
        ({"sha256": "secret"}, "SHA-256"),
        ({"purpose": " "}, "`purpose`"),
        ({"purpose": "x" * 201}, "`purpose`"),
        ({"roles": ("root",)}, "`root` is no role"),
        ({"roles": ("user", "user")}, "named once"),
        ({"roles": ("policy-author", "approver")}, "both draft and approve"),
        ({"roles": ("release-author", "user", "approver")}, "both draft and approve"),
        ({"may_assert": ("everything",)}, "`everything` is no field"),
        ({"groups": ("",)}, "a group is named"),
        ({"groups": ("g", "g")}, "named once"),
        ({"groups": (" g",)}, "printable"),
        ({"groups": tuple(map(str, range(65)))}, "more than 64"),
        ({"feature": "formula"}, "name `app` too"),
        ({"app": "Excel"}, "lower case"),
        ({"expires_us": 0}, "366 days"),
        ({"expires_us": 367 * DAY}, "366 days"),
    ],
)
def test_a_key_that_is_none(change: dict[str, object], said: str) -> None:
    with pytest.raises(MalformedRequest, match=said):
        governance.create(Keys(), Home(), PLATFORM, "acme", replace(GOOD, **change), 0)


@pytest.mark.parametrize(
    "change",
    [
        {"roles": ("operator",)},
        {"roles": ("user", "platform-admin")},
        {"roles": ("auditor",)},
        {"groups": ("theirs",)},
        {"may_assert": ("label",)},
    ],
)
def test_who_manages_one_tenant_grants_nothing_beyond_it_in_any_way(change: dict[str, object]) -> None:
    home, scope = Home(frozenset({"ours"})), replace(GOOD, **change)
    with pytest.raises(NotPermitted, match="ask the platform's"):
        governance.create(Keys(), home, ADMIN, "acme", scope, 0)
    governance.create(Keys(), home, PLATFORM, "acme", scope, 0)
    there = history(scope)
    rotated = KeyRotated(key="a", sha256=OTHER, old_until_us=0, expires_us=DAY)
    with pytest.raises(NotPermitted):
        governance.rotate(there, home, ADMIN, "acme", rotated, 0)
    with pytest.raises(NotPermitted):
        governance.revoke(there, home, ADMIN, "acme", KeyRevoked(key="a", reason="r"))
    governance.rotate(there, home, PLATFORM, "acme", rotated, 0)


def test_an_id_is_used_once_and_a_secret_too() -> None:
    there = history(GOOD)
    with pytest.raises(Conflict, match="choose another id"):
        governance.create(there, Home(), ADMIN, "acme", replace(GOOD, sha256=OTHER), 0)
    with pytest.raises(Conflict, match="choose another id"):
        governance.create(Keys(), Home(keys=frozenset("a")), ADMIN, "acme", GOOD, 0)
    with pytest.raises(Conflict, match="used once"):
        governance.create(there, Home(), ADMIN, "acme", replace(GOOD, key="b"), 0)
    revoked = history(GOOD, KeyRevoked(key="a", reason="lost"))
    with pytest.raises(Conflict, match="choose another id"):
        governance.create(revoked, Home(), ADMIN, "acme", replace(GOOD, sha256=OTHER), 0)
    with pytest.raises(Conflict, match="is revoked"):
        governance.revoke(revoked, Home(), ADMIN, "acme", KeyRevoked(key="a", reason="lost"))
    rotated = KeyRotated(key="a", sha256=OTHER, old_until_us=0, expires_us=DAY)
    with pytest.raises(Conflict, match="is revoked"):
        governance.rotate(revoked, Home(), ADMIN, "acme", rotated, 0)


def test_another_tenants_key_is_not_found() -> None:
    there = history(GOOD)
    elsewhere = Principal(tenant=Tenant(id="other"), key="t", subject="t", roles=("tenant-admin",))
    for tenant, by in (("other", elsewhere), ("other", PLATFORM)):
        with pytest.raises(NotFound):
            governance.revoke(there, Home(), by, tenant, KeyRevoked(key="a", reason="r"))
    assert there.of("other") == ()


@pytest.mark.parametrize(
    "acts",
    [
        (GOOD, GOOD),
        (GOOD, replace(GOOD, key="b")),
        (replace(GOOD, key="A"),),
        (replace(GOOD, roles=("root",)),),
        (KeyRevoked(key="a", reason="r"),),
        (KeyRotated(key="a", sha256=OTHER, old_until_us=0, expires_us=1),),
        (GOOD, KeyRotated(key="a", sha256="0" * 64, old_until_us=0, expires_us=1)),
        (GOOD, KeyRotated(key="a", sha256="plain", old_until_us=0, expires_us=1)),
        (GOOD, KeyRevoked(key="a", reason="r"), KeyRevoked(key="a", reason="r")),
        (
            GOOD,
            KeyRevoked(key="a", reason="r"),
            KeyRotated(key="a", sha256=OTHER, old_until_us=0, expires_us=1),
        ),
    ],
)
def test_a_history_that_this_program_never_wrote_is_not_obeyed(acts: tuple[ActContent, ...]) -> None:
    keys = history(*acts[:-1])
    before = keys.of("acme")
    with pytest.raises(ActUnreadable):
        keys.obey(act_of(Proposal("acme", acts[-1]), number=len(acts), by="t", time_us=1))
    assert keys.of("acme") == before


def test_a_key_of_no_tenant_is_not_obeyed() -> None:
    with pytest.raises(ActUnreadable):
        Keys().obey(act_of(Proposal("", GOOD), number=1, by="t", time_us=1))
