"""What replies say of themselves, in the lines that are sent."""

from types import SimpleNamespace
from typing import Any

import pytest

from signalbox.domain.money import Money
from signalbox.domain.traits import Sensitivity
from signalbox.edge.replies import ReplyHeaders
from signalbox.testing.values import endpoint


def decided() -> Any:
    traits = SimpleNamespace(task="rewriting", sensitivity=Sensitivity.GENERAL)
    return SimpleNamespace(id="dec-1", marks_us=(1_000, 1_250, 1_260, 3_260), traits=traits)


def delivery(**more: Any) -> Any:
    said = {
        "endpoint": endpoint(id="100%d", vendor="%b"),
        "number": 1,
        "planned": SimpleNamespace(reason="best"),
        "notes": (),
        "cache_status": b"",
        "settlement": SimpleNamespace(cost=Money(1_500_000_000, "EUR")),
    }
    return SimpleNamespace(**{**said, **more})


def lines(of: Any) -> list[bytes]:
    *said, last = ReplyHeaders(b"x-request-id").build(decided(), of, 990, 4_260, b"none").split(b"\r\n")
    assert last == b""
    return said


def test_a_reply_says_who_answered_why_when_and_for_how_much() -> None:
    said = lines(delivery())
    assert said[:4] == [
        b"x-signalbox-decision: dec-1",
        b"x-request-id: dec-1",
        b"server-timing: receive;dur=0.010, classify;dur=0.250, policy;dur=0.010, rank;dur=2.000, "
        b"dispatch;dur=1.000",
        b"x-signalbox-endpoint: 100%d",
    ]
    assert b"x-signalbox-vendor: %b" in said
    assert said[-3:] == [
        b"x-signalbox-reason: best",
        b"x-signalbox-stream-mode: none",
        b"x-signalbox-cost: 1.500000000 EUR",
    ]


def test_what_only_some_replies_say_stands_between() -> None:
    said = lines(delivery(number=2, notes=("one", "two"), cache_status=b"signalbox; hit"))
    assert said[-5:] == [
        b"x-signalbox-reason: attempt 2: best",
        b"x-signalbox-stream-mode: none",
        b"x-signalbox-notes: one; two",
        b"cache-status: signalbox; hit",
        b"x-signalbox-cost: 1.500000000 EUR",
    ]
    assert b"x-signalbox-cost: 1.500000000 EUR" not in lines(delivery(settlement=None))


@pytest.mark.parametrize(
    "broken",
    [
        {"notes": ("a\r\nset-cookie: b",)},
        {"cache_status": b"a\nb"},
        {"planned": SimpleNamespace(reason="a\rb")},
        {"endpoint": endpoint(id="a\0b")},
    ],
)
def test_nothing_said_can_break_the_head(broken: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="break its head"):
        lines(delivery(**broken))
