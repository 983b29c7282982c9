"""Break-glass on a real server, by its commands: three people, and a vendor that keeps receipts."""

import os
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from signalbox.testing.served import COMMAND, Served, Vendor

PEOPLE = {"ann": "policy-author", "bob": "approver", "cleo": "approver", "ed": "auditor"}
PERMIT = """
@id("base.catalogue") @reason("only our own machines, on ordinary days")
permit (principal, action == Signalbox::Action::"infer", resource) when { resource.cloud == "on-premises" };
"""


@pytest.fixture
def server(furnish: Callable[..., Path]) -> Iterator[Served]:
    keys = "".join(
        f'\n[[keys]]\nid = "{name}"\nsha256 = "{sha256(f"sb-{name}".encode()).hexdigest()}"\n'
        f'tenant = "acme"\nsubject = "{name}"\nroles = ["{role}"]\n'
        for name, role in PEOPLE.items()
    )
    config = furnish(more=keys)
    base = config.parent / "policies" / "base.cedar"
    rest = base.read_text().partition("// An endpoint is used")
    base.write_text(PERMIT + rest[1] + rest[2])
    with Served(config, config.parent / "data") as served:
        yield served
    report = served.verified()
    assert report.sound, report.findings
    assert "Traceback" not in served.complaints


def signalbox(served: Served, who: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [COMMAND, "break-glass", *arguments, "--config", served.config],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SIGNALBOX_PORT": str(served.port), "SIGNALBOX_KEY": f"sb-{who}"},
    )


def ask(served: Served, model: str = "azure-se") -> int:
    return served.chat("sb-anna", model=model).status


def test_three_people_open_and_close_what_lacked_a_permit(server: Served, vendor: Vendor) -> None:
    assert ask(server) in (403, 404)
    sent = len(vendor.emulator.receipts.kept)
    asked = signalbox(
        server, "ann", "ask", "--endpoint", "cloud:azure", "--user", "anna", "--sensitivity", "confidential",
        "--minutes", "5", "--reason", "our own machines are down",
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    ident = asked.stdout.partition(":")[0]
    assert ask(server) in (403, 404)
    for who, why in (("ann", "403"), ("ed", "403")):
        refused = signalbox(server, who, "grant", ident)
        assert refused.returncode == 1, (why, refused.stdout)
    assert len(vendor.emulator.receipts.kept) == sent

    granted = signalbox(server, "bob", "grant", ident)
    assert granted.returncode == 0, granted.stderr
    assert "IN FORCE" in granted.stdout
    answer = server.chat("sb-anna", model="azure-se")
    assert answer.status == 200
    assert server.chat("sb-plain", model="azure-se").status in (403, 404)
    assert ask(server, "us-west") in (403, 404)  # outside the boundary: a forbid

    decision = answer.headers["x-signalbox-decision"]
    records = {record["kind"]: record for record in server.settled(decision)}
    assert records["decision"]["granted"] == ["azure-se"]
    assert records["intent"]["grant"] == ident
    told = server.command("explain", decision)
    assert f"permitted by break-glass `{ident}` alone" in " ".join(told.stdout.split())
    assert "the same plan" in told.stdout

    ended = signalbox(server, "ann", "end", ident, "--reason", "they are up again")
    assert ended.returncode == 0, ended.stderr
    assert ask(server) in (403, 404)
    assert "REVIEW IS OWED" in signalbox(server, "ed", "list").stdout
    second = signalbox(
        server, "ann", "ask", "--endpoint", "cloud:azure", "--user", "anna", "--reason", "again"
    ).stdout.partition(":")[0]
    refused = signalbox(server, "cleo", "grant", second)
    assert refused.returncode == 1
    assert "before its review" in " ".join((refused.stdout + refused.stderr).split())
    assert signalbox(server, "bob", "review", ident, "--findings", "mine").returncode == 1
    reviewed = signalbox(server, "cleo", "review", ident, "--findings", "one request, as was said")
    assert reviewed.returncode == 0, reviewed.stderr
    assert signalbox(server, "cleo", "grant", second).returncode == 0
    assert ask(server) == 200
    replayed = server.command("replay", "--since", "1h")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    acts = [record["what"] for record in server.records() if record["kind"] == "act"]
    assert acts[:5] == [f"break-glass.{what}" for what in ("asked", "granted", "ended", "asked", "reviewed")]
