"""A Cedar expression → what it is worth over all requests at once, and when it errs.

It follows Cedar's evaluator: `&&`, `||` and `if` keep from evaluation what they keep from it there; every
other operator looks at all its operands; an operand of the wrong kind is an error, as is an attribute that
is not there and a number beyond 64 bits. `==` never errs.

What lies outside the subset is worth `Unknown`, and as a truth a free one that does not err: whatever it
really is, a request that Cedar permits satisfies the formula.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from signalbox.proof.logic import FALSE, TRUE, Formula
from signalbox.proof.space import Space
from signalbox.proof.subset import (
    And,
    Arithmetic,
    Attribute,
    Compare,
    Constant,
    Contains,
    Entity,
    Equal,
    Expression,
    Has,
    If,
    In,
    IsEmpty,
    IsKind,
    Like,
    Negative,
    Not,
    Or,
    Outside,
    SetOf,
    Var,
)
from signalbox.proof.terms import (
    Choice,
    Context,
    Members,
    Never,
    Scalar,
    Term,
    Truth,
    Unknown,
    chosen,
    combined,
    compared,
    covers,
    entity,
    long,
    same_choice,
    same_members,
    string,
)
from signalbox.proof.told import ACTION, Told

Worth = tuple[Term, Formula]
"""What an expression is worth, and when it errs: there the first means nothing."""

Kept = dict[int, Worth | None]
"""By the identity of an expression that speaks of no endpoint: what it is worth, once that is known."""

_ABSENT: Final[Worth] = (Never(), FALSE)
_ERROR: Final[Worth] = (Never(), TRUE)
_ANOTHER: Final = "an attribute of an entity other than `principal` and `resource`"
_COMPARE: Final[dict[str, Callable[[int, int], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_WORK: Final[dict[str, Callable[[int, int], int]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
}  # fmt: skip


class Evaluator:
    """For one rule and one endpoint. `note` hears of each construct that lies outside the subset."""

    def __init__(self, space: Space, told: Told, kept: Kept, note: Callable[[str], None]) -> None:
        self._space = space
        self._logic = space.logic
        self._told = told
        self._kept = kept
        self._note = note
        self._noted = 0

    def truth(self, expression: Expression) -> tuple[Formula, Formula]:
        """When it is true, and when it errs (not being a truth value is an error, too)."""
        term, errs = self.worth(expression)
        match term:
            case Truth(holds):
                return holds, errs
            case Unknown():
                return self._logic.free(), errs
            case _:
                return FALSE, TRUE

    def worth(self, expression: Expression) -> Worth:
        known = self._kept.get(id(expression), _ABSENT)
        if known is _ABSENT:
            return _BY_KIND[type(expression)](self, expression)
        if known is not None:
            return known
        noted = self._noted
        found = _BY_KIND[type(expression)](self, expression)
        if noted == self._noted:
            self._kept[id(expression)] = found
        return found

    def _outside(self, construct: str, errs: Formula = FALSE) -> Worth:
        self._noted += 1
        self._note(construct)
        return Unknown(), errs

    def _construct(self, it: Outside) -> Worth:
        return self._outside(it.construct)

    def _literal(self, it: Constant) -> Worth:
        match it.value:
            case bool():
                return Truth(TRUE if it.value else FALSE), FALSE
            case int():
                return long(it.value), FALSE
            case _:
                return string(it.value), FALSE

    def _entity(self, it: Entity) -> Worth:
        return entity(it.uid), FALSE

    def _var(self, it: Var) -> Worth:
        return self._told.variables[it.name], FALSE

    def _attribute(self, it: Attribute) -> Worth:
        term, errs = self.worth(it.of)
        match term:
            case Context():
                found: Term | None = self._told.context.get(it.name)
            case Choice("entity", ways) if attributes := self._attributes(ways):
                found = attributes.get(it.name)
            case Choice("entity"):
                return self._outside(_ANOTHER, errs)
            case Unknown():
                return term, errs
            case _:
                found = None
        return _ERROR if found is None else (found, errs)

    def _has(self, it: Has) -> Worth:
        term, errs = self.worth(it.of)
        match term:
            case Context():
                there = it.name in self._told.context
            case Choice("entity", ways) if attributes := self._attributes(ways):
                there = it.name in attributes
            case Choice("entity"):
                return self._outside(_ANOTHER, errs)
            case Unknown():
                return term, errs
            case _:
                return _ERROR
        return Truth(TRUE if there else FALSE), errs

    def _attributes(self, ways: Mapping[Scalar, Formula]) -> Mapping[str, Term] | None:
        """Those of the one entity that it can be; None if it can be several, or one that is not known."""
        first, *others = ways
        return None if others or not isinstance(first, tuple) else self._told.attributes.get(first)

    def _not(self, it: Not) -> Worth:
        holds, errs = self.truth(it.of)
        return Truth(self._logic.not_(holds)), errs

    def _and(self, it: And) -> Worth:
        left, left_errs = self.truth(it.left)
        if left is FALSE:
            return Truth(FALSE), left_errs
        right, right_errs = self.truth(it.right)
        both = self._logic.both
        return Truth(both(left, right)), self._logic.either(left_errs, both(left, right_errs))

    def _or(self, it: Or) -> Worth:
        left, left_errs = self.truth(it.left)
        if left is TRUE:
            return Truth(TRUE), left_errs
        right, right_errs = self.truth(it.right)
        either = self._logic.either
        reached = self._logic.both(self._logic.not_(left), right_errs)
        return Truth(either(left, right)), either(left_errs, reached)

    def _if(self, it: If) -> Worth:
        condition, errs = self.truth(it.condition)
        if condition.kind == "const":
            term, more = self.worth(it.then if condition is TRUE else it.otherwise)
            return term, self._logic.either(errs, more)
        then, then_errs = self.worth(it.then)
        otherwise, otherwise_errs = self.worth(it.otherwise)
        errs = self._logic.either(errs, self._logic.choose(condition, then_errs, otherwise_errs))
        merged = chosen(self._logic, condition, then, otherwise)
        if merged is None:
            return self._outside("an `if` whose branches differ in kind", errs)
        return merged, errs

    def _equal(self, it: Equal) -> Worth:
        left, right, errs = self._operands(it.left, it.right)
        logic = self._logic
        match left, right:
            case (Never(), _) | (_, Never()):
                return Never(), errs
            case (Unknown(), _) | (_, Unknown()):
                return Unknown(), errs
            case Context(), Context():
                return Truth(TRUE), errs
            case Truth(one), Truth(other):
                return Truth(logic.iff(one, other)), errs
            case Choice(_, one), Choice(_, other):
                return Truth(same_choice(logic, one, other)), errs
            case Members(one), Members(other):
                return Truth(same_members(logic, one, other)), errs
            case _:
                return Truth(FALSE), errs

    def _compare(self, it: Compare) -> Worth:
        left, right, errs = self._operands(it.left, it.right)
        match left, right:
            case Choice("long"), Choice("long"):
                return Truth(compared(self._logic, left, right, _COMPARE[it.sign])), errs
            case ((Choice("long") | Unknown()), (Choice("long") | Unknown())):
                return Unknown(), errs
            case _:
                return _ERROR

    def _arithmetic(self, it: Arithmetic) -> Worth:
        left, right, errs = self._operands(it.left, it.right)
        match left, right:
            case Choice("long"), Choice("long"):
                term, beyond = combined(self._logic, left, right, _WORK[it.sign])
                return term, self._logic.either(errs, beyond)
            case ((Choice("long") | Unknown()), (Choice("long") | Unknown())):
                return Unknown(), errs
            case _:
                return _ERROR

    def _negative(self, it: Negative) -> Worth:
        return self._arithmetic(Arithmetic("-", Constant(0), it.of))

    def _set_of(self, it: SetOf) -> Worth:
        items: dict[Scalar, Formula] = {}
        errs = FALSE
        whole = True
        for item in it.items:
            term, item_errs = self.worth(item)
            errs = self._logic.either(errs, item_errs)
            match term:
                case Choice(_, ways):
                    for value, when in ways.items():
                        items[value] = self._logic.either(items.get(value, FALSE), when)
                case Unknown() | Never():
                    whole = False
                case _:
                    return self._outside("a set of truth values, sets or records", errs)
        return (Members(items) if whole else Unknown()), errs

    def _contains(self, it: Contains) -> Worth:
        left, right, errs = self._operands(it.left, it.right)
        match it.how, left, right:
            case _, Unknown(), _:
                return Unknown(), errs
            case "contains", Members(), Unknown() | Never():
                return Unknown(), errs
            case "contains", Members(items), Choice(_, ways):
                return Truth(same_choice(self._logic, ways, items)), errs
            case "contains", Members(), _:
                return Truth(FALSE), errs
            case "containsAll", Members(items), Members(wanted):
                return Truth(covers(self._logic, wanted, items)), errs
            case "containsAny", Members(items), Members(wanted):
                return Truth(same_choice(self._logic, wanted, items)), errs
            case _, Members(), Unknown():
                return Unknown(), errs
            case _:
                return _ERROR

    def _is_empty(self, it: IsEmpty) -> Worth:
        term, errs = self.worth(it.of)
        match term:
            case Members(items):
                return Truth(self._logic.not_(self._logic.any_(items.values()))), errs
            case Unknown():
                return term, errs
            case _:
                return _ERROR

    def _in(self, it: In) -> Worth:
        left, right, errs = self._operands(it.left, it.right)
        match left, right:
            case (Choice("entity", ways), Choice("entity", above)) | (Choice("entity", ways), Members(above)):
                return self._within(ways, above, errs)
            case (Unknown(), Choice("entity") | Members() | Unknown()) | (Choice("entity"), Unknown()):
                return Unknown(), errs
            case _:
                return _ERROR

    def _within(
        self, ways: Mapping[Scalar, Formula], above: Mapping[Scalar, Formula], errs: Formula
    ) -> Worth:
        logic = self._logic
        if ACTION in ways and any(other != ACTION for other in above):
            return self._outside("a group of actions", errs)
        entities = {item: when for item, when in above.items() if isinstance(item, tuple)}
        others = logic.any_(when for item, when in above.items() if item not in entities)
        found = logic.any_(
            logic.all_((when, when_above, self._told.within(one, other)))
            for one, when in ways.items()
            if isinstance(one, tuple)
            for other, when_above in entities.items()
        )
        return Truth(found), logic.either(errs, others)

    def _is_kind(self, it: IsKind) -> Worth:
        term, errs = self.worth(it.of)
        match term:
            case Choice("entity", ways):
                kinds = (when for uid, when in ways.items() if isinstance(uid, tuple) and uid[0] == it.kind)
                return Truth(self._logic.any_(kinds)), errs
            case Unknown():
                return term, errs
            case _:
                return _ERROR

    def _like(self, it: Like) -> Worth:
        term, errs = self.worth(it.of)
        match term:
            case Choice("string", ways):
                if any(name in ways for name in self._space.unnamed):
                    return self._outside("`like` on a fact that can be any string", errs)
                matching = (when for value, when in ways.items() if _matches(str(value), it.pattern))
                return Truth(self._logic.any_(matching)), errs
            case Unknown():
                return term, errs
            case _:
                return _ERROR

    def _operands(self, left: Expression, right: Expression) -> tuple[Term, Term, Formula]:
        one, one_errs = self.worth(left)
        other, other_errs = self.worth(right)
        return one, other, self._logic.either(one_errs, other_errs)


def _matches(text: str, pattern: tuple[str | None, ...]) -> bool:
    """Every place in the pattern that can have been reached after each character of the text."""
    places = _past_wildcards({0}, pattern)
    for character in text:
        kept = {place for place in places if place < len(pattern) and pattern[place] is None}
        eaten = {place + 1 for place in places if place < len(pattern) and pattern[place] == character}
        places = _past_wildcards(kept | eaten, pattern)
    return len(pattern) in places


def _past_wildcards(places: set[int], pattern: tuple[str | None, ...]) -> set[int]:
    reached = set(places)
    coming = [*places]
    while coming:
        place = coming.pop()
        if place < len(pattern) and pattern[place] is None and place + 1 not in reached:
            reached.add(place + 1)
            coming.append(place + 1)
    return reached


_BY_KIND: Final[dict[type, Callable[[Evaluator, Any], Worth]]] = {
    And: Evaluator._and,
    Arithmetic: Evaluator._arithmetic,
    Attribute: Evaluator._attribute,
    Compare: Evaluator._compare,
    Contains: Evaluator._contains,
    Entity: Evaluator._entity,
    Equal: Evaluator._equal,
    Has: Evaluator._has,
    If: Evaluator._if,
    In: Evaluator._in,
    IsEmpty: Evaluator._is_empty,
    IsKind: Evaluator._is_kind,
    Like: Evaluator._like,
    Constant: Evaluator._literal,
    Negative: Evaluator._negative,
    Not: Evaluator._not,
    Or: Evaluator._or,
    Outside: Evaluator._construct,
    SetOf: Evaluator._set_of,
    Var: Evaluator._var,
}
