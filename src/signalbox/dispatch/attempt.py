"""One attempt on the books: what its records say, and what it is taken to have cost."""

from typing import Final, Literal

from msgspec import Struct

from signalbox.dispatch.health import Seen
from signalbox.dispatch.interlock import Permission
from signalbox.dispatch.step import Send
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import REACTIONS, ProviderFailure
from signalbox.domain.money import Money, Usage
from signalbox.domain.plan import Plan, PlannedAttempt
from signalbox.domain.records import IntentBody, OutcomeBody, Record, WithdrawnBody
from signalbox.domain.reply import CONTENT, Event, Finished, Metered, Reply, Served, ToolDelta
from signalbox.domain.request import Request
from signalbox.domain.traits import Facts

_CHARACTERS_PER_TOKEN: Final = 4  # for what was relayed and never metered


Status = Literal["ok", "failed", "cancelled"]


class Order(Struct, frozen=True):
    """A decision on its way to be carried out. `started_us` is monotonic; `durable`: the intent is on
    disk before bytes leave."""

    decision: str
    plan: Plan
    request: Request
    facts: Facts
    tokens_in: int
    seed: int
    started_us: int
    durable: bool


class Hop(Struct, frozen=True):
    """One step of an order: attempt `number` (from 1) goes to `planned`; `deadline_us` is monotonic."""

    order: Order
    number: int
    planned: PlannedAttempt
    step: Send
    deadline_us: int

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
    """Collects what happens between an intent and its outcome. Times are monotonic µs; `change` is the
    interlock's when it permitted this."""

    __slots__ = (
        "change", "characters", "endpoint", "finish", "first_us", "hop",
        "id", "seen", "sent_us", "served", "started_us", "usage",
    )  # fmt: skip

    def __init__(self, hop: Hop, endpoint: Endpoint, seen: Seen, started_us: int) -> None:
        self.hop = hop
        self.id = f"{hop.order.decision}.{hop.number}"
        self.endpoint = endpoint
        self.seen = seen
        self.started_us = started_us
        self.change = 0
        self.sent_us = 0
        self.first_us = 0
        self.characters = 0
        self.usage: Usage | None = None
        self.served = ""
        self.finish = ""

    def intent(self, permission: Permission, now_us: int) -> Record:
        """`now_us` is wall clock."""
        hop, endpoint = self.hop, self.endpoint
        order = hop.order
        return Record(
            order.facts.tenant,
            "intent",
            self.id,
            now_us,
            IntentBody(
                attempt=self.id,
                catalogue=permission.catalogue,
                decision=order.decision,
                durable=order.durable,
                endpoint=endpoint.id,
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
        if isinstance(event, CONTENT):
            self.characters += len(event.arguments if isinstance(event, ToolDelta) else event.text)
        elif isinstance(event, Finished):
            self.finish = event.reason
        elif isinstance(event, Metered):
            self.usage = None if event.usage.estimated else event.usage
        elif isinstance(event, Served):
            self.served = event.model

    def took(self, reply: Reply) -> None:
        """Read a whole reply. Where the vendor gave no usage, what was relayed is counted instead."""
        self.served = reply.served_model
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
            usage = Usage(input=self.hop.order.tokens_in, output=relayed, estimated=True)
        return Settlement(usage, self.endpoint.price.cost(usage), self.served, self.finish)

    def outcome(
        self,
        status: Status,
        failure: ProviderFailure | None,
        settled: Settlement,
        now_us: int,
        wall_us: int,
    ) -> Record:
        """`now_us` is monotonic, `wall_us` the wall clock."""
        billed = self._billed(status, failure)
        usage, cost_nanos = settled.usage, settled.cost.nanos
        if billed == "no":
            usage, cost_nanos = Usage(), 0
        return Record(
            self.hop.order.facts.tenant,
            "outcome",
            self.id,
            wall_us,
            OutcomeBody(
                attempt=self.id,
                billed=billed,
                cost_nanos=cost_nanos,
                currency=settled.cost.currency,
                decision=self.hop.order.decision,
                detail=failure.detail if failure else self._mismatch(),
                elapsed_us=now_us - self.started_us,
                endpoint=self.endpoint.id,
                failure=failure.kind if failure else "",
                finish=self.finish,
                first_token_us=self.first_us - self.started_us if self.first_us else 0,
                served=self.served,
                status=status,
                tokens_cached=usage.cached_input,
                tokens_estimated=usage.estimated,
                tokens_in=usage.input,
                tokens_out=usage.output,
            ),
        )

    def _billed(self, status: str, failure: ProviderFailure | None) -> str:
        if status == "ok":
            return "yes"
        if not self.sent_us or (failure is not None and not REACTIONS[failure.kind].billed):
            return "no"
        return "maybe"  # money that may have been spent is settled as estimated, never as nothing

    def _mismatch(self) -> str:
        if self.served and self.served not in self.endpoint.served_names:
            return f"served model `{self.served}` is not one the registry lists"
        return ""


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
