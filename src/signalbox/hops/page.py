"""`docs/reference/hops.md`, made from what is declared."""

from typing import Final

from signalbox.hops.hop import AtEndpoint, Carries, Configured, DeclaredHop, Here, InProcess, To
from signalbox.hops.register import ABSENT, HOPS, INERT, PACKAGES

_HEAD: Final = """# Hops

Made by `make docs` from `src/signalbox/hops/`: every way in which something of a request could leave this
process, be kept, or be told. Residency holds for every one of them or it does not hold.

`tests/unit/test_hops_registered.py` reads all of the source and fails on a place that could open a socket,
start a process or write a file and is not declared here. `tests/integration/test_hops_traced.py` runs a
server under mixed traffic and holds what the kernel was asked for to this page.
"""
_NOT: Final = """
## What it does not show

Other people's packages are taken at their word: those listed as inert were read for what is used of them, and
the trace of a running server is the check. A provider that somebody adds through the entry point
`signalbox.providers` runs in this process and can open what it likes: it is code that an operator chose.
Where a vendor truly runs a model rests on what the vendor attests.
"""


def render() -> str:
    lines = [_HEAD]
    lines += _table("Hops that carry content, or what it could be told from", [h for h in HOPS if h.tells])
    lines += _table("Hops that do not", [h for h in HOPS if not h.tells])
    lines += ["## Deliberately absent", "", "| hop | instead |", "|---|---|"]
    lines += [f"| {name} | {why} |" for name, why in ABSENT.items()]
    lines += ["", "## Places in the code", "", "| place | hops |", "|---|---|"]
    lines += [f"| `{place}` | {', '.join(names)} |" for place, names in sorted(_places().items())]
    lines += ["", "Not named one by one, and not imported by a server:", ""]
    lines += [f"- `{package}`: {what}" for package, what in PACKAGES.items()]
    lines += ["", "Inert: " + ", ".join(f"`{package}`" for package in sorted(INERT)) + ".", _NOT]
    return "\n".join(lines)


def _table(heading: str, hops: list[DeclaredHop]) -> list[str]:
    return [
        f"## {heading}",
        "",
        "| hop | carries | where to | who is asked |",
        "|---|---|---|---|",
        *(f"| {hop.name} | {_carries(hop)} | {_to(hop.to)} | **{hop.asks}**: {hop.why} |" for hop in hops),
        "",
    ]


def _carries(hop: DeclaredHop) -> str:
    said = [str(kind) for kind in hop.carries if kind is not Carries.NOTHING or not hop.credentials]
    return ", ".join([*said, "credentials"] if hop.credentials else said)


def _to(to: To) -> str:
    match to:
        case AtEndpoint():
            return "the endpoint chosen, by its tuple in the catalogue"
        case Configured(setting=setting, place=place, files=files):
            beside = " or this machine: " + ", ".join(f"`{file}`" for file in files) if files else ""
            return f"`{setting}`" + (f", which stands in `{place}`" if place else "") + beside
        case Here(files=()):
            return "this machine"
        case Here(files=files):
            return "this machine: " + ", ".join(f"`{file}`" for file in files)
        case InProcess():
            return "this process"
        case _:
            return "who asked"


def _places() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for hop in HOPS:
        for place in hop.places:
            found.setdefault(place, []).append(hop.name)
    return found
