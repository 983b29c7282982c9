"""One HTTP exchange with a vendor: what all vendors over HTTP have in common.

    wire.py        `VendorWire`: a vendor's dialect, whole and streamed
    address.py     `Address`: where an endpoint is asked, and in which dialects
    authorise.py   `Authoriser`: what lets our requests in, for long or for one; `KeyedBy` for plain keys
    route.py       everything about an endpoint's requests that does not change, made once
    provider.py    `HttpProvider`: the three, as a `ports.provider.Provider`
    refusal.py     a vendor's refusal → the kind of failure
    waiting.py     how long a vendor asks to be left alone

A vendor's folder is a function from an endpoint to its `Address`, and an `Authoriser`. One call is one
request: nothing here retries, queues, caches, follows redirects, or judges whether the model that answered
is one that may.
"""

from signalbox.adapters.providers.exchange.address import Address, Surface
from signalbox.adapters.providers.exchange.authorise import Authoriser, Grant, KeyedBy, Refused, Unsigned
from signalbox.adapters.providers.exchange.provider import HttpProvider
from signalbox.adapters.providers.exchange.refusal import Refusals, refusal
from signalbox.adapters.providers.exchange.wire import EventReader, Header, VendorWire

__all__ = [
    "Address",
    "Authoriser",
    "EventReader",
    "Grant",
    "Header",
    "HttpProvider",
    "KeyedBy",
    "Refusals",
    "Refused",
    "Surface",
    "Unsigned",
    "VendorWire",
    "refusal",
]
