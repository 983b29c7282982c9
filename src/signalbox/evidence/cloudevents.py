"""Told → a CloudEvent (1.0, structured JSON): one for each decision, refusal and hit.

Source: cloudevents.io, the core specification and its JSON format. A hop that writes data: content-free.
"""

from typing import Any, Final

from signalbox.domain.records import DecisionBody, DenialBody
from signalbox.evidence.told import Egress, Told
from signalbox.evidence.words import instant, label

SPECVERSION: Final = "1.0"
_FACTS: Final = (
    "app", "boundary", "catalogue", "categories", "code", "decision", "endpoint", "feature", "groups", "key",
    "latency_class", "model", "objective", "operation", "policy", "processor", "reasons", "region", "source",
    "status", "stream", "subject", "target", "task", "tokens_in", "tokens_out_max", "vendor",
)  # fmt: skip
"""Of the first record, as far as its kind has them."""


def cloudevent(told: Told, origin: str) -> dict[str, Any]:
    """`origin`: the log's, which names the source. `id` is unique within it."""
    head = told.head
    kind = (
        "decision" if isinstance(head, DecisionBody) else "denial" if isinstance(head, DenialBody) else "hit"
    )
    return {
        "data": {
            **{name: getattr(head, name) for name in _FACTS if hasattr(head, name)},
            "egresses": [_egress(egress) for egress in told.egresses],
            "record": told.number,
            "sensitivity": label(head),
            "served": _served(told),
        },
        "datacontenttype": "application/json",
        "id": head.decision,
        "source": f"//{origin}/tenants/{told.tenant}",
        "specversion": SPECVERSION,
        "subject": head.operation,
        "time": instant(told.time_us),
        "type": f"signalbox.{kind}.v1",
    }


def _served(told: Told) -> str:
    """The model that the answer came of, empty where there was none."""
    if isinstance(told.head, DecisionBody):
        return told.answered.served if told.answered else ""
    return "" if isinstance(told.head, DenialBody) else told.head.model


def _egress(egress: Egress) -> dict[str, Any]:
    intent, outcome = egress.intent, egress.outcome
    facts: dict[str, Any] = {
        "attempt": intent.attempt,
        "authorised": egress.authorised,
        "endpoint": intent.endpoint,
        "grant": intent.grant,
        "hop": intent.hop,
        "model": intent.model,
        "processor": intent.processor,
        "region": intent.region,
        "served": egress.served,
        "time": instant(egress.time_us),
        "vendor": intent.vendor,
    }
    if outcome is not None:
        facts |= {
            "billed": outcome.billed,
            "cost_nanos": outcome.cost_nanos,
            "currency": outcome.currency,
            "elapsed_us": outcome.elapsed_us,
            "failure": outcome.failure,
            "served_place": outcome.served_place,
            "status": outcome.status,
            "tokens_in": outcome.tokens_in + outcome.tokens_cached + outcome.tokens_cache_written,
            "tokens_out": outcome.tokens_out,
        }
    return facts
