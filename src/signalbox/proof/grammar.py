"""A text of invariants → values, or every fault with its line and column.

    invariant NAME for every tenant:
        deny when REQUEST on ENDPOINT [unless EITHER]
    use BUILT-IN [as NAME] for tenant "acme", "globex" [unless EITHER]

What `when` says speaks of the request, what `on` says of the endpoint, and `unless` of either. It does not
know which tenants and boundaries there are: `check_names` does.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal, get_args

from signalbox.domain.traits import SENSITIVITY_LABELS
from signalbox.proof.builtin import BUILT_IN
from signalbox.proof.invariants import (
    All,
    Anything,
    BoundaryWithin,
    Category,
    Certified,
    Either,
    EndpointFact,
    EndpointIs,
    Flagged,
    InGroup,
    InHomeCloud,
    Invariant,
    InvariantFault,
    Invariants,
    InvariantsInvalid,
    Mention,
    Not,
    Outside,
    Predicate,
    RequestFact,
    RequestIs,
    SensitivityFrom,
    UsesPlace,
)
from signalbox.proof.tokens import Token, tokens

Clause = Literal["when", "on", "unless"]

NESTING_MAX: Final = 30
_REQUEST: Final = ("boundary", "sensitivity", "category", "group", *get_args(RequestFact)[:2])
_ENDPOINT: Final = (
    *get_args(EndpointFact), "infers", "stores", "outside", "certification", "trains", "available",
    "deprecated",
)  # fmt: skip
_OPENINGS: Final = ("invariant", "use")


def parse_invariants(text: str) -> Invariants:
    """Raises `InvariantsInvalid`; one fault a statement is found, and all statements are read."""
    return _Parser(tokens(text), _built_in()).read()


def check_names(
    invariants: Invariants, tenants: Collection[str], boundaries: Collection[str]
) -> tuple[InvariantFault, ...]:
    """What is named and not there. Names of vendors and the like may be of what is to come."""
    known = {"tenant": tenants, "boundary": boundaries}
    return tuple(
        InvariantFault(mention.line, mention.column, f"unknown {mention.kind} `{mention.name}`")
        for mention in invariants.mentions
        if mention.name not in known[mention.kind]
    )


def _built_in() -> dict[str, Invariant]:
    return {item.name: item for item in _Parser(tokens(BUILT_IN), {}).read().items}


class _Fault(Exception):
    def __init__(self, token: Token, message: str) -> None:
        self.fault = InvariantFault(token.line, token.column, message)


class _Parser:
    """Recursive descent; one token ahead is enough."""

    def __init__(self, found: tuple[Token, ...], built_in: Mapping[str, Invariant]) -> None:
        self._tokens = found
        self._place = 0
        self._depth = 0
        self._built_in = built_in
        self._mentions: list[Mention] = []

    def read(self) -> Invariants:
        items: dict[str, Invariant] = {}
        faults: list[InvariantFault] = []
        while self._next.kind != "end":
            begun = self._place
            try:
                item = self._statement()
                if item.name in items:
                    raise _Fault(
                        self._tokens[begun], f"the name `{item.name}` is taken: `use … as another-name`"
                    )
                items[item.name] = item
            except _Fault as found:
                faults.append(found.fault)
                self._skip(begun)
        if faults:
            raise InvariantsInvalid(tuple(faults))
        return Invariants(tuple(items.values()), tuple(self._mentions))

    def _statement(self) -> Invariant:
        opening = self._word("`invariant` or `use`", _OPENINGS)
        return self._written() if opening == "invariant" else self._used()

    def _written(self) -> Invariant:
        name = self._name()
        tenants = self._tenants()
        self._sign(":")
        self._keyword("deny")
        self._keyword("when")
        asked = self._either("when")
        self._keyword("on")
        reached = self._either("on")
        return Invariant(name, tenants, All((asked, reached, *self._unless())))

    def _used(self) -> Invariant:
        wanted = self._next
        chosen = self._built_in.get(self._name())
        if chosen is None:
            known = ", ".join(f"`{name}`" for name in self._built_in)
            raise _Fault(wanted, f"{wanted.shown()} is not built in: expected one of {known}")
        name = self._name() if self._taken("as") else chosen.name
        tenants = self._tenants()
        unless = self._unless()
        return Invariant(name, tenants, All((chosen.denies, *unless)) if unless else chosen.denies)

    def _unless(self) -> tuple[Predicate, ...]:
        return (Not(self._either("unless")),) if self._taken("unless") else ()

    def _tenants(self) -> tuple[str, ...]:
        self._keyword("for")
        if self._taken("every"):
            self._keyword("tenant")
            return ()
        self._word("`every tenant`, or `tenant` and its id in quotes", ("tenant", "tenants"))
        named = [self._mention("tenant")]
        while self._taken(","):
            named.append(self._mention("tenant"))
        return tuple(named)

    def _either(self, clause: Clause) -> Predicate:
        parts = [self._both(clause)]
        while self._taken("or"):
            parts.append(self._both(clause))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, clause: Clause) -> Predicate:
        parts = [self._single(clause)]
        while self._taken("and"):
            parts.append(self._single(clause))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _single(self, clause: Clause) -> Predicate:
        if self._taken("not"):
            return Not(self._nested(clause, self._single))
        if self._taken("("):
            inner = self._nested(clause, self._either)
            self._sign(")")
            return inner
        return self._fact(clause)

    def _nested(self, clause: Clause, read: Callable[[Clause], Predicate]) -> Predicate:
        self._depth += 1
        if self._depth > NESTING_MAX:
            raise _Fault(self._next, f"nested deeper than {NESTING_MAX}: split it")
        inner = read(clause)
        self._depth -= 1
        return inner

    def _fact(self, clause: Clause) -> Predicate:
        token = self._next
        word = self._word("a fact of the request or of the endpoint")
        if word == "any":
            whole = {"when": "request", "on": "endpoint", "unless": "request"}[clause]
            self._keyword(whole)
            return Anything()
        if word in _REQUEST:
            if clause == "on":
                raise _Fault(token, f"`{word}` is a fact of the request: write it after `when` or `unless`")
            return self._request_fact(word)
        if word in _ENDPOINT:
            if clause == "when":
                raise _Fault(token, f"`{word}` is a fact of the endpoint: write it after `on` or `unless`")
            return self._endpoint_fact(word)
        fitting = {"when": _REQUEST, "on": _ENDPOINT, "unless": (*_REQUEST, *_ENDPOINT)}[clause]
        known = ", ".join(f"`{name}`" for name in ("any", *fitting))
        raise _Fault(token, f"expected one of {known}; found {token.shown()}")

    def _request_fact(self, word: str) -> Predicate:
        match word:
            case "sensitivity":
                return self._sensitivity()
            case "category":
                return Category(self._string())
            case "group":
                return InGroup(self._string())
            case "boundary":
                if self._taken("within"):
                    return BoundaryWithin(self._mention("boundary"))
                return self._is(lambda: RequestIs("boundary", self._mention("boundary")))
            case "app":
                return self._is(lambda: RequestIs("app", self._string()))
            case _:
                return self._is(lambda: RequestIs("feature", self._string()))

    def _sensitivity(self) -> Predicate:
        sign = self._next.text
        if not (self._next.kind == "sign" and sign in (">=", ">", "<=", "<")) and sign != "is":
            raise _Fault(self._next, f"expected `>=`, `>`, `<=`, `<` or `is`; found {self._next.shown()}")
        self._place += 1
        level = SENSITIVITY_LABELS.index(self._word("a level of sensitivity", SENSITIVITY_LABELS))
        above = SensitivityFrom(level + 1) if level + 1 < len(SENSITIVITY_LABELS) else Not(Anything())
        match sign:
            case ">=":
                return SensitivityFrom(level)
            case ">":
                return above
            case "<":
                return Not(SensitivityFrom(level))
            case "<=":
                return Not(above)
            case _:
                return All((SensitivityFrom(level), Not(above)))

    def _endpoint_fact(self, word: str) -> Predicate:
        match word:
            case "infers" | "stores":
                if self._taken("in"):
                    return UsesPlace(word, self._string())
                self._keyword("outside")
                return Outside(word, self._boundary())
            case "outside":
                boundary = self._boundary()
                return Either((Outside("infers", boundary), Outside("stores", boundary)))
            case "certification":
                return Certified(self._string())
            case "trains":
                self._keyword("on")
                self._keyword("data")
                return Flagged("trains on data")
            case "available" | "deprecated":
                return Flagged(word)
            case _:
                return self._is(lambda: self._value_of(word))

    def _value_of(self, word: str) -> Predicate:
        if word == "cloud" and self._taken("home"):
            return InHomeCloud()
        (fact,) = (name for name in get_args(EndpointFact) if name == word)
        return EndpointIs(fact, self._string())

    def _boundary(self) -> str:
        """`the boundary` (the request's: empty) or `boundary "name"`."""
        if self._taken("the"):
            self._keyword("boundary")
            return ""
        self._keyword("boundary")
        return self._mention("boundary")

    def _is(self, read: Callable[[], Predicate]) -> Predicate:
        self._keyword("is")
        return Not(read()) if self._taken("not") else read()

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _taken(self, text: str) -> bool:
        found = self._next.kind in ("word", "sign") and self._next.text == text
        self._place += found
        return found

    def _keyword(self, text: str) -> None:
        if not self._taken(text):
            raise _Fault(self._next, f"expected `{text}`; found {self._next.shown()}")

    _sign = _keyword

    def _word(self, expected: str, among: Collection[str] = ()) -> str:
        token = self._next
        if token.kind != "word" or (among and token.text not in among):
            choice = f" ({', '.join(f'`{name}`' for name in among)})" if among else ""
            raise _Fault(token, f"expected {expected}{choice}; found {token.shown()}")
        self._place += 1
        return token.text

    def _name(self) -> str:
        return self._word("a name of letters, digits, `.`, `_` and `-`")

    def _string(self) -> str:
        token = self._next
        if token.kind != "string":
            raise _Fault(token, f"expected a name in quotes; found {token.shown()}")
        self._place += 1
        return token.text

    def _mention(self, kind: Literal["tenant", "boundary"]) -> str:
        token = self._next
        name = self._string()
        self._mentions.append(Mention(kind, name, token.line, token.column))
        return name

    def _skip(self, begun: int) -> None:
        """On to the next statement after the one that began there."""
        self._depth = 0
        self._place = max(self._place, begun + 1)
        while self._next.kind != "end" and not (self._next.kind == "word" and self._next.text in _OPENINGS):
            self._place += 1
