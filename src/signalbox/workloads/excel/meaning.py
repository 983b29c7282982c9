"""What a formula does, in words that are made of its parts: no model is asked, so that it cannot be wrong
about which formula it explains. Pure."""

from typing import Any, Final

from signalbox.workloads.excel.functions import VOLATILE, bare
from signalbox.workloads.excel.parsing import Parsed
from signalbox.workloads.excel.places import Area, area
from signalbox.workloads.excel.sight import Seen, Table

_DEEPEST: Final = 6
_OPERATORS: Final = {
    "+": "{0} plus {1}",
    "-": "{0} minus {1}",
    "*": "{0} times {1}",
    "/": "{0} divided by {1}",
    "^": "{0} to the power of {1}",
    "&": "{0} followed by {1}",
    "=": "{0} equals {1}",
    "<>": "{0} differs from {1}",
    "<": "{0} is below {1}",
    ">": "{0} is above {1}",
    "<=": "{0} is at most {1}",
    ">=": "{0} is at least {1}",
}
_FUNCTIONS: Final = {
    "SUM": "the sum of {all}",
    "AVERAGE": "the average of {all}",
    "COUNT": "how many numbers are in {all}",
    "COUNTA": "how many cells of {all} are filled",
    "MIN": "the smallest of {all}",
    "MAX": "the largest of {all}",
    "MEDIAN": "the middle value of {all}",
    "ROUND": "{0}, rounded to {1} decimals",
    "ABS": "the size of {0} without its sign",
    "IF": "if {0}: {1}, otherwise {2}",
    "IFERROR": "{0}, or {1} where that gives an error",
    "AND": "all of these hold: {all}",
    "OR": "one of these holds: {all}",
    "NOT": "it does not hold that {0}",
    "VLOOKUP": "look {0} up in the first column of {1} and take column {2} of that row",
    "XLOOKUP": "look {0} up in {1} and take what {2} has beside it",
    "INDEX": "from {0}, what stands at {1}",
    "MATCH": "the place of {0} in {1}",
    "SUMIF": "the sum of what belongs to the cells of {0} that are {1}",
    "SUMIFS": "the sum of {0} where {conditions1}",
    "AVERAGEIFS": "the average of {0} where {conditions1}",
    "COUNTIF": "how many cells of {0} are {1}",
    "COUNTIFS": "how many rows there are where {conditions0}",
    "CONCATENATE": "{all}, one after the other",
    "CONCAT": "{all}, one after the other",
    "TEXT": "{0} written as {1}",
    "DATEVALUE": "the date {0}",
    "YEAR": "the year of {0}",
    "MONTH": "the month of {0}",
    "DAY": "the day of {0}",
    "RADIANS": "{0} in radians",
    "PI": "π",
}


def told(tree: dict[str, Any], seen: tuple[Table, ...], target: Area) -> str:
    """One sentence about the target's first cell."""
    words = _said(tree, _Names(seen, target), 0)
    copied = f", likewise for each cell of {target.a1}" if target.size > 1 else ""
    return f"{words[:1].upper()}{words[1:]}{copied}."


def assumed(parsed: Parsed, seen: tuple[Table, ...], target: Area) -> tuple[str, ...]:
    """What it takes for granted, as far as its parts show it."""
    found: list[str] = []
    names = _Names(seen, target)
    for text in parsed.references:
        place = area(text)
        column = names.of(text)
        if place is not None and column is not None and column.header and place.left == place.right:
            found.append(f"`{text}` is taken from the column “{column.header}”")
    if "VLOOKUP" in parsed.functions and ",TRUE)" in parsed.text.replace(" ", "").upper():
        found.append("the first column of what is looked up in is sorted in ascending order")
    found.extend(f"`{name}` changes at every recalculation" for name in parsed.functions if name in VOLATILE)
    return tuple(dict.fromkeys(found))[:8]


class _Names:
    """Columns by the references that mean them."""

    def __init__(self, seen: tuple[Table, ...], target: Area) -> None:
        self._here = target.sheet.casefold()
        self._tables = {table.sheet.casefold(): table for table in seen}

    def of(self, reference: str) -> Seen | None:
        place = area(reference)
        table = self._tables.get(place.sheet.casefold() or self._here) if place else None
        if table is None or place is None or place.left > len(table.columns):
            return None
        if place.top == place.bottom and place.top <= table.header:
            return None
        return table.columns[place.left - 1]

    def said(self, reference: str) -> str:
        place, column = area(reference), self.of(reference)
        if place is None or column is None or not column.header:
            return reference
        if place.left != place.right:
            return reference
        return f"“{column.header}” ({reference})"


def _said(node: dict[str, Any], names: _Names, depth: int) -> str:
    if depth > _DEEPEST:
        return "…"
    match node["node_type"]:
        case "Literal":
            return _literal(node["value"])
        case "Reference":
            return names.said(node["reference"])
        case "UnaryOp":
            return _unary(node["operator"], _said(node["operand"], names, depth + 1))
        case "BinaryOp":
            form = _OPERATORS.get(node["operator"])
            sides = [_bracketed(node[side], names, depth + 1) for side in ("left", "right")]
            return form.format(*sides) if form else node["operator"].join(sides)
        case "Function":
            return _function(bare(node["name"]), [_said(each, names, depth + 1) for each in node["args"]])
        case "Omitted":
            return "nothing"
        case _:
            return "a list of values"


def _bracketed(node: dict[str, Any], names: _Names, depth: int) -> str:
    said = _said(node, names, depth)
    return f"({said})" if node["node_type"] == "BinaryOp" else said


def _function(name: str, said: list[str]) -> str:
    form = _FUNCTIONS.get(name)
    if form is None:
        return f"{name} of {_listed(said)}" if said else name
    given = [*said, *[_default(name, number) for number in range(len(said), 4)]]
    return form.format(
        *given,
        all=_listed(said),
        conditions0=_conditions(said),
        conditions1=_conditions(said[1:]),
    )


def _default(name: str, number: int) -> str:
    return "FALSE" if name == "IF" and number == 2 else "0"


def _conditions(said: list[str]) -> str:
    pairs = [f"{where} is {what}" for where, what in zip(said[::2], said[1::2], strict=False)]
    return " and ".join(pairs)


def _listed(said: list[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}" if said else "nothing"


def _unary(operator: str, said: str) -> str:
    return f"minus {said}" if operator == "-" else f"{said} percent" if operator == "%" else said


def _literal(value: object) -> str:
    match value:
        case bool():
            return str(value).upper()
        case str():
            return f"“{value}”" if value else "nothing"
        case float():
            return f"{value:.12g}"
        case _:
            return str(value)
