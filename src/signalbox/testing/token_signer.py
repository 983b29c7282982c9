"""An issuer of tokens in this process: real keys, a real JWKS, tokens in the shapes of Microsoft Entra ID."""

import base64
from typing import Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa

TID: Final = "7a2f0c5e-0000-4000-8000-000000000001"
AUDIENCE: Final = "api://signalbox"
PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """`keys` maps `kid` to algorithm and private key; the last one made signs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, tuple[str, PrivateKey]] = {}

    def make_key(self, kid: str, algorithm: str = "ES256", *, bits: int = 2_048) -> None:
        made: PrivateKey
        if algorithm == "RS256":
            made = generate_rsa(65_537, bits)
        elif algorithm == "ES256":
            made = generate_ec(SECP256R1())
        else:
            made = Ed25519PrivateKey.generate()
        self.keys[kid] = (algorithm, made)

    def key_set(self) -> bytes:
        listed = []
        for kid, (algorithm, key) in self.keys.items():
            public: Any = key.public_key()
            jwk = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
            listed.append({**jwk, "kid": kid, "use": "sig", "alg": algorithm})
        return msgspec.json.encode({"keys": listed})

    def claims(self, now_s: int, **changes: Any) -> dict[str, Any]:
        """A user's token as Entra's v2.0 endpoint issues it; a claim that is None is left out."""
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "tid": TID,
            "oid": "oid-anna",
            "sub": "pairwise-of-anna",
            "azp": "client-excel",
            "scp": "access",
            "idtyp": "user",
            "ver": "2.0",
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + 3_600,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: dict[str, Any], *, kid: str = "", header: dict[str, Any] | None = None) -> str:
        return self.sign_text(msgspec.json.encode(claims), kid=kid, header=header)

    def sign_text(self, payload: bytes, *, kid: str = "", header: dict[str, Any] | None = None) -> str:
        """A token whose header and payload may say anything, with a signature that holds."""
        kid = kid or next(reversed(self.keys))
        algorithm, key = self.keys[kid]
        head = msgspec.json.encode({"typ": "JWT", "alg": algorithm, "kid": kid, **(header or {})})
        signed = f"{base64url(head)}.{base64url(payload)}"
        signature = jwt.get_algorithm_by_name(algorithm).sign(signed.encode(), key)
        return f"{signed}.{base64url(signature)}"
