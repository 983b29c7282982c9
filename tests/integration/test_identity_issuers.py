"""Bearer tokens at the doors of a real server, with a real key set server that rotates and fails."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from signalbox.app import Signalbox
from signalbox.domain.errors import InvalidToken
from signalbox.testing.key_set_server import KeySetServer
from signalbox.testing.served import Served
from signalbox.testing.token_signer import AUDIENCE, TID, Signer

URL = f"https://login.example/{TID}/v2.0"
ISSUER = """
[[issuers]]
id = "entra"
issuer = "https://login.example/{{tid}}/v2.0"
audiences = ["{audience}"]
tenants = {{ "{tid}" = "acme" }}
jwks_url = "{url}"
algorithms = ["RS256", "ES256"]
groups = {{ "guid-pilot" = "claude-pilot" }}
roles = {{ "Signalbox.Auditor" = "auditor", "Signalbox.Finance" = "finance" }}
keys_refresh = "{refresh}"
apps = [{{ client = "client-excel", app = "excel", feature = "formula" }}]
"""
MESSAGES = [{"role": "user", "content": "hello"}]


class World(NamedTuple):
    signer: Signer
    keys: KeySetServer
    served: Served

    def token(self, **claims: object) -> str:
        return self.signer.sign(self.signer.claims(int(time.time()), **claims))


@pytest.fixture
def world(furnish: Callable[..., Path]) -> Iterator[World]:
    signer = Signer(URL)
    signer.make_key("k1")
    with KeySetServer(signer) as keys:
        config = furnish(more=ISSUER.format(audience=AUDIENCE, tid=TID, url=keys.url, refresh="1h"))
        with Served(config, config.parent / "data") as served:
            yield World(signer, keys, served)
        assert "Traceback" not in served.complaints


def test_a_token_opens_every_door_that_a_key_opens(world: World) -> None:
    token = world.token(groups=["guid-pilot"])
    served = world.served
    chat = {"model": "auto", "messages": MESSAGES}
    for path, body in (
        ("/v1/chat/completions", chat),
        ("/openai/v1/chat/completions", chat),
        ("/openai/deployments/good/chat/completions?api-version=2024-10-21", chat),
        ("/v1/messages", {**chat, "max_tokens": 9}),
        ("/v1/messages/count_tokens", chat),
        ("/v1/responses", {"model": "auto", "input": "hello"}),
    ):
        for headers in ({"Authorization": f"Bearer {token}"}, {"api-key": token}, {"x-api-key": token}):
            answer = served.ask("POST", path, msgspec.json.encode(body), headers=headers)
            assert answer.status == 200, (path, answer.body)
    assert served.ask("GET", "/v1/models", key=token).status == 200
    # The group of the token is the group of the policy.
    assert served.chat(token, model="sonnet").status == 200
    assert served.chat(world.token(), model="sonnet").status in (403, 404)
    # What its app registration is bound to, it cannot say otherwise.
    assert served.chat(token, {"X-Signalbox-App": "word"}).status == 403
    # What its roles allow, and no more.
    auditor = world.token(roles=["Signalbox.Auditor"])
    assert served.ask("GET", "/metrics", key=auditor).status == 200
    assert served.ask("GET", "/admin/v1/endpoints", key=auditor).status == 200
    for path in ("/admin/v1/reload", "/admin/v1/endpoints/release?endpoint=own-good"):
        denied = served.ask("POST", path, key=auditor)
        assert (denied.status, denied.error["code"]) == (403, "not_permitted")
        (told,) = served.settled(denied.headers["x-signalbox-decision"])
        assert told["kind"] == "denial"
    assert served.chat(auditor).status == 403
    finance = world.token(roles=["Signalbox.Finance"])
    assert served.ask("GET", "/metrics", key=finance).status == 403
    refused = served.chat(world.token(aud="api://else"))
    assert (refused.status, refused.error["code"]) == (401, "invalid_token")
    assert served.ask("GET", "/metrics", key=token).status == 403
    assert token.split(".")[2] not in served.complaints


def test_a_rotated_key_is_learned_by_the_request_that_needs_it(world: World) -> None:
    assert world.served.chat(world.token()).status == 200
    asked = world.keys.served
    world.signer.make_key("k2", "RS256")
    for _ in range(3):
        assert world.served.chat(world.token()).status == 200
    assert world.keys.served == asked + 1
    # The next unknown name comes too soon to ask again, and costs its sender nothing but a refusal.
    world.signer.make_key("k3")
    for _ in range(3):
        answer = world.served.chat(world.token())
        assert (answer.status, answer.error["code"]) == (401, "invalid_token")
    assert world.keys.served == asked + 1


@pytest.mark.parametrize("how", ["down", "frozen"])
def test_while_the_key_sets_server_is_away_known_keys_go_on_and_unknown_ones_are_refused(
    world: World, how: str
) -> None:
    known = world.token()
    assert world.served.chat(known).status == 200
    if how == "down":
        world.keys.status = 503
    else:
        world.keys.talking.clear()
    world.signer.make_key("k2")
    began = time.monotonic()
    assert world.served.chat(world.token()).status == 401
    assert time.monotonic() - began < 10, "a request does not hang on an issuer"
    assert world.served.chat(known).status == 200
    world.signer.keys.pop("k2")
    assert world.served.chat(world.token(jti="never seen")).status == 200


async def test_keys_are_refreshed_beside_the_requests_and_a_withdrawn_one_ends(
    furnish: Callable[..., Path],
) -> None:
    signer = Signer(URL)
    signer.make_key("k1")
    with KeySetServer(signer) as keys:
        config = furnish(more=ISSUER.format(audience=AUDIENCE, tid=TID, url=keys.url, refresh="20ms"))
        async with Signalbox.from_config(config) as box:
            token = signer.sign(signer.claims(int(time.time())))

            def known() -> bool:
                try:
                    return box.principal(token).subject == "oid-anna"
                except InvalidToken:
                    return False

            await _until(known)
            signer.make_key("k2")
            signer.keys.pop("k1")
            await _until(lambda: not known())


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)
