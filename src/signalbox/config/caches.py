"""Where answers are kept, and which tenants have theirs kept. It deliberately opens no connection."""

import re
from typing import Final

from signalbox.config.checks import Names, known, quantity, whole
from signalbox.config.faults import Faults
from signalbox.config.locate import FieldPath
from signalbox.config.settings import CacheSettings, TenantCacheSettings
from signalbox.config.tables import CacheTable, Document, TenantCacheTable
from signalbox.config.units import duration_ms, share_e4, size_bytes
from signalbox.domain.traits import SENSITIVITY_LABELS, Sensitivity

_URL: Final = re.compile(r"(valkeys?://[^\s@/]+(/\d*)?|unix:///[^\s@]+)")
_ENVIRONMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_TIMEOUT_MS_MAX: Final = 1_000


def cache(document: Document, faults: Faults) -> CacheSettings:
    written = document.cache
    path = ("cache",)
    if written.place:
        places = Names(frozenset(document.places), complete=faults.written(("places",)))
        known(faults, (*path, "place"), written.place, places, "place")
    if written.store == "valkey":
        _check_shared(written, path, faults)
    timeout_ms = quantity(faults, (*path, "timeout"), duration_ms, written.timeout)
    if timeout_ms > _TIMEOUT_MS_MAX:
        faults.report((*path, "timeout"), f'expected at most "1s"; found `{written.timeout}`')
    return CacheSettings(
        store=written.store,
        entries_max=whole(faults, (*path, "entries_max"), written.entries_max, 1, 10_000_000),
        bytes_max=quantity(faults, (*path, "bytes_max"), size_bytes, written.bytes_max),
        entry_bytes_max=quantity(faults, (*path, "entry_bytes_max"), size_bytes, written.entry_bytes_max),
        region=written.region,
        place=written.place,
        url=written.url,
        credential=written.credential,
        timeout_ms=timeout_ms,
    )


def _check_shared(written: CacheTable, path: FieldPath, faults: Faults) -> None:
    """What is kept elsewhere leaves this machine: where to is a fact that policy owes an answer to."""
    if not _URL.fullmatch(written.url):
        faults.report(
            (*path, "url"),
            'expected an address such as "valkey://host:6379", "valkeys://host:6379" or "unix:///path.sock", '
            "without a password, which comes from the environment variable that `credential` names",
        )
    if not written.place:
        faults.report((*path, "place"), "expected the place where it stands, as declared in [places]")
    if written.credential and not _ENVIRONMENT_NAME.fullmatch(written.credential):
        faults.report(
            (*path, "credential"),
            'expected the name of an environment variable such as "VALKEY_PASSWORD", in capitals; '
            "what is written is not shown, because it may be the secret itself: if so, replace that secret",
        )


def tenant_caches(document: Document, faults: Faults) -> dict[str, TenantCacheSettings]:
    """Those of the tenants that have theirs kept."""
    shared = document.cache.store == "valkey"
    return {
        tenant.id: _tenant_cache(tenant.cache, ("tenants", place, "cache"), faults, shared=shared)
        for place, tenant in enumerate(document.tenants)
        if tenant.cache.enabled
    }


def _tenant_cache(
    written: TenantCacheTable, path: FieldPath, faults: Faults, *, shared: bool
) -> TenantCacheSettings:
    sensitivity_max = Sensitivity(SENSITIVITY_LABELS.index(written.sensitivity_max))
    if shared and sensitivity_max > Sensitivity.GENERAL:
        faults.report(
            (*path, "sensitivity_max"),
            "expected `general` or `public`, because the cache is a server that others share; "
            f"found `{written.sensitivity_max}`",
        )
    return TenantCacheSettings(
        ttl_ms=quantity(faults, (*path, "ttl"), duration_ms, written.ttl),
        sensitivity_max=sensitivity_max,
        scope=written.scope,
        any_temperature=written.any_temperature,
        alike_model=written.alike_model,
        alike_min_e4=_likeness(written, path, faults),
    )


def _likeness(written: TenantCacheTable, path: FieldPath, faults: Faults) -> int:
    """In 1e-4. What is less like than a half is not like."""
    least_e4 = quantity(faults, (*path, "alike_min"), share_e4, written.alike_min)
    if faults.clean((*path, "alike_min")) and least_e4 < 5_000:
        faults.report((*path, "alike_min"), f"expected from 0.5 to 1; found `{written.alike_min}`")
    return least_e4
