"""A word that is in everything a caller sends is nowhere but at the vendor that was permitted to have it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.integration.hop_world import HopWorld, heard_by, hop_world, mixed_traffic, warmed

from signalbox.simulate.scenario import Behaviour
from signalbox.testing.served import Answer, Served, eventually

CANARY = "CANARY-7f3a9"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[HopWorld]:
    with hop_world(tmp_path) as made:
        yield made


def everywhere(served: Served, model: str, **more: Any) -> Answer:
    """The word in every field of a request that takes text, but the name of a model."""
    tool = {
        "type": "function",
        "function": {
            "name": CANARY,
            "description": CANARY,
            "parameters": {
                "type": "object",
                "properties": {CANARY: {"type": "string", "description": CANARY}},
            },
        },
    }
    call = {"id": CANARY, "type": "function", "function": {"name": CANARY, "arguments": f'{{"{CANARY}":1}}'}}
    messages = [
        {"role": "system", "content": CANARY, "name": CANARY},
        {"role": "user", "content": [{"type": "text", "text": CANARY}]},
        {"role": "assistant", "content": CANARY, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": CANARY, "content": CANARY},
        {"role": "user", "content": CANARY},
    ]
    return served.chat("sb-anna", model=model, messages=messages, tools=[tool], stop=[CANARY], **more)


def attached(served: Served, model: str) -> Answer:
    source = {"type": "text", "media_type": "text/plain", "data": CANARY}
    document = {"type": "document", "source": source, "title": CANARY, "context": CANARY}
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": [document]}]}
    return served.ask("POST", "/v1/messages", msgspec.json.encode(body), key="sb-anna")


def test_a_word_of_a_request_is_in_no_log_no_metric_and_no_key(world: HopWorld) -> None:
    said: dict[str, Answer] = {}
    with world.serve() as served:
        warmed(served)
        asked = served.chat(
            "sb-anna", model="azure-se", temperature=0, messages=[{"role": "user", "content": CANARY}]
        )
        assert asked.headers["cache-status"] == "signalbox; fwd=miss"
        eventually(lambda: b"answer" in world.valkey.ask("KEYS", "*"))
        keys = world.valkey.ask("KEYS", "*")
        names = [line for line in keys.split(b"\r\n") if line.startswith(b"signalbox:")]
        kept = [world.valkey.ask("HGETALL", name.decode()) for name in names]
        for model in ("own-good", "us-west", "x-broken", "x-refused", "x-reset-mid", "x-garbage", "sonnet"):
            for stream in (False, True):
                said[f"everywhere {model} {stream}"] = everywhere(served, model, stream=stream)
        said["attached"] = attached(served, "own-good")
        said["attached, denied"] = attached(served, "us-west")
        # A vendor that repeats the prompt in what it says of an error.
        for status in (400, 403, 404, 413, 422, 429, 500, 503):
            world.permitted.scenario.queue.extend(
                [Behaviour(fault="status", status=status, message=CANARY)] * 2
            )
            said[f"repeated {status}"] = everywhere(served, "own-good")
            world.permitted.scenario.queue.clear()
        said |= mixed_traffic(world, served, lambda name: f"{CANARY} {name}")
        others = served.chat("sb-plain", model="x-broken")
        metrics = served.ask("GET", "/metrics", key=served.operator_key).body
        shown = served.command("log", "show").stdout
    word = CANARY.encode()
    assert sum(word in body for body in heard_by(world.permitted)) > 20, "the traffic has the word in it"
    assert names
    assert word not in keys
    assert word not in b"".join(kept), (
        "of a question only its digest is kept, and the answer has no such word"
    )
    assert word not in metrics
    assert CANARY not in shown
    assert CANARY not in served.complaints
    assert word not in others.body
    for file in served.data_dir.rglob("*"):
        if file.is_file():
            assert word not in file.read_bytes(), file
    # What a vendor says is wrong with a request is told to its sender, and to nobody else.
    refusals = {
        name: answer.body
        for name, answer in said.items()
        if answer.status >= 400 and not name.startswith("repeated 4")
    }
    assert len(refusals) > 20
    assert [name for name, body in refusals.items() if word in body] == []
    assert not heard_by(world.forbidden)
