"""Cedar as text: strings, conditions and whole rules, in one layout. It knows no gate."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct


class RuleText(Struct, frozen=True):
    """A rule is matched when all of `when` hold and none of `unless` does."""

    id: str
    reason: str
    effect: Literal["permit", "forbid"]
    tenant: str
    when: tuple[str, ...]
    unless: tuple[str, ...] = ()

    def __str__(self) -> str:
        principal = f"principal in Signalbox::Tenant::{literal(self.tenant)}" if self.tenant else "principal"
        clauses = [f"when {{ {item} }}" for item in self.when]
        clauses += [f"unless {{ {item} }}" for item in self.unless]
        head = (
            f"@id({literal(self.id)})\n@reason({literal(self.reason)})\n{self.effect} (\n  {principal},\n"
            '  action == Signalbox::Action::"infer",\n  resource\n)'
        )
        return "\n".join((head, *clauses)) + ";\n"


def literal(text: str) -> str:
    """A Cedar string. INVARIANT: whatever the text, it ends where it should."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def set_of(names: Iterable[str]) -> str:
    return f"[{', '.join(literal(name) for name in names)}]"


def one_of(attribute: str, names: Sequence[str]) -> str:
    """The attribute, a string, is one of the names."""
    if len(names) == 1:
        return f"{attribute} == {literal(names[0])}"
    return f"{set_of(names)}.contains({attribute})"


def any_in(attribute: str, names: Sequence[str]) -> str:
    """The attribute, a set, holds one of the names."""
    if len(names) == 1:
        return f"{attribute}.contains({literal(names[0])})"
    return f"{attribute}.containsAny({set_of(names)})"


def all_in(attribute: str, names: Sequence[str]) -> str:
    """The attribute, a set, holds all of the names."""
    if len(names) == 1:
        return f"{attribute}.contains({literal(names[0])})"
    return f"{attribute}.containsAll({set_of(names)})"


def within(attribute: str, names: Sequence[str]) -> str:
    """The attribute, a set, holds nothing but these names. Cedar has no literal for an empty set."""
    if not names:
        return f"{attribute}.isEmpty()"
    return f"{set_of(names)}.containsAll({attribute})"


def every(conditions: Sequence[str]) -> str:
    """All of them, as one condition; there is at least one."""
    if len(conditions) == 1:
        return conditions[0]
    return " && ".join(f"({item})" if " || " in item else item for item in conditions)


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"
