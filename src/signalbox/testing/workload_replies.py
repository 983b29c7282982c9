"""The replies that a workload has to bear, good and broken, and what must become of each.

    TRIAL = Trial("word/summarize", run, good=(GOOD,), foreign=(IN_FRENCH,))

    @pytest.mark.parametrize("broken", BROKEN, ids=str)
    async def test_a_broken_reply_is_borne(broken: Broken) -> None:
        await bear(TRIAL, broken)

`run` does one operation through an asker and returns its result; `good` are the model's replies in the order
in which they are asked for. Each broken reply takes the place of the first good one. `bear` raises
`AssertionError` that says what became of it instead. Who speaks is the stage's: a provider without a wire
here, the vendors' emulators in `workload_wires`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from signalbox.domain.errors import SignalboxError
from signalbox.domain.traits import Capability
from signalbox.simulate.vendors.scenario import Line
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import ALL_CAPABILITIES, endpoint, principal, ranked, tenant
from signalbox.workloads.asking import PipelineAsker

Run = Callable[[PipelineAsker], Awaitable[Any]]

MODELS: Final = ("a", "b")
"""The models of a stage, in the order in which they rank."""
TAKEN: Final = "taken"
REPAIRED: Final = "repaired"
ABSENT: Final = "does not apply"
UNSCRIPTED: Final = Line("no reply was scripted for this")
OTHER_LANGUAGE: Final = "other language"


class Broken(Struct, frozen=True, kw_only=True):
    """One way in which a reply is not what was asked for. `becomes`: `taken` as it is, or `repaired` by
    asking again. `make` takes a good reply and the same in another language; how the vendor says that it
    ended is of the line."""

    name: str
    becomes: str
    make: Callable[[str, str], Line]

    def __str__(self) -> str:
        return self.name


class Trial(Struct, frozen=True, kw_only=True):
    """`foreign` is the first good reply in another language than its material's, empty where the answer has
    no language (a formula, a priority)."""

    feature: str
    run: Run
    good: tuple[str, ...]
    foreign: str = ""

    def __str__(self) -> str:
        return self.feature


class Played(Struct, frozen=True):
    """What an operation gave, and how many requests were sent for it."""

    result: Any
    requests: int


class Stage(Protocol):
    """Where models say their lines."""

    async def play(self, run: Run, lines: Mapping[str, tuple[Line, ...]], rest: Line) -> Played:
        """The operation when each model says its lines in order, and then `rest` for ever. Raises what the
        operation raises."""


class Unwired:
    """A `Stage` without a wire: in process, in no vendor's dialect."""

    async def play(self, run: Run, lines: Mapping[str, tuple[Line, ...]], rest: Line) -> Played:
        house = rooms()
        house.provider.default = Script(text=rest.text)
        for ident, said in lines.items():
            house.provider.will(ident, *(Script(text=line.text) for line in said))
        result = await run(asker_of(house))
        return Played(result, len(house.provider.calls))


UNWIRED: Final = Unwired()


def _wrong_types(good: str, _: str) -> Line:
    """Every value turned into one of another type."""
    value = msgspec.json.decode(good)
    turned = {key: 7 if isinstance(each, str | list) else [each] for key, each in value.items()}
    return Line(msgspec.json.encode(turned).decode())


def _with_more(good: str, _: str) -> Line:
    return Line(msgspec.json.encode({**msgspec.json.decode(good), "confidence": 0.9}).decode())


BROKEN: Final = (
    Broken(name="fenced", becomes=TAKEN, make=lambda good, _: Line(f"```json\n{good}\n```")),
    Broken(
        name="prose around",
        becomes=TAKEN,
        make=lambda good, _: Line(f"Sure! Here is the result:\n\n{good}\n\nLet me know if you need more."),
    ),
    Broken(
        name="thoughts before",
        becomes=TAKEN,
        make=lambda good, _: Line(f"<think>\nFirst I look at what is wanted.\n</think>\n\n{good}"),
    ),
    Broken(name="truncated", becomes=REPAIRED, make=lambda good, _: Line(good[: len(good) // 2])),
    Broken(name="empty", becomes=REPAIRED, make=lambda *_: Line("")),
    Broken(name="wrong types", becomes=REPAIRED, make=_wrong_types),
    Broken(name="another schema", becomes=REPAIRED, make=lambda *_: Line('{"answer": "yes"}')),
    Broken(name="more than was asked", becomes=REPAIRED, make=_with_more),
    Broken(name="a bare list", becomes=REPAIRED, make=lambda good, _: Line(f"[{good}]")),
    Broken(name=OTHER_LANGUAGE, becomes=REPAIRED, make=lambda _, foreign: Line(foreign)),
    Broken(
        name="refusal",
        becomes=REPAIRED,
        make=lambda *_: Line("I'm sorry, but I can't help with that request."),
    ),
    Broken(name="plain prose", becomes=REPAIRED, make=lambda *_: Line("The text is about several things.")),
)


class Row(Struct, frozen=True):
    """What became of one broken reply."""

    feature: str
    broken: str
    became: str


async def bear(trial: Trial, broken: Broken, stage: Stage = UNWIRED) -> Row:
    """Runs the operation with the broken reply first, with it from the first model alone, and with nothing
    but it; returns what became of it in the first case."""
    usual = await usually(trial, stage)
    row = await begin_with(trial, broken, usual, stage)
    if row.became == REPAIRED:
        (first, second), bad, good = MODELS, broken.make(trial.good[0], trial.foreign), _lines(trial)
        about = f"{trial.feature}, {broken}"
        lines = {first: (bad, bad, *good[1:]), second: good[:1]}
        elsewhere = await stage.play(trial.run, lines, UNSCRIPTED)
        _hold(elsewhere.result == usual.result, f"{about}: the next model gave {elsewhere.result!r}")
        try:
            wrong = await stage.play(trial.run, {}, bad)
        except SignalboxError:
            pass
        else:
            _hold(False, f"{about}: was delivered as {wrong.result!r}")
    return row


async def usually(trial: Trial, stage: Stage = UNWIRED) -> Played:
    """The operation with good replies alone."""
    return await stage.play(trial.run, {MODELS[0]: _lines(trial)}, UNSCRIPTED)


async def begin_with(trial: Trial, broken: Broken, usual: Played, stage: Stage = UNWIRED) -> Row:
    """The first case of `bear` alone."""
    if broken.name == OTHER_LANGUAGE and not trial.foreign:
        return Row(trial.feature, broken.name, ABSENT)
    bad, good = broken.make(trial.good[0], trial.foreign), _lines(trial)
    repaired = broken.becomes == REPAIRED
    said = (bad, *(good if repaired else good[1:]))
    played = await stage.play(trial.run, {MODELS[0]: said}, UNSCRIPTED)
    about, wanted = f"{trial.feature}, {broken}", usual.requests + repaired
    _hold(played.result == usual.result, f"{about}: gave {played.result!r} instead of {usual.result!r}")
    _hold(played.requests == wanted, f"{about}: took {played.requests} requests, not {wanted}")
    return Row(trial.feature, broken.name, broken.becomes)


def rooms(*, grammars: bool = False) -> House:
    """A house with two endpoints, `a` before `b`, and a policy that permits both. With `grammars` they take
    one, as an embedded model does: what they say is then the text itself."""
    capabilities = ALL_CAPABILITIES if grammars else ALL_CAPABILITIES & ~Capability.GRAMMAR
    return House(
        PERMIT_ALL, ranked(*[endpoint(ident, capabilities=capabilities) for ident in MODELS]), [tenant()]
    )


def asker_of(house: House) -> PipelineAsker:
    return PipelineAsker(house.pipeline, principal(), house.pipeline.operation(600_000))


async def answered(run: Run, *replies: str) -> Any:
    """The result of an operation whose questions are answered with these, from one model; the last one again
    where more is asked. Raises what it raises."""
    lines = tuple(Line(reply) for reply in replies)
    return (await UNWIRED.play(run, {MODELS[0]: lines}, lines[-1])).result


def _lines(trial: Trial) -> tuple[Line, ...]:
    return tuple(Line(text) for text in trial.good)


def _hold(true: bool, words: str) -> None:
    if not true:
        raise AssertionError(words)
