"""Vendors' own SDKs as clients of our doors, and a model behind these that says what a test tells it to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signalbox.domain.verdict import PolicyRelease
from signalbox.testing.counter import Counter, Player
from signalbox.testing.house import House
from signalbox.testing.values import catalogue, endpoint, tenant

OPEN = PolicyRelease(
    texts={"all": '@id("all") permit(principal, action == Signalbox::Action::"infer", resource);'},
    schema=(Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text(),
)


@pytest.fixture
def counter() -> Iterator[Counter]:
    player = Player()
    known = catalogue(endpoint("one", provider="player"))
    with Counter(House(OPEN, known, [tenant()], others={"player": player}), player) as counter:
        yield counter
