"""How a kind of provider makes itself known, ours and anybody else's.

A distribution names its kinds in the entry-point group `signalbox.providers`; behind each name stands a
`Kind`. A kind is loaded when the settings have an endpoint of it, and not before; its name alone is what a
misspelt one is held against. `docs/howto/add-a-provider.md` walks through one.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.ports.clock import Clock
from signalbox.ports.provider import Provider
from signalbox.ports.secrets import Secrets

GROUP: Final = "signalbox.providers"


class LocalModels(Struct, frozen=True, kw_only=True):
    """What models that run on this machine may use. `threads` 0: as many as suit it."""

    models_dir: Path
    log_dir: Path
    threads: int
    prefix_cache: bool
    load_timeout_ms: int


class Surroundings(Struct, frozen=True, kw_only=True):
    """What a provider is made from. `secrets` are read by the names that endpoints give, at each use."""

    clock: Clock
    secrets: Secrets
    local_models: LocalModels


class Mistake(Struct, frozen=True):
    """What is wrong with a field of an endpoint (`transport.base_url`, `inference_places`), in lower-case
    words that say what is right."""

    field: str
    words: str


def _none(endpoint: Endpoint) -> Iterable[Mistake]:
    return ()


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of provider.

    `make`: the provider of all endpoints of this kind; called at most once, and nothing may be sent by it.
    `expresses`: the Capability bits that requests of an endpoint with this transport can say at all, whatever
    the model behind it is able to; an endpoint that claims another is refused.
    `needs` and `uses`: the fields of `transport` without which it is not reached, and those that it has a
    use for besides. All have one for `connect_timeout` and `idle_timeout`.
    `check`: what else is wrong with an endpoint.
    """

    make: Callable[[Surroundings], Provider]
    expresses: Callable[[Transport], int]
    needs: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    check: Callable[[Endpoint], Iterable[Mistake]] = _none


class Kinds(Protocol):
    """The kinds that are installed."""

    @property
    def names(self) -> frozenset[str]: ...

    def kind(self, name: str) -> Kind:
        """Load it. Raises `ValueError`, in words, for one that cannot be: its code does not import, it is not
        a `Kind`, or two distributions claim the name."""
