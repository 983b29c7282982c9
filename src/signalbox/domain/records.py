"""What is written down: one append-only family of records, versioned from the first.

    decision    the inputs (by content hash) and the plan; names the operation (a user's action) it belongs to
    denial      a terminal record: policy or the shortlist left nothing
    hit         a terminal record: the same was answered before, and that answer was given again
    intent      one attempt is about to leave
    outcome     what became of that attempt; exactly one per intent
    payload     what was said is kept, in ciphertext that this record knows by its hash
    withdrawn   an attempt that was stopped before its intent, by a re-check
    kill        the kill switch was thrown; the operators' own, and no tenant's
    restore     what was killed may be sent to again
    act         an act of governance (`domain.acts`): a key made, a release approved, a subject erased
    key         another key signs the log's checkpoints from here on; the log's own, and no tenant's

INVARIANT: fields are declared in alphabetical order of their names and hold only strings, integers,
booleans, null and arrays of these, so that msgspec's encoding of a body *is* its canonical form
(RFC 8785); `tests/property/test_record_leaf.py` checks it for every type in `BODIES`.

No prompt or reply text is in any record. Users, keys and groups appear as pseudonyms keyed per tenant.
"""

from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType, ValidationError, field

from signalbox.domain.plan import PlannedAttempt

RECORD_VERSION: Final = 1
SWITCH_TENANT: Final = "$switches"
"""Whose records are those of the kill switch. No tenant can be called so."""
LOG_TENANT: Final = "$log"
"""Whose records are those about the log itself. No tenant can be called so."""
GOVERNANCE_TENANT: Final = "$governance"
"""Whose records are the platform's own acts. No tenant can be called so."""


class ActBody(Struct, frozen=True):
    """`content` is the act's own canonical JSON, with pseudonyms where it names users, as `by` is one;
    `what` its kind, `number` its place in the history of acts."""

    act: str
    by: str
    content: str
    number: int
    what: str


def _owed() -> Any:
    raise ValidationError("a field is missing that every record of its kind has")


_OWED: Final[Any] = field(default_factory=_owed)
"""For a field that has no default, where it stands behind one that has and may be given by its place."""


class DecisionBody(Struct, frozen=True, omit_defaults=True):
    """Everything needed to decide again: traits as classified, and by content hash the policy release, the
    catalogue release, the health snapshot and the ranking rules. Its operation took this one decision.

    `grant`: the hash of the terms of a break-glass grant that covered the caller; `granted`: the endpoints
    of the plan that only this grant permits. Both are left out where there was none.

    Its fields may be given by their places: of more than fifteen keywords Python makes a dictionary before it
    calls, which is several times as slow, and every request has one of these.
    """

    app: str
    boundary: str
    catalogue: str
    categories: tuple[str, ...]
    clock_us: int
    deadline_ms: int
    decision: str
    feature: str
    grant: str = ""
    granted: tuple[str, ...] = ()
    groups: tuple[str, ...] = _OWED
    health: str = _OWED
    key: str = _OWED
    latency_class: str = _OWED
    needs: int = _OWED
    objective: str = _OWED
    operation: str = _OWED
    plan: tuple[PlannedAttempt, ...] = _OWED
    policy: str = _OWED
    ranking: str = _OWED
    seed: int = _OWED
    sensitivity: int = _OWED
    stream: bool = _OWED
    subject: str = _OWED
    target: str = _OWED
    task: str = _OWED
    task_confidence: int = _OWED
    tokens_in: int = _OWED
    tokens_out_max: int = _OWED


class DenialBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`code` is the error's; `reasons` one line per endpoint for the operator. Traits as far as known.

    What has a default is written only where the request came as far as being weighed (`health` says so):
    then it can be decided again, as a decision can. Absent from what is canonical where it is the default,
    so that a refusal that was written before there was such a field is still in canonical form.
    """

    app: str
    boundary: str
    catalogue: str
    categories: tuple[str, ...]
    clock_us: int
    code: str
    deadline_ms: int = 0
    decision: str
    feature: str
    grant: str = ""
    groups: tuple[str, ...]
    health: str = ""
    key: str
    latency_class: str = ""
    needs: int = 0
    operation: str
    policy: str
    ranking: str = ""
    reasons: tuple[str, ...]
    seed: int = 0
    sensitivity: int
    status: int
    subject: str
    target: str
    task: str
    task_confidence: int = 0
    tokens_in: int = 0
    tokens_out_max: int = 0


class HitBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`source` is the attempt that the answer came of, `endpoint` to `vendor` who gave it then and may give
    it now. `entry` is a pseudonym of where it stood: equal for equal questions in equal circumstances.
    `alike`: how like the question was that it answered (1e-4); left out where it was the very same."""

    alike: int = 0
    app: str
    boundary: str
    catalogue: str
    categories: tuple[str, ...]
    clock_us: int
    decision: str
    endpoint: str
    entry: str
    feature: str
    groups: tuple[str, ...]
    hop: str
    key: str
    kill_epoch: int
    model: str
    operation: str
    policy: str
    processor: str
    region: str
    sensitivity: int
    source: str
    stream: bool
    subject: str
    target: str
    task: str
    vendor: str


class IntentBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`durable`: it was on disk before bytes left. `hop` is why it leaves: `dispatch.step.Hop`. `grant`: the
    break-glass grant without which it might not leave; left out where it needs none."""

    attempt: str
    catalogue: str
    decision: str
    durable: bool
    endpoint: str
    grant: str = ""
    hop: str
    kill_epoch: int
    model: str
    number: int
    policy: str
    processor: str
    region: str
    vendor: str


class OutcomeBody(Struct, frozen=True):
    """`status`: ok, failed, cancelled, or unknown (the process died; closed by the sweep).

    `authorised`: whether who answered is who was authorised: confirmed, mismatch or unverified (nothing was
    reported). Unset in records older than the field.
    `billed`: no, yes, or maybe. `served` and `served_place` are what the endpoint reported. Costs in
    nano-units. `notes`: what was mapped or left out in translation (`domain.notes`).

    Its fields may be given by their places, as a decision's.
    """

    attempt: str
    authorised: str | UnsetType = UNSET
    billed: str = _OWED
    cost_nanos: int = _OWED
    currency: str = _OWED
    decision: str = _OWED
    detail: str = _OWED
    elapsed_us: int = _OWED
    endpoint: str = _OWED
    failure: str = _OWED
    finish: str = _OWED
    first_token_us: int = _OWED
    notes: tuple[str, ...] = ()
    served: str = _OWED
    served_place: str = ""
    status: str = _OWED
    tokens_cache_written: int = 0
    tokens_cached: int = _OWED
    tokens_estimated: bool = _OWED
    tokens_in: int = _OWED
    tokens_out: int = _OWED


class PayloadBody(Struct, frozen=True):
    """`prompt` and `reply` are the SHA-256 of what is kept of each, in lower-case hex, empty where there is
    nothing; `bytes` its size, `key` the id of the subject's key, `place` where it stands, `until_us` (wall
    clock) when it is to be deleted."""

    bytes: int
    decision: str
    key: str
    place: str
    prompt: str
    reply: str
    sensitivity: int
    until_us: int


class SwitchBody(Struct, frozen=True):
    """`by` is a pseudonym. `cut`: what was under way was cut off too. `selector`: as in `domain.switches`."""

    by: str
    change: str
    cut: bool
    epoch: int
    reason: str
    selector: str


class WithdrawnBody(Struct, frozen=True):
    attempt: str
    decision: str
    endpoint: str
    kill_epoch: int
    policy: str
    reasons: tuple[str, ...]


class KeyBody(Struct, frozen=True):
    """Public keys as `tlog.note` writes them; `previous` is empty where that key is lost. `reason`: rotation,
    or replacement, where the previous key does not vouch for the next."""

    next: str
    previous: str
    reason: str


Body = (
    ActBody
    | DecisionBody
    | DenialBody
    | HitBody
    | IntentBody
    | KeyBody
    | OutcomeBody
    | PayloadBody
    | SwitchBody
    | WithdrawnBody
)

BODIES: Final[dict[str, type[Body]]] = {
    "act": ActBody,
    "decision": DecisionBody,
    "denial": DenialBody,
    "hit": HitBody,
    "intent": IntentBody,
    "key": KeyBody,
    "kill": SwitchBody,
    "outcome": OutcomeBody,
    "payload": PayloadBody,
    "restore": SwitchBody,
    "withdrawn": WithdrawnBody,
}


class Record(Struct, frozen=True):
    """A body on its way to the log. `ref` is the id it is about: a decision or an attempt."""

    tenant: str
    kind: str
    ref: str
    time_us: int
    body: Body
