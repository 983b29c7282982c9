"""Every way in which something of a request could leave, be kept, or be told: declared, and held to be all.

Side paths are the hole: a classifier, a cache or a metric that sends content where the request itself might
not go. So each of them is named here, with what it carries, where to, and who is asked. A test reads all of
the source and fails on a place that could open a socket, start a process or write a file and is not named.

It does not ask: that is done where it is sent (`dispatch`, `recall`). Nothing here runs in a request.
"""

from signalbox.hops.hop import AtEndpoint, Carries, Configured, DeclaredHop, Here, InProcess, ToCaller
from signalbox.hops.register import ABSENT, HOPS, INERT, PACKAGES, hops_at

__all__ = [
    "ABSENT",
    "HOPS",
    "INERT",
    "PACKAGES",
    "AtEndpoint",
    "Carries",
    "Configured",
    "DeclaredHop",
    "Here",
    "InProcess",
    "ToCaller",
    "hops_at",
]
