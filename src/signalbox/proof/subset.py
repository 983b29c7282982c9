"""A rule's Cedar JSON → a typed expression of the provable subset.

What lies outside becomes an `Outside` in its place, named in words; the rest of the rule is still read.
A rule's head is read as its first conditions, which is what Cedar makes of it. It evaluates nothing.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal, cast

from msgspec import Struct

from signalbox.policy.names import ENDPOINT, Uid
from signalbox.policy.rules import Rule

Variable = Literal["principal", "action", "resource", "context"]


class Outside(Struct, frozen=True):
    """`construct` says what it is, as it reads after "outside the provable subset:"."""

    construct: str


class Constant(Struct, frozen=True):
    value: bool | int | str


class Entity(Struct, frozen=True):
    uid: Uid


class Var(Struct, frozen=True):
    name: Variable


class Attribute(Struct, frozen=True):
    of: "Expression"
    name: str


class Has(Struct, frozen=True):
    of: "Expression"
    name: str


class Not(Struct, frozen=True):
    of: "Expression"


class And(Struct, frozen=True):
    left: "Expression"
    right: "Expression"


class Or(Struct, frozen=True):
    left: "Expression"
    right: "Expression"


class If(Struct, frozen=True):
    condition: "Expression"
    then: "Expression"
    otherwise: "Expression"


class Equal(Struct, frozen=True):
    left: "Expression"
    right: "Expression"


class Compare(Struct, frozen=True):
    sign: Literal["<", "<=", ">", ">="]
    left: "Expression"
    right: "Expression"


class Arithmetic(Struct, frozen=True):
    sign: Literal["+", "-", "*"]
    left: "Expression"
    right: "Expression"


class Negative(Struct, frozen=True):
    of: "Expression"


class SetOf(Struct, frozen=True):
    items: tuple["Expression", ...]


class Contains(Struct, frozen=True):
    how: Literal["contains", "containsAll", "containsAny"]
    left: "Expression"
    right: "Expression"


class IsEmpty(Struct, frozen=True):
    of: "Expression"


class In(Struct, frozen=True):
    left: "Expression"
    right: "Expression"


class IsKind(Struct, frozen=True):
    of: "Expression"
    kind: str


class Like(Struct, frozen=True):
    """`pattern` in Cedar's JSON: a literal's characters, and None for `*`."""

    of: "Expression"
    pattern: tuple[str | None, ...]


Expression = (
    Outside | Constant | Entity | Var | Attribute | Has | Not | And | Or | If | Equal | Compare
    | Arithmetic | Negative | SetOf | Contains | IsEmpty | In | IsKind | Like
)  # fmt: skip


class Provable(Struct, frozen=True):
    """A rule as conditions that must all hold, in the order in which Cedar looks at them."""

    id: str
    file: str
    permits: bool
    conditions: tuple[Expression, ...]


_ALWAYS: Final = Constant(True)
_WORDS: Final = {
    "Record": "a record", "Slot": "a template's slot", "getTag": "a tag", "hasTag": "a tag",
}  # fmt: skip


def provable(rule: Rule) -> Provable:
    body = rule.body
    heads = [_head("principal", body["principal"]), _head("action", body["action"])]
    heads.append(_head("resource", body["resource"]))
    clauses = [
        expression if clause["kind"] == "when" else Not(expression)
        for clause in body["conditions"]
        for expression in (_read(clause["body"]),)
    ]
    conditions = tuple(item for item in (*heads, *clauses) if item is not _ALWAYS)
    return Provable(id=rule.id, file=rule.file, permits=body["effect"] == "permit", conditions=conditions)


def _head(name: Variable, head: dict[str, Any]) -> Expression:
    variable = Var(name)
    match head:
        case {"op": "All"}:
            return _ALWAYS
        case {"op": "==", "entity": entity}:
            return Equal(variable, _entity(entity))
        case {"op": "in", "entity": entity}:
            return In(variable, _entity(entity))
        case {"op": "in", "entities": entities}:
            return In(variable, SetOf(tuple(_entity(entity) for entity in entities)))
        case {"op": "is", "entity_type": kind, "in": {"entity": entity}}:
            return And(IsKind(variable, kind), In(variable, _entity(entity)))
        case {"op": "is", "entity_type": kind}:
            return IsKind(variable, kind)
        case _:
            return Outside(f"a `{name}` of an unknown form")


def _entity(entity: dict[str, str]) -> Expression:
    if "type" not in entity:
        return Outside("a template's slot")
    return Entity((entity["type"], entity["id"]))


def _read(node: dict[str, Any]) -> Expression:
    """One operator of the JSON form: an object with a single key."""
    (operator, operands), *others = node.items()
    if others:
        return Outside("an expression of an unknown form")
    match operator:
        case "Value":
            return _value(operands)
        case "Var":
            return Var(operands)
        case "Set":
            return SetOf(tuple(_read(item) for item in operands))
        case "if-then-else":
            return If(_read(operands["if"]), _read(operands["then"]), _read(operands["else"]))
        case "." | "has" | "like" | "is":
            return _suffix(operator, operands)
        case "!":
            return Not(_read(operands["arg"]))
        case "neg":
            return Negative(_read(operands["arg"]))
        case "isEmpty":
            return IsEmpty(_read(operands["arg"]))
        case _ if isinstance(operands, dict) and {*operands} == {"left", "right"}:
            return _pair(operator, _read(operands["left"]), _read(operands["right"]))
        case _:
            return Outside(_WORDS.get(operator, f"`{operator}`"))


def _value(value: object) -> Expression:
    match value:
        case bool() | int() | str():
            return Constant(value)
        case {"__entity": entity}:
            return _entity(entity)
        case _:
            return Outside("a value of an extension type")


def _suffix(operator: str, operands: dict[str, Any]) -> Expression:
    of = _read(operands["left"])
    match operator:
        case ".":
            return Attribute(of, operands["attr"])
        case "has":
            return Has(of, operands["attr"])
        case "like":
            pattern = [([None] if part == "Wildcard" else [*part["Literal"]]) for part in operands["pattern"]]
            return Like(of, tuple(character for part in pattern for character in part))
        case _:
            kind = IsKind(of, operands["entity_type"])
            return And(kind, In(of, _read(operands["in"]))) if "in" in operands else kind


def _pair(operator: str, left: Expression, right: Expression) -> Expression:
    match operator:
        case "&&":
            return And(left, right)
        case "||":
            return Or(left, right)
        case "==":
            return Equal(left, right)
        case "!=":
            return Not(Equal(left, right))
        case "<" | "<=" | ">" | ">=":
            return Compare(operator, left, right)
        case "+" | "-" | "*":
            return Arithmetic(operator, left, right)
        case "in":
            return In(left, right)
        case "contains" | "containsAll" | "containsAny":
            return Contains(operator, left, right)
        case _:
            return Outside(_WORDS.get(operator, f"`{operator}`"))


def operands(expression: Expression) -> tuple[Expression, ...]:
    if isinstance(expression, SetOf):
        return expression.items
    fields = (getattr(expression, name) for name in expression.__struct_fields__)
    return tuple(cast(Expression, field) for field in fields if isinstance(field, Struct))


def speaks_of_resource(expression: Expression) -> bool:
    """Whether what it is worth can differ from one endpoint to another."""
    if isinstance(expression, Entity) and expression.uid[0] == ENDPOINT:
        return True  # its attributes are known where it is the one that is asked about
    return expression == Var("resource") or any(speaks_of_resource(part) for part in operands(expression))


def strings(expression: Expression) -> Iterator[str]:
    """Every string that it compares something with."""
    if isinstance(expression, Constant) and isinstance(expression.value, str):
        yield expression.value
    for part in operands(expression):
        yield from strings(part)
