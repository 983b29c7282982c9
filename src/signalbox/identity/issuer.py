"""What is trusted of one issuer: whose tokens, for whom, signed how, and what their claims mean here.

It deliberately holds no key: keys rotate, this changes only with the settings.
"""

from typing import Final, Literal

from msgspec import Struct

Algorithm = Literal["RS256", "ES256", "EdDSA"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("RS256", "ES256", "EdDSA")
"""Asymmetric only: with a shared secret, whoever can check a token could make one."""

TID: Final = "{tid}"


class AppBinding(Struct, frozen=True, kw_only=True):
    """One app registration (`azp`, or `appid` in Entra's older tokens) and what its word is worth.

    `app_only`: whether it may come without a user, by client credentials.
    """

    client: str
    app: str = ""
    feature: str = ""
    may_assert: frozenset[str] = frozenset()
    app_only: bool = False


class Issuer(Struct, frozen=True, kw_only=True):
    """`url` is what `iss` must say; `{tid}` in it stands for each directory of `tenants`.

    `tenants` maps `tid` to a tenant's id; where it is empty, everyone is of `tenant`. `groups` gives values
    of the groups claim the names that policies use (others stay as they are); `roles` maps values of the
    roles claim to roles here (others grant nothing). Where `apps` is empty any client of the issuer may
    come with a user, and is bound to nothing; else only those that are listed. Its keys are at `jwks_url`, in
    `jwks_file`, or where the configuration of `discovery` says: the issuer's own address, of one directory.
    """

    id: str
    url: str
    audiences: frozenset[str]
    tenant: str = ""
    tenants: dict[str, str] = {}
    jwks_url: str = ""
    jwks_file: str = ""
    discovery: str = ""
    algorithms: frozenset[str] = frozenset(("RS256",))
    skew_us: int = 60_000_000
    subject_claim: str = "oid"
    groups_claim: str = "groups"
    roles_claim: str = "roles"
    groups: dict[str, str] = {}
    roles: dict[str, str] = {}
    apps: tuple[AppBinding, ...] = ()
    refresh_us: int = 300_000_000
    max_age_us: int = 86_400_000_000
