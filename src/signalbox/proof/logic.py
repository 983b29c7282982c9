"""Formulas over the facts of one request, simplified as they are made.

An atom says that a scalar fact is one of its values (`app` is `word`), that a set fact holds a value
(`groups` holds `legal`), or nothing at all: a free atom stands for what could not be encoded. Equal
formulas are one object, so that fifty endpoints share what does not depend on them. It does not solve.
"""

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

Kind = Literal["const", "is", "has", "free", "not", "all", "any"]
Value = str | int


class Formula(Struct, frozen=True, eq=False):
    """Compared by identity. `number` orders formulas of one `Logic` by when they were made."""

    kind: Kind
    number: int
    parts: tuple["Formula", ...] = ()
    fact: str = ""
    value: Value = ""


TRUE: Final = Formula("const", 1)
FALSE: Final = Formula("const", 0)


class Logic:
    """Makes formulas, each once."""

    __slots__ = ("_count", "_known")

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Formula] = {}
        self._count = 1

    def is_(self, fact: str, value: Value) -> Formula:
        """The scalar `fact` is `value`. It has one value at a time."""
        return self._made("is", (), fact, value)

    def has(self, fact: str, value: str) -> Formula:
        """The set `fact` holds `value`."""
        return self._made("has", (), fact, value)

    def free(self) -> Formula:
        """True or false, as it pleases: unlike every other."""
        self._count += 1
        return Formula("free", self._count)

    def not_(self, formula: Formula) -> Formula:
        if formula.kind == "const":
            return FALSE if formula is TRUE else TRUE
        return formula.parts[0] if formula.kind == "not" else self._made("not", (formula,))

    def all_(self, formulas: Iterable[Formula]) -> Formula:
        return self._joined("all", formulas, neutral=TRUE, ending=FALSE)

    def any_(self, formulas: Iterable[Formula]) -> Formula:
        return self._joined("any", formulas, neutral=FALSE, ending=TRUE)

    def both(self, one: Formula, other: Formula) -> Formula:
        if one is TRUE or other is FALSE:
            return other
        if other is TRUE or one is FALSE:
            return one
        return self.all_((one, other))

    def either(self, one: Formula, other: Formula) -> Formula:
        if one is FALSE or other is TRUE:
            return other
        if other is FALSE or one is TRUE:
            return one
        return self.any_((one, other))

    def iff(self, one: Formula, other: Formula) -> Formula:
        return self.any_((self.both(one, other), self.both(self.not_(one), self.not_(other))))

    def choose(self, condition: Formula, then: Formula, otherwise: Formula) -> Formula:
        if then is otherwise:
            return then
        return self.any_((self.both(condition, then), self.both(self.not_(condition), otherwise)))

    def _joined(
        self, kind: Literal["all", "any"], formulas: Iterable[Formula], *, neutral: Formula, ending: Formula
    ) -> Formula:
        parts: dict[int, Formula] = {}
        for formula in formulas:
            if formula is ending:
                return ending
            if formula is neutral:
                continue
            if formula.kind == kind:
                parts.update((part.number, part) for part in formula.parts)
            else:
                parts[formula.number] = formula
        if len(parts) < 2:
            return next(iter(parts.values()), neutral)
        if any(part.kind == "not" and part.parts[0].number in parts for part in parts.values()):
            return ending
        if kind == "all" and _two_values(parts.values()):
            return FALSE
        return self._made(kind, tuple(parts[number] for number in sorted(parts)))

    def _made(self, kind: Kind, parts: tuple[Formula, ...], fact: str = "", value: Value = "") -> Formula:
        key = (kind, fact, value, *(part.number for part in parts))
        found = self._known.get(key)
        if found is None:
            self._count += 1
            self._known[key] = found = Formula(kind, self._count, parts, fact, value)
        return found


def _two_values(parts: Iterable[Formula]) -> bool:
    """Whether a fact would have to be two things at once."""
    seen: set[str] = set()
    for part in parts:
        if part.kind == "is":
            if part.fact in seen:
                return True
            seen.add(part.fact)
    return False
