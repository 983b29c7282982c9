"""What an issuer says of itself, and what of that is not followed."""

from typing import Any

import msgspec
import pytest

from signalbox.identity.discovery import DiscoveredKeySet, configuration_of, is_safe_address, jwks_uri_of
from signalbox.identity.key_set import KeySetInvalid
from signalbox.ports.key_sets import KeySetSource

ISSUER = "https://login.example/tid/v2.0"
KEYS = "https://keys.example/common/keys?v=2"


def said(**changes: Any) -> bytes:
    return msgspec.json.encode({"issuer": ISSUER, "jwks_uri": KEYS, "other": [1], **changes})


@pytest.mark.parametrize("address", [ISSUER, ISSUER + "/"])
def test_the_configuration_is_under_the_issuers_own_address(address: str) -> None:
    assert configuration_of(address) == f"{ISSUER}/.well-known/openid-configuration"


def test_keys_are_where_the_issuer_says() -> None:
    assert jwks_uri_of(said(), ISSUER) == KEYS
    here = "http://127.0.0.1:9/tid"
    assert jwks_uri_of(said(issuer=here, jwks_uri="http://[::1]:9/k"), here) == "http://[::1]:9/k"


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        (b"", "no configuration"),
        (b"[]", "expected an object"),
        (b'{"issuer": "a", "issuer": "b"}', "duplicate key"),
        (said(issuer=None), "is of `None`"),
        (said(issuer=ISSUER + "/"), "not of"),
        (said(issuer=ISSUER.upper()), "not of"),
        (said(issuer="https://login.example/{tenantid}/v2.0"), "not of"),
        (said(jwks_uri=None), "no `https://` address"),
        (said(jwks_uri=7), "no `https://` address"),
        (said(jwks_uri="http://keys.example/keys"), "no `https://` address"),
        (said(jwks_uri="http://127.0.0.1/keys"), "no `https://` address"),
        (said(jwks_uri="file:///etc/passwd"), "no `https://` address"),
        (said(jwks_uri="https://me:secret@keys.example/"), "no `https://` address"),
        (said(jwks_uri="https://keys.example/#a"), "no `https://` address"),
        (said(jwks_uri="https://keys.example/a b"), "no `https://` address"),
        (said(jwks_uri="https://keys.example\r\nHost: x/"), "no `https://` address"),
        (said(jwks_uri="https:///keys"), "no `https://` address"),
        (said(jwks_uri="https://[::1/keys"), "no `https://` address"),
        (said(jwks_uri="https://keys.example:0/"), "no `https://` address"),
        (said(jwks_uri="https://keys.example:99999/"), "no `https://` address"),
    ],
)
def test_what_is_not_followed(configuration: bytes, words: str) -> None:
    with pytest.raises(KeySetInvalid, match=words):
        jwks_uri_of(configuration, ISSUER)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://a.example", True),
        ("HTTPS://a.example/x?y=1", True),
        ("http://localhost:8000/", True),
        ("http://127.0.0.1.example/", False),
        ("http://localhost@a.example/", False),
        ("https://a.example\\@b.example/", False),
        ("//a.example", False),
        ("https://ä.example", False),
    ],
)
def test_which_addresses_are_safe(address: str, safe: bool) -> None:
    assert is_safe_address(address) is safe


async def test_both_are_asked_anew_each_time() -> None:
    asked: list[str] = []

    class At:
        def __init__(self, url: str) -> None:
            self._url = url

        async def fetch(self) -> bytes:
            asked.append(self._url)
            return said() if self._url == configuration_of(ISSUER) else b"keys"

    def at(url: str) -> KeySetSource:
        return At(url)

    found = DiscoveredKeySet(ISSUER, at)
    assert [await found.fetch(), await found.fetch()] == [b"keys", b"keys"]
    assert asked == [configuration_of(ISSUER), KEYS] * 2
