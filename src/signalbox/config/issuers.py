"""Issuers of bearer tokens: whose are trusted, and for what.

It deliberately fetches nothing: whether an issuer's keys can be had is seen while serving.
"""

from pathlib import Path
from typing import Final

from signalbox.config.checks import Names, at_least_one, distinct, identify, known, quantity, text, texts
from signalbox.config.faults import Faults
from signalbox.config.locate import FieldPath
from signalbox.config.tables import Document, IssuerAppTable, IssuerTable
from signalbox.config.units import duration_ms
from signalbox.domain.principal import ASSERTABLE
from signalbox.domain.roles import EVERYWHERE, ROLES
from signalbox.identity.discovery import is_safe_address
from signalbox.identity.issuer import ALGORITHMS, TID, AppBinding, Issuer

_ALGORITHMS: Final = Names(frozenset(ALGORITHMS))
_ROLES: Final = Names(frozenset(ROLES))
_ASSERTABLE: Final = Names(frozenset(ASSERTABLE))
_SKEW_MS_MAX: Final = 300_000


def issuers(document: Document, base: Path, faults: Faults) -> tuple[Issuer, ...]:
    """`base` is the directory that `jwks_file` is relative to."""
    written = document.issuers
    identify(faults, "issuers", [issuer.id for issuer in written])
    tenants = Names(
        frozenset(tenant.id for tenant in document.tenants),
        complete=faults.written(("tenants",)) and all(tenant.id for tenant in document.tenants),
    )
    distinct(
        faults,
        "issuer: `iss` of a token would name two",
        ((("issuers", place, "issuer"), issuer.issuer) for place, issuer in enumerate(written)),
    )
    return tuple(
        _issuer(issuer, ("issuers", place), base, faults, tenants) for place, issuer in enumerate(written)
    )


def _issuer(written: IssuerTable, path: FieldPath, base: Path, faults: Faults, tenants: Names) -> Issuer:
    _url(faults, (*path, "issuer"), written.issuer.replace(TID, "tid"))
    _tenants(written, path, faults, tenants)
    _keys_from(written, path, faults)
    at_least_one(faults, (*path, "audiences"), written.audiences, "audience, as `aud` of a token says it")
    at_least_one(faults, (*path, "algorithms"), written.algorithms, "algorithm")
    for place, algorithm in enumerate(written.algorithms):
        known(faults, (*path, "algorithms", place), algorithm, _ALGORITHMS, "algorithm")
    skew_ms = quantity(faults, (*path, "clock_skew"), duration_ms, written.clock_skew)
    if skew_ms > _SKEW_MS_MAX:
        faults.report((*path, "clock_skew"), f'expected at most "5m"; found `{written.clock_skew}`')
    refresh_ms = quantity(faults, (*path, "keys_refresh"), duration_ms, written.keys_refresh)
    max_age_ms = quantity(faults, (*path, "keys_max_age"), duration_ms, written.keys_max_age)
    if max_age_ms <= refresh_ms:
        faults.report((*path, "keys_max_age"), f"expected more than keys_refresh, `{written.keys_refresh}`")
    for claim in ("subject_claim", "groups_claim", "roles_claim"):
        text(faults, (*path, claim), getattr(written, claim))
    _roles(written, path, faults)
    distinct(
        faults,
        "client: two entries would bind one app registration",
        (((*path, "apps", place, "client"), app.client) for place, app in enumerate(written.apps)),
    )
    return Issuer(
        id=written.id,
        url=written.issuer,
        audiences=frozenset(texts(faults, (*path, "audiences"), written.audiences)),
        tenant=written.tenant,
        tenants=dict(written.tenants),
        jwks_url=written.jwks_url,
        jwks_file=str(base / written.jwks_file) if written.jwks_file else "",
        discovery=_discovered(written) if written.discovery else "",
        algorithms=frozenset(written.algorithms),
        skew_us=skew_ms * 1_000,
        subject_claim=written.subject_claim,
        groups_claim=written.groups_claim,
        roles_claim=written.roles_claim,
        groups=dict(written.groups),
        roles=dict(written.roles),
        apps=tuple(_app(app, (*path, "apps", place), faults) for place, app in enumerate(written.apps)),
        refresh_us=refresh_ms * 1_000,
        max_age_us=max_age_ms * 1_000,
    )


def _tenants(written: IssuerTable, path: FieldPath, faults: Faults, tenants: Names) -> None:
    if bool(written.tenant) == bool(written.tenants):
        faults.report((*path, "tenant"), "expected either `tenant` or `tenants`, a table: `tid` → tenant")
    elif written.tenant:
        known(faults, (*path, "tenant"), written.tenant, tenants, "tenant")
    for tid, tenant in written.tenants.items():
        known(faults, (*path, "tenants", tid), tenant, tenants, "tenant")
    if TID in written.issuer and not written.tenants:
        faults.report((*path, "issuer"), f"`{TID}` stands for the keys of `tenants`, of which there are none")


def _roles(written: IssuerTable, path: FieldPath, faults: Faults) -> None:
    """A directory's own administrators say who has which role there, and may not say it for others."""
    of_many = len(set(written.tenants.values())) > 1
    for value, role in written.roles.items():
        known(faults, (*path, "roles", value), role, _ROLES, "role")
        if of_many and role in EVERYWHERE:
            faults.report(
                (*path, "roles", value),
                f"`{role}` reaches every tenant, and this issuer has several: use an issuer of one",
            )


def _keys_from(written: IssuerTable, path: FieldPath, faults: Faults) -> None:
    if [bool(written.jwks_url), bool(written.jwks_file), written.discovery].count(True) != 1:
        faults.report(
            (*path, "jwks_url"), "expected either `jwks_url` or `jwks_file`, or `discovery = true` alone"
        )
    elif written.jwks_url:
        _url(faults, (*path, "jwks_url"), written.jwks_url)


def _discovered(written: IssuerTable) -> str:
    """The issuer's own address. Directories of one issuer share its keys, so the first one's will do."""
    return written.issuer.replace(TID, min(written.tenants, default=""))


def _url(faults: Faults, path: FieldPath, url: str) -> None:
    """https; http only to this machine: whoever could change the keys on the way could be anyone."""
    if not is_safe_address(url):
        faults.report(path, "expected an `https://` address (`http://` only to this machine), without a user")


def _app(written: IssuerAppTable, path: FieldPath, faults: Faults) -> AppBinding:
    if written.feature and not written.app:
        faults.report((*path, "feature"), "expected `app` too: a client is bound to a feature of an app")
    for index, field in enumerate(written.may_assert):
        known(faults, (*path, "may_assert", index), field, _ASSERTABLE, "field that a caller may assert")
    return AppBinding(
        client=text(faults, (*path, "client"), written.client),
        app=written.app.lower(),
        feature=written.feature.lower(),
        may_assert=frozenset(written.may_assert),
        app_only=written.app_only,
    )
