"""Records as a journey writes them, for tests of a log: plausible, short, and told apart by number.

Ids are those a clock would have made (UUIDv7 layout), derived from `number` so that a test can name them.
"""

from signalbox.domain.plan import PlannedAttempt
from signalbox.domain.records import (
    LOG_TENANT,
    ActBody,
    DecisionBody,
    DenialBody,
    HitBody,
    IntentBody,
    KeyBody,
    OutcomeBody,
    PayloadBody,
    Record,
    WithdrawnBody,
)
from signalbox.ports.log import StoredRecord
from signalbox.record.leaf import seal

BEGAN_US = 1_763_800_000_000_000
RELEASE = "ab" * 32


def id_of(number: int, what: int = 0) -> str:
    """The id of decision `number` (`what` = 0) or of its attempt `what`."""
    return f"{(BEGAN_US // 1000 + number) & 0xFFFF_FFFF_FFFF:012x}7{what:03x}8{number:015x}"


def decision(number: int, tenant: str = "acme", *, subject: str = "u-1") -> Record:
    plan = tuple(
        PlannedAttempt(4_000 + place, 9_000, "USD", endpoint, 800_000, 7_000, "best score", 10_000_000)
        for place, endpoint in enumerate(("azure-eu", "in-house"))
    )
    body = DecisionBody(
        app="excel",
        boundary="eu",
        catalogue=RELEASE,
        categories=("personal",),
        clock_us=BEGAN_US + number,
        deadline_ms=30_000,
        decision=id_of(number),
        feature="formula",
        groups=("g-1",),
        health=RELEASE,
        key="k-1",
        latency_class="interactive",
        needs=8,
        objective="balanced",
        operation=id_of(number),
        plan=plan,
        policy=RELEASE,
        ranking=RELEASE,
        seed=number,
        sensitivity=2,
        stream=False,
        subject=subject,
        target="auto",
        task="computation",
        task_confidence=10_000,
        tokens_in=320,
        tokens_out_max=512,
    )
    return Record(tenant, "decision", id_of(number), BEGAN_US + number, body)


def denial(number: int, tenant: str = "acme") -> Record:
    body = DenialBody(
        app="excel",
        boundary="eu",
        catalogue=RELEASE,
        categories=(),
        clock_us=BEGAN_US + number,
        code="policy_denied",
        decision=id_of(number),
        feature="formula",
        groups=(),
        key="k-1",
        operation=id_of(number),
        policy=RELEASE,
        reasons=("azure-eu: no rule permits `excel`",),
        sensitivity=3,
        status=403,
        subject="u-1",
        target="auto",
        task="computation",
    )
    return Record(tenant, "denial", id_of(number), BEGAN_US + number, body)


def intent(number: int, tenant: str = "acme", *, attempt: int = 1, endpoint: str = "azure-eu") -> Record:
    body = IntentBody(
        attempt=id_of(number, attempt),
        catalogue=RELEASE,
        decision=id_of(number),
        durable=True,
        endpoint=endpoint,
        hop="primary" if attempt == 1 else "fallback",
        kill_epoch=0,
        model="gpt",
        number=attempt - 1,
        policy=RELEASE,
        processor="Microsoft Ireland",
        region="swedencentral",
        vendor="openai",
    )
    return Record(tenant, "intent", id_of(number, attempt), BEGAN_US + number + attempt, body)


def outcome(number: int, tenant: str = "acme", *, attempt: int = 1, status: str = "ok") -> Record:
    body = OutcomeBody(
        attempt=id_of(number, attempt),
        billed="yes",
        cost_nanos=3_900,
        currency="USD",
        decision=id_of(number),
        detail="",
        elapsed_us=700_000,
        endpoint="azure-eu",
        failure="" if status == "ok" else "reset",
        finish="stop",
        first_token_us=200_000,
        served="gpt-2026-05-01",
        status=status,
        tokens_cached=0,
        tokens_estimated=False,
        tokens_in=320,
        tokens_out=120,
    )
    return Record(tenant, "outcome", id_of(number, attempt), BEGAN_US + number + attempt + 1, body)


def hit(number: int, tenant: str = "acme") -> Record:
    body = HitBody(
        app="word",
        boundary="eu",
        catalogue=RELEASE,
        categories=(),
        clock_us=BEGAN_US + number,
        decision=id_of(number),
        endpoint="azure-eu",
        entry="c-1",
        feature="rewrite",
        groups=("g-1",),
        hop="cache",
        key="k-1",
        kill_epoch=0,
        model="gpt",
        operation="op-1",
        policy=RELEASE,
        processor="Microsoft Ireland",
        region="swedencentral",
        sensitivity=1,
        source=id_of(1, 1),
        stream=False,
        subject="u-1",
        target="auto",
        task="rewriting",
        vendor="openai",
    )
    return Record(tenant, "hit", id_of(number), BEGAN_US + number, body)


def withdrawn(number: int, tenant: str = "acme", *, attempt: int = 1) -> Record:
    body = WithdrawnBody(
        attempt=id_of(number, attempt),
        decision=id_of(number),
        endpoint="azure-eu",
        kill_epoch=1,
        policy=RELEASE,
        reasons=("the endpoint was switched off",),
    )
    return Record(tenant, "withdrawn", id_of(number, attempt), BEGAN_US + number + attempt, body)


def journey(number: int, tenant: str = "acme") -> tuple[Record, Record, Record]:
    """One request that went well: decision, intent, outcome."""
    return decision(number, tenant), intent(number, tenant), outcome(number, tenant)


def new_key(next_: str, previous: str) -> Record:
    body = KeyBody(next=next_, previous=previous, reason="rotation")
    return Record(LOG_TENANT, "key", next_, BEGAN_US, body)


def act(number: int, tenant: str = "acme") -> Record:
    body = ActBody(act=f"act-{number}", by="u-1", content='{"key":"k-1"}', number=number, what="key.revoked")
    return Record(tenant, "act", body.act, BEGAN_US + number, body)


def payload(number: int, tenant: str = "acme") -> Record:
    body = PayloadBody(
        bytes=700,
        decision=f"dec-{number}",
        key="0a" * 16,
        place="here",
        prompt="ab" * 32,
        reply="",
        sensitivity=1,
        until_us=BEGAN_US * 2,
    )
    return Record(tenant, "payload", body.decision, BEGAN_US + number, body)


def sealed(record: Record, body: bytes, salt: bytes, seq: int, prev: str) -> tuple[StoredRecord, str]:
    """The record as a log keeps it behind `seq` others of its tenant, the last of which has the leaf hash
    `prev`; and its own leaf hash."""
    (stored,), (hashed,), _ = seal([(record, body)], [salt], {record.tenant: (seq, prev)})
    return stored, hashed
