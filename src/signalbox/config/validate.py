"""`Document` → `Settings`: what the tables mean, alone and together.

Precedence, where one thing can be said in several places: environment, then file, then default. Only
four things can be said in the environment (`OVERRIDES`); credentials are named here and never read.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from signalbox.config.caches import cache, tenant_caches
from signalbox.config.callers import keys, objectives, tenants
from signalbox.config.catalogue import catalogue
from signalbox.config.checks import Names, known, quantity, text, whole
from signalbox.config.faults import Faults
from signalbox.config.gates import read_gates
from signalbox.config.governed import (
    Directory,
    Recording,
    Released,
    ReleasedTexts,
    content_with,
    terms_of,
)
from signalbox.config.issuers import issuers
from signalbox.config.log import log_settings
from signalbox.config.payloads import payloads, tenant_payloads
from signalbox.config.policies import invariants, policies, report_invariants
from signalbox.config.settings import (
    BreakerSettings,
    DispatchSettings,
    EmbeddedSettings,
    ReleaseSettings,
    RetryBudgetSettings,
    ServerSettings,
    Settings,
    SwitchSettings,
)
from signalbox.config.store import NODE, of_node, store_settings
from signalbox.config.tables import DispatchTable, Document, EmbeddedTable, ServerTable, SwitchesTable
from signalbox.config.units import duration_ms, share_e4, size_bytes
from signalbox.config.workloads import workload_settings
from signalbox.domain.traits import LatencyClass
from signalbox.governance.releases import ContentTampered, ReleaseContent, Terms
from signalbox.ports.provider_kind import Kinds
from signalbox.proof import check_names

PORT: Final = "SIGNALBOX_PORT"
DATA_DIR: Final = "SIGNALBOX_DATA_DIR"
MODELS_DIR: Final = "SIGNALBOX_MODELS_DIR"
OVERRIDES: Final = (PORT, DATA_DIR, MODELS_DIR, NODE)
_LATENCY_CLASSES: Final = Names(frozenset(LatencyClass))
_PORT_MAX: Final = 65_535
_MIB: Final = 1 << 20
_LEASE_MS: Final = (1_000, 4_500)
"""A lease longer than that would break the promise that nothing leaves 5 s after the switch was thrown."""


def validate(
    document: Document,
    faults: Faults,
    *,
    file: Path,
    env: Mapping[str, str],
    now_us: int,
    provider_kinds: Kinds,
    text: str,
    released: Released | None = None,
) -> Settings:
    """Paths in the file are relative to it, paths in the environment to the working directory. `text` is what
    the document was parsed from; with `released`, what governs is read from there.

    Raises `ConfigErrors` with every fault of the file, those that `parse` found included.
    """
    base = file.parent
    release = catalogue(document, faults, now_us=now_us, provider_kinds=provider_kinds)
    sources = Recording(Directory(base) if released is None else ReleasedTexts(released))
    policy, policy_files = policies(document.policy, sources, faults)
    admin = read_gates(document, sources, faults, now_us)
    if admin.text:
        policy = replace(policy, texts={**policy.texts, document.policy.gates: admin.text})
    required, invariants_files = invariants(document.policy, sources, faults)
    terms = terms_of(document, faults)
    named_objectives = objectives(document, faults)
    store = store_settings(document.store, env, faults)
    settings = Settings(
        server=_server(document.server, env, faults),
        dispatch=_dispatch(document.dispatch, faults),
        embedded=_embedded(document.embedded, base, env, faults),
        cache=cache(document, faults),
        log=of_node(log_settings(document.log, base, faults), store),
        store=store,
        switches=_switches(document.switches, faults),
        workloads=workload_settings(document.workloads, faults),
        releases=ReleaseSettings(
            required=document.releases.required,
            number=0 if released is None else released.number,
            content=_content(text, sources, terms, faults) if released is None else released.content,
            terms=terms,
        ),
        catalogue=release,
        policy=policy,
        gates=admin.gates,
        gates_text=admin.text,
        invariants=required,
        places=dict(document.places),
        tenants=tenants(document, faults, named_objectives),
        keys=keys(document, faults),
        issuers=issuers(document, base, faults),
        objectives=named_objectives,
        tenant_objectives={tenant.id: tenant.objective for tenant in document.tenants},
        feature_objectives={tenant.id: dict(tenant.feature_objectives) for tenant in document.tenants},
        tenant_caches=tenant_caches(document, faults),
        payloads=payloads(document, faults),
        tenant_payloads=tenant_payloads(document, faults),
        data_dir=data_directory(document.server, env, base, faults),
        files=(file, *policy_files, *admin.files, *invariants_files),
    )
    if faults.clean(("tenants",), ("boundaries",)):
        missing = check_names(required, {tenant.id for tenant in settings.tenants}, release.boundaries)
        report_invariants(document.policy, missing, faults)
    faults.raise_if_any()
    if released is not None and terms != released.content.terms:
        # What approvals were held against is what people read, or it is not put in force.
        raise ContentTampered(f"the terms of release {released.number} are not those of its texts")
    return settings


def _content(text: str, sources: Recording, terms: Terms, faults: Faults) -> ReleaseContent:
    """Of files with faults there is none."""
    if not faults.clean(()):
        return ReleaseContent(texts=(), terms=terms)
    return content_with(text, sources.texts, terms)


def _server(written: ServerTable, env: Mapping[str, str], faults: Faults) -> ServerSettings:
    port = whole(faults, ("server", "port"), written.port, 0, _PORT_MAX)
    override = env.get(PORT)
    if override:
        if override.isascii() and override.isdecimal() and len(override) <= 5 and int(override) <= _PORT_MAX:
            port = int(override)
        else:
            faults.report_environment(PORT, f"expected a port from 0 to {_PORT_MAX}; found `{override[:20]}`")
    return ServerSettings(
        host=text(faults, ("server", "host"), written.host),
        port=port,
        local_key=written.local_key,
        body_bytes_max=_bytes(faults, "body_bytes_max", written.body_bytes_max, 1_024, 1_024 * _MIB),
        header_bytes_max=_bytes(faults, "header_bytes_max", written.header_bytes_max, 1_024, _MIB),
        header_timeout_ms=quantity(faults, ("server", "header_timeout"), duration_ms, written.header_timeout),
        body_timeout_ms=quantity(faults, ("server", "body_timeout"), duration_ms, written.body_timeout),
        stall_timeout_ms=quantity(faults, ("server", "stall_timeout"), duration_ms, written.stall_timeout),
        idle_timeout_ms=quantity(faults, ("server", "idle_timeout"), duration_ms, written.idle_timeout),
        connections_max=whole(faults, ("server", "connections_max"), written.connections_max, 1, 1_000_000),
        drain_timeout_ms=quantity(faults, ("server", "drain_timeout"), duration_ms, written.drain_timeout),
    )


def _bytes(faults: Faults, field: str, written: str, low: int, high: int) -> int:
    value = quantity(faults, ("server", field), size_bytes, written)
    if not low <= value <= high:
        faults.report(("server", field), f'expected from "{low}B" to "{high}B"; found `{written}`')
    return value


def _dispatch(written: DispatchTable, faults: Faults) -> DispatchSettings:
    path = ("dispatch",)
    breaker = (*path, "breaker")
    open_ms = quantity(faults, (*breaker, "open_for"), duration_ms, written.breaker.open_for)
    open_ms_max = quantity(faults, (*breaker, "open_for_max"), duration_ms, written.breaker.open_for_max)
    if open_ms > open_ms_max:
        faults.report((*breaker, "open_for_max"), f"expected at least open_for, `{written.breaker.open_for}`")
    budget = (*path, "retry_budget")
    for latency_class in written.hedge:
        known(faults, (*path, "hedge", latency_class), latency_class, _LATENCY_CLASSES, "latency class")
    return DispatchSettings(
        attempts_max=whole(faults, (*path, "attempts_max"), written.attempts_max, 1, 20),
        retries=whole(faults, (*path, "retries"), written.retries, 0, 10),
        repairs=whole(faults, (*path, "repairs"), written.repairs, 0, 3),
        backoff_ms=quantity(faults, (*path, "backoff"), duration_ms, written.backoff),
        wait_ms_max=quantity(faults, (*path, "wait_max"), duration_ms, written.wait_max),
        health_cadence_ms=quantity(faults, (*path, "health_cadence"), duration_ms, written.health_cadence),
        breaker=BreakerSettings(
            failures=whole(faults, (*breaker, "failures"), written.breaker.failures, 1, 1_000),
            open_ms=open_ms,
            open_ms_max=open_ms_max,
        ),
        retry_budget=RetryBudgetSettings(
            share=quantity(faults, (*budget, "share"), share_e4, written.retry_budget.share),
            floor=whole(faults, (*budget, "floor"), written.retry_budget.floor, 0, 1_000_000),
        ),
        hedge_ms={
            latency_class: quantity(faults, (*path, "hedge", latency_class), duration_ms, delay)
            for latency_class, delay in written.hedge.items()
        },
    )


def _switches(written: SwitchesTable, faults: Faults) -> SwitchSettings:
    lease_ms = quantity(faults, ("switches", "lease"), duration_ms, written.lease)
    low, high = _LEASE_MS
    if not low <= lease_ms <= high:
        faults.report(
            ("switches", "lease"), f'expected from "{low}ms" to "{high}ms"; found `{written.lease}`'
        )
    return SwitchSettings(lease_ms=lease_ms)


def _embedded(written: EmbeddedTable, base: Path, env: Mapping[str, str], faults: Faults) -> EmbeddedSettings:
    return EmbeddedSettings(
        models_dir=base / written.models_dir
        if written.models_dir and not env.get(MODELS_DIR)
        else models_directory(env),
        threads=whole(faults, ("embedded", "threads"), written.threads, 0, 1_024),
        prefix_cache=written.prefix_cache,
        load_timeout_ms=quantity(faults, ("embedded", "load_timeout"), duration_ms, written.load_timeout),
    )


def models_directory(env: Mapping[str, str]) -> Path:
    """Where model files lie unless the settings say: `$SIGNALBOX_MODELS_DIR`, else `signalbox/models` in the
    user's cache, where one download serves every checkout."""
    if chosen := env.get(MODELS_DIR):
        return Path(chosen).expanduser().absolute()
    cache = env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home()) / ".cache"
    return Path(cache) / "signalbox" / "models"


def data_directory(written: ServerTable, env: Mapping[str, str], base: Path, faults: Faults) -> Path:
    if override := env.get(DATA_DIR):
        return Path(override).absolute()
    if not written.data_dir:
        faults.report(("server", "data_dir"), "expected a directory; found an empty string")
    return base / written.data_dir
