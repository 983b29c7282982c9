"""The `openai` SDK asks the same twice: one request reaches the vendor, and the second answer says so."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from signalbox.testing.served import Served, Vendor

CACHED = (
    'home_cloud = "azure"\n',
    'home_cloud = "azure"\n[tenants.cache]\nenabled = true\nttl = "5m"\n',
)


def hello(text: str) -> Any:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def house(furnish: Callable[..., Path]) -> Iterator[Served]:
    config = furnish()
    config.write_text(config.read_text().replace(*CACHED, 1))
    with Served(config, config.parent / "data") as served:
        yield served
    report = served.verified()
    assert report.sound, report.findings
    assert "Traceback" not in served.complaints


def received(vendor: Vendor) -> int:
    """How many requests have reached it."""
    return len([receipt for receipt in vendor.emulator.receipts.kept if receipt.event == "received"])


def client(served: Served, key: str = "sb-anna") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0)


def test_the_second_identical_request_is_a_hit(house: Served, vendor: Vendor) -> None:
    before = received(vendor)
    with client(house) as anna:
        ask = anna.chat.completions.with_raw_response.create
        first = ask(model="azure-se", messages=hello("Twice, please."), temperature=0)
        second = ask(model="azure-se", messages=hello("Twice, please."), temperature=0)
    assert first.headers["cache-status"] == "signalbox; fwd=miss; stored"
    assert second.headers["cache-status"].startswith("signalbox; hit; ttl=")
    assert second.headers["x-signalbox-endpoint"] == "azure-se"
    assert second.headers["x-signalbox-model"] == first.headers["x-signalbox-model"]
    assert second.headers["x-signalbox-cost"] == "0.000000000 USD"
    told, again = first.parse(), second.parse()
    assert again.choices == told.choices
    assert again.usage == told.usage
    assert again.id != told.id
    assert received(vendor) == before + 1
    (hit,) = house.settled(second.headers["x-signalbox-decision"])
    assert (hit["kind"], hit["hop"], hit["endpoint"]) == ("hit", "cache", "azure-se")
    assert hit["source"] == first.headers["x-signalbox-decision"] + ".1"
    explained = house.command("explain", second.headers["x-signalbox-decision"])
    assert explained.returncode == 0, explained.stderr
    assert hit["source"] in explained.stdout


def test_streams_and_whole_replies_are_given_again_as_each_other(house: Served, vendor: Vendor) -> None:
    before = received(vendor)
    with client(house) as anna:
        ask = anna.chat.completions.create
        streamed = list(ask(model="own-good", messages=hello("Stream it."), temperature=0, stream=True))
        said = "".join([chunk.choices[0].delta.content or "" for chunk in streamed if chunk.choices])
        raw = anna.chat.completions.with_raw_response.create(
            model="own-good", messages=hello("Stream it."), temperature=0, stream=True
        )
        again = [chunk for chunk in raw.parse() if chunk.choices]
        whole = ask(model="own-good", messages=hello("Stream it."), temperature=0)
    assert raw.headers["cache-status"].startswith("signalbox; hit")
    assert "".join([chunk.choices[0].delta.content or "" for chunk in again]) == said
    assert whole.choices[0].message.content == said
    assert received(vendor) == before + 1


def test_another_caller_another_temperature_and_tools_are_no_hits(house: Served, vendor: Vendor) -> None:
    before = received(vendor)
    statuses = []
    more: Any
    tool: Any = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    for key, more in [("sb-anna", {}), ("sb-plain", {}), ("sb-anna", {"temperature": 0.5}),
                      ("sb-anna", {"tools": [tool]})]:  # fmt: skip
        with client(house, key) as caller:
            asked: Any = {"model": "own-good", "messages": hello("Mine."), "temperature": 0, **more}
            raw = caller.chat.completions.with_raw_response.create(**asked)
            statuses.append(raw.headers["cache-status"])
    assert statuses == ["signalbox; fwd=miss; stored"] * 2 + ["signalbox; fwd=bypass"] * 2
    assert received(vendor) == before + 4


def test_a_reload_that_changes_policy_makes_everything_be_asked_anew(house: Served) -> None:
    def ask() -> str:
        with client(house) as anna:
            raw = anna.chat.completions.with_raw_response.create(
                model="own-good", messages=hello("And after?"), temperature=0
            )
        return str(raw.headers["cache-status"])

    ask()
    assert ask().startswith("signalbox; hit")
    extra = house.config.parent / "policies" / "more.cedar"
    extra.write_text(
        '@id("more") @reason("out of bounds") '
        'forbid(principal, action, resource) when { resource.cloud == "nowhere" };'
    )
    reloaded = house.ask("POST", "/admin/v1/reload", key=house.operator_key)
    assert reloaded.status == 200, reloaded.body
    assert ask() == "signalbox; fwd=miss; stored"


def test_without_the_setting_nothing_is_kept_and_nothing_said(served: Served) -> None:
    with client(served) as anna:
        for _ in range(2):
            raw = anna.chat.completions.with_raw_response.create(
                model="own-good", messages=hello("Off."), temperature=0
            )
            assert "cache-status" not in raw.headers
