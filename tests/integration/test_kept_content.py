"""Kept content on a real server: sealed where it is on, read by few, erased with proofs intact."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.conftest import build_house, settings_text

from signalbox.adapters.stores.sqlite.payloads import PAYLOADS_FILE
from signalbox.testing.served import COMMAND, Served, Vendor, eventually

SECRET = "Rewrite that Zanzibar is sold on Tuesday."
DOOR = "/admin/v1/tenants/acme"
PAYLOADS = """
[tenants.payloads]
keep = "confidential"
retention_days = { confidential = 7 }
"""
READER = 'tenant = "acme"\nsubject = "rea"\nroles = ["content-reader"]'
OTHERS_READER = 'tenant = "walled"\nsubject = "rob"\nroles = ["content-reader"]'
AUDITOR = 'tenant = "acme"\nsubject = "aud"\nroles = ["auditor"]'
ADMIN = 'tenant = "acme"\nsubject = "dora"\nroles = ["tenant-admin"]'


def keys() -> str:
    text = ""
    for name, lines in (("rea", READER), ("rob", OTHERS_READER), ("aud", AUDITOR), ("dora", ADMIN)):
        digest = hashlib.sha256(f"sb-{name}".encode()).hexdigest()
        text += f'\n[[keys]]\nid = "{name}"\nsha256 = "{digest}"\n{lines}\n'
    return text


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Vendor() as vendor:
        text = settings_text(vendor.base_url, more=keys())
        text = text.replace('home_cloud = "azure"\n', f'home_cloud = "azure"\n{PAYLOADS}', 1)
        text = text.replace("[places]\n", '[payloads]\nplace = "own"\n\n[places]\n', 1)
        config = build_house(tmp_path_factory.mktemp("kept"), text)
        with Served(config, config.parent / "data") as served:
            yield served
        assert served.process.returncode == 0
        assert served.verified().sound
        assert "a request failed" not in served.complaints
        assert "Zanzibar" not in served.complaints


def ask(served: Served, user: str, text: str = SECRET, *, label: str = "general", **body: object) -> str:
    headers = {"x-signalbox-user": user, "x-signalbox-sensitivity": label}
    messages = [{"role": "user", "content": text}]
    answer = served.chat("sb-anna", headers=headers, messages=messages, **body)
    assert answer.status == 200, answer.body
    decision = answer.headers["x-signalbox-decision"]
    eventually(lambda: any(record["kind"] == "payload" for record in served.records(decision)))
    return decision


def post(served: Served, path: str, key: str, body: bytes = b'{"reason":"a complaint"}') -> tuple[int, Any]:
    answer = served.ask("POST", f"{DOOR}{path}", body, key=key)
    return answer.status, answer.json


def everything(served: Served) -> bytes:
    return b"".join(path.read_bytes() for path in served.data_dir.rglob("*") if path.is_file())


def run(served: Served, *arguments: str, key: str) -> subprocess.CompletedProcess[str]:
    command = [str(COMMAND), *arguments, "--config", str(served.config)]
    port = served.url.rpartition(":")[2]
    env = {**os.environ, "SIGNALBOX_KEY": key, "SIGNALBOX_PORT": port}
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, env=env)


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_said_is_sealed_and_shown_to_a_content_reader_alone(served: Served, stream: bool) -> None:
    decision = ask(served, "carl", stream=stream)
    assert b"Zanzibar" not in everything(served)
    read = f"/payloads/{decision}/read"
    for key in ("sb-anna", "sb-aud", "sb-dora"):
        assert post(served, read, key)[0] == 403
    assert post(served, read, "sb-rob")[0] == 404
    status, content = post(served, read, "sb-rea")
    assert status == 200
    assert content["prompt"]["messages"][0]["parts"][0]["text"] == SECRET
    assert content["reply"]["choices"][0]["parts"][0]["text"]
    assert post(served, read, "sb-rea", b'{"reason":""}')[0] == 400
    eventually(lambda: any(decision in each.get("content", "") for each in served.records()))
    (told,) = [each for each in served.records() if decision in each.get("content", "")]
    assert (told["what"], "a complaint" in told["content"], "rea" in told["by"]) == (
        "content.read",
        True,
        False,
    )


def test_nothing_is_kept_above_the_ceiling_or_where_the_tenant_has_not_asked(served: Served) -> None:
    headers = {"x-signalbox-sensitivity": "highly-confidential"}
    answer = served.chat("sb-anna", headers=headers)
    decision = answer.headers.get("x-signalbox-decision", "")
    assert answer.status == 200, answer.body
    ask(served, "carl")  # what came after it is kept
    assert all(record["kind"] != "payload" for record in served.records(decision))
    assert post(served, f"/payloads/{decision}/read", "sb-rea")[0] == 404


def test_a_hold_is_on_the_name_that_requests_have_and_can_be_lifted(served: Served) -> None:
    spaced = post(served, "/holds", "sb-dora", b'{"name":"h1","user":" nils ","reason":"r"}')[1]["subject"]
    plain = post(served, "/holds", "sb-dora", b'{"name":"h2","user":"nils","reason":"r"}')[1]["subject"]
    assert spaced == plain
    assert post(served, "/erasures", "sb-dora", b'{"user":" nils","reason":"r"}')[0] == 409
    for body in (b'{"name":"h3","user":"  ","reason":"r"}', b'{"name":"h/3","user":"nils","reason":"r"}'):
        assert post(served, "/holds", "sb-dora", body)[0] == 400
    for name in ("h1", "h2"):
        assert post(served, f"/holds/{name}/lift", "sb-dora", b'{"reason":"over"}')[0] == 200


def test_a_hold_refuses_and_an_erasure_leaves_nothing_but_proofs(served: Served) -> None:
    decisions = [ask(served, "mia", label="confidential"), ask(served, "mia", stream=True)]
    others = ask(served, "carl", "Carl asks about Zanzibar.")
    status, told = post(
        served, "/holds", "sb-dora", b'{"name":"case-1","user":"mia","reason":"the court asks"}'
    )
    assert status == 201, told
    pseudonym = told["subject"]
    assert post(served, "/erasures", "sb-rea", b'{"user":"mia","reason":"she asked"}')[0] == 403
    status, told = post(served, "/erasures", "sb-dora", b'{"user":"mia","reason":"she asked"}')
    assert (status, told["code"]) == (409, "held")
    assert "case-1" in told["detail"]
    assert run(served, "hold", "list", "--tenant", "acme", key="sb-aud").stdout.startswith("case-1: u-")
    done = run(served, "hold", "lift", "case-1", "--tenant", "acme", "--reason", "over", key="sb-dora")
    assert done.returncode == 0, done.stderr
    erased = run(
        served,
        "erase",
        "subject",
        "--tenant",
        "acme",
        "--user",
        "mia",
        "--reason",
        "she asked",
        key="sb-dora",
    )
    assert erased.returncode == 0, erased.stderr
    assert "1 keys destroyed, 2 payloads deleted" in erased.stdout
    assert erased.stdout.endswith("erased\n")
    for decision in decisions:
        assert post(served, f"/payloads/{decision}/read", "sb-rea")[0] == 404
        kinds = {record["kind"]: record for record in served.records(decision)}
        assert {"intent", "outcome", "payload"} <= kinds.keys()
        assert pseudonym not in str(kinds)
    shown = run(served, "payload", "show", others, "--tenant", "acme", "--reason", "why", key="sb-rea")
    assert "Carl asks about Zanzibar." in shown.stdout, shown.stderr
    verified = run(served, "payload", "verify", "--tenant", "acme", key="sb-aud")
    assert verified.returncode == 0, verified.stdout
    assert served.verified().sound
    assert served.verified().erased >= 2


def test_after_a_rotation_content_opens_and_the_old_key_is_gone(served: Served) -> None:
    decision = ask(served, "carl")
    file = served.data_dir / "tenant-keys" / "acme.key"
    before = file.read_text().strip()
    done = run(served, "payload", "rotate", "--tenant", "acme", key="sb-dora")
    assert "keys wrapped anew" in done.stdout, done.stderr
    assert before.encode() not in everything(served)
    assert post(served, f"/payloads/{decision}/read", "sb-rea")[0] == 200
    assert (served.data_dir / PAYLOADS_FILE).stat().st_mode & 0o077 == 0
