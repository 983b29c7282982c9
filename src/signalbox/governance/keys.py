"""Service keys: created, rotated with an overlap, revoked; what each may, and who may make it so.

A key is kept as the SHA-256 of a random secret, which nobody can be shown again. It speaks as itself
(`subject`) and never as a person, so that whoever makes keys cannot act in another's name.

Deliberately absent: the clock and the secret (both are handed in), and the keys that the settings name.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.acts import Act, ActContent, ActUnreadable, Proposal
from signalbox.domain.errors import Conflict, MalformedRequest, NotFound, NotPermitted
from signalbox.domain.principal import ASSERTABLE, Principal
from signalbox.domain.roles import AT_HOME, EVERYWHERE, PLATFORM, ROLES, Action, may

LIFE_MAX_US: Final = 366 * 86_400_000_000
OVERLAP_MAX_US: Final = 30 * 86_400_000_000
_APART: Final = frozenset[Action](("policy.draft", "policy.approve"))
"""No one key may both."""
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME_MAX: Final = 128
_NAMES_MAX: Final = 64
_TEXT_MAX: Final = 200


class KeyCreated(ActContent, frozen=True, kw_only=True):
    kind = "key.created"

    app: str = ""
    expires_us: int
    feature: str = ""
    groups: tuple[str, ...] = ()
    key: str
    may_assert: tuple[str, ...] = ()
    purpose: str
    roles: tuple[str, ...] = ()
    sha256: str


class KeyRotated(ActContent, frozen=True, kw_only=True):
    """Another secret; the one before it is good until `old_until_us`, and older ones no longer."""

    kind = "key.rotated"

    expires_us: int
    key: str
    old_until_us: int
    sha256: str


class KeyRevoked(ActContent, frozen=True, kw_only=True):
    kind = "key.revoked"

    key: str
    reason: str


KINDS: Final[tuple[type[ActContent], ...]] = (KeyCreated, KeyRotated, KeyRevoked)


class KeySecret(Struct, frozen=True):
    """The SHA-256 of a text that opens, until a moment of the wall clock."""

    sha256: str
    until_us: int


class ServiceKey(Struct, frozen=True, kw_only=True):
    """One key as it stands. `act` is the number of the last act about it; `secrets` has the newest first and
    at most two, none once it is revoked; `revoked_us` is 0 until then."""

    id: str
    tenant: str
    act: int
    made_by: str
    made_us: int
    scope: KeyCreated
    secrets: tuple[KeySecret, ...]
    expires_us: int
    revoked_us: int = 0
    revoked_for: str = ""

    @property
    def subject(self) -> str:
        """As whom it acts: of this key and nobody else, in any tenant."""
        return f"key:{self.tenant}:{self.id}"


class Home(Struct, frozen=True):
    """What the settings say of a tenant: its groups, and the ids of keys that stand there."""

    groups: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()


class Keys:
    """What the history comes to. Implements `board.Projection`."""

    kinds = KINDS

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], ServiceKey] = {}  # the one that changed last is last
        self._digests: set[str] = set()

    def obey(self, act: Act) -> None:
        """Raises `ActUnreadable` for an act that this program does not do, and leaves all as it was."""
        match act.kind:
            case KeyCreated.kind:
                self._created(act, KeyCreated.of(act))
            case KeyRotated.kind:
                self._rotated(act, KeyRotated.of(act))
            case KeyRevoked.kind:
                revoked = KeyRevoked.of(act)
                key = self._at(act, revoked.key)
                self._put(act, replace(key, secrets=(), revoked_us=act.time_us, revoked_for=revoked.reason))

    def of(self, tenant: str) -> tuple[ServiceKey, ...]:
        return tuple(key for key in self._keys.values() if key.tenant == tenant)

    def find(self, tenant: str, ident: str) -> ServiceKey:
        """Raises `NotFound`, also for another tenant's."""
        key = self._keys.get((tenant, ident))
        if key is None:
            raise NotFound(f"there is no key `{ident[:_NAME_MAX]}` of this tenant")
        return key

    def changed_after(self, number: int) -> Iterator[ServiceKey]:
        """Keys that an act after this one was about, the latest first."""
        for key in reversed(self._keys.values()):
            if key.act <= number:
                return
            yield key

    def knows(self, sha256: str) -> bool:
        """Whether any key ever had this secret."""
        return sha256 in self._digests

    def _created(self, act: Act, made: KeyCreated) -> None:
        _readable(act, (act.tenant, made.key) not in self._keys, "makes a key that there is")
        _readable(act, bool(act.tenant) and not list(faults(made)), "makes a key that nobody may make")
        _readable(act, made.sha256 not in self._digests, "gives two keys one secret")
        key = ServiceKey(
            id=made.key,
            tenant=act.tenant,
            act=act.number,
            made_by=act.by,
            made_us=act.time_us,
            scope=made,
            secrets=(KeySecret(made.sha256, made.expires_us),),
            expires_us=made.expires_us,
        )
        self._put(act, key)
        self._digests.add(made.sha256)

    def _rotated(self, act: Act, rotated: KeyRotated) -> None:
        key = self._at(act, rotated.key)
        _readable(act, bool(_SHA256.fullmatch(rotated.sha256)), "gives a key no secret")
        _readable(act, rotated.sha256 not in self._digests, "gives two keys one secret")
        old = key.secrets[0]
        until_us = min(old.until_us, rotated.old_until_us)
        secrets = (KeySecret(rotated.sha256, rotated.expires_us), KeySecret(old.sha256, until_us))
        self._put(act, replace(key, secrets=secrets, expires_us=rotated.expires_us))
        self._digests.add(rotated.sha256)

    def _at(self, act: Act, ident: str) -> ServiceKey:
        key = self._keys.get((act.tenant, ident))
        if key is None or key.revoked_us:
            raise _unreadable(act, f"is about `{ident[:64]}`, which is no key in force")
        return key

    def _put(self, act: Act, key: ServiceKey) -> None:
        where = (key.tenant, key.id)
        self._keys.pop(where, None)
        self._keys[where] = replace(key, act=act.number)


def create(
    state: Keys, home: Home, principal: Principal, tenant: str, wanted: KeyCreated, now_us: int
) -> Proposal:
    """Raises `MalformedRequest` with everything that is wrong, `NotPermitted` for what the principal may not
    grant, `Conflict` for an id that was used before."""
    found = [*faults(wanted), *_life_faults(wanted.expires_us, now_us)]
    if found:
        raise MalformedRequest("; ".join(found))
    refuse_beyond(principal, tenant, home, wanted)
    if wanted.key in home.keys or any(key.id == wanted.key for key in state.of(tenant)):
        raise Conflict(f"there is, or was, a key `{wanted.key}`: records name it, so choose another id")
    if state.knows(wanted.sha256):
        raise Conflict("a secret is used once: try again")
    return Proposal(tenant, wanted)


def rotate(
    state: Keys, home: Home, principal: Principal, tenant: str, rotated: KeyRotated, now_us: int
) -> Proposal:
    """Raises as `create`; who rotates a key gets its secret, so it takes what making it takes."""
    key = state.find(tenant, rotated.key)
    _refuse_revoked(key)
    refuse_beyond(principal, tenant, home, key.scope)
    found = list(_life_faults(rotated.expires_us, now_us))
    if not now_us <= rotated.old_until_us <= now_us + OVERLAP_MAX_US:
        found.append("the old secret is good for 0 to 30 days more")
    if found:
        raise MalformedRequest("; ".join(found))
    if state.knows(rotated.sha256):
        raise Conflict("a secret is used once: try again")
    return Proposal(tenant, rotated)


def revoke(state: Keys, home: Home, principal: Principal, tenant: str, revoked: KeyRevoked) -> Proposal:
    """At once and for good. Raises `NotFound`, `NotPermitted`, `MalformedRequest` without a reason,
    `Conflict`."""
    key = state.find(tenant, revoked.key)
    _refuse_revoked(key)
    refuse_beyond(principal, tenant, home, key.scope)
    if not _is_text(revoked.reason):
        raise MalformedRequest(f"say why: `reason` of 1 to {_TEXT_MAX} printable characters")
    return Proposal(tenant, revoked)


def refuse_beyond(principal: Principal, tenant: str, home: Home, scope: KeyCreated) -> None:
    """Whether the principal may give a key of this tenant such a scope. Raises `NotPermitted`.

    INVARIANT: nobody who manages one tenant grants what reaches beyond it: no role of the platform, no
    group that the settings do not give the tenant (policies are shared, and open things to groups), and no
    word below the tenant's default sensitivity (`label`), unless its own word is taken for that.
    """
    if may(principal, "tenant.manage", PLATFORM):
        return
    if not may(principal, "tenant.manage", tenant):
        raise NotPermitted("keys are managed by those who may `tenant.manage`")
    beyond = [f"the role `{role}`" for role in scope.roles if role not in AT_HOME]
    beyond += [f"the group `{group[:64]}`" for group in scope.groups if group not in home.groups]
    if "label" in scope.may_assert and "label" not in principal.may_assert:
        beyond.append("to assert `label`")
    if beyond:
        raise NotPermitted(f"who manages one tenant does not grant {' or '.join(beyond)}: ask the platform's")


def faults(wanted: KeyCreated) -> Iterator[str]:
    """What keeps such a key from being one at all, whoever wants it."""
    if not _ID.fullmatch(wanted.key):
        yield "an `id` has 1 to 64 characters: lower-case letters, digits, `.`, `_` and `-`"
    if not _SHA256.fullmatch(wanted.sha256):
        yield "a secret is kept as its SHA-256"
    if not _is_text(wanted.purpose):
        yield f"say what it is for: `purpose` of 1 to {_TEXT_MAX} printable characters"
    yield from _unknown("role", wanted.roles, ROLES)
    yield from _unknown("field that a caller may assert", wanted.may_assert, ASSERTABLE)
    may_do = {
        action for role in wanted.roles for table in (EVERYWHERE, AT_HOME) for action in table.get(role, ())
    }
    if may_do >= _APART:
        yield "one key does not both draft and approve: make two, for two people"
    for name in (*wanted.groups, wanted.app, wanted.feature):
        if name and not _is_name(name):
            yield f"names have 1 to {_NAME_MAX} printable characters"
    if not all(wanted.groups) or len(set(wanted.groups)) != len(wanted.groups):
        yield "a group is named, and named once"
    if len(wanted.groups) > _NAMES_MAX:
        yield f"more than {_NAMES_MAX} groups"
    if wanted.feature and not wanted.app:
        yield "a key is bound to a feature of an app: name `app` too"
    if (wanted.app, wanted.feature) != (wanted.app.lower(), wanted.feature.lower()):
        yield "`app` and `feature` are written in lower case"


def _life_faults(expires_us: int, now_us: int) -> Iterator[str]:
    if not now_us < expires_us <= now_us + LIFE_MAX_US:
        yield "a key expires within 366 days: rotate it before"


def _unknown(what: str, said: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    seen = tuple(said)
    for name in seen:
        if name not in known:
            yield f"`{name[:64]}` is no {what}: known are {', '.join(known)}"
    if len(set(seen)) != len(seen):
        yield f"a {what} is named once"


def _refuse_revoked(key: ServiceKey) -> None:
    if key.revoked_us:
        raise Conflict(f"the key `{key.id}` is revoked: make another")


def _is_name(name: str) -> bool:
    return bool(name) and len(name) <= _NAME_MAX and name.isprintable() and name == name.strip()


def _is_text(text: str) -> bool:
    return bool(text.strip()) and len(text) <= _TEXT_MAX and text.isprintable()


def _readable(act: Act, fine: bool, otherwise: str) -> None:
    if not fine:
        raise _unreadable(act, otherwise)


def _unreadable(act: Act, otherwise: str) -> ActUnreadable:
    return ActUnreadable(f"act {act.number} (`{act.kind}`) {otherwise}: this is no history of this program")
