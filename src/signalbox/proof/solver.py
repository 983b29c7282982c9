"""Formulas → z3, and its answers → facts. The one place that knows the solver, which is loaded when used.

Scalar facts are bit vectors that number their values; everything else is a truth value. The effort is
bounded by z3's own count of steps and not by time, so that the same question always has the same answer.
"""

from typing import Any, Final

from signalbox.domain.errors import SignalboxError
from signalbox.proof.logic import FALSE, Formula
from signalbox.proof.space import Found, Space

STEPS_MAX: Final = 50_000_000
"""Per question; a release of 200 rules needs some thousands."""


class SolverMissing(SignalboxError):
    """The extra `proof` is not installed."""

    code = "solver_missing"
    status = 503

    def __init__(self) -> None:
        super().__init__("proofs need the solver z3: install the extra, `pip install 'signalbox[proof]'`")


class Undecided(SignalboxError):
    """The solver gave up within its bound."""

    code = "undecided"


def solver_name() -> str:
    """Raises `SolverMissing`."""
    return f"z3 {_z3().get_version_string()}"


class Solver:
    """Questions about one tenant's requests. It has a context of its own: use it from one thread."""

    def __init__(self, space: Space) -> None:
        """Raises `SolverMissing`."""
        self._z3 = _z3()
        self._domains = space.domains
        self._numbers = {
            fact: {value: number for number, value in enumerate(domain)}
            for fact, domain in space.domains.items()
        }
        self._context = self._z3.Context()
        self._solver = self._z3.SolverFor("QF_FD", ctx=self._context)
        self._solver.set("rlimit", STEPS_MAX)
        self._terms: dict[int, Any] = {}
        self._scalars: dict[str, Any] = {}
        self._members: dict[tuple[str, str], Any] = {}

    def solve(self, formula: Formula) -> Found | None:
        """Some request for which the formula holds, None if there is none. Raises `Undecided`."""
        if formula is FALSE:
            return None
        term = self._term(formula)
        self._solver.push()
        try:
            self._solver.add(term)
            answer = self._solver.check()
            if answer == self._z3.unsat:
                return None
            if answer == self._z3.unknown:
                raise Undecided(f"the solver gave up: {self._solver.reason_unknown()}")
            return self._found(self._solver.model())
        finally:
            self._solver.pop()

    def _found(self, model: Any) -> Found:
        scalars = {}
        for fact, variable in self._scalars.items():
            value = model.eval(variable)
            if self._z3.is_bv_value(value):
                scalars[fact] = self._domains[fact][value.as_long()]
        held: dict[str, set[str]] = {}
        for (fact, name), variable in self._members.items():
            if self._z3.is_true(model.eval(variable)):
                held.setdefault(fact, set()).add(name)
        return Found(scalars, {fact: frozenset(names) for fact, names in held.items()})

    def _term(self, formula: Formula) -> Any:
        found = self._terms.get(formula.number)
        if found is None:
            found = self._terms[formula.number] = self._made(formula)
        return found

    def _made(self, formula: Formula) -> Any:
        z3 = self._z3
        match formula.kind:
            case "const":
                return z3.BoolVal(formula.number == 1, self._context)
            case "is":
                return self._scalar(formula.fact) == self._numbers[formula.fact][formula.value]
            case "has":
                variable = z3.Bool(f"atom {formula.number}", self._context)
                return self._members.setdefault((formula.fact, str(formula.value)), variable)
            case "free":
                return z3.Bool(f"atom {formula.number}", self._context)
            case "not":
                return z3.Not(self._term(formula.parts[0]))
            case "all":
                return z3.And([self._term(part) for part in formula.parts])
            case "any":
                return z3.Or([self._term(part) for part in formula.parts])

    def _scalar(self, fact: str) -> Any:
        """The variable, which is one of its values in every answer."""
        found = self._scalars.get(fact)
        if found is None:
            count = len(self._domains[fact])
            found = self._scalars[fact] = self._z3.BitVec(fact, count.bit_length(), self._context)
            self._solver.add(self._z3.ULT(found, count))
        return found


def _z3() -> Any:
    try:
        import z3  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise SolverMissing from error
    return z3
