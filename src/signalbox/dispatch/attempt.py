"""One attempt on the books: what its records say, and what it is taken to have cost."""

import asyncio
from typing import Final, Literal

from msgspec import Struct

from signalbox.dispatch.health import Seen
from signalbox.dispatch.interlock import Permission
from signalbox.dispatch.race import Race
from signalbox.dispatch.repair import Asked
from signalbox.dispatch.step import Send
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import REACTIONS, FailureKind, ProviderFailure
from signalbox.domain.money import Money, Usage
from signalbox.domain.plan import Plan, PlannedAttempt
from signalbox.domain.records import IntentBody, OutcomeBody, Record, WithdrawnBody
from signalbox.domain.reply import (
    CONTENT,
    Delta,
    Event,
    Finished,
    Metered,
    Reply,
    Served,
    TextDelta,
    ThinkingSealed,
    ToolDelta,
)
from signalbox.domain.request import Request
from signalbox.domain.traits import Facts
from signalbox.normalise.structured import SlowCheck

_NAME_MAX: Final = 128
_CHARACTERS_PER_TOKEN: Final = 4  # for what was relayed and never metered


Status = Literal["ok", "failed", "cancelled"]


class Order(Struct, frozen=True):
    """A decision on its way to be carried out. `started_us` is monotonic; `durable`: the request is
    protected, so its intent is on disk before bytes leave, and an answer from elsewhere is withheld.
    `latency_class` chooses the hedge. With `check` the reply comes whole, even where the request asks for a
    stream; `judged` is the task for which its verdict counts, empty where it does not."""

    decision: str
    plan: Plan
    request: Request
    facts: Facts
    tokens_in: int
    seed: int
    started_us: int
    durable: bool
    latency_class: str = ""
    check: SlowCheck | None = None
    judged: str = ""


class Hop(Struct, frozen=True):
    """One step of an order: attempt `number` (from 1) puts `asked` to `planned`; `deadline_us` is monotonic.
    With `race`, another may answer first."""

    order: Order
    number: int
    planned: PlannedAttempt
    step: Send
    deadline_us: int
    asked: Asked
    race: Race | None = None

    @property
    def alternatives(self) -> int:
        """How many places of the plan lie behind this one."""
        return len(self.order.plan.attempts) - self.step.place - 1


class Settlement(Struct, frozen=True):
    """What became of the attempt that served: known at the end of a reply or a stream."""

    usage: Usage
    cost: Money
    served_model: str
    finish: str


class Attempt:
    """Collects what happens between an intent and its outcome. Times are monotonic µs; `admission` is the
    breaker's, `change` the interlock's when it permitted this. `misrouted` says who answered instead of who
    was authorised; `whole`: the vendor has done and told everything. `cut`: why the kill switch ends it;
    `waiter`: the task that waits for the vendor."""

    __slots__ = (
        "admission", "change", "characters", "cut", "endpoint", "finish", "first_us", "hop", "id",
        "misrouted", "notes", "place", "seen", "sent_us", "served", "started_us", "usage", "waiter", "whole",
    )  # fmt: skip

    def __init__(
        self, hop: Hop, endpoint: Endpoint, seen: Seen, admission: int, started_us: int, change: int
    ) -> None:
        self.hop = hop
        self.id = f"{hop.order.decision}.{hop.number}"
        self.endpoint = endpoint
        self.seen = seen
        self.admission = admission
        self.started_us = started_us
        self.change = change
        self.cut = ""
        self.waiter: asyncio.Task[object] | None = None
        self.sent_us = 0
        self.first_us = 0
        self.characters = 0
        self.usage: Usage | None = None
        self.served = ""
        self.place = ""
        self.misrouted = ""
        self.finish = ""
        self.whole = False
        self.notes = hop.asked.request.notes

    def note(self, words: str) -> None:
        """The provider says what it could not say exactly in the vendor's dialect."""
        if words not in self.notes:
            self.notes = (*self.notes, words)

    def cut_off(self, words: str) -> None:
        """End it wherever it is: who waits for the vendor is woken, who reads finds `cut` next."""
        if not self.cut:
            self.cut = words
            if self.waiter is not None:
                self.waiter.cancel()

    def killed(self) -> ProviderFailure | None:
        """Asked by a waiter that was cancelled: what to raise instead, where it was the kill switch alone."""
        if not self.cut or self.waiter is None or self.waiter.uncancel():
            return None
        return ProviderFailure(FailureKind.WITHDRAWN, self.cut)

    def intent(self, permission: Permission, now_us: int) -> Record:
        """`now_us` is wall clock."""
        hop, endpoint = self.hop, self.endpoint
        order, ident = hop.order, self.id
        return Record(
            order.facts.tenant,
            "intent",
            ident,
            now_us,
            IntentBody(
                attempt=ident,
                catalogue=permission.catalogue,
                decision=order.decision,
                durable=order.durable,
                endpoint=endpoint.id,
                grant=permission.grant,
                hop=hop.step.hop,
                kill_epoch=permission.kill_epoch,
                model=endpoint.model,
                number=hop.number,
                policy=permission.policy,
                processor=endpoint.processor,
                region=endpoint.region,
                vendor=endpoint.vendor,
            ),
        )

    def saw(self, event: Event) -> None:
        """Read along with a stream."""
        if type(event) is TextDelta:  # nearly all are
            self.characters += len(event.text)
        elif isinstance(event, CONTENT):
            self.characters += _length(event)
        elif isinstance(event, Finished):
            self.finish = event.reason
        elif isinstance(event, Metered):
            self.usage = None if event.usage.estimated else event.usage
        elif isinstance(event, Served):
            self._answered(event.model, event.place)

    def took(self, reply: Reply) -> None:
        """Read a whole reply. Where the vendor gave no usage, what was relayed is counted instead."""
        self.whole = True
        self._answered(reply.served_model, reply.served_place)
        if reply.choices:
            self.finish = reply.choices[0].finish
        if not reply.usage.estimated:
            self.usage = reply.usage
            return
        for choice in reply.choices:
            self.characters += len(choice.text) + len(choice.reasoning) + len(choice.refusal)
            self.characters += sum(len(use.arguments) for use in choice.tool_uses)

    def settlement(self) -> Settlement:
        """By the vendor's figures; where it gave none, by what was sent and relayed, marked as estimated."""
        usage = self.usage
        if usage is None:
            relayed = -(-self.characters // _CHARACTERS_PER_TOKEN)
            usage = Usage(input=self.hop.asked.tokens_in, output=relayed, estimated=True)
        return Settlement(usage, self.endpoint.price.cost(usage), self.served, self.finish)

    def outcome(
        self,
        status: Status,
        failure: ProviderFailure | None,
        settled: Settlement,
        authorised: str,
        now_us: int,
        wall_us: int,
    ) -> Record:
        """`now_us` is monotonic, `wall_us` the wall clock."""
        order, ident = self.hop.order, self.id
        usage, cost_nanos = settled.usage, settled.cost.nanos
        billed = "yes" if failure is None or self.whole else self._billed(failure)
        if billed == "no":
            usage, cost_nanos = Usage(), 0
        outcome = OutcomeBody(
            ident,
            authorised,
            billed,
            cost_nanos,
            settled.cost.currency,
            order.decision,
            self._remark() if failure is None else failure.detail,
            now_us - self.started_us,
            self.endpoint.id,
            "" if failure is None else failure.kind,
            self.finish,
            self.first_us and self.first_us - self.started_us,
            self.notes,
            self.served,
            self.place,
            status,
            usage.cache_write + usage.cache_write_1h,
            usage.cached_input,
            usage.estimated,
            usage.input,
            usage.output,
        )
        return Record(order.facts.tenant, "outcome", ident, wall_us, outcome)

    @property
    def authorised(self) -> str:
        """Whether who answered is who was authorised, by what was reported. Nothing reported, nothing known:
        it is never taken for compliance."""
        if self.misrouted:
            return "mismatch"
        return "confirmed" if self.served else "unverified"

    def _billed(self, failure: ProviderFailure) -> str:
        """Of an attempt that failed before the vendor had told everything."""
        if not self.sent_us:
            return "no"
        if self.cut:
            return "maybe"
        if not REACTIONS[failure.kind].billed and not self.first_us:
            return "no"
        return "maybe"  # money that may have been spent is settled as estimated, never as nothing

    def _remark(self) -> str:
        return f"{self.misrouted}, which the registry does not list" if self.misrouted else ""

    def _answered(self, model: str, place: str) -> None:
        self.served, self.place = model, place
        if place or model not in self.endpoint.served_names:
            self.misrouted = misrouting(self.endpoint, model, place)


def misrouting(endpoint: Endpoint, model: str, place: str) -> str:
    """Who answered, where it is not who the registry says may; else nothing. Empty: not reported."""
    if model and model not in endpoint.served_names:
        return f"answered as `{_shown(model)}`"
    if place and not may_answer_from(endpoint, place):
        return f"answered in `{_shown(place)}`"
    return ""


def may_answer_from(endpoint: Endpoint, place: str) -> bool:
    """Whether the place that a vendor reported is one that the registry lists: by our name or by its own."""
    return place in endpoint.served_places or place in endpoint.inference_places


def _shown(name: str) -> str:
    """A vendor's name, fit for a log line."""
    name = name[:_NAME_MAX]
    return name if name.isprintable() else "".join([c if c.isprintable() else "?" for c in name])


def _length(event: Delta | ThinkingSealed) -> int:
    if isinstance(event, ToolDelta):
        return len(event.arguments)
    return 0 if isinstance(event, ThinkingSealed) else len(event.text)


def withdrawn(hop: Hop, reasons: tuple[str, ...], permission: Permission, now_us: int) -> Record:
    """The record of an attempt that was stopped before its intent."""
    attempt = f"{hop.order.decision}.{hop.number}"
    return Record(
        hop.order.facts.tenant,
        "withdrawn",
        attempt,
        now_us,
        WithdrawnBody(
            attempt=attempt,
            decision=hop.order.decision,
            endpoint=hop.planned.endpoint,
            kill_epoch=permission.kill_epoch,
            policy=permission.policy,
            reasons=reasons,
        ),
    )
