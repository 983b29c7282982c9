"""The house without its HTTP door: what the CLI uses, and a program that embeds it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signalbox.app import Signalbox
from signalbox.domain.errors import PolicyDenied
from signalbox.domain.request import Declared, Message, Request, Text
from signalbox.testing.served import Served

Furnish = Callable[..., Path]


def request(text: str = "Please rewrite this.", *, stream: bool = False, target: str = "auto") -> Request:
    return Request(
        target=target,
        messages=(Message("user", (Text(text),)),),
        stream=stream,
        declared=Declared(app="word", feature="rewrite"),
    )


def log_of(config: Path) -> Served:
    """Only to read: nothing is served."""
    return Served(config, config.parent / "data")


async def test_a_reply_and_its_records(furnish: Furnish) -> None:
    config = furnish()
    async with Signalbox.from_config(config) as box:
        reply = await box.complete(request())
    assert reply.choices[0].text
    assert reply.usage.output == 8
    log = log_of(config)
    assert [record["kind"] for record in log.records()] == ["decision", "intent", "outcome"]
    assert log.verified().sound


async def test_decide_sends_nothing_and_writes_nothing(furnish: Furnish, vendor: object) -> None:
    config = furnish()
    async with Signalbox.from_config(config) as box:
        decided = await box.decide(request())
        assert decided.plan.attempts
        with pytest.raises(PolicyDenied):
            await box.decide(request("my key is AKIAIOSFODNN7EXAMPLF", target="azure-se"))
        again = await box.decide(request())
        assert again.facts == decided.facts
    assert log_of(config).records() == []


async def test_a_stream_is_read_to_its_end(furnish: Furnish) -> None:
    config = furnish()
    async with Signalbox.from_config(config) as box:
        _, delivery = await box.run(request(stream=True))
        assert delivery.events is not None
        events = [event async for event in delivery.events]
        assert events
        assert delivery.settlement is not None
        assert delivery.settlement.usage.output == 8
    assert log_of(config).records()[-1]["status"] == "ok"


async def test_beside_a_running_server_records_go_into_its_log(furnish: Furnish) -> None:
    config = furnish()
    with Served(config, config.parent / "data") as served:
        assert served.chat("sb-anna").status == 200
        async with Signalbox.from_config(config) as box:
            decided, delivery = await box.run(request(), key="sb-anna")
            assert delivery.reply is not None
            with pytest.raises(PolicyDenied):
                await box.complete(request("my key is AKIAIOSFODNN7EXAMPLF", target="azure-se"))
            await box.decide(request())
        kinds = [record["kind"] for record in served.records(decided.id)]
        assert kinds == ["decision", "intent", "outcome"]
        assert sorted(record["kind"] for record in served.records()) == [
            "decision", "decision", "denial", "intent", "intent", "outcome", "outcome",
        ]  # fmt: skip
        report = served.verified()
        assert report.sound
        assert not report.open_attempts
        explained = served.command("explain", decided.id)
        assert explained.returncode == 0, explained.stderr
