"""Which of the permitted endpoints can serve this request, and why the others cannot.

Pure. It only ever removes: what policy forbids is not looked at, so nothing here can add it back.
"""

from signalbox.shortlist.shortlist import Shortlist, shortlist
from signalbox.shortlist.target import ROUTING_NAMES, Target, resolve

__all__ = ["ROUTING_NAMES", "Shortlist", "Target", "resolve", "shortlist"]
