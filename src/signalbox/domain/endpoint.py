"""The registry: vendors, models and endpoints, each fact as the tuple that compliance needs.

A `CatalogueRelease` is immutable and content-addressed. An endpoint is one model, offered by one
operator in one place under one contract; "hosted on Azure" alone says nothing about where inference
may run or who processes the data, so each of those is a field of its own.
"""

from typing import Literal

from msgspec import Struct

from signalbox.domain.canonical import content_hash
from signalbox.domain.money import Price

ProviderKind = str
"""Name of a registered provider adapter: `embedded`, `openai-compatible`, …"""


class Vendor(Struct, frozen=True, kw_only=True):
    id: str
    name: str


class Model(Struct, frozen=True, kw_only=True):
    """`quality` is the prior by task type, in 1e-4; `default` stands for the tasks not named."""

    id: str
    vendor: str
    version: str
    quality: dict[str, int]
    licence: str = ""


class Lifecycle(Struct, frozen=True, kw_only=True):
    """Dates as microseconds since the epoch, UTC; absent means none was announced."""

    available_from_us: int
    deprecated_from_us: int | None = None
    retired_from_us: int | None = None


class Limits(Struct, frozen=True, kw_only=True):
    """What the endpoint takes. `concurrency` bounds our own requests in flight."""

    context_tokens: int
    output_tokens: int
    concurrency: int


class Speed(Struct, frozen=True, kw_only=True):
    """Latency prior, until it has been measured here."""

    first_token_us: int
    input_token_us: int
    output_token_us: int


class Transport(Struct, frozen=True, kw_only=True):
    """How it is reached. `credential` names an environment variable; the secret is never in a file.

    `max_tokens_field` empty: as the provider's kind usually has it. `organization` and `project` are the
    vendor's names for whose account it is.
    """

    base_url: str = ""
    credential: str = ""
    authentication: Literal["key", "entra"] = "key"
    deployment: str = ""
    api_version: str = ""
    surface: Literal["chat", "responses"] = "chat"
    max_tokens_field: Literal["", "max_tokens", "max_completion_tokens"] = ""
    organization: str = ""
    project: str = ""
    model_file: str = ""
    connect_timeout_ms: int = 5_000
    idle_timeout_ms: int = 60_000


class Endpoint(Struct, frozen=True, kw_only=True):
    id: str
    vendor: str
    model: str
    model_version: str
    provider: ProviderKind
    cloud: str
    region: str
    operator: str
    processor: str
    inference_places: tuple[str, ...]  # never empty: an empty set is contained in every boundary
    storage_places: tuple[str, ...]  # empty only where retention is `none`
    retention: Literal["none", "transient", "days-30", "until-deleted"]
    trains_on_data: bool
    contract: str
    terms_version: str
    certifications: tuple[str, ...]
    certified_until_us: dict[str, int] = {}  # certification → when it ends; absent: no end was announced
    served_names: tuple[str, ...]  # model names that the endpoint may report as having answered
    served_places: tuple[str, ...] = ()  # places that it may report, in the vendor's words (`us`, `global`)
    capabilities: int  # Capability bits
    limits: Limits
    speed: Speed
    price: Price
    lifecycle: Lifecycle
    transport: Transport
    evidence: dict[str, str]  # field → where it is written down


class CatalogueRelease(Struct, frozen=True, kw_only=True):
    """Everything the registry holds, in file order. `boundaries` maps a name to the places it allows."""

    vendors: tuple[Vendor, ...]
    models: tuple[Model, ...]
    endpoints: tuple[Endpoint, ...]
    boundaries: dict[str, tuple[str, ...]]

    @property
    def hash(self) -> str:
        """Recomputed at each call: keep it beside the release (see `Catalogue`)."""
        return content_hash(self)


class Catalogue:
    """A release with its hash and its indexes; immutable by convention and shared freely."""

    __slots__ = ("endpoints", "hash", "index", "models", "release", "vendors")

    def __init__(self, release: CatalogueRelease) -> None:
        self.release = release
        self.hash = release.hash
        self.endpoints = release.endpoints
        self.index = {endpoint.id: place for place, endpoint in enumerate(release.endpoints)}
        self.models = {model.id: model for model in release.models}
        self.vendors = {vendor.id: vendor for vendor in release.vendors}

    def endpoint(self, endpoint_id: str) -> Endpoint:
        """Raises `KeyError` for an id that this release does not hold."""
        return self.endpoints[self.index[endpoint_id]]
