"""What holds of the emulated vendors whatever is asked of them: buckets, caches, answers, seals, schemas."""

from random import Random
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.money import Usage
from signalbox.domain.request import (
    Document,
    Message,
    Reasoning,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    Tool,
    ToolChoice,
)
from signalbox.normalise.collect import Collector
from signalbox.simulate.vendors.answer import Nature, answer
from signalbox.simulate.vendors.counts import prompt_tokens
from signalbox.simulate.vendors.instance import instance_text
from signalbox.simulate.vendors.limits import Meter
from signalbox.simulate.vendors.prompt_cache import PromptCache
from signalbox.simulate.vendors.scenario import (
    FAULT_KINDS,
    Fault,
    Fixed,
    Limits,
    Lognormal,
    Scenario,
    Uniform,
    read_scenario,
    sample_s,
)
from signalbox.simulate.vendors.seals import Sealer

CLAUDE = Nature(thinking="anthropic", shown=True, call_ids="toolu_", citing=True)
PLAIN = Nature()
TOOL = Tool("set_route", parameters={"type": "object", "properties": {"to": {"type": "string"}}})

texts = st.one_of(
    st.text(max_size=60),
    st.just('call set_route {"to": "platform 1"} then call set_route {"to": "{}"}'),
    st.just("call nobody {} and call set_route {broken"),
)
requests = st.builds(
    Request,
    target=st.just("m"),
    messages=st.lists(
        st.builds(
            lambda text, cited: Message(
                "user", (Text(text), Document("text/plain", "The distant is on.", cited=cited))
            ),
            texts,
            st.booleans(),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    tools=st.sampled_from(((), (TOOL,))),
    tool_choice=st.sampled_from((None, ToolChoice("auto"), ToolChoice("required"), ToolChoice("none"))),
    parallel_tool_calls=st.sampled_from((None, True, False)),
    response_format=st.sampled_from((None, ResponseFormat("json_object"))),
    reasoning=st.sampled_from((None, Reasoning(effort="low"), Reasoning(effort="none"))),
    sampling=st.builds(
        Sampling,
        max_tokens=st.one_of(st.none(), st.integers(1, 40)),
        stop=st.sampled_from(((), ("signal",), ("e", "zzz"))),
        n=st.integers(1, 3),
    ),
)


@given(
    request=requests,
    nature=st.sampled_from((CLAUDE, PLAIN)),
    tokens=st.integers(0, 40),
    fault=st.sampled_from(FAULT_KINDS),
)
def test_the_events_of_an_answer_add_up_to_its_reply(
    request: Request, nature: Nature, tokens: int, fault: Any
) -> None:
    usage = Usage(input=prompt_tokens(request))
    said = answer(
        request, nature, tokens=tokens, usage=usage, seal=Sealer("k").seal, fault=fault, served_model="m"
    )
    collector = Collector()
    for event in said.events:
        collector.add(event)
    assert msgspec.structs.replace(collector.reply(), created_s=said.reply.created_s) == said.reply
    limit = request.sampling.max_tokens
    for choice in said.reply.choices:
        for stop in request.sampling.stop:
            assert stop not in choice.text or choice.refusal
    if limit is not None and not said.reply.choices[0].tool_uses and not said.reply.choices[0].reasoning:
        assert said.reply.usage.output <= (limit + 20) * request.sampling.n
    assert said.reply.usage.reasoning <= said.reply.usage.output


@given(
    asks=st.lists(st.tuples(st.floats(0, 120), st.integers(0, 60)), max_size=40),
    requests_per_min=st.integers(1, 10),
    tokens_per_min=st.integers(0, 100),
)
def test_no_minute_holds_more_than_two_buckets(
    asks: list[tuple[float, int]], requests_per_min: int, tokens_per_min: int
) -> None:
    meter, limits = Meter(), Limits(requests_per_min, tokens_per_min)
    taken: list[float] = []
    for at, tokens in sorted(asks):
        standing = meter.ask("m", "", limits, tokens, at)
        assert bool(standing.spent) == (standing.wait_s > 0)
        assert 0 <= standing.requests_left <= requests_per_min
        if not standing.spent:
            taken.append(at)
        else:
            # Who waits as long as it was told, and is alone, is let in.
            assert standing.wait_s <= 60
    for start in taken:
        assert sum(start <= at < start + 60 for at in taken) <= 2 * requests_per_min


def test_who_waits_as_told_is_let_in() -> None:
    meter, limits = Meter(), Limits(3, 50)
    at = 0.0
    for _ in range(20):
        standing = meter.ask("m", "", limits, 40, at)
        if standing.spent:
            at += standing.wait_s + 1e-6
            assert not meter.ask("m", "", limits, 40, at).spent


marks = st.sampled_from(("", "5m", "1h"))


@given(
    prompts=st.lists(
        st.lists(
            st.tuples(st.sampled_from(("one", "two words", "three more words")), marks),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    ),
    keeping=st.sampled_from(("marked", "automatic", "never")),
    tokens_min=st.integers(0, 5),
)
def test_every_token_of_a_prompt_is_counted_once(prompts: Any, keeping: Any, tokens_min: int) -> None:
    cache = PromptCache()
    for number, prompt in enumerate(prompts):
        request = Request(
            target="m", messages=tuple(Message("user", (Text(text, cache=mark),)) for text, mark in prompt)
        )
        usage = cache.account("m", request, keeping, tokens_min, float(number))
        assert usage.prompt == prompt_tokens(request)
        if keeping != "marked":
            assert usage.cache_write == usage.cache_write_1h == 0
        again = cache.account("m", request, keeping, tokens_min, float(number))
        assert again.cached_input >= usage.cached_input
        assert again.cache_write == again.cache_write_1h == 0
        assert PromptCache().account("m", request, "never", 0, 0).input == usage.prompt
    later = cache.account("m", request, keeping, tokens_min, 1e6)
    assert later.cached_input == 0


@given(text=st.text(max_size=50), other=st.text(max_size=50))
def test_a_seal_holds_for_its_text_and_key_alone(text: str, other: str) -> None:
    sealer = Sealer("k")
    seal = sealer.seal(text)
    assert sealer.holds(text, seal)
    assert sealer.ours(seal)
    assert sealer.holds(other, seal) == (other == text)
    assert not Sealer("j").ours(seal)
    assert not sealer.ours(other)


schemas = st.recursive(
    st.sampled_from(
        (
            {"type": "string"},
            {"type": "string", "enum": ["a", "b"]},
            {"type": "string", "minLength": 9, "maxLength": 10},
            {"type": "string", "format": "date-time"},
            {"type": "integer", "minimum": 7, "maximum": 9},
            {"type": "integer", "exclusiveMinimum": 4, "multipleOf": 4},
            {"type": "number", "maximum": -2},
            {"type": ["boolean", "null"]},
            {"const": 3},
            {"type": "null"},
            {"$ref": "#/$defs/leaf"},
        )
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda item, least: {"type": "array", "items": item, "minItems": least}, inner, st.integers(0, 2)
        ),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda fields: {
                "type": "object",
                "properties": fields,
                "required": list(fields),
                "additionalProperties": False,
            },
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        ),
    ),
    max_leaves=8,
)


@given(schemas)
def test_the_plainest_instance_is_valid(schema: dict[str, Any]) -> None:
    whole = schema | {"$defs": {"leaf": {"type": "object", "properties": {"next": {"type": "string"}}}}}
    jsonschema_rs.validate(whole, msgspec.json.decode(instance_text(whole)))


def test_latencies_are_drawn_from_where_they_say() -> None:
    random = Random(3)
    assert sample_s(Fixed(40), random) == 0.04
    assert all(0.01 <= sample_s(Uniform(10, 20), random) <= 0.02 for _ in range(200))
    drawn = sorted(sample_s(Lognormal(100, 0.5, 400), random) for _ in range(999))
    assert 0.09 < drawn[499] < 0.11
    assert drawn[-1] <= 0.4


def test_the_queue_strikes_whom_it_names() -> None:
    scenario = Scenario()
    scenario.queue += (Fault("hang", model="b"), Fault("server_error", vendor="openai"), Fault("none"))
    assert scenario.next_fault("openai", "a", "") == Fault("server_error", vendor="openai")
    assert scenario.next_fault("bedrock", "b", "eu") == Fault("hang", model="b")
    assert scenario.next_fault("bedrock", "a", "") == Fault("none")
    assert scenario.next_fault("bedrock", "a", "") is None


def test_a_scenario_file_with_a_mistake_names_it(tmp_path: Any) -> None:
    file = tmp_path / "scenario.json"
    for text, words in (
        ('{"default": {"tokns": 3}}', "tokns"),
        ('{"queue": [{"kind": "explode"}]}', r"queue\[0\]\.kind"),
        ('{"default": {"chances": [{"fault": {"kind": "hang"}, "probability": 2}]}}', "probability"),
        ('{"default": {"token": {"type": "uniform", "from_ms": 1}}}', "to_ms"),
    ):
        file.write_text(text)
        with pytest.raises(msgspec.ValidationError, match=words):
            read_scenario(file)
