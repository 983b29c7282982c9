"""Laws of sealed content: it comes back, and only where it belongs; and of wrapped keys, the same."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.adapters.keys.tenant_key_files import TenantKeyFile
from signalbox.keeping.envelope import KEY_BYTES, NONCE_BYTES, Altered, Binding, digest, seal, unseal
from signalbox.ports.tenant_keys import TenantKeyRefused, WrapContext

KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
NAMES = st.text(max_size=12)
BINDINGS = st.builds(
    Binding, decision=NAMES, part=st.sampled_from(("prompt", "reply")), subject=NAMES, tenant=NAMES
)


@given(key=KEYS, nonce=NONCES, content=st.binary(max_size=300), binding=BINDINGS)
def test_what_was_sealed_comes_back(key: bytes, nonce: bytes, content: bytes, binding: Binding) -> None:
    sealed = seal(key, nonce, content, binding)
    assert unseal(key, sealed, binding) == content
    assert len(sealed) == len(content) + NONCE_BYTES + 16
    assert len(digest(sealed)) == 64
    assert digest(b"") == ""


@given(key=KEYS, nonce=NONCES, content=st.binary(max_size=60), binding=BINDINGS, other=BINDINGS)
def test_it_opens_nowhere_else(
    key: bytes, nonce: bytes, content: bytes, binding: Binding, other: Binding
) -> None:
    if binding == other:
        return
    with pytest.raises(Altered):
        unseal(key, seal(key, nonce, content, binding), other)


@given(
    key=KEYS,
    content=st.binary(max_size=60),
    binding=BINDINGS,
    field=st.sampled_from(("decision", "subject", "tenant")),
)
def test_no_field_of_its_place_can_be_swapped(
    key: bytes, content: bytes, binding: Binding, field: str
) -> None:
    sealed = seal(key, bytes(NONCE_BYTES), content, binding)
    with pytest.raises(Altered):
        unseal(key, sealed, replace(binding, **{field: getattr(binding, field) + "x"}))
    with pytest.raises(Altered):
        unseal(key, sealed, replace(binding, part="reply" if binding.part == "prompt" else "prompt"))


@given(
    key=KEYS,
    other=KEYS,
    content=st.binary(max_size=60),
    binding=BINDINGS,
    at=st.integers(0),
    bit=st.integers(0, 7),
)
def test_any_changed_bit_and_any_other_key_fails(
    key: bytes, other: bytes, content: bytes, binding: Binding, at: int, bit: int
) -> None:
    sealed = bytearray(seal(key, bytes(range(NONCE_BYTES)), content, binding))
    if other != key:
        with pytest.raises(Altered):
            unseal(other, bytes(sealed), binding)
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(Altered):
        unseal(key, bytes(sealed), binding)
    for cut in (0, 5, NONCE_BYTES, len(sealed) - 1):
        with pytest.raises(Altered):
            unseal(key, bytes(sealed[:cut]), binding)


@given(secret=KEYS, tenant=NAMES, subject=NAMES, at=st.integers(0), bit=st.integers(0, 7))
def test_a_key_wrapped_in_a_file_unwraps_in_its_context_only(
    secret: bytes, tenant: str, subject: str, at: int, bit: int
) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(_wrapped(TenantKeyFile(Path(directory), "acme"), secret, tenant, subject, at, bit))


async def _wrapped(keys: TenantKeyFile, secret: bytes, tenant: str, subject: str, at: int, bit: int) -> None:
    context = WrapContext(tenant, subject)
    wrapped = await keys.wrap(secret, context)
    assert secret not in wrapped
    assert await keys.unwrap(wrapped, context) == secret
    changed = bytearray(wrapped)
    changed[at % len(changed)] ^= 1 << bit
    for what, where in (
        (bytes(changed), context),
        (wrapped[:-1], context),
        (b"", context),
        (wrapped, WrapContext(tenant, subject + "x")),
        (wrapped, WrapContext(tenant + "x", subject)),
        (wrapped, WrapContext(subject + "y", tenant)),
    ):
        with pytest.raises(TenantKeyRefused):
            await keys.unwrap(what, where)
