"""What every `TenantKeys` must do: subclass `TenantKeysContract` and give one of a tenant, and another's.

class TestMine(TenantKeysContract):
    binds_context = True

    @pytest.fixture
    async def keys(self) -> AsyncIterator[tuple[TenantKeys, TenantKeys]]: ...
"""

# ruff: noqa: S101 - a suite of tests

import asyncio
import os
from typing import ClassVar

import pytest

from signalbox.ports.tenant_keys import TenantKeyRefused, TenantKeys, WrapContext

ANNA = WrapContext("acme", "u-anna")
Pair = tuple[TenantKeys, TenantKeys]


class TenantKeysContract:
    binds_context: ClassVar[bool] = True
    """Whether what is wrapped in one context is refused in another."""

    async def test_what_was_wrapped_unwraps(self, keys: Pair) -> None:
        for secret in (os.urandom(32), bytes(32)):
            wrapped = await keys[0].wrap(secret, ANNA)
            assert secret not in wrapped
            assert len(wrapped) <= 2_048
            assert await keys[0].unwrap(wrapped, ANNA) == secret

    async def test_no_two_wrappings_are_alike(self, keys: Pair) -> None:
        assert await keys[0].wrap(bytes(32), ANNA) != await keys[0].wrap(bytes(32), ANNA)

    async def test_another_tenants_key_opens_nothing(self, keys: Pair) -> None:
        wrapped = await keys[0].wrap(os.urandom(32), ANNA)
        await keys[1].wrap(os.urandom(32), ANNA)
        with pytest.raises(TenantKeyRefused):
            await keys[1].unwrap(wrapped, ANNA)

    async def test_what_was_changed_or_cut_is_refused(self, keys: Pair) -> None:
        wrapped = await keys[0].wrap(os.urandom(32), ANNA)
        for at in (0, len(wrapped) // 2, len(wrapped) - 1):
            changed = bytearray(wrapped)
            changed[at] ^= 1
            with pytest.raises(TenantKeyRefused):
                await keys[0].unwrap(bytes(changed), ANNA)
        for cut in (wrapped[:-1], wrapped[:4], b""):
            with pytest.raises(TenantKeyRefused):
                await keys[0].unwrap(cut, ANNA)

    async def test_a_context_is_bound_where_that_is_promised(self, keys: Pair) -> None:
        secret = os.urandom(32)
        wrapped = await keys[0].wrap(secret, ANNA)
        for other in (WrapContext("acme", "u-ben"), WrapContext("other", "u-anna"), WrapContext("", "")):
            if self.binds_context:
                with pytest.raises(TenantKeyRefused):
                    await keys[0].unwrap(wrapped, other)
            else:
                assert await keys[0].unwrap(wrapped, other) == secret

    async def test_many_at_once_get_each_its_own(self, keys: Pair) -> None:
        secrets = [os.urandom(32) for _ in range(20)]
        wrapped = await asyncio.gather(*[keys[0].wrap(secret, ANNA) for secret in secrets])
        opened = await asyncio.gather(*[keys[0].unwrap(each, ANNA) for each in wrapped])
        assert opened == secrets
