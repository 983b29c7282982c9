"""How one decision comes out otherwise, and what stands in its way."""

from collections.abc import Sequence
from typing import Final

from signalbox.decide import Inputs
from signalbox.domain.endpoint import Catalogue
from signalbox.domain.plan import PlannedAttempt
from signalbox.domain.standing import Standing
from signalbox.domain.traits import Traits, capability_names
from signalbox.replay.again import Redecided
from signalbox.replay.differences import Change, Kind

_GONE: Final = "no longer in the catalogue"


def change_of(done: Redecided) -> Change:
    """Of one that did not come out the same."""
    return Change(
        done.asked.decision,
        done.tenant,
        done.asked.clock_us,
        kind_of(done),
        _endpoints(done.was),
        done.was_code,
        done.was[0].cost_nanos if done.was else 0,
        _endpoints(done.now),
        done.now_code,
        done.now[0].cost_nanos if done.now else 0,
        _obstacles(done),
    )


def kind_of(done: Redecided) -> Kind:
    if not done.now:
        return _refused(done)
    if not done.was:
        return Kind.NEWLY_ALLOWED
    if done.was[0].endpoint != done.now[0].endpoint:
        return Kind.OTHER_FIRST
    return Kind.OTHER_FIGURES if _endpoints(done.was) == _endpoints(done.now) else Kind.OTHER_ORDER


def lacking(done: Redecided) -> str:
    """What a decision that had a plan and has none would need, in words."""
    inputs = done.inputs
    if inputs is None:
        return "the name that was asked for is no longer known"
    places = range(len(inputs.standings)) if inputs.places is None else inputs.places
    left = [inputs.standings[place] for place in places if inputs.verdict.permitted[place]]
    if not left:
        named = "" if inputs.places is None else f"of `{done.asked.target}`, asked for by name, "
        return f"{named}no endpoint is permitted ({_rules(done, inputs, places)})"
    missing = inputs.traits.needs
    for standing in left:
        missing &= ~standing.capabilities
    if missing:
        return f"no endpoint that is left offers {', '.join(capability_names(missing))}"
    obstacles = {_obstacle(standing, inputs.traits, inputs.clock_us) for standing in left}
    return f"of the endpoints that are left: {'; '.join(sorted(obstacles))}"


def _rules(done: Redecided, inputs: Inputs, places: Sequence[int]) -> str:
    """Of those that were planned, and then of those that are left by these, which others keep closed."""
    obstacles = _obstacles(done)
    reasons = [inputs.verdict.reasons[place] for place in places]
    others = {rule for denied in reasons if not set(denied) & set(obstacles) for rule in denied}
    said = ", ".join(obstacles)
    return f"{said}; elsewhere: {', '.join(sorted(others))}" if others else said


def _refused(done: Redecided) -> Kind:
    if not done.was:
        return Kind.OTHER_REFUSAL
    if done.now_code == "unknown_model":
        return Kind.UNKNOWN_NAME
    return Kind.NEWLY_DENIED if done.now_code == "policy_denied" else Kind.NO_CANDIDATE


def _obstacles(done: Redecided) -> tuple[str, ...]:
    """What keeps the endpoints that were planned, and are not now, out: rules' ids, or words."""
    staying = set(_endpoints(done.now))
    found: dict[str, None] = {}
    for attempt in done.was:
        if attempt.endpoint not in staying:
            found.update(dict.fromkeys(_obstacles_of(done, attempt.endpoint, done.world.after)))
    return tuple(sorted(found))


def _obstacles_of(done: Redecided, endpoint: str, catalogue: Catalogue) -> tuple[str, ...]:
    place = catalogue.index.get(endpoint)
    inputs = done.inputs
    if place is None or inputs is None:
        return (_GONE,)
    if not inputs.verdict.permitted[place]:
        return inputs.verdict.reasons[place]
    if inputs.places is not None and place not in inputs.places:
        return ("no longer of the name that was asked for",)
    words = _obstacle(inputs.standings[place], inputs.traits, inputs.clock_us)
    return (words,) if words else ("others rank before it",)


def _obstacle(standing: Standing, traits: Traits, clock_us: int) -> str:
    """Why a permitted endpoint is no candidate, without the figures that differ from request to request.
    Empty: it is one."""
    missing = traits.needs & ~standing.capabilities
    if missing:
        return f"lacks {', '.join(capability_names(missing))}"
    if traits.tokens_in + traits.tokens_out_max > standing.context_tokens:
        return "its context is too small"
    if traits.tokens_out_max > standing.output_tokens:
        return "its replies are too short"
    if not standing.available_from_us <= clock_us < standing.retired_from_us:
        return "not offered at that time"
    return "out of service at that time (breaker or quarantine)" if standing.open else ""


def _endpoints(plan: tuple[PlannedAttempt, ...]) -> tuple[str, ...]:
    return tuple([attempt.endpoint for attempt in plan])
