"""Excel: formulas written, gated and explained; cells, tables and findings computed.

`WORKLOADS` is loaded when it is asked for: the child that opens workbooks imports this package too.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signalbox.workloads.excel.offered import WORKLOADS

__all__ = ["WORKLOADS"]


def __getattr__(name: str) -> Any:
    if name != "WORKLOADS":
        raise AttributeError(f"module `signalbox.workloads.excel` has no attribute `{name}`")
    return import_module("signalbox.workloads.excel.offered").WORKLOADS
