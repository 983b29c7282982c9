"""What the files say, validated and frozen: all that the composition root needs to build the house.

It deliberately holds no credential, only the names under which they are found.
"""

from pathlib import Path
from typing import Literal

from msgspec import Struct

from signalbox.domain.endpoint import CatalogueRelease
from signalbox.domain.plan import Objective
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.gates import Gates
from signalbox.governance.releases import ReleaseContent, Terms
from signalbox.identity.issuer import Issuer
from signalbox.proof import Invariants


class ServerSettings(Struct, frozen=True, kw_only=True):
    """`port` 0 takes any free one. `local_key`: a key for this machine is made at the first start."""

    host: str
    port: int
    local_key: bool
    body_bytes_max: int
    header_bytes_max: int
    header_timeout_ms: int
    body_timeout_ms: int
    stall_timeout_ms: int
    idle_timeout_ms: int
    connections_max: int
    drain_timeout_ms: int


class BreakerSettings(Struct, frozen=True, kw_only=True):
    """Open after `failures` in a row, for `open_ms`, doubled at each failed probe up to `open_ms_max`."""

    failures: int
    open_ms: int
    open_ms_max: int


class RetryBudgetSettings(Struct, frozen=True, kw_only=True):
    """Of an endpoint's requests in the last minute `share` (in 1e-4) may be repeated, and `floor` more."""

    share: int
    floor: int


class DispatchSettings(Struct, frozen=True, kw_only=True):
    """`attempts_max` bounds a whole request, `retries` the further tries at one endpoint, `repairs` how often
    one endpoint is shown what was wrong with its output. `hedge_ms`: by latency class, after how long another
    endpoint is asked as well; a class that is absent is not hedged.

    `wait_ms_max` bounds back-off and how long a vendor's `retry-after` is honoured before going elsewhere.
    """

    attempts_max: int
    retries: int
    repairs: int
    backoff_ms: int
    wait_ms_max: int
    health_cadence_ms: int
    breaker: BreakerSettings
    retry_budget: RetryBudgetSettings
    hedge_ms: dict[str, int]


class EmbeddedSettings(Struct, frozen=True, kw_only=True):
    """`threads` 0: physical cores − 1, at least 1. `prefix_cache`: as the adapter's."""

    models_dir: Path
    threads: int
    prefix_cache: bool
    load_timeout_ms: int


class LogSettings(Struct, frozen=True, kw_only=True):
    """`origin` names the log in its checkpoints, of which one is signed every `checkpoint_ms` while there is
    something new. `trusted_checkpoint`: a file with one that the operator keeps: the log is held to it."""

    origin: str
    checkpoint_ms: int
    trusted_checkpoint: Path | None


class StoreSettings(Struct, frozen=True, kw_only=True):
    """`sqlite`: in the data directory. `postgres`: in the database whose address the environment variable
    `url_credential` has, as the node `node` (empty with `sqlite`); the bounds are in ms."""

    kind: Literal["sqlite", "postgres"]
    url_credential: str
    node: str
    connect_ms: int
    statement_ms: int
    lock_ms: int


class SwitchSettings(Struct, frozen=True, kw_only=True):
    """`lease_ms`: for how long what is known of the kill switch is relied on without a new reading."""

    lease_ms: int


class ReleaseSettings(Struct, frozen=True, kw_only=True):
    """`required`: what governs is served from the published release, and without one nothing is. `number` is
    the release that these settings were read from; 0: from the files. `content` is what governs, as it is
    written; `terms` what that says of the approval of the next release."""

    required: bool
    number: int
    content: ReleaseContent
    terms: Terms


class CacheSettings(Struct, frozen=True, kw_only=True):
    """Where answers are kept. `region` names the cell that shares it, `place` where it stands (empty: in this
    process). `credential` names an environment variable. `timeout_ms`, `url` and `credential` are those of a
    `valkey`; what bounds that is its own `maxmemory`."""

    store: Literal["memory", "valkey"]
    entries_max: int
    bytes_max: int
    entry_bytes_max: int
    region: str
    place: str
    url: str
    credential: str
    timeout_ms: int


class TenantCacheSettings(Struct, frozen=True, kw_only=True):
    """Of a tenant that has its answers kept; as `recall.RecallRules`."""

    ttl_ms: int
    sensitivity_max: Sensitivity
    scope: Literal["user", "groups", "tenant"]
    any_temperature: bool
    alike_model: str = ""
    alike_min_e4: int = 9_500


class PayloadKeySettings(Struct, frozen=True, kw_only=True):
    """A wrapping key: `key` is its name at the service, `base_url` where that is, empty if as usual."""

    kind: Literal["file", "aws-kms", "azure-key-vault"]
    key: str
    region: str
    base_url: str


class PayloadSettings(Struct, frozen=True, kw_only=True):
    """Kept content: `place` is where it stands, one of the catalogue's; `keys` by name."""

    place: str
    keys: dict[str, PayloadKeySettings]


class TenantPayloadSettings(Struct, frozen=True, kw_only=True):
    """Of a tenant that has its content kept: up to a sensitivity, for how many `days` by sensitivity, and
    under which of the keys (empty: one of its own, in a file)."""

    sensitivity_max: Sensitivity
    days: tuple[int, int, int, int]
    key: str


class WorkloadSettings(Struct, frozen=True, kw_only=True):
    """`bytes_max` bounds a request with its files; `origins` are the pages that a browser lets ask."""

    bytes_max: int
    jobs_running: int
    origins: frozenset[str]


class KeySettings(Struct, frozen=True, kw_only=True):
    """A caller's key by the SHA-256 of its text (lower-case hex). `expires_us`: from then on refused."""

    id: str
    tenant: str
    sha256: str
    subject: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    app: str
    feature: str
    may_assert: frozenset[str]
    expires_us: int | None


class Settings(Struct, frozen=True, kw_only=True):
    """Paths are absolute. `files` is everything that was read, the settings file first.

    `objectives` holds the four built-in names and any of the file's own. `tenant_objectives` has every
    tenant; `feature_objectives` maps a tenant to `app.feature` → objective, which wins over the tenant's.
    `policy` holds what the admin gates became beside the rules written by hand; `gates_text` is the former
    alone, empty where no gates are named. `places` maps each place to what it means, in the author's words.
    """

    server: ServerSettings
    dispatch: DispatchSettings
    embedded: EmbeddedSettings
    cache: CacheSettings
    switches: SwitchSettings
    workloads: WorkloadSettings
    log: LogSettings
    store: StoreSettings
    releases: ReleaseSettings
    catalogue: CatalogueRelease
    policy: PolicyRelease
    gates: Gates
    gates_text: str
    invariants: Invariants
    places: dict[str, str]
    tenants: tuple[Tenant, ...]
    keys: tuple[KeySettings, ...]
    issuers: tuple[Issuer, ...]
    objectives: dict[str, Objective]
    tenant_objectives: dict[str, str]
    feature_objectives: dict[str, dict[str, str]]
    tenant_caches: dict[str, TenantCacheSettings]
    payloads: PayloadSettings
    tenant_payloads: dict[str, TenantPayloadSettings]
    data_dir: Path
    files: tuple[Path, ...]
