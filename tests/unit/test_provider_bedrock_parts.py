"""The parts of the Bedrock provider that need no server: signatures, grants, addresses, places, refusals."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.serialize import create_serializer
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.providers.aws_access.sigv4 import Identity, Signer
from signalbox.adapters.providers.bedrock.authorise import ASK_AGAIN_US, Authoriser
from signalbox.adapters.providers.bedrock.kind import address, check
from signalbox.adapters.providers.bedrock.wire import REFUSALS, ConverseWire
from signalbox.adapters.providers.exchange import Refused, Unsigned, refusal
from signalbox.adapters.providers.exchange.refusal import broken
from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.request import Sampling
from signalbox.ports.provider import Call
from signalbox.testing import values
from signalbox.wires.bedrock import read_error
from signalbox.wires.bedrock_places import profile_geography
from signalbox.wires.errors import VendorError, WireError

PROFILE = "eu.anthropic.claude-sonnet-4-20250514-v1:0"
GLOBAL = "global.anthropic.claude-opus-4-6-v1"
NOON_S = 1_790_000_000


def endpoint(deployment: str = PROFILE, **changes: Any) -> Endpoint:
    transport = Transport(deployment=deployment, credential=changes.pop("credential", ""))
    facts = {"region": "eu-central-1", "inference_places": ("de", "se"), "transport": transport, **changes}
    return values.endpoint("bedrock-eu", **facts)


A, B = Identity("AKIDA", "a", "token-a"), Identity("AKIDB", "b", "token-b")
REQUEST = Unsigned("POST", "https://h/model/m/converse", (), b"{}")


# -- signatures


printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30)
header_names = st.from_regex(r"x-[a-z]{1,8}", fullmatch=True)


@given(
    secret=printable,
    token=st.just("") | printable,
    region=st.sampled_from(["eu-central-1", "us-gov-west-1"]),
    path=st.sampled_from(["/model/a.b-v1%3A0/converse", "/prefix/model/arn%3Aaws%2Fy/converse-stream", "/"]),
    headers=st.dictionaries(header_names, st.text(" ab,=;", min_size=1, max_size=9), max_size=4),
    body=st.binary(max_size=100),
    now_s=st.integers(0, 4_000_000_000),
)
def test_signatures_are_those_of_botocore(
    secret: str, token: str, region: str, path: str, headers: dict[str, str], body: bytes, now_s: int
) -> None:
    url = f"https://bedrock-runtime.{region}.amazonaws.com{path}"
    signer = Signer(Identity("AKID", secret, token), region)
    added = dict(signer.sign(Unsigned("POST", url, tuple(headers.items()), body), now_s))
    request = AWSRequest("POST", url, headers={**headers, **added}, data=body)
    del request.headers["authorization"]
    request.context["timestamp"] = added["x-amz-date"]
    theirs = SigV4Auth(Credentials("AKID", secret, token or None), "bedrock", region)
    to_sign = theirs.string_to_sign(request, theirs.canonical_request(request))
    names = theirs.signed_headers(theirs.headers_to_sign(request))
    expected = f"SignedHeaders={names}, Signature={theirs.signature(to_sign, request)}"
    assert added["authorization"] == f"AWS4-HMAC-SHA256 Credential={theirs.scope(request)}, {expected}"


def test_a_signer_turns_with_the_day() -> None:
    request = Unsigned("POST", "https://h/model/m/converse", (), b"{}")
    signer = Signer(Identity("AKID", "s"), "eu-central-1")
    for now_s in (NOON_S, NOON_S + 1, NOON_S + 86_400, NOON_S):
        assert signer.sign(request, now_s) == Signer(Identity("AKID", "s"), "eu-central-1").sign(
            request, now_s
        )


# -- grants


class HandClock:
    def __init__(self) -> None:
        self.wall_us = NOON_S * 1_000_000

    def now_us(self) -> int:
        return self.wall_us

    def monotonic_us(self) -> int:
        return 0


class Identities:
    def __init__(self, *identities: Identity) -> None:
        self.left = list(identities)
        self.asked: list[bool] = []

    async def identity(self, *, anew: bool = False) -> Identity:
        self.asked.append(anew)
        if not self.left:
            raise ProviderFailure(FailureKind.CREDENTIAL, "none")
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]

    async def aclose(self) -> None: ...


def refused(type: str, message: str = "", date: str | None = None) -> Refused:
    return Refused(403, {"date": date}.get, VendorError(type, "403", message))


async def test_a_grant_is_asked_for_again_after_a_minute() -> None:
    clock, identities = HandClock(), Identities(A, B)
    authoriser = Authoriser(EnvironmentSecrets({}), identities, clock)
    here = endpoint()
    grant = await authoriser.grant(here)
    assert authoriser.holds(grant, here)
    clock.wall_us += ASK_AGAIN_US
    assert not authoriser.holds(grant, here)
    renewed = await authoriser.grant(here)
    assert grant.sign is not None
    assert renewed.sign is not None
    assert "AKIDA/" in dict(grant.sign(REQUEST))["authorization"]
    assert "AKIDB/" in dict(renewed.sign(REQUEST))["authorization"]


async def test_expired_credentials_are_looked_for_anew_once() -> None:
    identities = Identities(A, B)
    authoriser = Authoriser(EnvironmentSecrets({}), identities, HandClock())
    here = endpoint()
    grant = await authoriser.grant(here)
    assert await authoriser.renew(here, grant, refused("ExpiredTokenException")) is True
    assert identities.asked == [False, True]
    assert not authoriser.holds(grant, here)
    assert await authoriser.renew(here, grant, refused("ExpiredTokenException")) is True  # another's refusal
    assert identities.asked == [False, True]


async def test_the_same_credentials_again_are_not_worth_another_try() -> None:
    authoriser = Authoriser(EnvironmentSecrets({}), Identities(A), HandClock())
    here = endpoint()
    grant = await authoriser.grant(here)
    assert await authoriser.renew(here, grant, refused("ExpiredTokenException")) is False
    grant = await authoriser.grant(here)
    assert await authoriser.renew(here, grant, refused("AccessDeniedException")) is False


@pytest.mark.parametrize(
    ("type", "message"),
    [
        ("InvalidSignatureException", "Signature expired: 20260921T133000Z is now earlier than …"),
        ("InvalidSignatureException", "Signature not yet current: 20260921T133000Z is still later than …"),
        ("RequestTimeTooSkewed", ""),
    ],
)
async def test_a_clock_that_is_wrong_is_set_by_the_vendors(type: str, message: str) -> None:
    clock = HandClock()
    authoriser = Authoriser(EnvironmentSecrets({}), Identities(A), clock)
    here = endpoint()
    grant = await authoriser.grant(here)
    theirs = refused(type, message, "Mon, 21 Sep 2026 15:13:20 GMT")  # an hour after ours
    assert await authoriser.renew(here, grant, theirs) is True
    assert not authoriser.holds(grant, here)
    grant = await authoriser.grant(here)
    assert grant.sign is not None
    assert dict(grant.sign(REQUEST))["x-amz-date"] == "20260921T151320Z"
    assert await authoriser.renew(here, grant, theirs) is False  # it is set already: no end of tries
    clock.wall_us += 10_000_000
    assert dict(grant.sign(REQUEST))["x-amz-date"] == "20260921T151330Z"


@pytest.mark.parametrize("date", [None, "yesterday", "Mon, 21 Sep 2026 14:13:21 GMT"])
async def test_without_a_date_that_differs_the_clock_stays(date: str | None) -> None:
    authoriser = Authoriser(EnvironmentSecrets({}), Identities(A), HandClock())
    here = endpoint()
    grant = await authoriser.grant(here)
    assert await authoriser.renew(here, grant, refused("RequestTimeTooSkewed", "", date)) is False


async def test_a_wrong_signature_at_the_right_time_is_not_mended_by_another() -> None:
    authoriser = Authoriser(EnvironmentSecrets({}), Identities(A), HandClock())
    here = endpoint()
    grant = await authoriser.grant(here)
    theirs = refused("InvalidSignatureException", "does not match", "Mon, 21 Sep 2026 16:40:00 GMT")
    assert await authoriser.renew(here, grant, theirs) is False


async def test_a_bearer_key_is_read_at_each_use_and_asks_no_chain() -> None:
    environment = {"KEY": "one"}
    identities = Identities()
    authoriser = Authoriser(EnvironmentSecrets(environment), identities, HandClock())
    here = endpoint(credential="KEY")
    grant = await authoriser.grant(here)
    assert grant.headers == (("authorization", "Bearer one"),)
    assert grant.sign is None
    assert authoriser.holds(grant, here)
    environment["KEY"] = "two"
    assert not authoriser.holds(grant, here)
    assert await authoriser.renew(here, grant, refused("AccessDeniedException")) is True
    assert identities.asked == []


# -- addresses and places


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-3-haiku-20240307-v1:0",
        PROFILE,
        "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/a1b2c3",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0",
    ],
)
def test_paths_are_encoded_as_botocore_does(model: str) -> None:
    operations = {"Converse": "path", "ConverseStream": "stream_path"}
    service = Session().get_service_model("bedrock-runtime")
    where = address(endpoint(model))
    for operation, field in operations.items():
        given = {"modelId": model, "messages": []}
        theirs = create_serializer("rest-json").serialize_to_request(
            given, service.operation_model(operation)
        )
        assert getattr(where.chat, field) == theirs["url_path"]
    assert where.embeddings is not None
    assert where.embeddings.path == where.chat.path.removesuffix("converse") + "invoke"


def test_the_regions_own_host_unless_another_is_named() -> None:
    assert address(endpoint()).base_url == "https://bedrock-runtime.eu-central-1.amazonaws.com"
    china = endpoint(region="cn-north-1")
    assert address(china).base_url == "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"
    private = endpoint(transport=Transport(base_url="https://vpce-1.example", deployment=PROFILE))
    assert address(private).base_url == "https://vpce-1.example"


@pytest.mark.parametrize(
    ("model", "geography"),
    [
        (PROFILE, "eu"),
        ("us.amazon.nova-pro-v1:0", "us"),
        ("apac.anthropic.claude-3-haiku-20240307-v1:0", "apac"),
        ("us-gov.anthropic.claude-3-5-sonnet-20240620-v1:0", "us-gov"),
        ("global.anthropic.claude-sonnet-4-20250514-v1:0", "global"),
        ("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/" + PROFILE, "eu"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", None),
        ("amazon.titan-embed-text-v2:0", None),
        ("us.claude", None),
        ("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2", None),
        ("", None),
    ],
)
def test_geographies(model: str, geography: str | None) -> None:
    assert profile_geography(model) == geography


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, ""),
        ({"inference_places": ("de",)}, "inference_places"),
        ({"inference_places": ("eu",)}, ""),
        ({"deployment": "us.amazon.nova-pro-v1:0", "inference_places": ("us",)}, ""),
        (
            {"deployment": GLOBAL, "inference_places": ("de",)},
            "inference_places",
        ),
        (
            {"deployment": GLOBAL, "inference_places": ("us",)},
            "inference_places",
        ),
        ({"deployment": GLOBAL, "inference_places": ("global",)}, ""),
        ({"deployment": "anthropic.claude-opus-4-6-v1", "inference_places": ("de",)}, ""),
        ({"deployment": "us.amazon.nova-pro-v1:0", "inference_places": ("de",)}, "inference_places"),
        ({"deployment": "us.amazon.nova-pro-v1:0", "inference_places": ("us", "ca")}, ""),
        ({"deployment": "us-gov.amazon.nova-pro-v1:0", "inference_places": ("us",)}, ""),
        ({"deployment": "jp.amazon.nova-2-lite-v1:0", "inference_places": ("japan",)}, ""),
        ({"deployment": "apac.amazon.nova-pro-v1:0", "inference_places": ("jp",)}, "inference_places"),
        ({"region": "Frankfurt"}, "region"),
        ({"region": "us-gov-west-1"}, ""),
        (
            {"deployment": "arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/anthropic.claude:1"},
            "transport.deployment",
        ),
        ({"deployment": "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ"}, "transport.deployment"),
    ],
)
def test_what_the_registry_says_must_be_possible(changes: dict[str, Any], field: str) -> None:
    assert [mistake.field for mistake in check(endpoint(**changes))] == ([field] if field else [])


# -- refusals


@pytest.mark.parametrize(
    ("status", "type", "message", "kind"),
    [
        (429, "ThrottlingException", "Too many requests", FailureKind.RATE_LIMITED),
        (429, "ModelNotReadyException", "", FailureKind.NOT_READY),
        (408, "ModelTimeoutException", "", FailureKind.TIMEOUT),
        (424, "ModelErrorException", "", FailureKind.SERVER_ERROR),
        (400, "ServiceQuotaExceededException", "", FailureKind.QUOTA),
        (400, "ValidationException", "messages.0: blank", FailureKind.CALLER_FAULT),
        (400, "ValidationException", "The provided model identifier is invalid.", FailureKind.CREDENTIAL),
        (
            400,
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn’t supported.",
            FailureKind.CREDENTIAL,
        ),
        (403, "AccessDeniedException", "", FailureKind.CREDENTIAL),
        (403, "ExpiredTokenException", "", FailureKind.CREDENTIAL),
        (403, "InvalidSignatureException", "", FailureKind.CREDENTIAL),
        (400, "IncompleteSignatureException", "", FailureKind.CREDENTIAL),
        (404, "ResourceNotFoundException", "", FailureKind.CREDENTIAL),
        (500, "InternalServerException", "", FailureKind.SERVER_ERROR),
        (503, "ServiceUnavailableException", "", FailureKind.OVERLOADED),
        (503, "", "", FailureKind.OVERLOADED),
        (502, "", "<html>", FailureKind.SERVER_ERROR),
    ],
)
def test_refusals(status: int, type: str, message: str, kind: FailureKind) -> None:
    headers: dict[str, str] = {"x-amzn-errortype": f"{type}:http://x/"} if type else {}
    body = f'{{"message":"{message}"}}'.encode()
    error = read_error(status, headers.get("x-amzn-errortype"), body)
    failure = refusal(REFUSALS, "here", status, headers.get, error, 0)
    assert failure.kind is kind
    assert (failure.caller_message == message) is (kind is FailureKind.CALLER_FAULT or not message)
    assert message not in failure.detail or not message


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        ("throttlingException", FailureKind.RATE_LIMITED),
        ("modelStreamErrorException", FailureKind.SERVER_ERROR),
        ("internalServerException", FailureKind.SERVER_ERROR),
        ("serviceUnavailableException", FailureKind.OVERLOADED),
        ("validationException", FailureKind.CALLER_FAULT),
        ("modelTimeoutException", FailureKind.TIMEOUT),
        ("somethingNew", FailureKind.BAD_REPLY),
    ],
)
def test_exceptions_within_a_stream(type: str, kind: FailureKind) -> None:
    said = read_error(200, type, b'{"message":"so it is"}')
    assert broken(REFUSALS, "here", WireError("the stream holds an error", said)).kind is kind


def test_what_cannot_be_said_is_not_sent_and_not_the_callers_fault() -> None:
    request = values.request(sampling=Sampling(seed=7))
    call = Call(endpoint(), request, "ab" * 16, 0, lambda: None)
    with pytest.raises(ProviderFailure) as raised:
        ConverseWire(endpoint()).write(call, stream=False)
    assert raised.value.kind is FailureKind.NOT_READY


def test_an_authoriser_is_made_before_there_is_a_loop() -> None:
    authoriser = Authoriser(EnvironmentSecrets({}), Identities(A), HandClock())
    assert asyncio.run(authoriser.grant(endpoint())).sign is not None


def test_botocore_is_not_loaded_before_somebody_signs() -> None:
    program = (
        "import sys; from signalbox.adapters.providers.bedrock.kind import KIND; "
        "sys.exit(any(name.split('.')[0] == 'botocore' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
