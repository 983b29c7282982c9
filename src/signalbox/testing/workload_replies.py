"""The replies that a workload has to bear, good and broken, and what must become of each.

    TRIAL = Trial("word/summarize", run, good=(GOOD,), foreign=(IN_FRENCH,))

    @pytest.mark.parametrize("broken", BROKEN, ids=str)
    async def test_a_broken_reply_is_borne(broken: Broken) -> None:
        await bear(TRIAL, broken)

`run` does one operation through an asker and returns its result; `good` are the model's replies in the order
in which they are asked for. Each broken reply takes the place of the first good one. `bear` raises
`AssertionError` that says what became of it instead.
"""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from signalbox.domain.errors import SignalboxError
from signalbox.domain.traits import Capability
from signalbox.domain.verdict import PolicyRelease
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.values import ALL_CAPABILITIES, endpoint, principal, ranked, tenant
from signalbox.workloads.asking import PipelineAsker

Run = Callable[[PipelineAsker], Awaitable[Any]]

_SCHEMA: Final = Path(__file__).parents[3] / "policies" / "signalbox.cedarschema"
_ALLOW_ALL: Final = '@id("all") permit(principal, action == Signalbox::Action::"infer", resource);'
TAKEN: Final = "taken"
REPAIRED: Final = "repaired"


class Broken(Struct, frozen=True, kw_only=True):
    """One way in which a reply is not what was asked for. `becomes`: `taken` as it is, or `repaired` by
    asking again. `make` takes a good reply and the same in another language."""

    name: str
    becomes: str
    make: Callable[[str, str], str]

    def __str__(self) -> str:
        return self.name


class Trial(Struct, frozen=True, kw_only=True):
    """`foreign` is the first good reply in another language than its material's, empty where the answer has
    no language (a formula, a priority)."""

    feature: str
    run: Run
    good: tuple[str, ...]
    foreign: str = ""


def _wrong_types(good: str, _: str) -> str:
    """Every value turned into one of another type."""
    value = msgspec.json.decode(good)
    turned = {key: 7 if isinstance(each, str | list) else [each] for key, each in value.items()}
    return msgspec.json.encode(turned).decode()


def _with_more(good: str, _: str) -> str:
    return msgspec.json.encode({**msgspec.json.decode(good), "confidence": 0.9}).decode()


BROKEN: Final = (
    Broken(name="fenced", becomes=TAKEN, make=lambda good, _: f"```json\n{good}\n```"),
    Broken(
        name="prose around",
        becomes=TAKEN,
        make=lambda good, _: f"Sure! Here is the result:\n\n{good}\n\nLet me know if you need more.",
    ),
    Broken(name="truncated", becomes=REPAIRED, make=lambda good, _: good[: len(good) // 2]),
    Broken(name="empty", becomes=REPAIRED, make=lambda *_: ""),
    Broken(name="wrong types", becomes=REPAIRED, make=_wrong_types),
    Broken(name="another schema", becomes=REPAIRED, make=lambda *_: '{"answer": "yes"}'),
    Broken(name="more than was asked", becomes=REPAIRED, make=_with_more),
    Broken(name="a bare list", becomes=REPAIRED, make=lambda good, _: f"[{good}]"),
    Broken(name="other language", becomes=REPAIRED, make=lambda _, foreign: foreign),
    Broken(
        name="refusal", becomes=REPAIRED, make=lambda *_: "I'm sorry, but I can't help with that request."
    ),
    Broken(name="plain prose", becomes=REPAIRED, make=lambda *_: "The text is about several things."),
)


class Row(Struct, frozen=True):
    """What became of one broken reply: how many requests were sent, and whether the result was the same as
    without it."""

    feature: str
    broken: str
    became: str
    requests: int


async def bear(trial: Trial, broken: Broken) -> Row:
    """Runs the operation with the broken reply first, with nothing but it, and with it from the first model
    alone; returns what became of it in the first case."""
    bad = broken.make(trial.good[0], trial.foreign)
    if not bad and broken.name == "other language":
        return Row(trial.feature, broken.name, "does not apply", 0)
    expected, usual = await _run(trial, {"a": trial.good})
    repaired = broken.becomes == REPAIRED
    result, sent = await _run(trial, {"a": (bad, *(trial.good if repaired else trial.good[1:]))})
    about = f"{trial.feature}, {broken}"
    _hold(result == expected, f"{about}: gave {result!r} instead of {expected!r}")
    _hold(sent == usual + repaired, f"{about}: took {sent} requests, not {usual + repaired}")
    if repaired:
        elsewhere, _ = await _run(trial, {"a": (bad, bad, *trial.good[1:]), "b": trial.good[:1]})
        _hold(elsewhere == expected, f"{about}: the next model gave {elsewhere!r}")
        try:
            wrong, _ = await _run(trial, {}, default=bad)
        except SignalboxError:
            pass
        else:
            _hold(False, f"{about}: was delivered as {wrong!r}")
    return Row(trial.feature, broken.name, broken.becomes, sent)


async def table(trials: Iterable[Trial]) -> list[Row]:
    """Every trial with every broken reply. Raises as `bear` does."""
    return [await bear(trial, broken) for trial in trials for broken in BROKEN]


def rooms(*, grammars: bool = False) -> House:
    """A house with two endpoints, `a` before `b`, and a policy that permits both. With `grammars` they take
    one, as an embedded model does: what they say is then the text itself."""
    policy = PolicyRelease(texts={"all": _ALLOW_ALL}, schema=_SCHEMA.read_text())
    capabilities = ALL_CAPABILITIES if grammars else ALL_CAPABILITIES & ~Capability.GRAMMAR
    both = [endpoint(ident, capabilities=capabilities) for ident in ("a", "b")]
    return House(policy, ranked(*both), [tenant()])


def asker_of(house: House) -> PipelineAsker:
    return PipelineAsker(house.pipeline, principal(), house.pipeline.operation(600_000))


async def answered(run: Run, *replies: str) -> Any:
    """The result of an operation whose questions are answered with these, from one model; the last one again
    where more is asked. Raises what it raises."""
    house = rooms()
    house.provider.default = Script(text=replies[-1])
    house.provider.will("a", *(Script(text=reply) for reply in replies))
    return await run(asker_of(house))


def _hold(true: bool, words: str) -> None:
    if not true:
        raise AssertionError(words)


async def _run(
    trial: Trial, replies: dict[str, tuple[str, ...]], default: str | None = None
) -> tuple[Any, int]:
    house = rooms()
    house.provider.default = Script(text="no reply was scripted for this" if default is None else default)
    for ident, said in replies.items():
        house.provider.will(ident, *(Script(text=each) for each in said))
    result = await trial.run(asker_of(house))
    return result, len(house.provider.calls)
