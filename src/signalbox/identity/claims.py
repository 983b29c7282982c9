"""The claims of a token whose signature holds → `Principal`. Pure.

Shapes are those of Entra's v2.0 access tokens (`tid`, `oid`, `groups`, `roles`, `azp`, `idtyp`), which
are OpenID Connect's own where the standard has them; `appid` is how Entra's v1.0 tokens name the client.
"""

from collections.abc import Mapping
from typing import Any, Final

from signalbox.domain.errors import InvalidToken
from signalbox.domain.principal import Principal, Tenant
from signalbox.identity.issuer import AppBinding, Issuer

_TEXT_MAX: Final = 256
_VALUES_MAX: Final = 1_024
_SECONDS_MAX: Final = 2**40
Claims = Mapping[str, Any]


def valid_until_us(issuer: Issuer, claims: Claims, now_us: int) -> int:
    """From when on the token is refused, its issuer's clock skew allowed for. Raises `InvalidToken`
    where it is refused now: expired, not yet valid, or without an end."""
    until_us = _seconds_us(claims, "exp") + issuer.skew_us
    if now_us >= until_us:
        raise InvalidToken("the token has expired: get a new one")
    if "nbf" in claims and now_us < _seconds_us(claims, "nbf") - issuer.skew_us:
        raise InvalidToken("the token is not valid yet (`nbf`): check the clocks")
    return until_us


def principal_of(issuer: Issuer, claims: Claims, tenants: Mapping[str, Tenant]) -> Principal:
    """Who that is, with what its app registration may assert. Raises `InvalidToken`."""
    _intended(issuer, claims)
    tenant = _tenant(issuer, claims, tenants)
    binding = _binding(issuer, claims)
    subject = _text(claims, issuer.subject_claim)
    return Principal(
        tenant=tenant,
        key=f"{issuer.id}:{binding.client}",
        subject=subject,
        groups=_groups(issuer, claims),
        roles=_roles(issuer, claims),
        app=binding.app,
        feature=binding.feature,
        may_assert=binding.may_assert,
    )


def _intended(issuer: Issuer, claims: Claims) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(name, str) and name in issuer.audiences for name in named):
        raise InvalidToken("the token is for another audience (`aud`): ask for one for this service")


def _tenant(issuer: Issuer, claims: Claims, tenants: Mapping[str, Tenant]) -> Tenant:
    if not issuer.tenants:
        return tenants[issuer.tenant]
    tid = _text(claims, "tid")
    tenant = issuer.tenants.get(tid)
    if tenant is None:
        raise InvalidToken(f"the token's directory (`tid`) `{tid}` is no tenant here")
    return tenants[tenant]


def _binding(issuer: Issuer, claims: Claims) -> AppBinding:
    named = {_text(claims, claim) for claim in ("azp", "appid") if claim in claims}
    if len(named) > 1:
        raise InvalidToken("the token names two clients: `azp` and `appid` differ")
    client = named.pop() if named else ""
    bound = next((app for app in issuer.apps if app.client == client), None)
    if bound is None and issuer.apps:
        raise InvalidToken(f"the app registration `{client}` (`azp`) is not known here")
    if _without_user(claims) and not (bound and bound.app_only):
        raise InvalidToken(
            f"the app registration `{client}` may not come without a user: set `app_only` for it, "
            "or send a user's token"
        )
    return bound or AppBinding(client=client)


def _without_user(claims: Claims) -> bool:
    """`idtyp` is an optional claim; without it, Entra's app-only tokens have no scope and one identity."""
    kind = claims.get("idtyp")
    if kind is not None:
        return bool(kind != "user")
    return "scp" not in claims and "oid" in claims and claims.get("oid") == claims.get("sub")


def _groups(issuer: Issuer, claims: Claims) -> tuple[str, ...]:
    claim = issuer.groups_claim
    elsewhere = claims.get("_claim_names")
    # Dropping them would drop the rules that forbid something to a group.
    if (isinstance(elsewhere, dict) and claim in elsewhere) or claims.get("hasgroups"):
        raise InvalidToken(
            "the token has too many groups to carry (`_claim_names`), and groups decide what is allowed: "
            "have the app registration emit only groups that are assigned to the application"
        )
    return tuple(sorted({issuer.groups.get(group, group) for group in _texts(claims, claim)}))


def _roles(issuer: Issuer, claims: Claims) -> tuple[str, ...]:
    said = _texts(claims, issuer.roles_claim)
    return tuple(sorted({issuer.roles[role] for role in said if role in issuer.roles}))


def _text(claims: Claims, claim: str) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_MAX or not value.isprintable():
        raise InvalidToken(f"the token's `{claim}` is missing or not a name")
    return value


def _texts(claims: Claims, claim: str) -> list[str]:
    values = claims.get(claim, [])
    if not isinstance(values, list) or len(values) > _VALUES_MAX:
        raise InvalidToken(f"the token's `{claim}` is not an array of at most {_VALUES_MAX} names")
    for value in values:
        if not isinstance(value, str) or not 0 < len(value) <= _TEXT_MAX or not value.isprintable():
            raise InvalidToken(f"the token's `{claim}` holds something that is not a name")
    return values


def _seconds_us(claims: Claims, claim: str) -> int:
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _SECONDS_MAX:
        raise InvalidToken(f"the token's `{claim}` is missing or not a time in seconds")
    return int(value * 1_000_000)
