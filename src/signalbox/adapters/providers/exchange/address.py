"""Where an endpoint is asked, and in which dialects: what a vendor's folder says of it."""

from msgspec import Struct

from signalbox.adapters.providers.exchange.wire import VendorWire

Pairs = tuple[tuple[str, str], ...]
"""Headers: names in lower case, and values."""


class Surface(Struct, frozen=True):
    """One thing that an endpoint can be asked for. Paths come after the base URL's own, and hold the query.

    `stream_path`: where streams are asked for, if elsewhere.
    """

    wire: VendorWire
    path: str
    stream_path: str = ""


class Address(Struct, frozen=True, kw_only=True):
    """`headers` ride on every request; `request_id` names the header that carries the attempt's id, none if
    empty. `embeddings` is None where the vendor makes no vectors."""

    base_url: str
    chat: Surface
    embeddings: Surface | None = None
    headers: Pairs = ()
    request_id: str = "x-request-id"
