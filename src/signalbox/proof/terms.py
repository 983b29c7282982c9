"""What a Cedar expression can be worth, over all requests at once.

A string, a number or an entity is a `Choice`: each value with the formula under which it is the one. A
set of them is each member with the formula under which it is in. So arithmetic, overflow and comparison
are worked out on plain values, and formulas only say when.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from msgspec import Struct

from signalbox.policy.names import Uid
from signalbox.proof.logic import FALSE, TRUE, Formula, Logic

Scalar = str | int | Uid
"""INVARIANT: never a bool, which Python takes for a number."""

LONG_MIN: Final = -(2**63)
LONG_MAX: Final = 2**63 - 1


class Truth(Struct, frozen=True):
    holds: Formula


class Choice(Struct, frozen=True):
    """The formulas of `ways` exclude each other and leave nothing out, wherever no error arises."""

    kind: Literal["string", "long", "entity"]
    ways: Mapping[Scalar, Formula]


class Members(Struct, frozen=True):
    """A set of strings, numbers or entities."""

    items: Mapping[Scalar, Formula]


class Context(Struct, frozen=True):
    """The request's record of facts."""


class Unknown(Struct, frozen=True):
    """What lies outside the subset. As a truth it is free, which covers whatever it really is."""


class Never(Struct, frozen=True):
    """No value: an error arises in every case in which this would be looked at."""


Term = Truth | Choice | Members | Context | Unknown | Never


def string(value: str) -> Choice:
    return Choice("string", {value: TRUE})


def long(value: int) -> Choice:
    return Choice("long", {value: TRUE})


def entity(uid: Uid) -> Choice:
    return Choice("entity", {uid: TRUE})


def same_choice(logic: Logic, one: Mapping[Scalar, Formula], other: Mapping[Scalar, Formula]) -> Formula:
    """Two choices fall on one value; or, of two sets of members, they meet."""
    few, many = (one, other) if len(one) <= len(other) else (other, one)
    return logic.any_(
        logic.both(holds, many[value]) for value, holds in few.items() if value in many
    )  # fmt: skip


def same_members(logic: Logic, one: Mapping[Scalar, Formula], other: Mapping[Scalar, Formula]) -> Formula:
    return logic.all_(logic.iff(one.get(value, FALSE), other.get(value, FALSE)) for value in {**one, **other})


def covers(logic: Logic, all_of: Mapping[Scalar, Formula], within: Mapping[Scalar, Formula]) -> Formula:
    return logic.all_(
        logic.either(logic.not_(holds), within.get(value, FALSE)) for value, holds in all_of.items()
    )


def combined(
    logic: Logic, one: Choice, other: Choice, work: Callable[[int, int], int]
) -> tuple[Choice, Formula]:
    """`work` on every pair of numbers, and when its result is beyond 64 bits, which is an error."""
    ways: dict[Scalar, Formula] = {}
    beyond = FALSE
    for left, when_left in one.ways.items():
        for right, when_right in other.ways.items():
            when = logic.both(when_left, when_right)
            if when is FALSE or not (isinstance(left, int) and isinstance(right, int)):
                continue
            result = work(left, right)
            if LONG_MIN <= result <= LONG_MAX:
                ways[result] = logic.either(ways.get(result, FALSE), when)
            else:
                beyond = logic.either(beyond, when)
    return Choice("long", ways), beyond


def compared(logic: Logic, one: Choice, other: Choice, work: Callable[[int, int], bool]) -> Formula:
    return logic.any_(
        logic.both(when_left, when_right)
        for left, when_left in one.ways.items()
        for right, when_right in other.ways.items()
        if isinstance(left, int) and isinstance(right, int) and work(left, right)
    )


def chosen(logic: Logic, condition: Formula, then: Term, otherwise: Term) -> Term | None:
    """The worth of an `if`; None where its branches are of different kinds."""
    match then, otherwise:
        case Never(), _:
            return otherwise
        case _, Never():
            return then
        case (Unknown(), _) | (_, Unknown()):
            return Unknown()
        case Truth(one), Truth(other):
            return Truth(logic.choose(condition, one, other))
        case Choice(kind, one), Choice(other_kind, other) if kind == other_kind:
            return Choice(kind, _merged(logic, condition, one, other))
        case Members(one), Members(other):
            return Members(_merged(logic, condition, one, other))
        case Context(), Context():
            return then
        case _:
            return None


def _merged(
    logic: Logic, condition: Formula, one: Mapping[Scalar, Formula], other: Mapping[Scalar, Formula]
) -> dict[Scalar, Formula]:
    return {
        value: logic.choose(condition, one.get(value, FALSE), other.get(value, FALSE))
        for value in {**one, **other}
    }
