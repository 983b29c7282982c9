"""Drafts of a catalogue and of prices, read to be tried and not to be put in force.

A draft's catalogue is a settings file of which only the registry's tables are read; a price list has a table
`[prices.ENDPOINT]` for each endpoint. It deliberately builds no `Settings`.
"""

from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct

from signalbox.config.catalogue import catalogue
from signalbox.config.checks import Names, known
from signalbox.config.endpoints import price
from signalbox.config.faults import ConfigErrors
from signalbox.config.parse import parse, parse_as
from signalbox.config.tables import PriceTable
from signalbox.domain.endpoint import CatalogueRelease
from signalbox.domain.errors import ConfigError
from signalbox.domain.money import Price
from signalbox.ports.provider_kind import Kinds

_REGISTRY: Final = frozenset(("places", "boundaries", "vendors", "models", "endpoints"))


class PriceList(Struct, frozen=True, kw_only=True):
    prices: Annotated[dict[str, PriceTable], Meta(description="a table [prices.ENDPOINT] for each endpoint")]


def draft_catalogue(path: Path, *, now_us: int, provider_kinds: Kinds) -> CatalogueRelease:
    """Raises `ConfigErrors` with every fault of the registry's tables."""
    document, faults = parse(_text(path), str(path))
    release = catalogue(document, faults, now_us=now_us, provider_kinds=provider_kinds)
    try:
        faults.raise_if_any()
    except ConfigErrors as found:
        registry = [error for error in found.errors if _table_of(error.field) in _REGISTRY]
        if registry:
            raise ConfigErrors(registry) from None
    return release


def draft_prices(path: Path, endpoints: frozenset[str]) -> dict[str, Price]:
    """By endpoint, each of `endpoints`. Raises `ConfigErrors`."""
    written, faults = parse_as(PriceList, _text(path), str(path))
    made = {}
    for endpoint, table in written.prices.items():
        known(faults, ("prices", endpoint), endpoint, Names(endpoints), "endpoint")
        made[endpoint] = price(table, ("prices", endpoint), faults)
    faults.raise_if_any()
    return made


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "input or output failed").lower()
        raise ConfigErrors([ConfigError(f"cannot read the draft: {reason}", file=str(path))]) from None
    except UnicodeDecodeError:
        raise ConfigErrors([ConfigError("not UTF-8, which TOML is written in", file=str(path))]) from None


def _table_of(field: str) -> str:
    return field.partition(".")[0].partition("[")[0]
