"""`docs/reference/errors.md` names every error that a caller can get, with its status, and no others."""

import pkgutil
import re
from importlib import import_module
from pathlib import Path
from typing import Final

from signalbox import workloads
from signalbox.dispatch.exhausted import answer_to
from signalbox.domain import errors
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.edge import protocol
from signalbox.edge.operations import ReloadRefused
from signalbox.governance.holds import Held
from signalbox.governance.releases import refusals
from signalbox.identify import KeyExpired
from signalbox.keeping.envelope import Altered
from signalbox.ports.payloads import PayloadsUnavailable
from signalbox.ports.switches import SwitchesUnavailable
from signalbox.ports.tenant_keys import TenantKeyRefused, TenantKeyUnavailable
from signalbox.proof import SolverMissing

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"

ROOTS: Final = (errors.SignalboxError, errors.CallerError)  # raised by nobody
NOT_OVER_HTTP: Final = (errors.ConfigError, errors.LogHeld)  # they keep a server from starting
BY_INSTANCE: Final = (errors.AttemptsExhausted, errors.NoCandidate)  # their codes are set where they are made


def of_workloads() -> list[type[errors.SignalboxError]]:
    """Each stands beside what raises it."""
    found: dict[type[errors.SignalboxError], None] = {}
    for module in pkgutil.walk_packages(workloads.__path__, "signalbox.workloads."):
        for kind in vars(import_module(module.name)).values():
            if (
                isinstance(kind, type)
                and issubclass(kind, errors.SignalboxError)
                and kind.__module__.startswith("signalbox.workloads.")
            ):
                found[kind] = None
    return list(found)


def documented() -> set[tuple[str, int]]:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == len(set(rows))
    return {(code, int(status)) for code, status in rows}


def in_the_code() -> set[tuple[str, int]]:
    family: list[type[errors.SignalboxError]] = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, errors.SignalboxError)
        and kind not in (*ROOTS, *NOT_OVER_HTTP, *BY_INSTANCE)
    ]
    family += [KeyExpired, ReloadRefused, SwitchesUnavailable]
    family += [Held, Altered, PayloadsUnavailable, TenantKeyUnavailable, TenantKeyRefused]
    family += [refusals.ReleaseRefused, refusals.StaleBase, refusals.ProofRefused, refusals.SelfApproval]
    family += [refusals.ApprovalInvalid, refusals.ContentTampered, SolverMissing]
    family += of_workloads()
    found = {(kind.code, kind.status) for kind in family}
    for transient in (False, True):
        nothing = errors.NoCandidate("", dropped=(), transient=transient)
        found.add((nothing.code, nothing.status))
    for kind in FailureKind:
        status, code, _ = answer_to(ProviderFailure(kind, ""))
        found.add((code, status))
    for status, code, _ in (protocol._MALFORMED, protocol._UPGRADE, protocol._OVERSIZED):
        found.add((code, status))
    return found


def test_every_error_is_documented_with_its_status_and_no_other_is() -> None:
    assert documented() == in_the_code()
