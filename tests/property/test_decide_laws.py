"""Laws of the pure core: what policy forbids is in no plan; equal inputs make equal plans; utilities
are absolute, so an irrelevant candidate never swaps two others."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.decide import Choice, Decider, Inputs, NothingPermitted, decide
from signalbox.domain.errors import NoCandidate
from signalbox.domain.plan import Objective, size_bucket, sizes_of
from signalbox.domain.standing import NEVER_US, Standing
from signalbox.domain.traits import Capability, TaskType, Traits
from signalbox.domain.verdict import Verdict
from signalbox.rank import contest, order, rank, weigh
from signalbox.shortlist import shortlist
from signalbox.testing.values import objective, traits

_STANDINGS = st.lists(
    st.builds(
        Standing,
        place=st.just(0),
        endpoint=st.just(""),
        model=st.just("m"),
        model_version=st.just("1"),
        capabilities=st.integers(0, 4_095),
        context_tokens=st.integers(100, 200_000),
        output_tokens=st.integers(100, 20_000),
        available_from_us=st.integers(0, 2_000),
        retired_from_us=st.integers(0, 2_000) | st.just(NEVER_US),
        open=st.booleans(),
        first_token_us=st.tuples(*[st.integers(1, 60_000_000)] * 4),
        output_token_us=st.integers(1, 1_000_000),
        input_per_mtok=st.integers(0, 10**11),
        output_per_mtok=st.integers(0, 10**11),
        currency=st.just("USD"),
        quality=st.dictionaries(st.sampled_from([str(task) for task in TaskType]), st.integers(0, 10_000)),
        quality_default=st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=12,
).map(
    lambda items: tuple(replace(item, place=place, endpoint=f"e{place}") for place, item in enumerate(items))
)
_TRAITS = st.builds(
    traits,
    needs=st.integers(0, 4_095).map(lambda bits: bits & 0b101_0001),
    tokens_in=st.integers(0, 100_000),
    tokens_out_max=st.integers(1, 10_000),
    task=st.sampled_from(TaskType),
    deadline_ms=st.integers(1, 600_000),
)
_OBJECTIVES = st.builds(
    objective,
    quality=st.integers(0, 100),
    latency=st.integers(0, 100),
    cost=st.integers(0, 100),
    quality_floor=st.integers(0, 10_000),
    latency_target_us=st.integers(1, 60_000_000),
    cost_scale_nanos=st.integers(1, 10**10),
)
_ANYONE = Standing(
    0, "a", "m", "1", 0, 10_000, 1_000, 0, NEVER_US, False, (1, 1, 1, 1), 1, 0, 0, "USD", {}, 5_000
)
_SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def _inputs(draw: st.DrawFn) -> Inputs:
    standings = draw(_STANDINGS)
    permitted = tuple(draw(st.lists(st.booleans(), min_size=len(standings), max_size=len(standings))))
    places = draw(st.none() | st.sets(st.integers(0, len(standings) - 1)).map(lambda s: tuple(sorted(s))))
    verdict = Verdict("p", "c", permitted, ((),) * len(standings))
    return Inputs(
        draw(_TRAITS),
        verdict,
        standings,
        places,
        draw(_OBJECTIVES),
        draw(st.integers(1, 5)),
        draw(st.integers(0, 2_000)),
        draw(_SEEDS),
    )


@given(_inputs())
def test_a_plan_holds_only_permitted_and_able_endpoints(inputs: Inputs) -> None:
    by_id = {standing.endpoint: standing for standing in inputs.standings}
    permitted = {s.endpoint for s in inputs.standings if inputs.verdict.permitted[s.place]}
    try:
        choice = decide(inputs)
    except NothingPermitted:
        asked = inputs.standings if inputs.places is None else [inputs.standings[p] for p in inputs.places]
        assert not permitted & {standing.endpoint for standing in asked}
        return
    except NoCandidate as error:
        dropped = {denial.endpoint for denial in error.dropped}
        choice = None
    if choice is None:
        assert dropped <= permitted
        return
    planned = [by_id[attempt.endpoint] for attempt in choice.plan.attempts]
    assert 1 <= len(planned) <= inputs.attempts_max
    assert len({standing.endpoint for standing in planned}) == len(planned)
    for standing in planned:
        assert standing.endpoint in permitted
        assert not standing.open
        assert not inputs.traits.needs & ~standing.capabilities
        assert inputs.traits.tokens_in + inputs.traits.tokens_out_max <= standing.context_tokens
        assert standing.available_from_us <= inputs.clock_us < standing.retired_from_us
        assert inputs.places is None or standing.place in inputs.places
    assert {item.endpoint for item in choice.dropped} <= permitted
    assert all(attempt.timeout_us <= choice.plan.deadline_us for attempt in choice.plan.attempts)


@given(_inputs())
def test_equal_inputs_make_equal_plans(inputs: Inputs) -> None:
    def once() -> object:
        try:
            return decide(inputs)
        except (NothingPermitted, NoCandidate) as error:
            return repr(error)

    assert once() == once()


@given(_inputs(), st.data())
def test_denying_an_endpoint_removes_it_and_reorders_nothing(inputs: Inputs, data: st.DataObject) -> None:
    listed = shortlist(inputs.traits, inputs.verdict, inputs.standings, None, inputs.clock_us)
    if len(listed.candidates) < 2:
        return
    gone = data.draw(st.sampled_from(listed.candidates))
    everything = {"attempts_max": 99, "seed": inputs.seed}
    before = rank(listed.candidates, inputs.traits, inputs.objective, **everything)
    rest = [standing for standing in listed.candidates if standing is not gone]
    after = rank(rest, inputs.traits, inputs.objective, **everything)
    assert [a.endpoint for a in after.attempts] == [
        a.endpoint for a in before.attempts if a.endpoint != gone.endpoint
    ]


@given(_inputs())
def test_the_quality_floor_comes_before_every_weight(inputs: Inputs) -> None:
    plan = rank(inputs.standings, inputs.traits, inputs.objective, attempts_max=99, seed=inputs.seed)
    reached = [attempt.quality >= inputs.objective.quality_floor for attempt in plan.attempts]
    assert reached == sorted(reached, reverse=True)


def test_equals_share_the_load_over_many_requests() -> None:
    twins = [_ANYONE, replace(_ANYONE, place=1, endpoint="b")]
    first = [
        rank(twins, traits(), objective(), attempts_max=2, seed=seed * 2_654_435_761 % 2**32)
        .attempts[0]
        .endpoint
        for seed in range(400)
    ]
    assert 120 < first.count("a") < 280


def test_rank_refuses_to_plan_without_candidates() -> None:
    with pytest.raises(ValueError, match="at least one candidate"):
        rank([], traits(), objective(), attempts_max=1, seed=0)


def test_a_missing_capability_is_named() -> None:
    verdict = Verdict("p", "c", (True,), ((),))
    listed = shortlist(traits(needs=Capability.TOOLS | Capability.VISION), verdict, [_ANYONE], None, 1)
    assert [item.reason for item in listed.dropped] == ["lacks: tools, vision"]


@given(_inputs(), st.lists(st.tuples(_TRAITS, st.integers(0, 2_000), _SEEDS), min_size=1, max_size=6))
def test_a_decider_decides_alike(first: Inputs, others: list[tuple[Traits, int, int]]) -> None:
    """Whatever it was asked before: most of what is asked here is of the first one's kind."""
    decider = Decider()
    asked = [first]
    for item, now_us, seed in others:
        alike = replace(item, task=first.traits.task, needs=first.traits.needs)
        size_alike = replace(alike, tokens_out_max=first.traits.tokens_out_max)
        asked += [
            replace(first, traits=each, clock_us=now_us, seed=seed) for each in (item, alike, size_alike)
        ]
    for inputs in asked:
        assert _outcome(decider.decide, inputs) == _outcome(decide, inputs)


@given(_STANDINGS, _TRAITS, _OBJECTIVES, st.integers(1, 5), st.data())
def test_a_contest_leaves_out_only_who_is_in_no_plan(
    candidates: tuple[Standing, ...],
    asked: Traits,
    weights: Objective,
    attempts_max: int,
    data: st.DataObject,
) -> None:
    """And where it settles the order, that is the order for every prompt of its sizes, whatever the seed."""
    sizes = sizes_of(size_bucket(asked.tokens_in), 100_000)
    entrants = weigh(candidates, asked, weights)
    held = contest(entrants, weights, tokens=sizes, attempts_max=attempts_max)
    for tokens in (*sizes, data.draw(st.integers(*sizes))):
        sized, seed = replace(asked, tokens_in=tokens), data.draw(_SEEDS)
        planned = rank(candidates, sized, weights, attempts_max=attempts_max, seed=seed)
        assert order(held, sized, weights, seed) == planned


def test_a_contest_is_settled_only_where_no_prompt_of_its_sizes_swaps_two() -> None:
    """`b` costs nothing to start with and more by the token: it is first for short prompts alone."""
    asked, weights = traits(tokens_out_max=100), objective(quality=0, latency=0, cost=100)
    dear = replace(_ANYONE, output_per_mtok=10**10)
    steep = replace(_ANYONE, place=1, endpoint="b", input_per_mtok=10**10)
    hopeless = replace(_ANYONE, place=2, endpoint="c", input_per_mtok=10**12, output_per_mtok=10**12)
    entrants = weigh((dear, steep, hopeless), asked, weights)

    def held(*tokens: int) -> tuple[int, list[str]]:
        made = contest(entrants, weights, tokens=tokens, attempts_max=2)  # type: ignore[arg-type]
        return len(made.entrants), [seat[0] for seat in made.seats]

    assert held(0, 99) == (2, ["b", "a"])
    assert held(101, 512) == (2, ["a", "b"])
    assert held(0, 512) == (2, [])
    assert held(100, 100) == (2, [])  # equals: the seed says which


_TWO = (
    replace(
        _ANYONE,
        context_tokens=50_000,
        first_token_us=(1_000, 70_000, 80_000, 90_000),
        available_from_us=100,
        retired_from_us=200,
        quality={"chat": 9_000},
        capabilities=Capability.TOOLS,
    ),
    replace(_ANYONE, place=1, endpoint="b", output_tokens=500, input_per_mtok=10**9),
)
_BOTH = Verdict("p", "c", (True, True), ((), ()))
_FIRST = Inputs(traits(tokens_in=50, tokens_out_max=400, needs=0), _BOTH, _TWO, None, objective(), 2, 150, 7)


@pytest.mark.parametrize(
    "other",
    [
        replace(_FIRST, traits=replace(_FIRST.traits, tokens_in=600)),
        replace(_FIRST, traits=replace(_FIRST.traits, tokens_in=9_700)),
        replace(_FIRST, traits=replace(_FIRST.traits, tokens_out_max=501)),
        replace(_FIRST, traits=replace(_FIRST.traits, task=TaskType.CODING)),
        replace(_FIRST, traits=replace(_FIRST.traits, needs=int(Capability.TOOLS))),
        replace(_FIRST, traits=replace(_FIRST.traits, deadline_ms=5)),
        replace(_FIRST, clock_us=99),
        replace(_FIRST, clock_us=200),
        replace(_FIRST, seed=8),
        replace(_FIRST, attempts_max=1),
        replace(_FIRST, places=(1,)),
        replace(_FIRST, objective=objective(cost=90, quality_floor=9_500)),
        replace(_FIRST, verdict=Verdict("p", "c", (False, True), ((), ()))),
        replace(_FIRST, standings=(replace(_TWO[0], open=True), _TWO[1])),
    ],
)
def test_a_decider_tells_apart_what_matters(other: Inputs) -> None:
    decider = Decider()
    for inputs in (_FIRST, other, _FIRST):
        assert _outcome(decider.decide, inputs) == _outcome(decide, inputs)


def _outcome(way: Callable[[Inputs], Choice], inputs: Inputs) -> object:
    try:
        return way(inputs)
    except (NothingPermitted, NoCandidate) as none:
        return type(none), str(none), getattr(none, "dropped", None)
