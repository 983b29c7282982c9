"""AWS Signature Version 4 of one request: the headers that prove who sends it, and that nobody changed it.

What a request to an endpoint has in common with the one before is worked out once, which makes a signature a
fifth as dear as botocore's; the tests hold the two against each other. Every header is signed, and the hash
of the body. It asks nobody for credentials or the time, and knows neither query strings nor other services'
exceptions (S3's, event streams that are signed chunk by chunk).
"""

from hashlib import sha256
from hmac import digest
from time import gmtime, strftime
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from msgspec import Struct

from signalbox.adapters.providers.exchange.address import Pairs
from signalbox.adapters.providers.exchange.authorise import Unsigned

SERVICE: Final = "bedrock"
ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Identity(Struct, frozen=True):
    """Who signs. `token` goes with credentials that expire; empty with those that do not."""

    access_key: str
    secret_key: str
    token: str = ""


class Identities(Protocol):
    """Who we are to AWS; see `identity.StandardChain`."""

    async def identity(self, *, anew: bool = False) -> Identity: ...

    async def aclose(self) -> None: ...


class Signer:
    """Signs for one identity in one region, for one service."""

    __slots__ = ("_day", "_identity", "_key", "_moment", "_paths", "_region", "_scope", "_second", "_service")

    def __init__(self, identity: Identity, region: str, service: str = SERVICE) -> None:
        self._identity = identity
        self._service = service
        self._region = region
        self._day = ""
        self._key = b""
        self._scope = ""
        self._second = -1
        self._moment = ""
        self._paths: dict[str, tuple[str, str]] = {}

    def sign(self, request: Unsigned, now_s: int) -> Pairs:
        """The headers to add to `request`, whose own are in lower case. `now_s`: seconds since the epoch."""
        if now_s != self._second:
            self._turn_to(now_s)
        path, host = self._paths.get(request.url) or self._take_apart(request.url)
        added = [("x-amz-date", self._moment)]
        if self._identity.token:
            added.append(("x-amz-security-token", self._identity.token))
        headers = sorted([("host", host), *request.headers, *added])
        names = ";".join([name for name, _ in headers])
        lines = "".join([f"{name}:{' '.join(value.split())}\n" for name, value in headers])
        body_hash = sha256(request.body).hexdigest()
        canonical = f"{request.method}\n{path}\n\n{lines}\n{names}\n{body_hash}"
        summed = sha256(canonical.encode()).hexdigest()
        signed = digest(self._key, f"{ALGORITHM}\n{self._moment}\n{self._scope}\n{summed}".encode(), "sha256")
        credential = f"{self._identity.access_key}/{self._scope}"
        proof = f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signed.hex()}"
        return (*added, ("authorization", proof))

    def _turn_to(self, now_s: int) -> None:
        self._second = now_s
        self._moment = strftime("%Y%m%dT%H%M%SZ", gmtime(now_s))
        day = self._moment[:8]
        if day == self._day:
            return
        self._day = day
        key = f"AWS4{self._identity.secret_key}".encode()
        for piece in (day, self._region, self._service, "aws4_request"):
            key = digest(key, piece.encode(), "sha256")
        self._key = key
        self._scope = f"{day}/{self._region}/{self._service}/aws4_request"

    def _take_apart(self, url: str) -> tuple[str, str]:
        """The path, encoded once more over what it is, as all services but S3 have it; and the host."""
        parts = urlsplit(url)
        known = self._paths[url] = quote(parts.path or "/", safe="/~"), parts.netloc
        return known
