"""What must hold for every request: `deny when … on … unless …`, as values.

A predicate speaks of a request, of an endpoint, or of how the two lie to each other. `claims` says what
each means. How it is written is `grammar`'s business, and `docs/reference/invariants.md` explains it.
"""

from typing import Literal

from msgspec import Struct

from signalbox.domain.canonical import content_hash
from signalbox.domain.errors import SignalboxError

RequestFact = Literal["app", "feature", "boundary"]
EndpointFact = Literal[
    "endpoint", "vendor", "model", "version", "provider", "cloud", "region", "operator", "processor",
    "retention", "contract", "terms",
]  # fmt: skip
Flag = Literal["trains on data", "available", "deprecated"]
Use = Literal["infers", "stores"]


class Anything(Struct, frozen=True, tag="anything"):
    pass


class Not(Struct, frozen=True, tag="not"):
    of: "Predicate"


class All(Struct, frozen=True, tag="all"):
    of: tuple["Predicate", ...]


class Either(Struct, frozen=True, tag="any"):
    of: tuple["Predicate", ...]


class RequestIs(Struct, frozen=True, tag="request-is"):
    fact: RequestFact
    value: str


class BoundaryWithin(Struct, frozen=True, tag="boundary-within"):
    """The places that the request's boundary allows all lie in the boundary named."""

    boundary: str


class SensitivityFrom(Struct, frozen=True, tag="sensitivity-from"):
    """At `level` or above."""

    level: int


class Category(Struct, frozen=True, tag="category"):
    name: str


class InGroup(Struct, frozen=True, tag="in-group"):
    """Of whichever tenant asks."""

    name: str


class EndpointIs(Struct, frozen=True, tag="endpoint-is"):
    fact: EndpointFact
    value: str


class InHomeCloud(Struct, frozen=True, tag="in-home-cloud"):
    """On the platform that is the tenant's own; false for a tenant that has none."""


class Outside(Struct, frozen=True, tag="outside"):
    """Some place of this use lies outside the boundary: the one named, or the request's if it is empty."""

    use: Use
    boundary: str


class UsesPlace(Struct, frozen=True, tag="uses-place"):
    use: Use
    place: str


class Certified(Struct, frozen=True, tag="certified"):
    name: str


class Flagged(Struct, frozen=True, tag="flagged"):
    flag: Flag


Predicate = (
    Anything | Not | All | Either | RequestIs | BoundaryWithin | SensitivityFrom | Category | InGroup
    | EndpointIs | InHomeCloud | Outside | UsesPlace | Certified | Flagged
)  # fmt: skip


class Invariant(Struct, frozen=True):
    """No request of these tenants (none named: of every tenant) for which `denies` holds reaches such an
    endpoint."""

    name: str
    tenants: tuple[str, ...]
    denies: Predicate


class Mention(Struct, frozen=True):
    """A name that has to be there, and where it stands in the text (from 1)."""

    kind: Literal["tenant", "boundary"]
    name: str
    line: int
    column: int


class Invariants(Struct, frozen=True):
    """In the order in which they were written. `mentions` do not count for `hash`."""

    items: tuple[Invariant, ...] = ()
    mentions: tuple[Mention, ...] = ()

    @property
    def hash(self) -> str:
        """Of what they mean, whatever their layout and the names of built-in ones."""
        return content_hash(self.items)


class InvariantFault(Struct, frozen=True):
    """What is wrong, and where: line and column count from 1."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class InvariantsInvalid(SignalboxError):
    """They cannot be read, or name what is not there. `faults` holds all that were found, in file order."""

    code = "invariants_invalid"

    def __init__(self, faults: tuple[InvariantFault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
