"""The `openai` SDK against the real server: what a client program sees."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import openai
import pytest
from pydantic import BaseModel

from signalbox.testing.served import Served, Vendor

HELLO: Any = [{"role": "user", "content": "Please rewrite this sentence."}]
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
}
TOOL: Any = {"type": "function", "function": {"name": "make_deck", "parameters": SCHEMA}}
REWRITE = {"X-Signalbox-App": "word", "X-Signalbox-Feature": "rewrite"}
ROUTING = ["auto", "auto:quality", "auto:balanced", "auto:cost", "auto:latency"]


class Deck(BaseModel):
    title: str


def connect(served: Served, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0)


@pytest.fixture
def anna(served: Served) -> Iterator[openai.OpenAI]:
    with connect(served, "sb-anna") as client:
        yield client


@pytest.fixture
async def async_anna(served: Served) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="sb-anna", max_retries=0) as client:
        yield client


def ids(client: openai.OpenAI) -> list[str]:
    return [model.id for model in client.models.list()]


def test_a_reply_says_in_its_headers_who_answered_and_why(served: Served, anna: openai.OpenAI) -> None:
    raw = anna.chat.completions.with_raw_response.create(
        model="azure-se",
        messages=HELLO,
        extra_headers=REWRITE,
    )
    reply, headers = raw.parse(), raw.headers
    assert reply.choices[0].message.content
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 8
    assert {name: headers[f"x-signalbox-{name}"] for name in
            ("endpoint", "model", "vendor", "region", "task", "sensitivity", "stream-mode")} == {
        "endpoint": "azure-se", "model": "good@v1", "vendor": "acme-models", "region": "se-1",
        "task": "rewriting", "sensitivity": "general", "stream-mode": "none",
    }  # fmt: skip
    assert headers["x-signalbox-reason"]
    assert headers["x-signalbox-cost"].endswith("USD")
    stages = dict(part.strip().split(";dur=") for part in headers["server-timing"].split(","))
    assert list(stages) == ["receive", "classify", "policy", "rank", "dispatch"]
    assert all(float(took) >= 0 for took in stages.values())
    kinds = [record["kind"] for record in served.settled(headers["x-signalbox-decision"])]
    assert kinds == ["decision", "intent", "outcome"]


async def test_the_asynchronous_client_gets_the_same(async_anna: openai.AsyncOpenAI) -> None:
    whole = await async_anna.chat.completions.create(model="own-good", messages=HELLO)
    stream = await async_anna.chat.completions.create(model="own-good", messages=HELLO, stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
    assert text == whole.choices[0].message.content


def test_a_stream_tells_the_rest_in_its_last_chunk(anna: openai.OpenAI) -> None:
    raw = anna.chat.completions.with_raw_response.create(
        model="azure-se", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert raw.headers["x-signalbox-endpoint"] == "azure-se"
    assert raw.headers["x-signalbox-stream-mode"] == "pass-through"
    assert "x-signalbox-cost" not in raw.headers
    chunks = list(raw.parse())
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8
    (told,) = (chunk.to_dict()["signalbox"] for chunk in chunks if "signalbox" in chunk.to_dict())
    assert isinstance(told, dict)
    assert told["decision"] == raw.headers["x-signalbox-decision"]
    assert told["cost"].endswith("USD")
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert {chunk.id for chunk in chunks} == {"chatcmpl-" + told["decision"].removeprefix("dec-")}


def test_a_stream_without_usage_asked_for_tells_none_and_still_ends_with_signalbox(
    anna: openai.OpenAI,
) -> None:
    chunks = list(anna.chat.completions.create(model="azure-se", messages=HELLO, stream=True))
    assert all(chunk.usage is None for chunk in chunks)
    assert "signalbox" in chunks[-1].to_dict()


def test_the_stream_helper_of_the_sdk_takes_it(anna: openai.OpenAI) -> None:
    with anna.chat.completions.stream(model="own-good", messages=HELLO) as stream:
        kinds = [event.type for event in stream]
    assert "content.delta" in kinds
    assert stream.get_final_completion().choices[0].finish_reason == "stop"
    with anna.chat.completions.stream(model="own-good", messages=HELLO, response_format=Deck) as parsed:
        parsed.until_done()
    assert parsed.get_final_completion().choices[0].message.parsed == Deck(title="signal")


def test_a_schema_is_kept(anna: openai.OpenAI) -> None:
    reply = anna.chat.completions.create(
        model="auto", messages=HELLO,
        response_format={"type": "json_schema", "json_schema": {"name": "deck", "schema": SCHEMA}},
    )  # fmt: skip
    assert msgspec.json.decode(reply.choices[0].message.content or "") == {"title": "signal"}
    assert anna.chat.completions.parse(model="auto", messages=HELLO, response_format=Deck).choices[
        0
    ].message.parsed == Deck(title="signal")


def test_tools_pass_through(anna: openai.OpenAI) -> None:
    reply = anna.chat.completions.create(model="auto", messages=HELLO, tools=[TOOL], tool_choice="required")
    assert reply.choices[0].finish_reason == "tool_calls"
    (call,) = reply.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "make_deck"
    assert msgspec.json.decode(call.function.arguments) == {"title": "signal"}
    then: Any = [*HELLO, reply.choices[0].message.to_dict(),
                 {"role": "tool", "tool_call_id": call.id, "content": "done"}]  # fmt: skip
    assert anna.chat.completions.create(model="auto", messages=then, tools=[TOOL]).choices[0].message.content


def test_choices_stop_and_limits_are_obeyed(anna: openai.OpenAI) -> None:
    create: Any = anna.chat.completions.create
    two = create(model="own-good", messages=HELLO, n=2, seed=7, temperature=0.2, top_p=0.9)
    assert [choice.index for choice in two.choices] == [0, 1]
    words = (two.choices[0].message.content or "").split()
    stopped = create(model="own-good", messages=HELLO, stop=words[2])
    assert words[2] not in (stopped.choices[0].message.content or "")
    for limit in ({"max_tokens": 3}, {"max_completion_tokens": 3}):
        cut = create(model="own-good", messages=HELLO, **limit)
        assert (cut.choices[0].finish_reason, cut.usage.completion_tokens) == ("length", 3)
    streamed = list(create(model="own-good", messages=HELLO, n=2, stream=True))
    assert {choice.index for chunk in streamed for choice in chunk.choices} == {0, 1}


def test_models_lists_what_policy_permits_this_caller_and_no_more(
    served: Served, anna: openai.OpenAI
) -> None:
    names = ids(anna)
    assert names[:5] == ROUTING
    assert {"good", "sonnet", "own-good", "azure-se", "claude-se"} < set(names)
    assert "us-west" not in names
    with connect(served, "sb-plain") as plain:
        assert not {"sonnet", "claude-se", "us-west"} & set(ids(plain))
    with connect(served, "sb-walled") as walled:
        assert ids(walled) == []


@pytest.mark.parametrize(
    ("asked", "answers"),
    [("auto:quality", {"own-good", "azure-se"}), ("good", {"own-good", "azure-se"}),
     ("good@v1", {"own-good", "azure-se"}), ("azure-se", {"azure-se"}), ("sonnet@v1", {"claude-se"})],
)  # fmt: skip
def test_a_caller_may_ask_for_a_routing_name_a_model_a_version_or_an_endpoint(
    anna: openai.OpenAI, asked: str, answers: set[str]
) -> None:
    raw = anna.chat.completions.with_raw_response.create(model=asked, messages=HELLO)
    assert raw.headers["x-signalbox-endpoint"] in answers


@pytest.mark.parametrize("asked", ["auto", "good", "good@v1", "azure-se"])
def test_policy_holds_however_a_model_is_asked_for(
    served: Served, vendor: Vendor, anna: openai.OpenAI, asked: str
) -> None:
    """Text with a credential may only go to our own machines."""
    secret: Any = [{"role": "user", "content": "deploy with AKIAIOSFODNN7EXAMPLF please"}]
    if asked == "azure-se":
        with pytest.raises(openai.PermissionDeniedError):
            anna.chat.completions.create(model=asked, messages=secret)
        return
    raw = anna.chat.completions.with_raw_response.create(model=asked, messages=secret)
    assert raw.headers["x-signalbox-endpoint"].startswith(("own-", "x-", "one-"))
    assert raw.headers["x-signalbox-sensitivity"] == "highly-confidential"


def refusal(error: openai.APIStatusError) -> dict[str, Any]:
    body = error.body
    assert isinstance(body, dict)
    return body


def test_an_endpoint_one_may_not_know_of_is_like_one_that_does_not_exist(served: Served) -> None:
    with connect(served, "sb-plain") as plain:
        said = []
        for name in ("us-west", "us-claude", "claude-se", "sonnet", "sonnet@v1", "no-such-thing", "good@v9"):
            with pytest.raises(openai.NotFoundError) as refused:
                plain.chat.completions.create(model=name, messages=HELLO)
            body = refusal(refused.value)
            said.append(body["message"].replace(f"`{name}`", "`NAME`"))
            assert set(body) == {"message", "type", "param", "code", "signalbox"}
            assert set(body["signalbox"]) == {"type", "decision"}
            denied = served.settled(body["signalbox"]["decision"])
            assert [(r["kind"], r["code"], r["target"]) for r in denied] == [
                ("denial", "unknown_model", name)
            ]
    assert len(set(said)) == 1


def test_an_endpoint_denied_for_this_content_is_explained_in_words(
    served: Served, anna: openai.OpenAI
) -> None:
    with pytest.raises(openai.PermissionDeniedError) as refused:
        anna.chat.completions.create(
            model="sonnet", messages=HELLO, extra_headers={"X-Signalbox-Sensitivity": "confidential"}
        )
    body = refusal(refused.value)
    assert (body["code"], body["type"]) == ("policy_denied", "permission_error")
    assert body["signalbox"]["denials"] == [
        {
            "endpoint": "claude-se",
            "reasons": [
                "confidential data must stay in the home cloud or on-premises (rule `sensitive.home-cloud`)"
            ],
        }
    ]
    assert "us-" not in str(body)
    (denied,) = served.settled(body["signalbox"]["decision"])
    assert [reason.partition(":")[0] for reason in denied["reasons"]] == ["claude-se", "us-claude"]


def test_the_connection_is_kept(served: Served) -> None:
    with served.connection() as line:
        for _ in range(3):
            assert line.ask("GET", "/v1/models", key="sb-anna").status == 200
        assert line.connects == 1
