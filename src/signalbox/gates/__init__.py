"""Admin gates: what administrators say in a table, as readable Cedar; and what a change of rules changes.

A gate allows, forbids or opts in; a requirement says what an endpoint must be for a tenant's data. Both are
rendered to Cedar text that is compiled and proved with the rules written by hand: there is one semantics.

Deliberately absent: files and TOML (`signalbox.config` reads them), a clock, and any judgement of its own.
"""

from signalbox.gates.difference import Released, diff_words
from signalbox.gates.gate import NO_GATES, Decision, Gate, Gates, Requirement, Selection
from signalbox.gates.render import render

__all__ = [
    "NO_GATES",
    "Decision",
    "Gate",
    "Gates",
    "Released",
    "Requirement",
    "Selection",
    "diff_words",
    "render",
]
