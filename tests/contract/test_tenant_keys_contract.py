"""Tenants' keys in a file, in an emulated AWS KMS and in an emulated Azure Key Vault: one contract, and what
each service refuses. The vendors' own SDKs judge the emulators, and must agree with our adapters."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
import trustme
from azure.core.credentials import AccessToken
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm
from botocore.config import Config
from botocore.exceptions import ClientError

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.http.client import HttpClient
from signalbox.adapters.keys.answers import KEY_LIMITS
from signalbox.adapters.keys.aws_kms import KmsKey, endpoint_of
from signalbox.adapters.keys.azure_key_vault import KeyVaultKey, scope_of
from signalbox.adapters.keys.tenant_key_files import TenantKeyFile
from signalbox.adapters.providers.aws_access.sigv4 import Identity
from signalbox.adapters.providers.azure_access.identity import NoToken, Token
from signalbox.ports.tenant_keys import TenantKeyRefused, TenantKeyUnavailable
from signalbox.simulate.keys.key_vault import TOKEN, KeyVaultVendor
from signalbox.simulate.keys.kms import ACCESS_KEY, REGION, SECRET_KEY, KmsVendor
from signalbox.testing.tenant_keys import ANNA, Pair, TenantKeysContract

CLOCK = SystemClock()


class Identities:
    """Who we are: what it has, and after `anew` what comes next."""

    def __init__(self, *identities: Identity) -> None:
        self.left = list(identities) or [Identity(ACCESS_KEY, SECRET_KEY)]
        self.asked_anew = 0

    async def aclose(self) -> None:
        """Nothing to close."""

    async def identity(self, *, anew: bool = False) -> Identity:
        if anew:
            self.asked_anew += 1
            if len(self.left) > 1:
                self.left.pop(0)
        return self.left[0]


@asynccontextmanager
async def kms() -> AsyncIterator[tuple[KmsVendor, HttpClient]]:
    client = HttpClient(CLOCK, limits=KEY_LIMITS)
    async with KmsVendor() as vendor:
        yield vendor, client
        await client.aclose()


def kms_key(vendor: KmsVendor, client: HttpClient, key: str, identities: Identities | None = None) -> KmsKey:
    return KmsKey(key, REGION, vendor.origin, client, identities or Identities(), CLOCK)


class Tokens:
    def __init__(self, *texts: str, lasts_s: int = 3_600) -> None:
        self.texts = list(texts) or [TOKEN]
        self.scopes: list[str] = []
        self.lasts_s = lasts_s

    def fetch(self, scope: str) -> Token:
        self.scopes.append(scope)
        if not self.texts:
            raise NoToken("Entra ID gave no token")
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        return Token(text, CLOCK.now_us() // 1_000_000 + self.lasts_s)


@asynccontextmanager
async def vault(authority: trustme.CA | None = None) -> AsyncIterator[tuple[KeyVaultVendor, HttpClient]]:
    server = trusting = None
    if authority is not None:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(server)
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
    client = HttpClient(CLOCK, limits=KEY_LIMITS, ssl_context=trusting)
    async with KeyVaultVendor(ssl_context=server) as vendor:
        yield vendor, client
        await client.aclose()


class TestFile(TenantKeysContract):
    @pytest.fixture
    async def keys(self, tmp_path: Path) -> Pair:
        return TenantKeyFile(tmp_path, "acme"), TenantKeyFile(tmp_path, "other")


class TestKms(TenantKeysContract):
    @pytest.fixture
    async def keys(self) -> AsyncIterator[Pair]:
        async with kms() as (vendor, client):
            ours, theirs = vendor.make_key("ours"), vendor.make_key()
            yield kms_key(vendor, client, "alias/ours"), kms_key(vendor, client, theirs.arn)
            assert ours.arn != theirs.arn


class TestKeyVault(TenantKeysContract):
    binds_context = False

    @pytest.fixture
    async def keys(self) -> AsyncIterator[Pair]:
        async with vault() as (vendor, client):
            vendor.make_version("ours")
            version = vendor.make_version("theirs")
            fetch = Tokens().fetch
            yield (
                KeyVaultKey(vendor.identifier("ours"), client, fetch, CLOCK),
                KeyVaultKey(vendor.identifier("theirs", version), client, fetch, CLOCK),
            )


# -- AWS KMS


async def test_kms_and_its_sdk_open_what_the_other_has_wrapped() -> None:
    async with kms() as (vendor, client):
        key = vendor.make_key("ours")
        ours = kms_key(vendor, client, key.arn)
        theirs = boto3.client(
            "kms",
            region_name=REGION,
            endpoint_url=vendor.origin,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(retries={"total_max_attempts": 1}),
        )
        context = {"signalbox-tenant": ANNA.tenant, "signalbox-subject": ANNA.subject}
        call: Any = asyncio.to_thread
        wrapped = await ours.wrap(b"k" * 32, ANNA)
        told = await call(theirs.decrypt, CiphertextBlob=wrapped, EncryptionContext=context)
        assert (told["Plaintext"], told["KeyId"]) == (b"k" * 32, key.arn)
        told = await call(theirs.encrypt, KeyId="alias/ours", Plaintext=b"s" * 32, EncryptionContext=context)
        assert await ours.unwrap(told["CiphertextBlob"], ANNA) == b"s" * 32
        told = await call(
            theirs.generate_data_key, KeyId=key.id, KeySpec="AES_256", EncryptionContext=context
        )
        assert await ours.unwrap(told["CiphertextBlob"], ANNA) == told["Plaintext"]
        for refused, code in (
            (partial(theirs.decrypt, CiphertextBlob=wrapped), "InvalidCiphertextException"),
            (partial(theirs.decrypt, CiphertextBlob=b"x" * 60), "InvalidCiphertextException"),
            (partial(theirs.encrypt, KeyId="alias/none", Plaintext=b"s"), "NotFoundException"),
        ):
            with pytest.raises(ClientError) as error:
                await call(refused)
            assert error.value.response["Error"]["Code"] == code
        await call(theirs.close)


async def test_kms_hears_pseudonyms_and_keys_and_nothing_else() -> None:
    async with kms() as (vendor, client):
        key = vendor.make_key()
        await kms_key(vendor, client, key.id).wrap(b"k" * 32, ANNA)
        ((operation, asked),) = vendor.asked
        assert operation == "Encrypt"
        assert asked.keys() == {"EncryptionContext", "KeyId", "Plaintext"}
        assert asked["EncryptionContext"] == {"signalbox-subject": "u-anna", "signalbox-tenant": "acme"}


async def test_kms_rotations_are_its_own_affair() -> None:
    async with kms() as (vendor, client):
        key = vendor.make_key()
        ours = kms_key(vendor, client, key.id)
        wrapped = await ours.wrap(b"k" * 32, ANNA)
        key.materials.append(b"n" * 32)
        assert await ours.unwrap(wrapped, ANNA) == b"k" * 32
        assert await ours.unwrap(await ours.wrap(b"j" * 32, ANNA), ANNA) == b"j" * 32


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
async def test_a_kms_key_that_may_not_be_used_is_refused(state: str) -> None:
    async with kms() as (vendor, client):
        key = vendor.make_key()
        ours = kms_key(vendor, client, key.id)
        wrapped = await ours.wrap(b"k" * 32, ANNA)
        key.state = state
        for attempt in (ours.wrap(b"k" * 32, ANNA), ours.unwrap(wrapped, ANNA)):
            with pytest.raises(TenantKeyRefused) as refused:
                await attempt
            assert key.id in refused.value.operator


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("ThrottlingException", TenantKeyUnavailable),
        ("KMSInternalException", TenantKeyUnavailable),
        ("DependencyTimeoutException", TenantKeyUnavailable),
        ("KeyUnavailableException", TenantKeyUnavailable),
        ("AccessDeniedException", TenantKeyRefused),
        ("NotFoundException", TenantKeyRefused),
    ],
)
async def test_what_kms_says_is_told_apart(kind: str, error: type[Exception]) -> None:
    async with kms() as (vendor, client):
        ours = kms_key(vendor, client, vendor.make_key().id)
        vendor.fail_with = [kind]
        with pytest.raises(error) as told:
            await ours.wrap(b"k" * 32, ANNA)
        assert kind in told.value.operator  # type: ignore[attr-defined]
        assert "kkkk" not in str(told.value)
        await ours.wrap(b"k" * 32, ANNA)  # and nothing is the matter after that


async def test_expired_credentials_are_looked_for_anew_once() -> None:
    async with kms() as (vendor, client):
        vendor.expired_tokens = {"old"}
        key = vendor.make_key().id
        old, fresh = Identity(ACCESS_KEY, SECRET_KEY, "old"), Identity(ACCESS_KEY, SECRET_KEY, "fresh")
        renewing = Identities(old, fresh)
        await kms_key(vendor, client, key, renewing).wrap(b"k" * 32, ANNA)
        assert renewing.asked_anew == 1
        stuck = Identities(old)
        with pytest.raises(TenantKeyRefused):
            await kms_key(vendor, client, key, stuck).wrap(b"k" * 32, ANNA)
        assert stuck.asked_anew == 1
        wrong = Identities(Identity(ACCESS_KEY, "another-secret"))
        with pytest.raises(TenantKeyRefused):
            await kms_key(vendor, client, key, wrong).wrap(b"k" * 32, ANNA)


async def test_a_kms_that_is_not_there_is_unavailable() -> None:
    async with kms() as (vendor, client):
        key = vendor.make_key().id
        ours = kms_key(vendor, client, key)
    client = HttpClient(CLOCK, limits=KEY_LIMITS)
    ours = KmsKey(key, REGION, vendor.origin, client, Identities(), CLOCK)
    with pytest.raises(TenantKeyUnavailable):
        await ours.wrap(b"k" * 32, ANNA)
    await client.aclose()


def test_the_public_endpoint_of_a_region() -> None:
    assert endpoint_of("eu-central-1") == "https://kms.eu-central-1.amazonaws.com"
    assert endpoint_of("cn-north-1") == "https://kms.cn-north-1.amazonaws.com.cn"


# -- Azure Key Vault


class Credential:
    """As the SDK wants one."""

    def get_token(self, *scopes: str, **_: Any) -> Any:
        return AccessToken(TOKEN, CLOCK.now_us() // 1_000_000 + 3_600)


async def test_key_vault_and_its_sdk_open_what_the_other_has_wrapped(tmp_path: Path) -> None:
    authority = trustme.CA()
    anchors = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(anchors))
    async with vault(authority) as (vendor, client):
        version = vendor.make_version("ours")
        ours = KeyVaultKey(vendor.identifier("ours"), client, Tokens().fetch, CLOCK)
        wrapped = await ours.wrap(b"k" * 32, ANNA)
        kept = msgspec.msgpack.decode(wrapped)
        assert kept[0] == version

        def judged() -> tuple[bytes, bytes]:
            more: dict[str, Any] = {"connection_verify": str(anchors), "verify_challenge_resource": False}
            with KeyClient(vendor.origin, Credential(), **more) as reader:
                key = reader.get_key("ours")
            with CryptographyClient(key, Credential(), **more) as theirs:
                opened = theirs.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, kept[1]).key
                return opened, theirs.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, b"s" * 32).encrypted_key

        opened, theirs = await asyncio.to_thread(judged)
        assert opened == b"k" * 32
        assert await ours.unwrap(msgspec.msgpack.encode((version, theirs)), ANNA) == b"s" * 32


async def test_a_rotated_vault_key_opens_what_its_older_versions_wrapped() -> None:
    async with vault() as (vendor, client):
        vendor.make_version("ours")
        ours = KeyVaultKey(vendor.identifier("ours"), client, Tokens().fetch, CLOCK)
        before = await ours.wrap(b"k" * 32, ANNA)
        vendor.make_version("ours")
        after = await ours.wrap(b"k" * 32, ANNA)
        assert [await ours.unwrap(each, ANNA) for each in (before, after)] == [b"k" * 32] * 2
        assert len({msgspec.msgpack.decode(each)[0] for each in (before, after)}) == 2
        vendor.keys["ours"][0].enabled = False
        with pytest.raises(TenantKeyRefused, match="refuses"):
            await ours.unwrap(before, ANNA)


@pytest.mark.parametrize("version", ["../secrets/x", "a/b", "a?b", "", "é", "http://elsewhere"])
async def test_what_the_store_says_leads_to_no_other_address(version: str) -> None:
    async with vault() as (vendor, client):
        vendor.make_version("ours")
        ours = KeyVaultKey(vendor.identifier("ours"), client, Tokens().fetch, CLOCK)
        with pytest.raises(TenantKeyRefused):
            await ours.unwrap(msgspec.msgpack.encode((version, b"x" * 256)), ANNA)
        assert vendor.asked == []


async def test_a_refused_token_is_replaced_once_and_a_good_one_is_kept() -> None:
    async with vault() as (vendor, client):
        vendor.make_version("ours")
        tokens = Tokens("old", TOKEN)
        ours = KeyVaultKey(vendor.identifier("ours"), client, tokens.fetch, CLOCK)
        await asyncio.gather(*[ours.wrap(b"k" * 32, ANNA) for _ in range(5)])
        assert len(tokens.scopes) == 2
        assert set(tokens.scopes) == {"https://vault.azure.net/.default"}
        brief = Tokens(lasts_s=60)  # never good for long enough
        other = KeyVaultKey(vendor.identifier("ours"), client, brief.fetch, CLOCK)
        for _ in range(2):
            await other.wrap(b"k" * 32, ANNA)
        assert len(brief.scopes) == 2
        for tokens in (Tokens("wrong"), Tokens()):
            if tokens.texts == [TOKEN]:
                tokens.texts = []
            with pytest.raises(TenantKeyUnavailable):
                await KeyVaultKey(vendor.identifier("ours"), client, tokens.fetch, CLOCK).wrap(b"k", ANNA)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, TenantKeyUnavailable),
        (503, TenantKeyUnavailable),
        (403, TenantKeyRefused),
        (404, TenantKeyRefused),
    ],
)
async def test_what_the_vault_says_is_told_apart(status: int, error: type[Exception]) -> None:
    async with vault() as (vendor, client):
        vendor.make_version("ours")
        ours = KeyVaultKey(vendor.identifier("ours"), client, Tokens().fetch, CLOCK)
        vendor.fail_with = [status]
        with pytest.raises(error) as told:
            await ours.wrap(b"k" * 32, ANNA)
        assert str(status) in told.value.operator  # type: ignore[attr-defined]


def test_the_scope_is_that_of_the_vaults_cloud() -> None:
    assert scope_of("mine.vault.azure.net") == "https://vault.azure.net/.default"
    assert scope_of("mine.managedhsm.azure.net") == "https://managedhsm.azure.net/.default"
    assert scope_of("mine.vault.usgovcloudapi.net") == "https://vault.usgovcloudapi.net/.default"
    assert scope_of("127.0.0.1") == "https://vault.azure.net/.default"
