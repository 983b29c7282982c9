"""`[workloads]`: how much a request may bring, how many jobs run, whose pages may ask."""

import re
from typing import Final

from signalbox.config.checks import quantity, whole
from signalbox.config.faults import Faults
from signalbox.config.settings import WorkloadSettings
from signalbox.config.tables import WorkloadsTable
from signalbox.config.units import size_bytes

_ORIGIN: Final = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[1-9][0-9]{0,4})?"
)
_BYTES_MAX: Final = 1 << 30


def workload_settings(written: WorkloadsTable, faults: Faults) -> WorkloadSettings:
    path = ("workloads",)
    bytes_max = quantity(faults, (*path, "bytes_max"), size_bytes, written.bytes_max)
    if not 1_024 <= bytes_max <= _BYTES_MAX:
        faults.report((*path, "bytes_max"), f'expected from "1KiB" to "1GiB"; found `{written.bytes_max}`')
    for place, origin in enumerate(written.origins):
        if not _ORIGIN.fullmatch(origin):
            faults.report(
                (*path, "origins", place),
                'expected an origin as browsers write it, such as "https://addin.example.com": scheme, host '
                f"in lower case, a port where it is not the usual one; found `{origin[:80]}`",
            )
    return WorkloadSettings(
        bytes_max=bytes_max,
        jobs_running=whole(faults, (*path, "jobs_running"), written.jobs_running, 1, 64),
        origins=frozenset(written.origins),
    )
