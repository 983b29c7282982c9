"""The shape of `signalbox.toml`, as its author writes it: one Struct a table.

A field without a default must be written. The description of a field is what an error says was
expected there. Nothing here knows what the values mean together: `validate` turns these into the
frozen types that the rest of the house speaks in.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(description="a name of letters, digits, `.`, `_` and `-`")]
Duration = Annotated[str, Meta(description='a duration such as "250ms", "5s", "2m" or "1h"')]
Size = Annotated[str, Meta(description='a size such as "512B", "32KiB" or "8MiB"')]
Amount = Annotated[str, Meta(description='an amount as a decimal string such as "0.15"')]
Share = Annotated[Decimal, Meta(description="a number from 0 to 1 with at most 4 decimals")]
Places = Annotated[tuple[str, ...], Meta(description="an array of names declared in [places]")]
Label = Literal["public", "general", "confidential", "highly-confidential"]
DurableFrom = Literal["public", "general", "confidential"]
"""A tenant may ask for more than the third law owes, never for less."""
CachedUpTo = Literal["public", "general", "confidential"]
"""What is highly confidential is never kept."""


class ServerTable(Struct, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(description="a port from 0 to 65535 (0: any free one)")] = 8484
    data_dir: str = "data"
    local_key: bool = True
    body_bytes_max: Size = "8MiB"
    header_bytes_max: Size = "32KiB"
    header_timeout: Duration = "5s"
    body_timeout: Duration = "15s"
    stall_timeout: Duration = "30s"
    idle_timeout: Duration = "75s"
    connections_max: int = 1_024
    drain_timeout: Duration = "30s"


class BreakerTable(Struct, frozen=True, kw_only=True):
    failures: int = 5
    open_for: Duration = "5s"
    open_for_max: Duration = "60s"


class RetryBudgetTable(Struct, frozen=True, kw_only=True):
    share: Share = Decimal("0.1")
    floor: int = 10


class DispatchTable(Struct, frozen=True, kw_only=True):
    attempts_max: int = 4
    retries: int = 1
    repairs: int = 1
    backoff: Duration = "200ms"
    wait_max: Duration = "2s"
    health_cadence: Duration = "1s"
    breaker: BreakerTable = BreakerTable()
    retry_budget: RetryBudgetTable = RetryBudgetTable()
    hedge: Annotated[
        dict[str, Duration],
        Meta(description='a table: latency class → a duration such as "1500ms"'),
    ] = {}


class SwitchesTable(Struct, frozen=True, kw_only=True):
    lease: Duration = "4s"


class WorkloadsTable(Struct, frozen=True, kw_only=True):
    bytes_max: Size = "32MiB"
    jobs_running: int = 2
    origins: tuple[str, ...] = ()


class EmbeddedTable(Struct, frozen=True, kw_only=True):
    models_dir: str = ""
    threads: int = 0
    prefix_cache: bool = True
    load_timeout: Duration = "300s"


class LogTable(Struct, frozen=True, kw_only=True):
    origin: str = "localhost/signalbox"
    checkpoint: Duration = "10s"
    trusted_checkpoint: str = ""


class StoreTable(Struct, frozen=True, kw_only=True):
    kind: Annotated[
        Literal["sqlite", "postgres"], Meta(description="`sqlite` (the default) or `postgres`")
    ] = "sqlite"
    url_credential: str = ""
    node: str = ""
    connect_timeout: Duration = "2s"
    statement_timeout: Duration = "2s"
    lock_timeout: Duration = "1s"


class CacheTable(Struct, frozen=True, kw_only=True):
    store: Annotated[Literal["memory", "valkey"], Meta(description="`memory` (the default) or `valkey`")] = (
        "memory"
    )
    entries_max: int = 10_000
    bytes_max: Size = "64MiB"
    entry_bytes_max: Size = "256KiB"
    region: str = ""
    place: str = ""
    url: str = ""
    credential: str = ""
    timeout: Duration = "50ms"


class PayloadKeyTable(Struct, frozen=True, kw_only=True):
    kind: Annotated[
        Literal["file", "aws-kms", "azure-key-vault"],
        Meta(description="where the key is: `file`, `aws-kms` or `azure-key-vault`"),
    ]
    key: str = ""
    region: str = ""
    base_url: str = ""


class PayloadsTable(Struct, frozen=True, kw_only=True):
    place: str = ""
    keys: Annotated[
        dict[str, PayloadKeyTable], Meta(description="tables of keys by name, each with its `kind`")
    ] = {}


class VendorTable(Struct, frozen=True, kw_only=True):
    id: Id
    name: Annotated[str, Meta(description="the vendor's name for people")]


class ModelTable(Struct, frozen=True, kw_only=True):
    id: Id
    vendor: Annotated[str, Meta(description="the id of a vendor in [[vendors]]")]
    version: Annotated[str, Meta(description="the model's version, which callers may pin as `model@version`")]
    quality: Annotated[
        dict[str, Share], Meta(description="a table of priors from 0 to 1 by task type, with `default`")
    ]
    licence: str = ""


class LimitsTable(Struct, frozen=True, kw_only=True):
    context_tokens: Annotated[int, Meta(description="how many tokens prompt and answer may have together")]
    output_tokens: Annotated[int, Meta(description="how many tokens an answer may have")]
    concurrency: Annotated[int, Meta(description="how many requests may be in flight at once")]


class SpeedTable(Struct, frozen=True, kw_only=True):
    first_token: Duration
    input_tokens_per_s: Annotated[Decimal, Meta(description="a number of tokens per second above 0")]
    output_tokens_per_s: Annotated[Decimal, Meta(description="a number of tokens per second above 0")]


OptionalAmount = Annotated[str | None, Meta(description='an amount as a decimal string such as "0.15"')]


class PriceTable(Struct, frozen=True, kw_only=True):
    currency: Annotated[str, Meta(description='a currency by its ISO 4217 code such as "USD"')]
    input_per_mtok: Amount
    output_per_mtok: Amount
    cached_input_per_mtok: OptionalAmount = None
    cache_write_per_mtok: OptionalAmount = None
    cache_write_1h_per_mtok: OptionalAmount = None


class LifecycleTable(Struct, frozen=True, kw_only=True):
    available_from: Annotated[date, Meta(description="a date such as 2026-01-31, without quotes")]
    deprecated_from: Annotated[date | None, Meta(description="a date such as 2026-01-31, without quotes")] = (
        None
    )
    retired_from: Annotated[date | None, Meta(description="a date such as 2026-01-31, without quotes")] = None


class TransportTable(Struct, frozen=True, kw_only=True):
    base_url: str = ""
    credential: Annotated[
        str, Meta(description='the name of an environment variable such as "AZURE_OPENAI_KEY"')
    ] = ""
    authentication: Annotated[
        Literal["key", "entra"],
        Meta(description="`key` (the default) or `entra`, a token of Microsoft Entra ID"),
    ] = "key"
    deployment: str = ""
    api_version: str = ""
    surface: Annotated[
        Literal["chat", "responses"],
        Meta(description="which API is asked: `chat` (the default) or `responses`"),
    ] = "chat"
    max_tokens_field: Annotated[
        Literal["max_tokens", "max_completion_tokens"] | None,
        Meta(description="`max_tokens` or `max_completion_tokens`"),
    ] = None
    organization: str = ""
    project: str = ""
    model_file: str = ""
    connect_timeout: Duration = "5s"
    idle_timeout: Duration = "60s"


class EndpointTable(Struct, frozen=True, kw_only=True):
    id: Id
    vendor: Annotated[str, Meta(description="the id of a vendor in [[vendors]]")]
    model: Annotated[str, Meta(description="the id of a model in [[models]]")]
    model_version: str | None = None
    provider: Annotated[str, Meta(description="the kind of provider that reaches it")]
    cloud: Annotated[str, Meta(description="the cloud platform it runs on, or `on-premises`")]
    region: Annotated[str, Meta(description="the region it is called in")]
    operator: Annotated[str, Meta(description="who runs the machines")]
    processor: Annotated[str, Meta(description="who is the legal processor of the data")]
    inference_places: Annotated[
        tuple[str, ...],
        Meta(description="an array of every place where inference may run, as declared in [places]"),
    ]
    storage_places: Annotated[
        tuple[str, ...],
        Meta(description="an array of every place where data rests, as declared in [places]"),
    ]
    retention: Annotated[
        Literal["none", "transient", "days-30", "until-deleted"],
        Meta(description="how long data is kept: `none`, `transient`, `days-30` or `until-deleted`"),
    ]
    trains_on_data: Annotated[bool, Meta(description="true or false: whether the data may train models")]
    contract: Annotated[str, Meta(description="the contract under which data is processed")]
    terms_version: Annotated[str, Meta(description="the version or date of the terms accepted")]
    certifications: tuple[str, ...] = ()
    certified_until: Annotated[
        dict[str, date],
        Meta(description="a table: certification → the first date on which it is no longer valid"),
    ] = {}
    served_names: Annotated[
        tuple[str, ...], Meta(description="an array of the model names it may report as having answered")
    ]
    served_places: tuple[str, ...] = ()
    capabilities: Annotated[tuple[str, ...], Meta(description="an array of names of capabilities")]
    limits: Annotated[LimitsTable, Meta(description="a table of limits")]
    speed: Annotated[SpeedTable, Meta(description="a table with the prior of its speed")]
    price: Annotated[PriceTable, Meta(description="a table with the price per million tokens")]
    lifecycle: Annotated[LifecycleTable, Meta(description="a table of dates")]
    transport: Annotated[TransportTable, Meta(description="a table that says how it is reached")]
    evidence: dict[str, str] = {}


class ObjectiveTable(Struct, frozen=True, kw_only=True):
    """What is absent comes from the built-in objective of the same name."""

    quality: int | None = None
    latency: int | None = None
    cost: int | None = None
    quality_floor: Annotated[
        Decimal | None, Meta(description="a number from 0 to 1 with at most 4 decimals")
    ] = None
    latency_target: Annotated[
        str | None, Meta(description='a duration such as "250ms", "5s", "2m" or "1h"')
    ] = None
    cost_scale: Annotated[str | None, Meta(description='an amount as a decimal string such as "0.15"')] = None


class TenantCacheTable(Struct, frozen=True, kw_only=True):
    enabled: bool = False
    ttl: Duration = "10m"
    sensitivity_max: CachedUpTo = "general"
    scope: Annotated[
        Literal["user", "groups", "tenant"],
        Meta(description="with whom an answer is shared: `user`, `groups` (the default) or `tenant`"),
    ] = "groups"
    any_temperature: bool = False
    alike_model: Annotated[str, Meta(description="the embedding model or endpoint that is asked")] = ""
    alike_min: Share = Decimal("0.95")


class TenantPolicyTable(Struct, frozen=True, kw_only=True):
    unproven: Annotated[
        Literal["refuse", "mark"],
        Meta(
            description="`refuse` (the default) or `mark`: what becomes of a release of which something "
            "cannot be proved"
        ),
    ] = "refuse"


class TenantPayloadsTable(Struct, frozen=True, kw_only=True):
    keep: Annotated[
        Literal["none", "public", "general", "confidential", "all"],
        Meta(
            description="what of its content is kept: `none` (the default), `all`, or what is at most "
            "`public`, `general` or `confidential`"
        ),
    ] = "none"
    retention_days: Annotated[
        dict[str, int], Meta(description="a table: sensitivity → for how many days its content is kept")
    ] = {}
    key: str = ""


class TenantTable(Struct, frozen=True, kw_only=True):
    id: Id
    name: str = ""
    default_label: Label = "general"
    default_boundary: str = "world"
    durable_from: DurableFrom = "confidential"
    serve_without_log: bool = False
    home_cloud: str = ""
    objective: str = "balanced"
    feature_objectives: Annotated[
        dict[str, str],
        Meta(description='a table such as { "excel.formula" = "quality" }, its keys in quotes'),
    ] = {}
    cache: TenantCacheTable = TenantCacheTable()
    payloads: TenantPayloadsTable = TenantPayloadsTable()
    policy: TenantPolicyTable = TenantPolicyTable()


class KeyTable(Struct, frozen=True, kw_only=True):
    id: Id
    tenant: Annotated[str, Meta(description="the id of a tenant in [[tenants]]")]
    sha256: Annotated[str, Meta(description="the SHA-256 of the key as 64 lower-case hex digits")]
    subject: Annotated[str, Meta(description="who uses the key: a user or a service")]
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    app: str = ""
    feature: str = ""
    may_assert: tuple[str, ...] = ()
    expires: Annotated[date | None, Meta(description="a date such as 2026-01-31, without quotes")] = None


class IssuerAppTable(Struct, frozen=True, kw_only=True):
    client: Annotated[str, Meta(description="the id of an app registration, as `azp` of its tokens says it")]
    app: str = ""
    feature: str = ""
    may_assert: tuple[str, ...] = ()
    app_only: bool = False


class IssuerTable(Struct, frozen=True, kw_only=True):
    id: Id
    issuer: Annotated[str, Meta(description="the issuer's address, as `iss` of its tokens says it")]
    audiences: Annotated[tuple[str, ...], Meta(description="an array of what `aud` of a token may say")]
    tenant: str = ""
    tenants: Annotated[dict[str, str], Meta(description="a table: directory (`tid`) → id of a tenant")] = {}
    jwks_url: str = ""
    jwks_file: str = ""
    discovery: bool = False
    algorithms: tuple[str, ...] = ("RS256",)
    clock_skew: Duration = "60s"
    subject_claim: str = "oid"
    groups_claim: str = "groups"
    roles_claim: str = "roles"
    groups: Annotated[dict[str, str], Meta(description="a table: value of the claim → group")] = {}
    roles: Annotated[dict[str, str], Meta(description="a table: value of the claim → role")] = {}
    apps: tuple[IssuerAppTable, ...] = ()
    keys_refresh: Duration = "5m"
    keys_max_age: Duration = "24h"


class PolicyTable(Struct, frozen=True, kw_only=True):
    files: Annotated[tuple[str, ...], Meta(description='an array of patterns such as "policies/*.cedar"')]
    schema: Annotated[str, Meta(description="the path of the Cedar schema")]
    gates: str = ""
    invariants: str = ""
    approvals: int = 1


class ApproverTable(Struct, frozen=True, kw_only=True):
    name: Id
    subject: Annotated[str, Meta(description="who it is as a caller: the `subject` of a key or a token")]
    key: Annotated[str, Meta(description="a public key, as `signalbox release keygen` prints it")]
    also: tuple[str, ...] = ()


class ReleasesTable(Struct, frozen=True, kw_only=True):
    required: bool = False


class Document(Struct, frozen=True, kw_only=True):
    server: ServerTable = ServerTable()
    dispatch: DispatchTable = DispatchTable()
    embedded: EmbeddedTable = EmbeddedTable()
    cache: CacheTable = CacheTable()
    payloads: PayloadsTable = PayloadsTable()
    switches: SwitchesTable = SwitchesTable()
    workloads: WorkloadsTable = WorkloadsTable()
    log: LogTable = LogTable()
    store: StoreTable = StoreTable()
    places: Annotated[dict[str, str], Meta(description="a table: name of a place → what it means")]
    boundaries: Annotated[
        dict[str, Places], Meta(description="a table: name of a boundary → array of the places it allows")
    ]
    vendors: Annotated[tuple[VendorTable, ...], Meta(description="at least one [[vendors]] table")]
    models: Annotated[tuple[ModelTable, ...], Meta(description="at least one [[models]] table")]
    endpoints: Annotated[tuple[EndpointTable, ...], Meta(description="at least one [[endpoints]] table")]
    objectives: dict[str, ObjectiveTable] = {}
    tenants: Annotated[tuple[TenantTable, ...], Meta(description="at least one [[tenants]] table")]
    keys: tuple[KeyTable, ...] = ()
    issuers: tuple[IssuerTable, ...] = ()
    policy: Annotated[PolicyTable, Meta(description="a table with `files` and `schema`")]
    approvers: tuple[ApproverTable, ...] = ()
    releases: ReleasesTable = ReleasesTable()
