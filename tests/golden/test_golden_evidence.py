"""What exporters make of recorded decisions, byte for byte, and what the formats themselves require of it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from signalbox.domain.records import Record
from signalbox.evidence.cloudevents import cloudevent
from signalbox.evidence.gather import Span
from signalbox.evidence.ocsf import ocsf
from signalbox.evidence.purview import purview
from signalbox.evidence.told import Told, told
from signalbox.ports.log import StoredRecord
from signalbox.record.leaf import GENESIS, body_bytes
from signalbox.testing.records import BEGAN_US, decision, denial, hit, id_of, intent, outcome, sealed

HERE = Path(__file__).parent / "evidence"
ORIGIN = "log.example/signalbox"


def stored(records: Iterable[Record]) -> Iterable[tuple[int, StoredRecord]]:
    prev = GENESIS
    for number, record in enumerate(records):
        kept, prev = sealed(record, body_bytes(record.body), b"\0" * 16, number, prev)
        yield number, kept


def case(*records: Record) -> Told:
    (found,) = told(stored(records), Span("acme", BEGAN_US, BEGAN_US + 1_000_000))
    return found


def served(attempt: int, name: str, authorised: str, **more: Any) -> Record:
    record = outcome(1, attempt=attempt)
    return replace(record, body=replace(record.body, served=name, authorised=authorised, **more))


CASES: dict[str, Told] = {
    "answered": case(decision(1), intent(1), served(1, "gpt-5-2026-01", "confirmed", served_place="eu")),
    "fallback": case(
        decision(1),
        intent(1),
        served(1, "", "unverified", status="failed", failure="reset"),
        intent(1, attempt=2, endpoint="in-house"),
        served(2, "mistral-small", "mismatch"),
    ),
    "under-way": case(decision(1), intent(1)),
    "denied": case(denial(1)),
    "hit": case(hit(1)),
}


@pytest.mark.parametrize("name", CASES)
def test_events(name: str, golden: Callable[[Path, bytes], None]) -> None:
    each = CASES[name]
    whole = {"cloudevents": [cloudevent(each, ORIGIN)], "ocsf": ocsf(each), "purview": [purview(each)]}
    golden(
        HERE / f"{name}.json",
        msgspec.json.format(msgspec.json.encode(whole, order="sorted"), indent=2) + b"\n",
    )


@pytest.mark.parametrize("name", CASES)
def test_ocsf_has_what_its_class_requires(name: str) -> None:
    """Class 6003 at 1.8.0: required attributes of the class, its objects and the profile, and their sums."""
    for event in ocsf(CASES[name]):
        required = (
            "activity_id category_uid class_uid type_uid severity_id time metadata actor api src_endpoint"
        )
        assert set(required.split()) <= set(event)
        assert event["class_uid"] == 6003
        assert event["category_uid"] == 6
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["severity_id"] in (0, 1, 2, 3, 4, 5, 6, 99)
        assert event["status_id"] in (0, 1, 2, 99)
        assert event["activity_id"] == 99
        assert event["activity_name"]
        assert event["api"]["operation"]
        assert event["metadata"]["product"]["name"]
        assert event["metadata"]["version"] == "1.8.0"
        assert event["src_endpoint"]["svc_name"]
        assert event["actor"]["user"]["uid"]
        assert 1_000_000_000_000 < event["time"] < 10_000_000_000_000  # milliseconds
        if "ai_operation" in event["metadata"]["profiles"]:
            assert event["ai_model"]["name"]
            assert event["ai_model"]["ai_provider"]
        context = event.get("message_context")
        assert context is None or context["service"]["name"]


@pytest.mark.parametrize("name", CASES)
def test_cloudevents_have_what_the_specification_requires(name: str) -> None:
    event = cloudevent(CASES[name], ORIGIN)
    assert event["specversion"] == "1.0"
    assert all(event[attribute] for attribute in ("id", "source", "type"))
    assert all(attribute.isalnum() and attribute.islower() for attribute in event)
    assert " " not in event["source"]
    assert event["time"].endswith("Z")


@pytest.mark.parametrize("name", CASES)
def test_purview_has_the_attributes_of_the_published_schema(name: str) -> None:
    event = purview(CASES[name])
    common = "CreationTime Id Operation OrganizationId RecordType UserId UserKey UserType Version Workload"
    assert set(common.split()) <= set(event)
    assert (event["RecordType"], event["Operation"]) == (261, "CopilotInteraction")
    data = event["CopilotEventData"]
    assert {"AppHost", "Contexts", "ThreadId", "MessageIds", "AccessedResources"} <= set(data)
    assert data["Messages"][0]["isPrompt"] is True
    assert not any({"Text", "Content", "Body"} & set(message) for message in data["Messages"])
    assert len(event["Id"]) == 36


def test_whoever_asked_not_to_mention_it_is_told_all_the_same() -> None:
    """In 2025 an assistant that was asked not to link a file left no audit entry. Here an event is made of
    the record, and the record is made before the model is asked anything."""
    events = [purview(each) for each in CASES.values()]
    assert all(event["CopilotEventData"]["AccessedResources"] for event in events)
    assert [event["ResultStatus"] for event in events] == [
        "Succeeded",
        "Succeeded",
        "Failed",
        "Failed",
        "Succeeded",
    ]


def test_only_what_was_decided_in_the_span_is_told() -> None:
    records = [decision(1), decision(900), denial(5, "globex"), intent(1), outcome(1), intent(900)]
    found = list(told(stored(records), Span("acme", BEGAN_US, BEGAN_US + 800)))
    assert [each.head.decision for each in found] == [id_of(1)]
