"""The cache beside a model that keeps everything in a list and compares everything, over traffic that asks
again: the same answers are given twice, to the letter, and none to anybody else."""

import asyncio
import math
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from signalbox.adapters.caches.memory import MemoryCache
from signalbox.dispatch.delivery import Recalled
from signalbox.domain.reply import Event, TextDelta
from signalbox.domain.request import Declared, Message, Request, Sampling, Text, Tool
from signalbox.domain.verdict import PolicyRelease
from signalbox.recall import Asked, Recall, RecallRules
from signalbox.recall.rules import Scope
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.values import endpoint, principal, ranked, tenant

SCHEMA = (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
PERMIT = '@id("{name}") permit(principal, action == Signalbox::Action::"infer", resource);'
POLICIES = [
    PolicyRelease(texts={"all": PERMIT.format(name=name)}, schema=SCHEMA) for name in ("first", "second")
]
CATALOGUES = [
    ranked(endpoint("a", vendor="v"), endpoint("b", vendor="w")),
    ranked(endpoint("a", vendor="v", terms_version="2"), endpoint("b", vendor="w")),
]
TTL_MS = 60_000
SCOPES: dict[str, Scope] = {"acme": "groups", "other": "user", "shared": "tenant", "alike": "groups"}
ALIKE = "alike"
VECTORS = {
    "Rewrite this.": (1.0, 0.0, 0.0),
    "Rewrite this!": (0.98, 0.2, 0.0),
    "Rewrite this please.": (0.9, 0.0, 0.44),
    "Rewrite that.": (0.0, 1.0, 0.0),
}
"""What the words mean. The second is like the first beyond what is asked, and only just; the third is not."""
ALIKE_MIN_E4 = 9_700
TENANTS = {name: tenant(name) for name in (*SCOPES, "without")}
RULES = {
    name: RecallRules(
        ttl_ms=TTL_MS,
        scope=scope,
        any_temperature=name == "other",
        alike_model="meanings" if name == ALIKE else "",
        alike_min_e4=ALIKE_MIN_E4,
    )
    for name, scope in SCOPES.items()
}
often = st.sampled_from  # the first of each is what shrinking leads to
CALLERS = {
    "tenant": often(["acme", "alike", "alike", "other", "shared", "without"]),
    "groups": often([("one",), ("one",), ("two",), ("one", "two")]),
    "user": often(["anna", "anna", "ben"]),
    "assert": often([frozenset({"label", "user"}), frozenset({"label", "user", "app"})]),
    "label": often(["general", "general", "general", "public", "confidential"]),
    "boundary": often(["world", "world", "eu"]),
}
QUESTIONS = {
    "text": often([*VECTORS, "Rewrite this.", "Rewrite this!"]),
    "temperature": often([0.0, 0.0, 0.0, 0.0, None, 0.5]),
    "target": often(["auto", "auto", "auto:cost", "b"]),
    "max_tokens": often([None, None, 100, 1]),
    "tools": often([False, False, False, True]),
    "n": often([1, 1, 1, 2]),
    "notes": often([(), (), ("names of messages left out",)]),
}
counted = Counter[str]()


class Kept:
    """Everything that the model knows of an answer."""

    def __init__(self, who: dict[str, Any], what: dict[str, Any], moment: Any, said: str, until: int) -> None:
        self.who, self.what, self.moment, self.said, self.until = who, what, moment, said, until


class Cached(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.house = House(POLICIES[0], CATALOGUES[0], list(TENANTS.values()))
        objectives = self.house.pipeline.objectives
        objectives._named["cost"] = objectives._named["balanced"]
        self.recall = Recall(
            MemoryCache(self.house.clock, entries_max=1_000, bytes_max=1 << 20),
            self.house.interlock,
            self.house.clock,
            RULES,
        )
        self.house.pipeline.recall = self.recall
        self.recall.embed = meaning
        self.model: list[Kept] = []
        self.release = (0, 0)
        self.epoch = 0
        self.looked_at = (0, (0, 0))
        self.killed = False
        self.number = 0
        self.asks: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def teardown(self) -> None:
        self.runner.close()

    @rule(who=st.fixed_dictionaries(CALLERS), what=st.fixed_dictionaries(QUESTIONS), stream=st.booleans())
    def ask(self, who: dict[str, Any], what: dict[str, Any], stream: bool) -> None:
        self.asks.append((who, what))
        self.number += 1
        self.house.provider.default = Script(text=f"answer {self.number}")
        expected = self.expected(who, what)
        said, finish, delivery = self.runner.run(self.put(who, what, stream))
        assert isinstance(delivery, Recalled) == (expected is not None)
        counted["asked"] += who["tenant"] in SCOPES
        if expected is not None:
            counted["hits"] += 1
            counted["alike"] += expected.what["text"] != what["text"]
            assert said == expected.said
            assert delivery.settlement.cost.nanos == 0
            assert len(self.house.log.hits) + len(self.house.log.decisions) == self.number
        elif self.keepable(who, what) and finish == "stop":
            until = self.house.clock.monotonic_us() + TTL_MS * 1_000
            self.model.append(Kept(who, what, (self.epoch, self.release), said, until))

    @precondition(lambda self: self.asks)
    @rule(back=st.integers(1, 4), streams=st.lists(st.booleans(), min_size=4, max_size=8))
    def ask_again(self, back: int, streams: list[bool]) -> None:
        for stream in streams:
            self.ask(*self.asks[-min(back, len(self.asks))], stream)

    @precondition(lambda self: self.asks)
    @rule(back=st.integers(1, 4), data=st.data())
    def ask_nearly_the_same(self, back: int, data: st.DataObject) -> None:
        who, what = self.asks[-min(back, len(self.asks))]
        name = data.draw(st.sampled_from([*CALLERS, *QUESTIONS]))
        other = data.draw((CALLERS | QUESTIONS)[name])
        if name in CALLERS:
            self.ask(who | {name: other}, what, False)
        else:
            self.ask(who, what | {name: other}, False)

    @precondition(lambda self: self.asks)
    @rule(back=st.integers(1, 4), texts=st.lists(st.sampled_from([*VECTORS]), min_size=2, max_size=4))
    def ask_in_other_words(self, back: int, texts: list[str]) -> None:
        who, what = self.asks[-min(back, len(self.asks))]
        who = who | {"tenant": ALIKE, "label": "general"}
        what = what | {"temperature": 0.0, "tools": False, "n": 1, "max_tokens": None}
        for text in texts:
            self.ask(who, what | {"text": text}, False)

    @rule(
        happens=st.sampled_from(["wait", "wait", "wait", "publish", "kill", "erase"]),
        ms=st.sampled_from([1, 1_000, TTL_MS - 1]),
        release=st.tuples(st.integers(0, 1), st.integers(0, 1)),
        user=st.sampled_from(["anna", "ben"]),
        named=st.sampled_from(list(SCOPES)),
    )
    def meanwhile(self, happens: str, ms: int, release: tuple[int, int], user: str, named: str) -> None:
        interlock = self.house.interlock
        if happens == "wait":
            self.house.clock.advance(ms * 1_000)
        elif happens == "publish":
            self.release = release
            interlock.publish(self.house.release(CATALOGUES[release[1]], POLICIES[release[0]]))
        elif happens == "kill":
            self.epoch += 1
            switch = interlock.restore if self.killed else interlock.kill
            switch(["vendor:v"])
            self.killed = not self.killed
        else:
            self.runner.run(self.recall.erase(named, user))
            self.model = [
                kept for kept in self.model if (kept.who["tenant"], kept.who["user"]) != (named, user)
            ]

    def expected(self, who: dict[str, Any], what: dict[str, Any]) -> Kept | None:
        """What the model has for this, by comparing all there is."""
        if who["tenant"] in SCOPES:
            now = (self.epoch, self.release)
            if now != self.looked_at:
                self.model = [kept for kept in self.model if kept.moment[1] != self.looked_at[1]]
                self.looked_at = now
        if not self.keepable(who, what):
            return None
        left_out = {"groups": (), "user": ("user",), "tenant": ()}[SCOPES[who["tenant"]]]
        compared = {"tenant", "label", "boundary", *left_out}
        if SCOPES[who["tenant"]] != "tenant":
            compared |= {"groups", "assert"}
        theirs = [
            kept
            for kept in self.model
            if kept.until > self.house.clock.monotonic_us()
            and kept.moment[1] == self.release
            and all(kept.who[name] == who[name] for name in compared)
        ]
        for kept in theirs:
            if kept.what == what:
                return kept
        if who["tenant"] != ALIKE:
            return None
        near = [kept for kept in theirs if kept.what | {"text": ""} == what | {"text": ""}]
        near = [kept for kept in near if cosine(kept.what["text"], what["text"]) * 10_000 >= ALIKE_MIN_E4]
        return max(near, key=lambda kept: cosine(kept.what["text"], what["text"]), default=None)

    def keepable(self, who: dict[str, Any], what: dict[str, Any]) -> bool:
        return (
            who["tenant"] in SCOPES
            and who["label"] != "confidential"
            and not what["tools"]
            and what["n"] == 1
            and (what["temperature"] == 0 or who["tenant"] == "other")
        )

    async def put(self, who: dict[str, Any], what: dict[str, Any], stream: bool) -> Any:
        request = Request(
            target=what["target"],
            messages=(Message("user", (Text(what["text"]),)),),
            tools=(Tool("look_up"),) if what["tools"] else (),
            sampling=Sampling(temperature=what["temperature"], max_tokens=what["max_tokens"], n=what["n"]),
            stream=stream,
            notes=what["notes"],
            declared=Declared(label=who["label"], boundary=who["boundary"], user=who["user"]),
        )
        caller = principal(
            tenant=TENANTS[who["tenant"]], groups=who["groups"], may_assert=who["assert"], subject="key"
        )
        _, delivery = await self.house.pipeline.run(request, caller)
        if delivery.events is None:
            reply = delivery.reply
            assert reply is not None
            return reply.choices[0].text, reply.choices[0].finish, delivery
        events: list[Event] = [event async for event in delivery.events]
        await self.recall.settle()
        said = "".join([event.text for event in events if isinstance(event, TextDelta) and not event.choice])
        assert delivery.settlement is not None
        return said, delivery.settlement.finish, delivery


def cosine(one: str, other: str) -> float:
    """Of two texts, worked out from the definition."""
    a, b = VECTORS[one], VECTORS[other]
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / (math.hypot(*a) * math.hypot(*b))


async def meaning(asked: Asked, model: str, words: str) -> bytes | None:
    assert model == "meanings"
    assert asked.facts.tenant == ALIKE
    return struct.pack("<3f", *VECTORS[words])


def run(examples: int) -> None:
    counted.clear()
    run_state_machine_as_test(
        Cached,
        settings=settings(max_examples=examples, stateful_step_count=60, derandomize=True, deadline=None),
    )
    assert counted["asked"] > 10 * examples
    assert counted["hits"] >= 0.3 * counted["asked"], counted
    assert counted["alike"] > examples // 4, counted


def test_hits_are_those_of_a_model_that_compares_everything() -> None:
    run(40)


@pytest.mark.soak
def test_hits_are_those_of_the_model_over_many_runs() -> None:
    run(2_000)
