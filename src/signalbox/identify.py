"""Credential → Principal, and what a principal's word is worth.

A credential is a key, of the settings or of an administrator's making, or a token of an issuer that the
settings trust. Keys are kept as SHA-256 only. What
a caller declares of its request is believed as far as its key goes: anyone may raise sensitivity, narrow the
boundary, hint at task and latency; app, feature and user count only where the key is bound to them or may
assert them.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.classify import parse_label
from signalbox.domain.errors import MalformedRequest, NotPermitted, Unauthenticated
from signalbox.domain.principal import Principal, Tenant
from signalbox.domain.request import Declared
from signalbox.governance.keys import Keys, ServiceKey
from signalbox.identity.tokens import Tokens, looks_like_token

_HEADER: Final = {
    "app": "X-Signalbox-App",
    "feature": "X-Signalbox-Feature",
    "label": "X-Signalbox-Sensitivity",
    "boundary": "X-Signalbox-Data-Boundary",
    "user": "X-Signalbox-User",
}
_NAME_MAX: Final = 256
_UNASSERTED: Final = "which this key may not assert"


def hashed(credential: str) -> str:
    """The form in which a credential is kept: lower-case hex SHA-256. Keys are random, so no salt is owed."""
    return hashlib.sha256(credential.encode()).hexdigest()


class Key(Struct, frozen=True):
    """One credential. `expires_us` is wall clock; None: it does not expire."""

    sha256: str
    principal: Principal
    expires_us: int | None = None


class KeyExpired(Unauthenticated):
    """The key was right once: its tenant is known, so the refusal goes into that tenant's log."""

    code = "key_expired"

    def __init__(self, principal: Principal) -> None:
        super().__init__(
            "the key has expired; ask your administrator for a new one",
            operator=f"key `{principal.key}` expired",
        )
        self.principal = principal


class KeyRing:
    """`made` are the keys that acts made: `hear` takes in what changed of them, so that a request with one
    costs what one with a key of the settings costs. Of a tenant that is not in `tenants`, none opens."""

    def __init__(
        self,
        keys: Iterable[Key],
        tokens: Tokens | None = None,
        made: Keys | None = None,
        tenants: Mapping[str, Tenant] | None = None,
    ) -> None:
        self._keys = {key.sha256: key for key in keys}
        self._tokens = tokens
        self._settled = frozenset(self._keys)
        self._made = made
        self._tenants = tenants or {}
        self._heard = 0
        self._open: dict[tuple[str, str], tuple[str, ...]] = {}
        self.hear()

    def hear(self) -> None:
        """Take in what acts changed since the last time."""
        before = self._heard
        for key in self._made.changed_after(before) if self._made is not None else ():
            self._heard = max(self._heard, key.act)
            for sha256 in self._open.pop((key.tenant, key.id), ()):
                del self._keys[sha256]
            tenant = self._tenants.get(key.tenant)
            # INVARIANT: what stands in the settings is not changed by acts.
            secrets = [each for each in key.secrets if each.sha256 not in self._settled]
            if tenant is None or not secrets:
                continue
            principal = principal_of(key, tenant)
            self._keys |= {each.sha256: Key(each.sha256, principal, each.until_us) for each in secrets}
            self._open[key.tenant, key.id] = tuple(each.sha256 for each in secrets)

    def identify(self, credential: str, now_us: int, digest: str = "") -> Principal:
        """`digest`: `hashed(credential)`, from who has it already. Raises `Unauthenticated`: for a key
        `KeyExpired`, for a token `InvalidToken`, which is `IssuerKeyUnknown` where its issuer may have new
        keys. Lookup is by hash, so timing says nothing of a key."""
        digest = digest or hashed(credential)
        key = self._keys.get(digest)
        if key is None:
            if self._tokens is not None and looks_like_token(credential):
                return self._tokens.identify(credential, digest, now_us)
            raise Unauthenticated("the key is missing or not known here: send `Authorization: Bearer <key>`")
        if key.expires_us is not None and now_us >= key.expires_us:
            raise KeyExpired(key.principal)
        return key.principal


def principal_of(key: ServiceKey, tenant: Tenant) -> Principal:
    """As whom a key that an act made asks."""
    scope = key.scope
    return Principal(
        tenant=tenant,
        key=key.id,
        subject=key.subject,
        groups=scope.groups,
        roles=scope.roles,
        app=scope.app,
        feature=scope.feature,
        may_assert=frozenset(scope.may_assert),
    )


def believed(principal: Principal, declared: Declared, boundaries: Mapping[str, tuple[str, ...]]) -> Declared:
    """What of `declared` counts, with what the key itself says filled in. App and feature are lower-cased,
    so that no rule about `excel` is passed by as `Excel`.

    Raises `NotPermitted` for a claim that the key may not make, `MalformedRequest` for a boundary that
    does not exist, and for a name that is none. Nothing is dropped in silence.
    """
    app, feature, user = declared.app.lower().strip(), declared.feature.lower().strip(), declared.user.strip()
    names = app + feature + user
    if len(names) > _NAME_MAX or not names.isprintable():
        _refuse_unwritable(app=app, feature=feature, user=user)
    may_assert = principal.may_assert
    if app != principal.app and (principal.app or "app" not in may_assert):
        app = _bound(principal.app, "app", app)
    if feature != principal.feature and (principal.feature or "feature" not in may_assert):
        feature = _bound(principal.feature, "feature", feature)
    if user and "user" not in may_assert:
        raise _refusal("user", _UNASSERTED)
    if declared.label and "label" not in may_assert:
        default = principal.tenant.default_label
        if parse_label(declared.label) < default:
            raise _refusal("label", f"below the tenant's default, `{default.label}`")
    if declared.boundary:
        _refuse_wider(declared.boundary, principal.tenant.default_boundary, boundaries)
    if app == declared.app and feature == declared.feature and user == declared.user:
        return declared
    return replace(declared, app=app, feature=feature, user=user)


def _refuse_unwritable(**names: str) -> None:
    """What no administrator could write, wherever in the request it stands: by its name a person is held and
    erased, and an app forbidden."""
    for field, name in names.items():
        if len(name) > _NAME_MAX or not name.isprintable():
            raise MalformedRequest(
                f"{_HEADER[field]} must be printable and at most {_NAME_MAX} characters", param=_HEADER[field]
            )


def _bound(bound: str, field: str, claimed: str) -> str:
    """What the key is bound to, where nothing else is claimed."""
    if claimed:
        raise _refusal(field, f"bound to `{bound}`" if bound else _UNASSERTED)
    return bound


def _refuse_wider(name: str, default: str, boundaries: Mapping[str, tuple[str, ...]]) -> None:
    places = boundaries.get(name)
    if places is None:
        known = ", ".join(f"`{known}`" for known in sorted(boundaries))
        raise MalformedRequest(
            f"unknown data boundary `{name[:64]}`: expected one of {known}", param=_HEADER["boundary"]
        )
    if not set(places) <= set(boundaries[default]):
        raise _refusal("boundary", f"wider than the tenant's boundary, `{default}`")


def _refusal(field: str, why: str) -> NotPermitted:
    return NotPermitted(f"this key cannot send {_HEADER[field]}: {why}", param=_HEADER[field])
