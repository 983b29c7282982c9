"""Office prose with names, dates and amounts, as `load.lua` writes it: bodies of 1.3 KB, no two alike."""

from random import Random
from typing import Final

import msgspec

BODY_BYTES: Final = 1_300
_SYSTEM: Final = "You are a careful assistant for office work. Keep names, dates and amounts as they are."
_REGIONS: Final = ("northern", "southern", "Iberian", "Nordic", "Rhine", "coastal", "Alpine", "overseas")
_TEAMS: Final = ("finance", "supply", "sales", "logistics", "legal", "personnel", "quality", "design")
_TOWNS: Final = ("Lisbon", "Leipzig", "Turin", "Aarhus", "Ghent", "Porto", "Utrecht", "Malmö")
_PEOPLE: Final = (
    "Ms Andersen",
    "Mr Okafor",
    "Ms Rossi",
    "Mr Lindqvist",
    "Ms Dupont",
    "Mr Varga",
    "Ms Müller",
)
_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "September", "October", "November")
_THINGS: Final = (
    "the forecast", "the travel budget", "the supplier contract", "the price list", "the customer survey",
    "the delivery schedule", "the annual report", "the hiring plan",
)  # fmt: skip
_VERBS: Final = (
    "was approved by", "goes back to", "is with", "was reviewed by", "waits for", "was drafted by",
)  # fmt: skip


def body(source: Random, number: int) -> bytes:
    """A chat completion's body; `number` is written into it."""
    currency = source.choice(("EUR ", "EUR ", "USD ", "€"))
    text = f"Rewrite this more briefly. It is revision {number:08d} of draft 1."
    while True:
        messages = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": text}]
        asked = {"model": "auto", "max_tokens": 256, "temperature": 0.3, "messages": messages}
        written = msgspec.json.encode(asked)
        if len(written) >= BODY_BYTES - 60:
            return written
        text += " " + _sentence(source, currency)


def _sentence(source: Random, currency: str) -> str:
    one, number = source.choice, source.randint

    def amount() -> str:
        return f"{currency}{number(1, 940)},{number(0, 999):03d}.{number(0, 99):02d}"

    def date() -> str:
        if number(1, 3) == 1:
            return f"2026-{number(1, 12):02d}-{number(1, 28):02d}"
        return f"{number(1, 28)} {one(_MONTHS)}"

    match number(1, 6):
        case 1:
            return (
                f"Revenue in the {one(_REGIONS)} region grew by {number(1, 14)}.{number(0, 9)} % "
                f"to {amount()}, while the margin fell to {number(11, 38)} %."
            )
        case 2:
            return f"On {date()} {one(_THINGS)} {one(_VERBS)} the {one(_TEAMS)} team in {one(_TOWNS)}."
        case 3:
            return (
                f"{one(_PEOPLE)} asked whether {one(_THINGS)} can be ready by {date()}, "
                f"and offered {number(2, 40)} hours of help."
            )
        case 4:
            return (
                f"We spent {amount()} of the {amount()} that were set aside for {one(_TEAMS)}, "
                f"which is {number(2, 30)} % less than in {one(_MONTHS)}."
            )
        case 5:
            return (
                f"Please note that {one(_THINGS)} comes before {one(_THINGS)}; "
                f"the office in {one(_TOWNS)} needs {number(2, 60)} copies of both."
            )
        case _:
            return (
                f"The meeting with {one(_PEOPLE)} moves from {date()} to {date()}, "
                f"in room {number(100, 480)}, and lasts {15 * number(1, 8)} minutes."
            )
