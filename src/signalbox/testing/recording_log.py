"""A decision log in a list: for tests of what writes records.

It keeps the promises of `ports.log.DecisionLog` that its callers rest on, refusals included. It hashes
nothing and stores nothing; a log's own tests use a store.
"""

import asyncio
from collections.abc import Sequence

from signalbox.domain.errors import LogUnavailable
from signalbox.domain.records import (
    DecisionBody,
    DenialBody,
    HitBody,
    IntentBody,
    OutcomeBody,
    Record,
    WithdrawnBody,
)


class RecordingLog:
    """Implements `DecisionLog`. `records` is what was taken, in order.

    With `trouble` set, nothing is durable: `commit` refuses, and `post` refuses all but outcomes and the
    records of tenants in `may_lag`. While `gate` is closed (`gate.clear()`), commits wait at the disk, and
    their records are already taken, as those of a cancelled commit may be.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.durable = 0  # of `records`
        self.commits_waiting = 0
        self.trouble = ""
        self.may_lag: frozenset[str] = frozenset()
        self.gate = asyncio.Event()
        self.gate.set()
        self.pins: dict[str, bytes] = {}

    def post(self, records: Sequence[Record]) -> None:
        if self.trouble and not all(
            record.kind == "outcome" or record.tenant in self.may_lag for record in records
        ):
            raise LogUnavailable("the decision log cannot be written", operator=self.trouble)
        self.records.extend(records)

    async def commit(self, records: Sequence[Record]) -> None:
        if self.trouble:
            raise LogUnavailable("the decision log cannot be written", operator=self.trouble)
        self.records.extend(records)
        end = len(self.records)
        self.commits_waiting += 1
        try:
            await self.gate.wait()
        finally:
            self.commits_waiting -= 1
        if self.trouble:
            for record in records:
                self.records.remove(record)
            raise LogUnavailable("the decision log cannot be written", operator=self.trouble)
        self.durable = max(self.durable, end)

    def pin(self, digest: str, content: bytes) -> None:
        self.pins[digest] = content

    def pseudonym(self, tenant: str, kind: str, name: str) -> str:
        return f"{tenant}/{kind}/{name}"

    @property
    def healthy(self) -> bool:
        return not self.trouble

    @property
    def decisions(self) -> list[DecisionBody]:
        return [record.body for record in self.records if isinstance(record.body, DecisionBody)]

    @property
    def intents(self) -> list[IntentBody]:
        return [record.body for record in self.records if isinstance(record.body, IntentBody)]

    @property
    def outcomes(self) -> list[OutcomeBody]:
        return [record.body for record in self.records if isinstance(record.body, OutcomeBody)]

    @property
    def withdrawn(self) -> list[WithdrawnBody]:
        return [record.body for record in self.records if isinstance(record.body, WithdrawnBody)]

    @property
    def denials(self) -> list[DenialBody]:
        return [record.body for record in self.records if isinstance(record.body, DenialBody)]

    @property
    def hits(self) -> list[HitBody]:
        return [record.body for record in self.records if isinstance(record.body, HitBody)]
