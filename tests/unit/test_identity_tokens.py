"""Which tokens are taken, whose they are, and every way in which one is refused."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from signalbox.domain.errors import InvalidToken, Unauthenticated
from signalbox.domain.principal import Principal, Tenant
from signalbox.identify import KeyRing
from signalbox.identity import tokens as tokens_module
from signalbox.identity.issuer import AppBinding, Issuer
from signalbox.identity.issuer_keys import IssuerKeys
from signalbox.identity.key_set import KeySetInvalid, parse_key_set
from signalbox.identity.tokens import IssuerKeyUnknown, Tokens
from signalbox.testing.token_signer import AUDIENCE, TID, Signer, base64url

NOW_S = 1_800_000_000
NOW_US = NOW_S * 1_000_000
URL = f"https://login.example/{TID}/v2.0"
TENANTS = {name: Tenant(id=name) for name in ("acme", "other")}
ENTRA = Issuer(
    id="entra",
    url="https://login.example/{tid}/v2.0",
    audiences=frozenset((AUDIENCE,)),
    tenants={TID: "acme", "tid-of-other": "other"},
    algorithms=frozenset(("RS256", "ES256", "EdDSA")),
    groups={"guid-pilot": "claude-pilot"},
    roles={"Signalbox.Auditor": "auditor"},
    apps=(
        AppBinding(client="client-excel", app="excel", feature="formula"),
        AppBinding(client="client-batch", may_assert=frozenset(("user",)), app_only=True),
    ),
)


class StoppedClock:
    def __init__(self) -> None:
        self.us = NOW_US

    def now_us(self) -> int:
        return self.us

    def monotonic_us(self) -> int:
        return self.us


class Shelf:
    """A key set source that hands out what a signer has."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer

    async def fetch(self) -> bytes:
        return self.signer.key_set()


class Desk:
    def __init__(self, signer: Signer, issuer: Issuer = ENTRA) -> None:
        self.signer = signer
        self.clock = StoppedClock()
        self.keys = IssuerKeys("entra", Shelf(signer), self.clock, refresh_us=1, max_age_us=3_600_000_000)
        self.ring = KeyRing([], Tokens([(issuer, self.keys)], TENANTS))

    def ask(self, token: str, now_us: int = NOW_US) -> Principal:
        return self.ring.identify(token, now_us)

    def claim(self, **changes: Any) -> Principal:
        return self.ask(self.signer.sign(self.signer.claims(NOW_S, **changes)))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    signer = Signer(URL)
    signer.make_key("k1")
    desk = Desk(signer)
    assert await desk.keys.refresh()
    yield desk
    await desk.keys.aclose()


async def test_a_users_token_in_entras_shape_is_that_user_of_that_tenant(desk: Desk) -> None:
    groups, roles = ["guid-pilot", "guid-9", "guid-9"], ["Signalbox.Auditor", "Unrelated"]
    assert desk.claim(groups=groups, roles=roles) == Principal(
        tenant=TENANTS["acme"],
        key="entra:client-excel",
        subject="oid-anna",
        groups=("claude-pilot", "guid-9"),
        roles=("auditor",),
        app="excel",
        feature="formula",
    )


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_each_algorithm_that_is_offered_verifies(desk: Desk, algorithm: str) -> None:
    desk.signer.make_key("k2", algorithm)
    await desk.keys.refresh()
    assert desk.claim().subject == "oid-anna"


async def test_an_app_comes_alone_only_where_it_may(desk: Desk) -> None:
    alone = {"idtyp": "app", "oid": "sp-1", "sub": "sp-1", "scp": None}
    came = desk.claim(azp="client-batch", **alone)
    assert (came.subject, came.may_assert) == ("sp-1", frozenset(("user",)))
    for kind in ("app", None, "device"):
        with pytest.raises(InvalidToken, match="may not come without a user"):
            desk.claim(**{**alone, "idtyp": kind})
    # Entra's v1.0 tokens name the client otherwise.
    assert desk.claim(azp=None, appid="client-excel").app == "excel"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another audience": ({"aud": "api://else"}, "another audience"),
    "audiences without ours": ({"aud": ["api://else", 7]}, "another audience"),
    "no audience": ({"aud": None}, "another audience"),
    "another issuer": ({"iss": "https://login.example/other/v2.0"}, "not trusted"),
    "an issuer that is no text": ({"iss": [URL]}, "not trusted"),
    "the template itself": ({"iss": ENTRA.url}, "not trusted"),
    "the directory of another tenant": ({"tid": "tid-of-other"}, "not that of its issuer"),
    "no directory": ({"tid": None}, "not that of its issuer"),
    "expired": ({"exp": NOW_S - 61}, "expired"),
    "no end": ({"exp": None}, "`exp` is missing"),
    "an end that is true": ({"exp": True}, "`exp` is missing"),
    "an end that is text": ({"exp": str(NOW_S + 60)}, "`exp` is missing"),
    "not yet valid": ({"nbf": NOW_S + 61}, "not valid yet"),
    "no subject": ({"oid": None}, "`oid` is missing"),
    "a subject over two lines": ({"oid": "a\nb"}, "`oid` is missing"),
    "an unknown client": ({"azp": "client-x"}, "not known here"),
    "no client": ({"azp": None}, "not known here"),
    "two clients": ({"appid": "client-batch"}, "two clients"),
    "groups elsewhere": ({"_claim_names": {"groups": "src1"}}, "too many groups"),
    "groups elsewhere, implicit flow": ({"hasgroups": True}, "too many groups"),
    "groups as text": ({"groups": "guid-pilot"}, "not an array"),
    "a group that is a number": ({"groups": [7]}, "not a name"),
    "roles as text": ({"roles": "Signalbox.Auditor"}, "not an array"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_a_claim_may_not_say(desk: Desk, case: str) -> None:
    changes, words = REFUSED[case]
    with pytest.raises(InvalidToken, match=words):
        desk.claim(**changes)


async def test_clocks_may_differ_by_the_skew_and_no_more(desk: Desk) -> None:
    assert desk.claim(exp=NOW_S - 59, nbf=NOW_S + 60)
    with pytest.raises(InvalidToken, match="expired"):
        desk.claim(exp=NOW_S - 60)


async def test_an_unsigned_token_is_refused(desk: Desk) -> None:
    for algorithm in ("none", "None", "nOnE", "", None):
        head = msgspec.json.encode({"alg": algorithm, "kid": "k1", "typ": "JWT"})
        payload = msgspec.json.encode(desk.signer.claims(NOW_S))
        with pytest.raises(InvalidToken, match="`alg`"):
            desk.ask(f"{base64url(head)}.{base64url(payload)}.")


async def test_a_public_key_is_no_shared_secret(desk: Desk) -> None:
    """The classic confusion: HMAC with the text of the public key."""
    public = desk.signer.keys["k1"][1].public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = msgspec.json.encode({"alg": "HS256", "kid": "k1", "typ": "JWT"})
    signed = f"{base64url(head)}.{base64url(msgspec.json.encode(desk.signer.claims(NOW_S)))}"
    tag = base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))
    with pytest.raises(InvalidToken, match="`alg` is `HS256`"):
        desk.ask(f"{signed}.{tag}")


async def test_the_algorithm_is_that_of_the_key(desk: Desk) -> None:
    token = desk.signer.sign(desk.signer.claims(NOW_S), header={"alg": "RS256"})
    with pytest.raises(InvalidToken, match="its key is for `ES256`"):
        desk.ask(token)


async def test_an_algorithm_that_the_issuer_may_not_use_is_refused() -> None:
    signer = Signer(URL)
    signer.make_key("k1", "EdDSA")
    desk = Desk(signer, replace(ENTRA, algorithms=frozenset(("RS256",))))
    await desk.keys.refresh()
    with pytest.raises(InvalidToken, match="expected `RS256`"):
        desk.claim()


async def test_the_key_of_another_issuer_opens_nothing() -> None:
    """Even under the same name, and even if that issuer is trusted too."""
    ours, theirs = Signer(URL), Signer("https://else.example")
    for signer in (ours, theirs):
        signer.make_key("k1")
    clock = StoppedClock()
    held = [IssuerKeys("x", Shelf(s), clock, refresh_us=1, max_age_us=10**12) for s in (ours, theirs)]
    for keys in held:
        await keys.refresh()
    plain = replace(ENTRA, id="else", url=theirs.url, tenants={}, tenant="other")
    ring = KeyRing([], Tokens([(ENTRA, held[0]), (plain, held[1])], TENANTS))
    assert ring.identify(theirs.sign(theirs.claims(NOW_S)), NOW_US).tenant.id == "other"
    with pytest.raises(InvalidToken, match="signature"):
        ring.identify(theirs.sign(theirs.claims(NOW_S, iss=URL)), NOW_US)


async def test_a_changed_claim_or_signature_breaks_it(desk: Desk) -> None:
    head, _, signature = desk.signer.sign(desk.signer.claims(NOW_S)).split(".")
    other = base64url(msgspec.json.encode(desk.signer.claims(NOW_S, oid="oid-boss")))
    with pytest.raises(InvalidToken, match="signature"):
        desk.ask(f"{head}.{other}.{signature}")


async def test_a_claim_or_header_that_is_said_twice_is_refused(desk: Desk) -> None:
    payload = msgspec.json.encode(desk.signer.claims(NOW_S))
    twice = payload[:-1] + b',"oid":"oid-boss"}'
    with pytest.raises(InvalidToken, match="payload is refused"):
        desk.ask(desk.signer.sign_text(twice))
    head = b'{"alg":"ES256","kid":"k1","alg":"none"}'
    with pytest.raises(InvalidToken, match="header is refused"):
        desk.ask(f"{base64url(head)}.{base64url(payload)}.AA")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"kid": None}, "names no key"),
        ({"kid": 7}, "names no key"),
        ({"crit": ["b64"], "b64": False}, "crit"),
        ({"typ": "id-token+jwt"}, "another type"),
        ({"kid": "k9", "jku": "https://evil.example/keys"}, "does not list"),
    ],
)
async def test_what_a_header_may_not_say(desk: Desk, header: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidToken, match=words):
        desk.ask(desk.signer.sign(desk.signer.claims(NOW_S), header=header))


@pytest.mark.parametrize(
    "token", ["eyJ..", "eyJ.a.b", "eyJhbGciOjF9.W10.AA", "eyJé.a.b", "eyJ" + "a" * 33_000 + ".."]
)
async def test_what_only_looks_like_a_token_is_refused_in_words(desk: Desk, token: str) -> None:
    with pytest.raises(InvalidToken):
        desk.ask(token)


async def test_what_is_neither_key_nor_token_is_told_as_before(desk: Desk) -> None:
    with pytest.raises(Unauthenticated) as told:
        desk.ask("sb-nobody")
    assert not isinstance(told.value, InvalidToken)


async def test_no_refusal_repeats_the_token(desk: Desk) -> None:
    token = desk.signer.sign(desk.signer.claims(NOW_S, aud="api://else"))
    with pytest.raises(InvalidToken) as told:
        desk.ask(token)
    assert not any(part in told.value.message + told.value.operator for part in token.split("."))


async def test_a_verified_token_is_known_again_until_it_expires(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = desk.signer.sign(desk.signer.claims(NOW_S))
    first = desk.ask(token)
    with monkeypatch.context() as without:
        without.setattr(jwt.PyJWS, "decode", None)  # nothing can be verified now
        assert desk.ask(token) is first
    desk.keys.good_until_us = 2 * NOW_US
    with pytest.raises(InvalidToken, match="expired"):
        desk.ask(token, (NOW_S + 3_660) * 1_000_000)


async def test_a_withdrawn_key_ends_the_tokens_it_signed(desk: Desk) -> None:
    token = desk.signer.sign(desk.signer.claims(NOW_S))
    desk.ask(token)
    desk.signer.make_key("k2")
    del desk.signer.keys["k1"]
    await desk.keys.refresh()
    with pytest.raises(IssuerKeyUnknown):
        desk.ask(token)
    assert desk.claim().subject == "oid-anna"


async def test_keys_that_could_not_be_refreshed_for_too_long_are_not_used(desk: Desk) -> None:
    token = desk.signer.sign(desk.signer.claims(NOW_S, exp=NOW_S + 10_000))
    assert desk.ask(token, NOW_US + 3_599_000_000)
    with pytest.raises(IssuerKeyUnknown):
        desk.ask(token, NOW_US + 3_600_000_000)


async def test_the_memory_of_tokens_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "_KEPT_MAX", 3)
    for number in range(9):
        desk.claim(jti=str(number))
    assert desk.ring._tokens is not None
    assert len(desk.ring._tokens._verified) == 3


def test_a_small_key_a_secret_and_two_keys_of_one_name_are_not_used() -> None:
    signer, double = Signer(URL), Signer(URL)
    signer.make_key("small", "RS256", bits=1_024)
    signer.make_key("good")
    signer.make_key("double")
    double.make_key("double")
    listed = msgspec.json.decode(signer.key_set())["keys"] + msgspec.json.decode(double.key_set())["keys"]
    listed += [{"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}, {"kty": "RSA", "kid": "half"}, 7, {}]
    listed += [
        {**listed[1], "kid": "for-encryption", "use": "enc"},
        {**listed[1], "kid": "l", "alg": "RS256"},
    ]
    assert set(parse_key_set(msgspec.json.encode({"keys": listed}))) == {"good"}
    for text in (b"", b"[]", b"{}", b'{"keys":{}}', b"<html>", b'{"keys":[],"keys":[]}'):
        with pytest.raises(KeySetInvalid):
            parse_key_set(text)
