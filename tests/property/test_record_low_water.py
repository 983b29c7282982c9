"""The low-water mark is the oldest record that the sweep would read, however attempts end."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.records import DecisionBody, IntentBody, OutcomeBody, Record
from signalbox.record.leaf import body_bytes
from signalbox.record.sequencer import Sequencer
from signalbox.testing.records import decision, denial, intent, outcome
from signalbox.tlog.edge import Edge

DECISIONS = 4


@st.composite
def told(draw: st.DrawFn) -> list[Record]:
    """Records of a few decisions, whose attempts are announced and end in any order."""
    attempts = dict.fromkeys(range(DECISIONS), 0)
    under_way: list[tuple[int, int]] = []
    records: list[Record] = []
    for number in draw(st.lists(st.integers(0, DECISIONS), max_size=40)):
        if number == DECISIONS:
            records.append(denial(len(records)))
        elif not attempts[number]:
            attempts[number] = 1
            records.append(decision(number))
        elif draw(st.booleans()) and under_way:
            ended, attempt = under_way.pop(draw(st.integers(0, len(under_way) - 1)))
            status = draw(st.sampled_from(["ok", "failed"]))
            records.append(outcome(ended, attempt=attempt, status=status))
        else:
            records.append(intent(number, attempt=attempts[number]))
            under_way.append((number, attempts[number]))
            attempts[number] += 1
    return records


@given(told(), st.lists(st.integers(0, 5), min_size=40, max_size=40))
def test_the_low_water_mark_is_the_oldest_record_that_is_owed(
    records: list[Record], lengths: list[int]
) -> None:
    sequencer = Sequencer((), Edge(), bytes)
    decided: dict[str, int] = {}
    owed: dict[str, int] = {}
    rest = iter(enumerate(records))
    for length in lengths:
        batch = list(islice(rest, length))
        for number, record in batch:
            body = record.body
            if isinstance(body, DecisionBody):
                decided[record.ref] = number
            elif isinstance(body, IntentBody):
                owed[record.ref] = decided.get(body.decision, number)
            elif isinstance(body, OutcomeBody):
                del owed[record.ref]
                if body.status == "ok":
                    decided.pop(body.decision, None)
        draft = sequencer.draft([(record, body_bytes(record.body)) for _, record in batch], [])
        sequencer.adopt(draft)
        assert draft.batch.low_water == min(owed.values(), default=sequencer.size)
