"""Request to Traits: what a request is, as far as routing needs to know.

A pure function of the request, what the caller declared, its tenant and a token counter. It does not
decide who may declare what (`identify` has filtered that), nor whether a boundary exists (settings know),
nor what any of it permits (policy does). `docs/reference/classification.md` tells users what is here.
"""

from signalbox.classify.classify import classify
from signalbox.classify.sensitivity import parse_label

__all__ = ["classify", "parse_label"]
