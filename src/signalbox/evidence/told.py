"""One decision together with what became of it, as exporters are handed it: records of the log, put together.

It has no prompt and no reply, because the log has none; users, keys and groups are pseudonyms.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from signalbox.domain.records import DecisionBody, DenialBody, HitBody, IntentBody, OutcomeBody
from signalbox.evidence.gather import Span
from signalbox.ports.log import StoredRecord

Head = DecisionBody | DenialBody | HitBody
_HEADS: Final = {"decision": DecisionBody, "denial": DenialBody, "hit": HitBody}


class Egress(Struct, frozen=True):
    """An attempt that left. `outcome` is None while it is under way, and where it is not known."""

    intent: IntentBody
    time_us: int
    outcome: OutcomeBody | None

    @property
    def served(self) -> str:
        """The model that the endpoint reported; where it reported none, the one that was asked."""
        return (self.outcome.served if self.outcome else "") or self.intent.model

    @property
    def authorised(self) -> str:
        """`confirmed`, `mismatch` or `unverified`."""
        found = self.outcome.authorised if self.outcome else msgspec.UNSET
        return found if isinstance(found, str) else "unverified"


class Told(Struct, frozen=True):
    """`number` of its first record, `time_us` of that record."""

    tenant: str
    number: int
    time_us: int
    head: Head
    egresses: tuple[Egress, ...]

    @property
    def answered(self) -> Egress | None:
        """Who gave the answer."""
        for egress in self.egresses:
            if egress.outcome is not None and egress.outcome.status == "ok":
                return egress
        return None


class _Leaf(Struct):
    kind: str
    tenant: str
    time_us: int


_leaf: Final = msgspec.json.Decoder(_Leaf)
_heads: Final = {kind: msgspec.json.Decoder(body) for kind, body in _HEADS.items()}
_intent: Final = msgspec.json.Decoder(IntentBody)
_outcome: Final = msgspec.json.Decoder(OutcomeBody)


def told(records: Iterable[tuple[int, StoredRecord]], span: Span) -> Iterator[Told]:
    """Each decision, refusal and hit of the span, in the log's order; erased ones are left out.

    Memory grows with the decisions of the span. Raises `msgspec.ValidationError` for a record of another
    version's shape.
    """
    heads: dict[str, tuple[int, int, Head]] = {}
    sent: dict[str, list[tuple[IntentBody, int]]] = {}
    came: dict[str, OutcomeBody] = {}
    for number, stored in records:
        leaf = _leaf.decode(stored.leaf)
        if leaf.tenant != span.tenant or not stored.body or leaf.time_us < span.from_us:
            continue
        if leaf.kind in _heads and leaf.time_us < span.to_us:
            head = _heads[leaf.kind].decode(stored.body)
            heads[head.decision] = (number, leaf.time_us, head)
        elif leaf.kind == "intent":
            intent = _intent.decode(stored.body)
            if intent.decision in heads:
                sent.setdefault(intent.decision, []).append((intent, leaf.time_us))
        elif leaf.kind == "outcome":
            outcome = _outcome.decode(stored.body)
            if outcome.decision in heads:
                came[outcome.attempt] = outcome
    for decision, (number, time_us, head) in heads.items():
        egresses = tuple(
            Egress(intent, at_us, came.get(intent.attempt)) for intent, at_us in sent.get(decision, ())
        )
        yield Told(span.tenant, number, time_us, head, egresses)
