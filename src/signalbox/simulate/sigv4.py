"""Whether a request carries a sound AWS Signature Version 4: recomputed by botocore's own signer.

It holds no secrets and decides on no permission. Imported only where Bedrock is emulated.
"""

import datetime
import hmac
import re
from collections.abc import Mapping
from typing import Final, Literal

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from msgspec import Struct

from signalbox.simulate.server import Heard

SKEW_S_MAX: Final = 300
_TIMESTAMP: Final = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)

Flaw = Literal["missing", "malformed", "unknown_key", "scope", "skew", "mismatch", "expired"]


class Claim(Struct, frozen=True):
    """What an `Authorization` header says, before it is believed."""

    access_key: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str


def read_claim(heard: Heard) -> Claim | None:
    """None for a header that is absent or not of this scheme's form."""
    match = _AUTHORIZATION.fullmatch(heard.header(b"authorization"))
    if match is None:
        return None
    access_key, date, region, service, signed, signature = match.groups()
    return Claim(access_key, date, region, service, tuple(signed.split(";")), signature)


def flaw(
    heard: Heard, claim: Claim, *, secrets: Mapping[str, str], service: str, now_s: float
) -> Flaw | None:
    """What is wrong with the signature of a request; None if nothing is.

    `secrets` maps access keys to secret keys. A signature older or younger than five minutes is refused.
    """
    stamp = heard.header(b"x-amz-date")
    try:
        signed_at = datetime.datetime.strptime(stamp, _TIMESTAMP).replace(tzinfo=datetime.UTC)
    except ValueError:
        return "malformed"
    if claim.service != service or claim.date != stamp[:8]:
        return "scope"
    secret = secrets.get(claim.access_key)
    if secret is None:
        return "unknown_key"
    if "host" not in claim.signed or "x-amz-date" not in claim.signed:
        return "malformed"
    if abs(signed_at.timestamp() - now_s) > SKEW_S_MAX:
        return "skew"
    return None if hmac.compare_digest(_signature(heard, claim, secret), claim.signature) else "mismatch"


def _signature(heard: Heard, claim: Claim, secret: str) -> str:
    """botocore's, of the request as it was received and of the headers that it names."""
    headers = {name: heard.header(name.encode()) for name in claim.signed}
    request = AWSRequest(
        method=heard.method,
        url=f"http://{heard.header(b'host')}{heard.target}",
        headers=headers,
        data=heard.body,
    )
    request.context["timestamp"] = heard.header(b"x-amz-date")
    signer = SigV4Auth(Credentials(claim.access_key, secret), claim.service, claim.region)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    return str(signer.signature(to_sign, request))
