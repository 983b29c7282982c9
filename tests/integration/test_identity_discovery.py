"""An issuer that says itself where its keys are: Entra's tokens on a real server, and keys that move."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from signalbox.app import Signalbox
from signalbox.domain.errors import InvalidToken
from signalbox.testing.key_set_server import KeySetServer
from signalbox.testing.served import Served
from signalbox.testing.token_signer import AUDIENCE, TID, Signer

ISSUER = """
[[issuers]]
id = "entra"
issuer = "{issuer}"
audiences = ["{audience}"]
tenants = {{ "{tid}" = "acme" }}
discovery = true
algorithms = ["RS256", "ES256"]
groups = {{ "guid-pilot" = "claude-pilot", "guid-staff" = "staff" }}
roles = {{ "Signalbox.Admin" = "tenant-admin", "Signalbox.Auditor" = "auditor" }}
keys_refresh = "{refresh}"
"""
SELF = "/admin/v1/principals/self"


class World(NamedTuple):
    signer: Signer
    keys: KeySetServer
    served: Served

    def token(self, **claims: object) -> str:
        return self.signer.sign(self.signer.claims(int(time.time()), **claims))


def settings(keys: KeySetServer, refresh: str = "1h") -> str:
    return ISSUER.format(
        issuer=keys.issuer.replace(TID, "{tid}"), audience=AUDIENCE, tid=TID, refresh=refresh
    )


@pytest.fixture
def world(furnish: Callable[..., Path]) -> Iterator[World]:
    signer = Signer("")
    signer.make_key("k1")
    with KeySetServer(signer) as keys:
        signer.url = keys.issuer
        config = furnish(more=settings(keys))
        with Served(config, config.parent / "data") as served:
            yield World(signer, keys, served)
        assert "Traceback" not in served.complaints


def test_a_directorys_people_administer_their_tenant_and_no_other(world: World) -> None:
    served = world.served
    assert served.chat(world.token()).status == 200
    admin = world.token(oid="oid-ada", roles=["Signalbox.Admin"], groups=["guid-staff", "guid-else"])
    me = served.ask("GET", SELF, key=admin).json
    assert (me["tenant"], me["subject"], me["roles"]) == ("acme", "oid-ada", ["tenant-admin"])
    assert me["groups"] == ["guid-else", "staff"]
    assert me["may_everywhere"] == []
    body = b'{"id": "by-token", "purpose": "p", "groups": ["staff"]}'
    made = served.ask("POST", "/admin/v1/keys", body, key=admin)
    assert made.status == 201, made.body
    assert made.json["key"]["made_by"] == "oid-ada"
    assert served.chat(made.json["secret"]).status == 200
    for tenant, status in (("acme", 200), ("walled", 404)):
        assert served.ask("GET", f"/admin/v1/keys?tenant={tenant}", key=admin).status == status
    (acme,) = served.ask("GET", "/admin/v1/tenants", key=admin).json["items"]
    assert (acme["issuers"], acme["groups"]) == (["entra"], ["claude-pilot", "staff"])
    # A key that the directory's administrator made has no group that only tokens bring.
    beyond = served.ask("POST", "/admin/v1/keys", body.replace(b"staff", b"guid-else"), key=admin)
    assert beyond.status == 403
    auditor = world.token(roles=["Signalbox.Auditor"])
    assert served.ask("GET", "/admin/v1/keys?tenant=walled", key=auditor).status == 200
    assert served.ask("POST", "/admin/v1/keys", body, key=auditor).status == 403
    other = world.token(tid="7a2f0c5e-0000-4000-8000-000000000002", roles=["Signalbox.Admin"])
    refused = served.ask("GET", SELF, key=other)
    assert (refused.status, refused.json["code"]) == (401, "invalid_token")
    assert "tid" in refused.json["detail"]


@pytest.mark.parametrize(
    "overage",
    [
        {
            "_claim_names": {"groups": "src1"},
            "_claim_sources": {"src1": {"endpoint": "https://graph.example"}},
        },
        {"hasgroups": True},
    ],
)
def test_too_many_groups_are_refused_in_words(world: World, overage: dict[str, object]) -> None:
    refused = world.served.ask("GET", SELF, key=world.token(**overage))
    assert (refused.status, refused.json["code"]) == (401, "invalid_token")
    assert "too many groups" in refused.json["detail"]
    assert "assigned to the application" in refused.json["detail"]


def test_keys_that_were_rotated_are_learned_at_a_new_place(world: World) -> None:
    assert world.served.chat(world.token()).status == 200
    world.signer.make_key("k2", "RS256")
    world.signer.keys.pop("k1")
    with KeySetServer(world.signer) as moved:
        world.keys.configuration["jwks_uri"] = moved.url
        assert world.served.chat(world.token()).status == 200
        assert moved.served == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issuer": "http://127.0.0.1:1/else"}, "not of"),
        ({"jwks_uri": "http://keys.example/keys"}, "no `https://` address"),
        ({"jwks_uri": None}, "no `https://` address"),
    ],
)
async def test_what_the_issuer_must_not_say_lets_nobody_in(
    furnish: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, object],
    words: str,
) -> None:
    signer = Signer("")
    signer.make_key("k1")
    with KeySetServer(signer) as keys:
        signer.url = keys.issuer
        keys.configuration |= changes
        async with Signalbox.from_config(furnish(more=settings(keys))) as box:
            token = signer.sign(signer.claims(int(time.time())))
            async with asyncio.timeout(10):
                while words not in caplog.text:
                    await asyncio.sleep(0.005)
            with pytest.raises(InvalidToken, match="does not list"):
                box.principal(token)
