"""`/admin/v1/keys`: service keys made, listed without their secrets, rotated and revoked.

A secret is in the answer that made it and nowhere else: what is kept is its SHA-256.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal, Protocol

from msgspec import UNSET, Meta, Struct, UnsetType

from signalbox.domain.acts import Proposal
from signalbox.domain.errors import Conflict
from signalbox.domain.principal import Assertable
from signalbox.edge.admin.acting import Acting
from signalbox.edge.admin.operation import Answer, Asked, Operation, Page, Paging
from signalbox.governance import keys as governance
from signalbox.governance.keys import Home, KeyCreated, KeyRevoked, KeyRotated, Keys, ServiceKey
from signalbox.identify import hashed
from signalbox.ports.clock import Clock

_DAY_US: Final = 86_400_000_000
_SECOND_US: Final = 1_000_000
_Name = Annotated[str, Meta(min_length=1, max_length=128)]
_Days = Annotated[int, Meta(ge=1, le=366)]
_Text = Annotated[str, Meta(min_length=1, max_length=200)]


class KeyView(Struct, frozen=True, kw_only=True):
    """`source`: "act" for keys made here; those of the settings are shown and changed there. Moments are wall
    clock in microseconds, null where there is none: `old_until_us` is until when the secret before the last
    rotation opens."""

    id: str
    tenant: str
    source: Literal["act", "settings"]
    subject: str
    purpose: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    app: str
    feature: str
    may_assert: tuple[str, ...]
    made_by: str
    made_us: int | None
    expires_us: int | None
    old_until_us: int | None
    revoked_us: int | None
    revoked_for: str


class KeyWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without roles it is a `user`: it asks models. `app` and `feature` bind it."""

    id: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
    purpose: _Text
    roles: Annotated[tuple[_Name, ...], Meta(max_length=8)] = ()
    groups: Annotated[tuple[_Name, ...], Meta(max_length=64)] = ()
    app: Annotated[str, Meta(max_length=128)] = ""
    feature: Annotated[str, Meta(max_length=128)] = ""
    may_assert: Annotated[tuple[Assertable, ...], Meta(max_length=8)] = ()
    lasts_days: _Days = 90


class RotationWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`overlap_s`: for how long the secret so far goes on beside the new one."""

    overlap_s: Annotated[int, Meta(ge=0, le=2_592_000)] = 86_400
    lasts_days: _Days = 90


class RevocationWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: _Text


class KeyMade(Struct, frozen=True):
    """`secret` is shown this once."""

    secret: str
    key: KeyView


class KeyListing(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    revoked: Annotated[
        bool | UnsetType, Meta(description="only those that are revoked, or only those that are not")
    ] = UNSET


class Settled(Protocol):
    """What the settings say of a tenant."""

    def home(self, tenant: str) -> Home: ...

    def written_keys(self, tenant: str) -> Sequence[KeyView]: ...


def view(key: ServiceKey) -> KeyView:
    scope = key.scope
    old = key.secrets[1].until_us if len(key.secrets) > 1 else None
    return KeyView(
        id=key.id,
        tenant=key.tenant,
        source="act",
        subject=key.subject,
        purpose=scope.purpose,
        roles=scope.roles,
        groups=scope.groups,
        app=scope.app,
        feature=scope.feature,
        may_assert=scope.may_assert,
        made_by=key.made_by,
        made_us=key.made_us,
        expires_us=key.expires_us,
        old_until_us=old,
        revoked_us=key.revoked_us or None,
        revoked_for=key.revoked_for,
    )


class KeyDoors:
    """`make_secret` gives a new random text."""

    def __init__(
        self, keys: Keys, settled: Settled, board: Acting, clock: Clock, make_secret: Callable[[], str]
    ) -> None:
        self._keys = keys
        self._settled = settled
        self._board = board
        self._clock = clock
        self._make_secret = make_secret

    async def list(self, asked: Asked) -> Page[KeyView]:
        query: KeyListing = asked.query
        shown = [*map(view, self._keys.of(asked.tenant)), *self._settled.written_keys(asked.tenant)]
        if query.revoked is not UNSET:
            shown = [key for key in shown if (key.revoked_us is not None) == query.revoked]
        return asked.page(shown, key=lambda key: key.id)

    async def read(self, asked: Asked) -> KeyView:
        for written in self._settled.written_keys(asked.tenant):
            if written.id == asked.path["key"]:
                return written
        return view(self._keys.find(asked.tenant, asked.path["key"]))

    async def create(self, asked: Asked) -> Answer:
        wanted: KeyWanted = asked.body
        secret = self._make_secret()

        def propose() -> Sequence[Proposal]:
            now_us = self._clock.now_us()
            made = KeyCreated(
                key=wanted.id,
                sha256=hashed(secret),
                purpose=wanted.purpose,
                roles=wanted.roles,
                groups=wanted.groups,
                app=wanted.app.lower(),
                feature=wanted.feature.lower(),
                may_assert=wanted.may_assert,
                expires_us=now_us + wanted.lasts_days * _DAY_US,
            )
            home = self._settled.home(asked.tenant)
            return [governance.create(self._keys, home, asked.principal, asked.tenant, made, now_us)]

        await self._board.act(asked.by, propose)
        return self._made(asked.tenant, wanted.id, secret)

    async def rotate(self, asked: Asked) -> Answer:
        wanted: RotationWanted = asked.body
        secret, ident = self._make_secret(), asked.path["key"]

        def propose() -> Sequence[Proposal]:
            asked.match(view(self._own(asked)))
            now_us = self._clock.now_us()
            rotated = KeyRotated(
                key=ident,
                sha256=hashed(secret),
                old_until_us=now_us + wanted.overlap_s * _SECOND_US,
                expires_us=now_us + wanted.lasts_days * _DAY_US,
            )
            home = self._settled.home(asked.tenant)
            return [governance.rotate(self._keys, home, asked.principal, asked.tenant, rotated, now_us)]

        await self._board.act(asked.by, propose)
        return self._made(asked.tenant, ident, secret)

    async def revoke(self, asked: Asked) -> KeyView:
        wanted: RevocationWanted = asked.body

        def propose() -> Sequence[Proposal]:
            asked.match(view(self._own(asked)))
            revoked = KeyRevoked(key=asked.path["key"], reason=wanted.reason)
            home = self._settled.home(asked.tenant)
            return [governance.revoke(self._keys, home, asked.principal, asked.tenant, revoked)]

        await self._board.act(asked.by, propose)
        return view(self._own(asked))

    def _own(self, asked: Asked) -> ServiceKey:
        """Raises `NotFound`, and `Conflict` for a key that an act cannot change."""
        ident = asked.path["key"]
        if any(written.id == ident for written in self._settled.written_keys(asked.tenant)):
            raise Conflict(f"the key `{ident}` stands in the settings: change it there")
        return self._keys.find(asked.tenant, ident)

    def _made(self, tenant: str, ident: str, secret: str) -> Answer:
        key = view(self._keys.find(tenant, ident))
        return Answer(value=KeyMade(secret, key), resource=key, location=f"/admin/v1/keys/{ident}")


def operations(doors: KeyDoors) -> tuple[Operation, ...]:
    manage: Any = {"action": "tenant.manage"}
    read: Any = {"action": "tenant.read", "method": "GET"}
    return (
        Operation(
            **read,
            path="/keys",
            summary="Keys, without their secrets",
            handler=doors.list,
            answer=Page[KeyView],
            query=KeyListing,
        ),
        Operation(**read, path="/keys/{key}", summary="One key", handler=doors.read, answer=KeyView),
        Operation(
            **manage,
            method="POST",
            path="/keys",
            summary="Make a key",
            handler=doors.create,
            answer=KeyMade,
            body=KeyWanted,
            status=201,
        ),
        Operation(
            **manage,
            method="POST",
            path="/keys/{key}/rotations",
            summary="Give a key another secret",
            handler=doors.rotate,
            answer=KeyMade,
            body=RotationWanted,
            status=201,
            matched=True,
        ),
        Operation(
            **manage,
            method="POST",
            path="/keys/{key}/revocation",
            summary="Revoke a key, at once and for good",
            handler=doors.revoke,
            answer=KeyView,
            body=RevocationWanted,
            matched=True,
        ),
    )
