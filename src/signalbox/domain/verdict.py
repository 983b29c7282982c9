"""Policy's answer for every endpoint of a catalogue."""

from msgspec import Struct


class PolicyRelease(Struct, frozen=True, kw_only=True):
    """Cedar texts (name → text) and the schema they are validated against. Named by its content hash."""

    texts: dict[str, str]
    schema: str


class Verdict(Struct, frozen=True):
    """One answer per endpoint, in catalogue order.

    `permitted[i]` is the answer for `catalogue.endpoints[i]`; `reasons[i]` names the rules that decided
    it: the permits that let it through, the forbids that stopped it, or the error that denied it.
    The verdict holds until `valid_until_us` (microseconds since the epoch), when a term or a lifecycle
    date changes what the facts mean; `None` if nothing is due.
    """

    policy: str
    catalogue: str
    permitted: tuple[bool, ...]
    reasons: tuple[tuple[str, ...], ...]
    valid_until_us: int | None = None
