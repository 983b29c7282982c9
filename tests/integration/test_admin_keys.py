"""Service keys over the admin API and from the command line, on a real server; and what no key gets there."""

import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signalbox.domain.principal import Principal, Tenant
from signalbox.domain.roles import EVERYWHERE, ROLES, may
from signalbox.testing.served import Answer, Served, eventually

KEYS = "/admin/v1/keys"
READS = {"platform.read", "tenant.read", "policy.read", "log.read", "spend.read"}
OPERATORS = {
    ("GET", "/metrics"): "platform.read",
    ("GET", "/admin/v1/endpoints"): "platform.read",
    ("GET", "/admin/v1/kills"): "platform.read",
    ("POST", "/admin/v1/kills"): "platform.operate",
    ("DELETE", "/admin/v1/kills"): "platform.operate",
    ("POST", "/admin/v1/reload"): "platform.operate",
    ("POST", "/admin/v1/endpoints/release"): "platform.operate",
}
COMPUTED = {
    ("POST", "/admin/v1/tenants/{tenant}/payloads/verify"),
    ("POST", "/admin/v1/releases/{release}/approvals"),
}
"""They ask for no more than to read: nothing is changed, or what changes it is a signature."""
WHOEVER = "/admin/v1/principals/self"
ASKED_FOR = {
    ("GET", "/admin/v1/keys"): "tenant.read",
    ("GET", "/admin/v1/keys/{key}"): "tenant.read",
    ("POST", "/admin/v1/keys"): "tenant.manage",
    ("POST", "/admin/v1/keys/{key}/rotations"): "tenant.manage",
    ("POST", "/admin/v1/keys/{key}/revocation"): "tenant.manage",
    ("GET", "/admin/v1/tenants"): "tenant.read",
    ("GET", "/admin/v1/tenants/{tenant}"): "tenant.read",
}


def role_keys() -> str:
    text = ""
    for tenant in ("acme", "walled"):
        for role in ROLES:
            digest = sha256(f"sb-{tenant}-{role}".encode()).hexdigest()
            groups = 'groups = ["staff"]\n' if tenant == "acme" else 'groups = ["theirs"]\n'
            text += (
                f'\n[[keys]]\nid = "{tenant}-{role}"\ntenant = "{tenant}"\nsubject = "{tenant}-{role}"\n'
                f'roles = ["{role}"]\n{groups}sha256 = "{digest}"\n'
            )
    return text


@pytest.fixture(scope="module")
def served(furnish: Callable[..., Path]) -> Iterator[Served]:
    config = furnish(more=role_keys())
    with Served(config, config.parent / "data") as served:
        yield served
    assert served.process.returncode == 0
    assert served.verified().sound
    assert "a request failed" not in served.complaints


def send(served: Served, method: str, path: str, body: Any = None, *, key: str, match: str = "") -> Answer:
    headers = {"If-Match": match} if match else {}
    raw = None if body is None else msgspec.json.encode(body)
    return served.ask(method, path, raw, key=key, headers=headers)


def make(
    served: Served, ident: str, key: str = "sb-acme-tenant-admin", query: str = "", **more: Any
) -> Answer:
    return send(served, "POST", KEYS + query, {"id": ident, "purpose": "a test", **more}, key=key)


def role_of(name: str) -> Principal:
    tenant, _, role = name.partition("-")
    return Principal(tenant=Tenant(id=tenant), key=name, subject=name, roles=(role,))


def test_a_key_is_made_shown_once_used_rotated_and_revoked(served: Served) -> None:
    made = make(served, "reports", groups=["staff"], app="Excel", feature="formula", lasts_days=30)
    assert made.status == 201, made.body
    assert made.headers["cache-control"] == "no-store"
    assert made.headers["location"] == f"{KEYS}/reports"
    secret, key = made.json["secret"], made.json["key"]
    assert secret.startswith("sbk-")
    assert (key["tenant"], key["subject"], key["made_by"]) == (
        "acme",
        "key:acme:reports",
        "acme-tenant-admin",
    )
    assert (key["app"], key["groups"], key["old_until_us"]) == ("excel", ["staff"], None)
    assert 29 < (key["expires_us"] / 1e6 - time.time()) / 86_400 <= 30
    me = served.ask("GET", "/admin/v1/principals/self", key=secret)
    assert (me.json["key"], me.json["app"], me.json["feature"]) == ("reports", "excel", "formula")
    assert served.chat(secret).status == 200

    read = served.ask("GET", f"{KEYS}/reports", key="sb-acme-tenant-admin")
    assert read.json == key
    assert read.headers["etag"] == made.headers["etag"]
    door = f"{KEYS}/reports/rotations"
    assert send(served, "POST", door, {}, key="sb-acme-tenant-admin").status == 428
    stale = send(served, "POST", door, {}, key="sb-acme-tenant-admin", match='"old"')
    assert (stale.status, stale.json["code"]) == (412, "precondition_failed")
    rotated = send(
        served, "POST", door, {"overlap_s": 3_600}, key="sb-acme-tenant-admin", match=read.headers["etag"]
    )
    assert rotated.status == 201, rotated.body
    second = rotated.json["secret"]
    assert 3_500 < rotated.json["key"]["old_until_us"] / 1e6 - time.time() <= 3_600
    assert served.chat(secret).status == served.chat(second).status == 200, "both open while they overlap"
    at_once = send(served, "POST", door, {"overlap_s": 0}, key="sb-acme-tenant-admin", match="*")
    third = at_once.json["secret"]
    assert served.chat(secret).status == 401
    assert served.chat(second).status == 401
    assert served.chat(third).status == 200

    revoked = send(
        served,
        "POST",
        f"{KEYS}/reports/revocation",
        {"reason": "lost"},
        key="sb-acme-tenant-admin",
        match="*",
    )
    assert (revoked.status, revoked.json["revoked_for"]) == (200, "lost")
    assert served.chat(third).status == 401
    again = send(
        served,
        "POST",
        f"{KEYS}/reports/revocation",
        {"reason": "lost"},
        key="sb-acme-tenant-admin",
        match="*",
    )
    assert (again.status, again.json["code"]) == (409, "conflict")
    assert make(served, "reports").status == 409
    listed = served.ask("GET", f"{KEYS}?revoked=true", key="sb-acme-auditor").json["items"]
    assert [key["id"] for key in listed] == ["reports"]
    for text in (secret, second, third):
        for file in served.data_dir.iterdir():
            if file.is_file():
                assert text.encode() not in file.read_bytes(), file
        assert text not in served.complaints


def test_acts_are_in_the_log_with_names_hidden(served: Served) -> None:
    assert make(served, "logged").status == 201
    bodies: list[dict[str, Any]] = []

    def copied() -> bool:
        done = served.command("log", "show", "--json", "--first", "-200", "--count", "200")
        bodies[:] = [msgspec.json.decode(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return any("logged" in str(body) and "key.created" in str(body) for body in bodies)

    eventually(copied)
    assert "acme-tenant-admin" not in str(bodies)


def test_lists_come_in_pages(served: Served) -> None:
    for number in range(3):
        assert make(served, f"page-{number}").status == 201
    seen: list[str] = []
    after = ""
    while True:
        page = served.ask("GET", f"{KEYS}?limit=2&after={after}", key="sb-acme-tenant-admin").json
        assert len(page["items"]) <= 2
        seen += [key["id"] for key in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == sorted(set(seen))
    assert {"page-0", "page-1", "page-2", "anna", "acme-user"} <= set(seen)
    assert "walled" not in seen
    wrong = served.ask("GET", f"{KEYS}?after=nonsense!", key="sb-acme-tenant-admin")
    assert (wrong.status, wrong.json["param"]) == (400, "after")


def test_bodies_are_strict(served: Served) -> None:
    for body, said in (
        (b"{", "not valid JSON"),
        (b"[]", "expected `object`"),
        (b'{"id": "a", "purpose": "p", "admin": true}', "unknown field `admin`"),
        (b'{"id": "a", "id": "b", "purpose": "p"}', "duplicate key `id`"),
        (b'{"id": "a", "purpose": "p", "lasts_days": "9"}', "expected `int`"),
        (b'{"id": "../a", "purpose": "p"}', "regex"),
        (b"", "not valid JSON"),
    ):
        answer = served.ask("POST", KEYS, body, key="sb-acme-tenant-admin")
        assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json"), body
        assert said in answer.json["detail"]
    large = served.ask("POST", KEYS, b" " * 1_100_000, key="sb-acme-tenant-admin")
    assert (large.status, large.json["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    "more",
    [
        {"roles": ["platform-admin"]},
        {"roles": ["operator"]},
        {"roles": ["auditor"]},
        {"groups": ["theirs"]},
        {"groups": ["claude-pilot", "theirs"]},
        {"may_assert": ["label"]},
    ],
)
def test_a_tenants_administrator_grants_nothing_beyond_its_tenant(
    served: Served, more: dict[str, Any]
) -> None:
    refused = make(served, "beyond", **more)
    assert (refused.status, refused.json["code"]) == (403, "not_permitted")
    assert served.ask("GET", f"{KEYS}/beyond", key="sb-acme-tenant-admin").status == 404


def test_who_was_made_by_a_tenants_administrator_rises_no_higher(served: Served) -> None:
    second = make(served, "second-admin", roles=["tenant-admin", "approver"]).json["secret"]
    assert make(served, "third-admin", second, roles=["platform-admin"]).status == 403
    assert make(served, "third-admin", second, "?tenant=walled").status == 404
    assert served.ask("GET", "/admin/v1/tenants/walled", key=second).status == 404
    assert make(served, "third-admin", second, roles=["user"]).status == 201
    platform = make(served, "of-the-platform", served.admin_key, "?tenant=acme", roles=["platform-admin"])
    assert platform.status == 201
    for door in ("rotations", "revocation"):
        body = {} if door == "rotations" else {"reason": "mine now"}
        stolen = send(served, "POST", f"{KEYS}/of-the-platform/{door}", body, key=second, match="*")
        assert stolen.status == 403, door
    written = send(served, "POST", f"{KEYS}/acme-platform-admin/rotations", {}, key=second, match="*")
    assert (written.status, written.json["code"]) == (409, "conflict")


def test_what_is_another_tenants_is_not_found(served: Served) -> None:
    theirs = make(served, "theirs-only", "sb-walled-tenant-admin")
    assert (theirs.status, theirs.json["key"]["tenant"]) == (201, "walled")
    mine = "sb-acme-tenant-admin"
    for method, path, body in (
        ("GET", f"{KEYS}/theirs-only", None),
        ("POST", f"{KEYS}/theirs-only/rotations", {}),
        ("POST", f"{KEYS}/theirs-only/revocation", {"reason": "r"}),
    ):
        there = send(served, method, path, body, key=mine, match="*")
        nowhere = send(served, method, path.replace("theirs-only", "no-such"), body, key=mine, match="*")
        assert (there.status, nowhere.status) == (404, 404)
        assert there.json["detail"] == nowhere.json["detail"].replace("no-such", "theirs-only")
        assert send(served, method, f"{path}?tenant=walled", body, key=mine, match="*").status == 404
    assert make(served, "theirs-only").status == 201, (
        "an id is a tenant's own; who has it elsewhere is not told"
    )
    real, unreal = (
        served.ask("GET", f"/admin/v1/tenants/{tenant}", key=mine).json["detail"]
        for tenant in ("walled", "wallet")
    )
    assert real.replace("walled", "wallet") == unreal
    assert [t["id"] for t in served.ask("GET", "/admin/v1/tenants", key=mine).json["items"]] == ["acme"]
    everyone = served.ask("GET", "/admin/v1/tenants", key="sb-walled-auditor").json["items"]
    assert {"acme", "walled"} <= {tenant["id"] for tenant in everyone}


@pytest.mark.parametrize("name", [f"{tenant}-{role}" for tenant in ("acme", "walled") for role in ROLES])
def test_nobody_gets_through_a_door_what_the_roles_table_does_not_give(served: Served, name: str) -> None:
    """Every door of the document, and the operators', for every role: on the own tenant, on another's, on the
    platform."""
    principal, key = role_of(name), f"sb-{name}"
    home, other = ("acme", "walled") if principal.tenant.id == "acme" else ("walled", "acme")
    described = served.ask("GET", "/admin/v1/openapi.json").json["paths"]
    doors = 0
    for path, item in described.items():
        for method, told in ((name.upper(), told) for name, told in item.items()):
            if "x-signalbox-reach" not in told:
                continue
            doors += 1
            action, reach = told["x-signalbox-action"], told["x-signalbox-reach"]
            assert ASKED_FOR.get((method, path), action) == action
            if method != "GET" and (method, path) not in COMPUTED:
                assert action not in READS, f"{method} {path} changes something, and asks only for {action}"
            body: dict[str, Any] | None = {} if "requestBody" in told else None
            for tenant in (home, other):
                plain = path.replace("{tenant}", tenant)
                for part in ("{key}", "{endpoint}"):
                    plain = plain.replace(part, "no-such")
                while "{" in plain:
                    plain = plain[: plain.index("{")] + "no-such" + plain[plain.index("}") + 1 :]
                query = f"?tenant={tenant}" if reach == "tenant" and "{tenant}" not in path else ""
                status = send(served, method, plain + query, body, key=key, match="*").status
                where = f"{method} {plain}{query}"
                if path == WHOEVER:
                    assert status == 200, where
                elif reach == "self":  # of every tenant, or of who operates, says its handler
                    if not (may(principal, action, "") or may(principal, "platform.operate", "")):
                        assert status in (400, 403), where
                        assert status == 403 or body is not None or method == "DELETE", where
                elif reach == "platform":
                    assert (status == 403) == (not may(principal, action, "")), where
                elif may(principal, action, tenant):
                    assert status not in (401, 403), where
                elif may(principal, action, home):
                    assert status == 404, where
                else:
                    assert status == 403, where
    assert doors >= len(ASKED_FOR)
    for (method, path), action in OPERATORS.items():
        if method == "POST" and path.endswith("reload") and may(principal, "platform.operate", ""):
            continue  # it is let in: nothing here has to be read anew
        status = send(served, method, path, key=key).status
        assert (status == 403) == (not may(principal, action, "")), f"{method} {path}"  # type: ignore[arg-type]
    asked = served.chat(key)
    barred = asked.status == 403 and asked.error["code"] == "not_permitted"
    assert barred == (principal.roles != ("user",))


def test_no_key_and_a_wrong_key_get_nothing(served: Served) -> None:
    for path, item in served.ask("GET", "/admin/v1/openapi.json").json["paths"].items():
        for method, told in item.items():
            if method != "parameters" and "x-signalbox-reach" in told:
                for key in ("", "sb-nobody", "sb-expired"):
                    answer = send(served, method.upper(), path, key=key)
                    assert answer.status == 401, (method, path)


def test_from_the_command_line(served: Served) -> None:
    made = served.command(
        "keys", "create", "from-cli", "--purpose", "a test", "--tenant", "acme", "--role", "user"
    )
    assert made.returncode == 0, made.stderr
    secret = made.stdout.splitlines()[0]
    assert served.chat(secret).status == 200
    who = served.command("whoami", key=secret)
    assert "key:acme:from-cli" in who.stdout
    assert "may at home    ask" in who.stdout
    rotated = served.command("keys", "rotate", "from-cli", "--overlap", "0", "--tenant", "acme")
    assert rotated.returncode == 0, rotated.stderr
    assert served.chat(secret).status == 401
    assert served.chat(rotated.stdout.splitlines()[0]).status == 200
    assert "from-cli" in served.command("keys", "list", "--tenant", "acme").stdout
    refused = served.command("keys", "list", key=secret)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "the key has expired" in refused.stderr
    revoked = served.command("keys", "revoke", "from-cli", "--reason", "over", "--tenant", "acme")
    assert "is revoked" in revoked.stdout
    again = served.command("keys", "revoke", "from-cli", "--reason", "over", "--tenant", "acme")
    assert (again.returncode, "is revoked: make another" in again.stderr) == (1, True)
    assert "platform-admin" in served.command("whoami").stdout


def test_keys_hold_after_a_restart_and_a_reload(furnish: Callable[..., Path]) -> None:
    config = furnish()
    with Served(config, config.parent / "data") as served:
        secret = make(served, "kept", served.admin_key).json["secret"]
        assert served.ask("POST", "/admin/v1/reload", key=served.operator_key).status == 200
        assert served.chat(secret).status == 200
    with Served(config, config.parent / "data") as served:
        assert served.chat(secret).status == 200
        revoked = send(
            served, "POST", f"{KEYS}/kept/revocation", {"reason": "r"}, key=served.admin_key, match="*"
        )
        assert revoked.status == 200
        assert served.chat(secret).status == 401


def test_every_role_that_reaches_every_tenant_is_in_the_table_above() -> None:
    assert set(EVERYWHERE) == {"operator", "platform-admin", "auditor", "release-author"}
