"""Ed25519 in plain Python: the vectors of RFC 8032 §7.1, and agreement with `cryptography`."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.evidence.plain.ed25519 import ed25519_verifies

# Public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc_verify_and_nothing_near_them(
    public: str, message: str, signature: str
) -> None:
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert ed25519_verifies(key, text, signed)
    assert not ed25519_verifies(key, text + b"x", signed)
    for bit in range(0, 512, 37):
        spoiled = bytearray(signed)
        spoiled[bit // 8] ^= 1 << bit % 8
        assert not ed25519_verifies(key, text, bytes(spoiled))
    for bit in range(0, 256, 41):
        other = bytearray(key)
        other[bit // 8] ^= 1 << bit % 8
        assert not ed25519_verifies(bytes(other), text, signed)


def test_a_signature_has_one_form() -> None:
    """S beyond the group's order is another name for the same number, and refused (RFC 8032 §5.1.7)."""
    public, message, signature = (bytes.fromhex(part) for part in VECTORS[1])
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    assert not ed25519_verifies(public, message, signature[:32] + scalar.to_bytes(32, "little"))
    assert not ed25519_verifies(public, message, signature[:-1])
    assert not ed25519_verifies(public[:-1], message, signature)
    beyond = (2**255 - 19 + 1).to_bytes(32, "little")  # a coordinate that is not reduced
    assert not ed25519_verifies(beyond, message, signature)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.binary(min_size=32, max_size=32),
    message=st.binary(max_size=300),
    flips=st.lists(st.integers(0, 64 * 8 + 32 * 8 - 1), max_size=2),
)
def test_it_says_what_cryptography_says(seed: bytes, message: bytes, flips: list[int]) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    whole = bytearray(private.sign(message) + private.public_key().public_bytes_raw())
    for bit in flips:
        whole[bit // 8] ^= 1 << bit % 8
    signature, public = bytes(whole[:64]), bytes(whole[64:])
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        expected = True
    except (InvalidSignature, ValueError):
        expected = False
    assert ed25519_verifies(public, message, signature) == expected
