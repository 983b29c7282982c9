"""Which tenants have their content kept, for how long and under whose key. It deliberately opens nothing."""

import re
from typing import Final

from signalbox.config.checks import Names, known, name, whole
from signalbox.config.faults import Faults
from signalbox.config.locate import FieldPath
from signalbox.config.settings import PayloadKeySettings, PayloadSettings, TenantPayloadSettings
from signalbox.config.tables import Document, PayloadKeyTable, TenantPayloadsTable
from signalbox.domain.traits import SENSITIVITY_LABELS, Sensitivity

DAYS: Final = 30
"""For how long content is kept unless the tenant says."""
_DAYS_MAX: Final = 36_500
_LABELS: Final = Names(frozenset(SENSITIVITY_LABELS))
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z0-9]+)+")
_VAULT_KEY: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?/keys/[A-Za-z0-9-]{1,127}(/[0-9a-f]{32})?")
_BASE_URL: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?")


def payloads(document: Document, faults: Faults) -> PayloadSettings:
    written = document.payloads
    if written.place:
        places = Names(frozenset(document.places), complete=faults.written(("places",)))
        known(faults, ("payloads", "place"), written.place, places, "place")
    elif any(tenant.payloads.keep != "none" for tenant in document.tenants):
        faults.report(
            ("payloads", "place"),
            "expected the place where this machine stands, as declared in [places], because a tenant has its "
            "content kept here",
        )
    return PayloadSettings(
        place=written.place,
        keys={label: _key(label, key, faults) for label, key in written.keys.items()},
    )


def _key(label: str, written: PayloadKeyTable, faults: Faults) -> PayloadKeySettings:
    path: FieldPath = ("payloads", "keys", label)
    name(faults, path, label)
    match written.kind:
        case "file":
            for field in ("key", "region", "base_url"):
                if getattr(written, field):
                    faults.report((*path, field), "a key in a file has none: remove it")
        case "aws-kms":
            if not written.key or not written.key.isprintable():
                faults.report((*path, "key"), "expected the ARN, the id or the alias of a key of AWS KMS")
            if not _REGION.fullmatch(written.region):
                faults.report(
                    (*path, "region"), f'expected a region such as "eu-central-1"; found `{written.region}`'
                )
            if written.base_url and not _BASE_URL.fullmatch(written.base_url):
                faults.report(
                    (*path, "base_url"), "expected an address without a path, such as a VPC endpoint's"
                )
        case "azure-key-vault":
            if not _VAULT_KEY.fullmatch(written.key):
                faults.report(
                    (*path, "key"),
                    'expected a key\'s identifier such as "https://NAME.vault.azure.net/keys/NAME", with or '
                    f"without a version; found `{written.key[:120]}`",
                )
            for field in ("region", "base_url"):
                if getattr(written, field):
                    faults.report((*path, field), "its key's identifier says where it is: remove this")
    return PayloadKeySettings(
        kind=written.kind, key=written.key, region=written.region, base_url=written.base_url
    )


def tenant_payloads(document: Document, faults: Faults) -> dict[str, TenantPayloadSettings]:
    """Those of the tenants that have their content kept."""
    keys = Names(frozenset(document.payloads.keys))
    shared = document.store.kind != "sqlite"
    return {
        tenant.id: _tenant_payloads(
            tenant.payloads, ("tenants", place, "payloads"), faults, keys, shared=shared
        )
        for place, tenant in enumerate(document.tenants)
        if tenant.payloads.keep != "none"
    }


def _tenant_payloads(
    written: TenantPayloadsTable, path: FieldPath, faults: Faults, keys: Names, *, shared: bool
) -> TenantPayloadSettings:
    days = dict.fromkeys(SENSITIVITY_LABELS, DAYS)
    for label, count in written.retention_days.items():
        field = (*path, "retention_days", label)
        known(faults, field, label, _LABELS, "sensitivity")
        days[label] = whole(faults, field, count, 1, _DAYS_MAX)
    if shared and not written.key:
        faults.report(
            (*path, "key"),
            "expected one of [payloads.keys], because nodes share what is kept and have to share its key; "
            'a `kind = "file"` serves nodes that share the directory `tenant-keys` of their data directories',
        )
    if written.key:
        known(faults, (*path, "key"), written.key, keys, "key of [payloads.keys]")
    most = SENSITIVITY_LABELS[-1] if written.keep == "all" else written.keep
    return TenantPayloadSettings(
        sensitivity_max=Sensitivity(SENSITIVITY_LABELS.index(most)),
        days=(days["public"], days["general"], days["confidential"], days["highly-confidential"]),
        key=written.key,
    )
