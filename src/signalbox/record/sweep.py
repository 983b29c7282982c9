"""Attempts of which the log knows that they left, and not what became of them.

A process that dies leaves such attempts behind. They may have been billed, so each is closed once, as
`unknown`, with its predicted cost as the estimate; nothing is ever closed as if it had not happened.

It reads what it is handed and returns records; opening the log and writing them is `journal`'s.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.records import DecisionBody, IntentBody, OutcomeBody, Record
from signalbox.ports.log import StoredRecord
from signalbox.record.leaf import read_leaf

PROCESS_DIED: Final = "process_died"
LOG_UNAVAILABLE: Final = "log_unavailable"
_intent: Final = msgspec.json.Decoder(IntentBody)
_decision: Final = msgspec.json.Decoder(DecisionBody)


class OpenAttempt(Struct, frozen=True):
    """An intent without an outcome. `intent` is None where it was erased, `decision` where it is not
    among the records read (or was erased)."""

    tenant: str
    attempt: str
    intent: IntentBody | None
    decision: DecisionBody | None


def open_attempts(records: Iterable[tuple[int, StoredRecord]]) -> tuple[OpenAttempt, ...]:
    """Every attempt with an intent and no outcome among `records`, in the order of their intents.

    Raises `ValueError` on a leaf or a body that cannot be read.
    """
    intents: dict[tuple[str, str], bytes] = {}
    decisions: dict[tuple[str, str], bytes] = {}
    for _, stored in records:
        leaf = read_leaf(stored.leaf)
        if leaf.kind == "intent":
            intents[leaf.tenant, leaf.ref] = stored.body
        elif leaf.kind == "outcome":
            intents.pop((leaf.tenant, leaf.ref), None)
        elif leaf.kind == "decision":
            decisions[leaf.tenant, leaf.ref] = stored.body
    found = []
    for (tenant, attempt), body in intents.items():
        intent = _intent.decode(body) if body else None
        decided = decisions.get((tenant, intent.decision), b"") if intent else b""
        found.append(OpenAttempt(tenant, attempt, intent, _decision.decode(decided) if decided else None))
    return tuple(found)


def closing(attempts: Sequence[OpenAttempt], now_us: int) -> tuple[Record, ...]:
    """One outcome for each: `unknown`, perhaps billed, at its predicted cost."""
    return tuple(
        Record(open_.tenant, "outcome", open_.attempt, now_us, _unknown_outcome(open_)) for open_ in attempts
    )


def never_left(intents: Iterable[Record], now_us: int) -> tuple[Record, ...]:
    """One outcome for each intent that was refused to who would have sent it, and is in the log after all."""
    return tuple(
        Record(
            intent.tenant,
            "outcome",
            intent.ref,
            now_us,
            replace(
                _unknown_outcome(OpenAttempt(intent.tenant, intent.ref, intent.body, None)),
                billed="no",
                detail="nothing was sent: the log could not say in time that it had this intent",
                failure=LOG_UNAVAILABLE,
                status="cancelled",
                tokens_estimated=False,
            ),
        )
        for intent in intents
        if isinstance(intent.body, IntentBody)
    )


def _unknown_outcome(open_: OpenAttempt) -> OutcomeBody:
    intent, decision = open_.intent, open_.decision
    endpoint = intent.endpoint if intent else ""
    plan = decision.plan if decision else ()
    planned = next((place for place in plan if place.endpoint == endpoint), None)
    return OutcomeBody(
        attempt=open_.attempt,
        authorised="unverified",
        billed="maybe",
        cost_nanos=planned.cost_nanos if planned else 0,
        currency=planned.currency if planned else "",
        decision=intent.decision if intent else "",
        detail="the process that sent it ended before its outcome was written",
        elapsed_us=0,
        endpoint=endpoint,
        failure=PROCESS_DIED,
        finish="",
        first_token_us=0,
        served="",
        status="unknown",
        tokens_cached=0,
        tokens_estimated=True,
        tokens_in=decision.tokens_in if decision else 0,
        tokens_out=0,
    )
