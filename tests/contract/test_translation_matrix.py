"""Every feature, from every dialect, to every vendor: nothing is lost in silence."""

from pathlib import Path

import pytest

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.testing.translation.features import ANSWERED, ASKED, SEALED
from signalbox.testing.translation.page import render
from signalbox.testing.translation.parties import Client, Vendor, clients, declared_by, vendors
from signalbox.testing.translation.trial import answered_through, asked_through, brought_back

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "translation.md"
CLIENTS = clients()
VENDORS = vendors(declared_by(InstalledKinds()))

each_pair = pytest.mark.parametrize(
    ("client", "vendor"),
    [pytest.param(c, v, id=f"{c.name} to {v.name}") for c in CLIENTS for v in VENDORS],
)


@each_pair
@pytest.mark.parametrize("feature", ASKED)
def test_no_part_of_a_request_is_lost_in_silence(client: Client, vendor: Vendor, feature: str) -> None:
    cell = asked_through(client, vendor, ASKED[feature])
    assert cell.verdict != "lost", cell.words


@each_pair
@pytest.mark.parametrize("whose", SEALED)
def test_thinking_comes_back_unchanged_with_its_seal(client: Client, vendor: Vendor, whose: str) -> None:
    cell = brought_back(client, vendor, SEALED[whose])
    expected = "exact" if SEALED[whose].format == vendor.thinks_as else "none"
    assert cell.verdict == expected, cell.words


@each_pair
@pytest.mark.parametrize("feature", ANSWERED)
def test_no_part_of_a_reply_is_lost_in_silence(client: Client, vendor: Vendor, feature: str) -> None:
    whole = answered_through(client, vendor, ANSWERED[feature], streamed=False)
    streamed = answered_through(client, vendor, ANSWERED[feature], streamed=True)
    assert whole.verdict != "lost", whole.words
    assert whole == streamed


def test_what_every_vendor_has_arrives_everywhere_as_it_was_sent() -> None:
    """So that a cell which is empty for want of a dialect's word cannot hide a feature that all have."""
    common = (
        "text",
        "system prompt",
        "several turns",
        "image",
        "tools offered",
        "tool result",
        "JSON schema",
    )
    for client in CLIENTS:
        for vendor in VENDORS:
            for feature in common:
                assert asked_through(client, vendor, ASKED[feature]).verdict == "exact", feature
            for feature in ("text", "tool call", "text and parallel calls", "cut off at the limit"):
                cell = answered_through(client, vendor, ANSWERED[feature], streamed=True)
                assert cell.verdict == "exact", feature


def test_the_reference_carries_the_matrix_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(declared_by(InstalledKinds())), "run `make docs`"
