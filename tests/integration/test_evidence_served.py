"""A pack and exports of a real server's real traffic, made beside it while it serves; verified elsewhere."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.testing.served import COMMAND, Served, eventually
from signalbox.tlog.checkpoint import seen

CACHED = (
    'home_cloud = "azure"\n',
    'home_cloud = "azure"\n[tenants.cache]\nenabled = true\nttl = "5m"\n',
)
PROMPT = "the-words-that-nobody-may-find"


@pytest.fixture(scope="module")
def house(furnish: Callable[..., Path]) -> Iterator[Served]:
    roles = "".join(
        f'\n[[keys]]\nid = "{role}"\ntenant = "walled"\nsubject = "{role}"\nroles = ["{role}"]\n'
        f'sha256 = "{hashlib.sha256(f"sb-{role}".encode()).hexdigest()}"\n'
        for role in ("auditor", "tenant-admin")
    )
    config = furnish(more=f'\n[log]\ncheckpoint = "100ms"\n{roles}')
    config.write_text(config.read_text().replace(*CACHED, 1))
    with Served(config, config.parent / "data") as served:
        traffic(served)
        yield served
    assert "Traceback" not in served.complaints


def traffic(served: Served) -> None:
    """Answers, one given again, refusals, a failure, another tenant's, and a vendor that was stopped."""
    decisions = []
    with served.connection() as line:
        for model, key, status in (
            ("azure-se", "sb-anna", 200),
            ("azure-se", "sb-anna", 200),  # from the cache
            ("own-good", "sb-anna", 200),
            ("claude-se", "sb-anna", 200),
            ("us-west", "sb-anna", 404),
            ("x-broken", "sb-anna", 502),
            ("auto", "sb-walled", 403),
        ):
            messages = [{"role": "user", "content": f"{PROMPT} for {model}"}]
            headers = (
                {"x-signalbox-app": "word", "x-signalbox-feature": "rewrite"} if key == "sb-anna" else {}
            )
            answer = line.chat(key, headers, model=model, messages=messages, temperature=0)
            assert answer.status == status, answer.body
            decisions.append(answer.headers["x-signalbox-decision"])
    for decision in decisions:
        served.settled(decision)
    done = served.command("kill", "vendor:anthropic", "--reason", "a drill")
    assert done.returncode == 0, done.stderr
    done = served.command("restore", "vendor:anthropic", "--reason", "the drill is over")
    assert done.returncode == 0, done.stderr
    eventually(lambda: sum(record["kind"] in ("kill", "restore") for record in served.records()) == 2)


def covered(served: Served) -> str:
    """The checkpoint, once one covers all that was written."""
    log = SqliteLogReader.open(served.data_dir)
    try:
        eventually(lambda: (text := log.checkpoint()) and seen(text).checkpoint.size == log.next_number())
        return log.checkpoint() or ""
    finally:
        log.close()


def made(served: Served, pack: Path, *more: str | Path) -> None:
    done = served.command("evidence", "--tenant", "acme", "--from", "1h", "--out", str(pack), *map(str, more))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "exceptions" in done.stdout


def elsewhere(place: Path, pack: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """The pack's own verifier, by an interpreter that has nothing but Python."""
    with zipfile.ZipFile(pack) as opened:
        opened.extract("verify.py", place)
    command = [sys.executable, "-I", "-S", str(place / "verify.py"), str(pack), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=place, env={}, timeout=60)


def test_a_pack_of_real_traffic_verifies_elsewhere(house: Served, tmp_path: Path) -> None:
    covered(house)
    pack = tmp_path / "pack.zip"
    made(house, pack)
    done = elsewhere(tmp_path, pack, "--key", house.data_dir / "log.vkey")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 decision, 1 denial, 1 hit, 4 intent, 4 outcome" in done.stdout
    spoiled = tmp_path / "spoiled.zip"
    whole = bytearray(pack.read_bytes())
    whole[len(whole) // 3] ^= 1
    spoiled.write_bytes(whole)
    assert elsewhere(tmp_path, spoiled, "--key", house.data_dir / "log.vkey").returncode == 1
    again = house.command("evidence", "--tenant", "acme", "--from", "1h", "--out", str(pack))
    assert (again.returncode, "is there already" in again.stderr + again.stdout) == (1, True)


def test_what_a_pack_says_of_that_traffic(house: Served, tmp_path: Path) -> None:
    covered(house)
    pack = tmp_path / "pack.zip"
    made(house, pack)
    with zipfile.ZipFile(pack) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    assert not any(PROMPT.encode() in data or b"sb-anna" in data for data in files.values())
    records = b"".join(data for name, data in files.items() if not name.startswith("contents/"))
    assert b"walled" not in records
    assert b'"anna"' not in records
    summary = json.loads(files["reports/summary.json"])
    assert summary["counts"] == {"decision": 4, "denial": 1, "hit": 1, "intent": 4, "outcome": 4}
    uses = {use["endpoint"]: use for use in summary["uses"]}
    assert (uses["azure-se"]["sent"], uses["azure-se"]["hits"]) == (1, 1)
    assert (uses["azure-se"]["cloud"], uses["azure-se"]["served"]) == ("azure", {"good": 1})
    assert uses["x-broken"]["answered"] == 0
    assert summary["concentration"]["vendor"]["sent"] == {"acme-models": 3, "anthropic": 1}
    assert summary["concentration"]["vendor"]["hhi"] == 6_250
    register = {row["endpoint"]: row for row in json.loads(files["reports/register.json"])}
    assert register["us-west"]["used"] is None
    assert register["us-west"]["inference_places"] == ["us"]
    assert register["azure-se"]["used"]["sent"] == 1
    exceptions = [json.loads(line) for line in files["reports/exceptions.jsonl"].splitlines()]
    assert {row["what"] for row in exceptions} >= {"denied", "killed", "unapproved"}
    assert [row["words"] for row in exceptions if row["what"] == "killed"] == ["vendor:anthropic: a drill"]
    contents = {name.removeprefix("contents/") for name in files if name.startswith("contents/")}
    assert contents == {each["hash"] for each in summary["releases"]}
    page = files["report.html"].decode()
    assert "azure-se" in page
    assert "<script" not in page
    assert "the vendor's attestation" in files["README.md"].decode()


def test_a_later_pack_is_joined_to_what_the_auditor_kept(house: Served, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(covered(house))
    first = tmp_path / "first.zip"
    made(house, first)
    house.chat("sb-plain", model="azure-se")
    covered(house)
    later, joined = tmp_path / "later.zip", tmp_path / "joined.zip"
    made(house, later)
    made(house, joined, "--since", kept)
    key = house.data_dir / "log.vkey"
    assert elsewhere(tmp_path, first, "--key", key, "--checkpoint", kept).returncode == 0
    assert "no proof that joins it" in elsewhere(tmp_path, later, "--key", key, "--checkpoint", kept).stdout
    done = elsewhere(tmp_path, joined, "--key", key, "--checkpoint", kept)
    assert done.returncode == 0, done.stdout
    command: list[str | Path] = [COMMAND, "evidence", "verify", joined, "--key", key, "--checkpoint", kept]
    ours = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ours.returncode == 0, ours.stdout + ours.stderr
    assert ours.stdout.replace("\n", "") == done.stdout.replace("\n", "")
    command[3] = kept
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 1


def test_who_may_read_the_log_gets_a_pack_over_the_admin_api(house: Served, tmp_path: Path) -> None:
    covered(house)
    path = "/admin/v1/tenants/acme/evidence?from=1h"
    pack = tmp_path / "pack.zip"
    answer = house.ask("GET", path, key="sb-auditor")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip"), answer.body
    pack.write_bytes(answer.body)
    done = elsewhere(tmp_path, pack, "--key", house.data_dir / "log.vkey")
    assert done.returncode == 0, done.stdout
    assert house.ask("GET", path, key="sb-tenant-admin").status == 404  # another tenant's
    own = house.ask("GET", path.replace("acme", "walled"), key="sb-tenant-admin")
    assert (own.status, "in each of them" in own.body.decode()) == (403, True)  # it holds everyone's rules
    assert house.ask("GET", path, key="sb-anna").status == 403
    assert house.ask("GET", path).status == 401
    assert house.ask("GET", "/admin/v1/tenants/acme/evidence", key="sb-auditor").status == 400
    refused = house.ask("GET", path.replace("1h", "nonsense"), key="sb-auditor")
    assert (refused.status, "is no moment" in refused.body.decode()) == (409, True)


@pytest.mark.parametrize("form", ["purview", "ocsf", "cloudevents"])
def test_exports_name_the_model_that_served_and_hold_no_prompt(
    house: Served, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "events.jsonl"
    done = house.command("export", "--format", form, "--tenant", "acme", "--from", "1h", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert PROMPT.encode() not in out.read_bytes()
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(events) >= 6
    for event in events:
        assert _served(form, event) or _refused(form, event), event
    told = house.command("export", "--format", form, "--tenant", "acme", "--from", "1h")
    assert told.stdout.encode() == out.read_bytes()
    assert house.command("export", "--format", "syslog", "--tenant", "acme").returncode == 1
    assert house.command("export", "--format", form, "--tenant", "nobody").returncode == 1


def _served(form: str, event: dict[str, Any]) -> bool:
    if form == "purview":
        models = event["CopilotEventData"]["ModelTransparencyDetails"]
        return bool(models) and all(each["ModelName"] in ("good", "sonnet", "m-broken") for each in models)
    if form == "ocsf":
        return event.get("ai_model", {}).get("name") in ("good", "sonnet", "m-broken")
    return event["data"]["served"] in ("good", "sonnet") or bool(event["data"]["egresses"])


def _refused(form: str, event: dict[str, Any]) -> bool:
    if form == "purview":
        return bool(
            event["CopilotEventData"]["AccessedResources"][0]["PolicyDetails"][0]["PolicyOutcomes"]
            == ["Block"]
        )
    return (
        bool(event["activity_name"] == "Refuse") if form == "ocsf" else event["type"] == "signalbox.denial.v1"
    )
