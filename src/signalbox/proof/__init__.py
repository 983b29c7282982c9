"""What holds for every request, proved: policy and registry as formulas, and no exception found.

`prove` takes a policy release, a catalogue, the tenants and their invariants, and reports each invariant as
proved, as violated by a request that Cedar confirms, or as unproven because of what it names. It is asked
when a release is published, never when a request is served.

Deliberately absent: clock, files, sockets; a second opinion on what a vendor does with what it was sent;
and the whole of Cedar (`subset` says what of it is read). The solver is loaded when it is first used.
"""

from signalbox.proof.grammar import check_names, parse_invariants
from signalbox.proof.invariants import Invariant, InvariantFault, Invariants, InvariantsInvalid
from signalbox.proof.prove import prove, prove_compiled
from signalbox.proof.report import Counterexample, Finding, ProofReport, Reach
from signalbox.proof.solver import SolverMissing

__all__ = [
    "Counterexample",
    "Finding",
    "Invariant",
    "InvariantFault",
    "Invariants",
    "InvariantsInvalid",
    "ProofReport",
    "Reach",
    "SolverMissing",
    "check_names",
    "parse_invariants",
    "prove",
    "prove_compiled",
]
