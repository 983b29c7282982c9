"""`signalbox export`: decisions as audit events of other systems. What leaves has no prompt and no reply."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import time_ns
from typing import IO, Any, Final

import msgspec

from signalbox.cli.common import CommandFailed, open_log, settings_of
from signalbox.cli.recorded import period
from signalbox.evidence.cloudevents import cloudevent
from signalbox.evidence.gather import Span
from signalbox.evidence.ocsf import ocsf
from signalbox.evidence.purview import purview
from signalbox.evidence.told import Told, told

Events = Callable[[Told, str], Iterable[dict[str, Any]]]

FORMATS: Final[dict[str, Events]] = {
    "cloudevents": lambda each, origin: (cloudevent(each, origin),),
    "ocsf": lambda each, origin: ocsf(each),
    "purview": lambda each, origin: (purview(each),),
}


def run(config: Path, form: str, tenant: str, since: str, until: str, out: Path | None) -> None:
    """To `out`, else to standard output."""
    if form not in FORMATS:
        raise CommandFailed(f"`{form[:40]}` is no format here: choose one of {', '.join(sorted(FORMATS))}")
    settings = settings_of(config)
    span = period(since, until, tenant, time_ns() // 1_000)
    log = open_log(settings)
    if tenant not in {head.tenant for head in log.heads()}:
        raise CommandFailed(f"the log has no record of a tenant `{tenant[:64]}`")
    found = told(log.scan(), Span(tenant, span.since_us, span.until_us))
    if out is None:
        _write(found, FORMATS[form], settings.log.origin, sys.stdout.buffer)
        return
    try:
        with out.open("wb") as file:
            _write(found, FORMATS[form], settings.log.origin, file)
    except OSError as error:
        raise CommandFailed(f"`{out}` cannot be written: {error.strerror}") from error


def _write(found: Iterable[Told], events: Events, origin: str, out: IO[bytes]) -> None:
    for each in found:
        for event in events(each, origin):
            out.write(msgspec.json.encode(event, order="sorted") + b"\n")
