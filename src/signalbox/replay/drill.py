"""An exit or a re-centralisation as rules: readable Cedar that says who is to go, or who alone may stay.

Forbids: they outweigh whatever permits there are, so that laid over any release they take away and never add.
"""

from typing import Final

import msgspec
from msgspec import Struct

_ID_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._")


class Selection(Struct, frozen=True, kw_only=True):
    """Endpoints by what the registry says of them, each dimension by its names."""

    vendor: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    endpoint: tuple[str, ...] = ()
    cloud: tuple[str, ...] = ()
    place: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not any((self.vendor, self.model, self.endpoint, self.cloud, self.place))


def rules(selection: Selection, *, leave: bool) -> str:
    """Cedar text. `leave`: nothing goes to what is selected. Else: nothing goes anywhere but to it, and
    what is selected by several dimensions must be in each. One rule for each dimension."""
    what = "leaving" if leave else "keeping only"
    written = [f"// {what.capitalize()} {_words(selection)}. Laid over any release, it only takes away."]
    for dimension in selection.__struct_fields__:
        names: tuple[str, ...] = getattr(selection, dimension)
        if names:
            written.append(_rule(dimension, names, leave=leave))
    return "\n\n".join(written) + "\n"


def file_name(selection: Selection, *, leave: bool) -> str:
    """Such as `exit.vendor.anthropic.cedar`: by it the text is known in a release."""
    parts = [
        f"{dimension}.{_slug(names)}"
        for dimension in selection.__struct_fields__
        if (names := getattr(selection, dimension))
    ]
    return f"{_verb(leave)}.{'.'.join(parts)}.cedar"


def _rule(dimension: str, names: tuple[str, ...], *, leave: bool) -> str:
    listed = ", ".join(names)
    reason = f"we have left the {dimension} {listed}" if leave else f"only the {dimension} {listed} is in use"
    return (
        f"@id({_literal(f'{_verb(leave)}.{dimension}.{_slug(names)}')})\n"
        f"@reason({_literal(reason)})\n"
        "forbid (\n"
        "  principal,\n"
        '  action == Signalbox::Action::"infer",\n'
        "  resource\n"
        ")\n"
        f"{'when' if leave else 'unless'} {{ {_condition(dimension, names, leave=leave)} }};"
    )


def _condition(dimension: str, names: tuple[str, ...], *, leave: bool) -> str:
    """True of what is selected. To leave a place is to leave every endpoint that may touch it; to keep only
    some places is to keep what touches no other."""
    chosen = f"[{', '.join(_literal(name) for name in names)}]"
    if dimension == "place":
        inference, storage = "resource.inference_places", "resource.storage_places"
        if leave:
            return f"{inference}.containsAny({chosen}) || {storage}.containsAny({chosen})"
        return f"{chosen}.containsAll({inference}) && {chosen}.containsAll({storage})"
    attribute = "id" if dimension == "endpoint" else dimension
    if len(names) == 1:
        return f"resource.{attribute} == {_literal(names[0])}"
    return f"{chosen}.contains(resource.{attribute})"


def _words(selection: Selection) -> str:
    return ", ".join(
        f"{dimension} {', '.join(names)}"
        for dimension in selection.__struct_fields__
        if (names := getattr(selection, dimension))
    )


def _verb(leave: bool) -> str:
    return "exit" if leave else "keep"


def _slug(names: tuple[str, ...]) -> str:
    """Fit for a rule's id."""
    joined = ".".join(names).lower()
    return "".join(character if character in _ID_CHARACTERS else "-" for character in joined)


def _literal(text: str) -> str:
    """A Cedar string: names of the registry hold no control characters, for which JSON and Cedar differ."""
    return msgspec.json.encode(text).decode()
