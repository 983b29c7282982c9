"""Every app's workloads in one table. Nothing heavy is loaded by it: libraries are, when a workload runs."""

from signalbox.workloads.excel import WORKLOADS as EXCEL
from signalbox.workloads.outlook import WORKLOADS as OUTLOOK
from signalbox.workloads.powerpoint import WORKLOADS as POWERPOINT
from signalbox.workloads.registry import Registry
from signalbox.workloads.word import WORKLOADS as WORD


def offered() -> Registry:
    return Registry((*WORD, *EXCEL, *POWERPOINT, *OUTLOOK))
