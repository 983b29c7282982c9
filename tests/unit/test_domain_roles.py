"""Every role × action × own tenant, another tenant, the platform."""

import re
from pathlib import Path
from typing import get_args

import pytest

from signalbox.domain.principal import Principal, Tenant
from signalbox.domain.roles import ACTIONS, AT_HOME, EVERYWHERE, PLATFORM, ROLES, Action, may, may_everywhere

HOME = "acme"
READS = {"platform.read", "tenant.read", "policy.read", "log.read", "spend.read"}
GLASS = {"break-glass.ask", "break-glass.grant"}
ANYWHERE: dict[str, set[str]] = {
    "operator": {"platform.read", "platform.operate"},
    "platform-admin": READS | GLASS | {"platform.operate", "tenant.manage", "content.erase"},
    "auditor": READS,
    "release-author": {"policy.read", "policy.draft"},
}
OWN: dict[str, set[str]] = {
    "tenant-admin": GLASS
    | {"tenant.read", "tenant.manage", "policy.read", "log.read", "spend.read", "content.erase"},
    "content-reader": {"content.open"},
    "policy-author": {"policy.read", "policy.draft", "break-glass.ask"},
    "approver": GLASS | {"policy.read", "policy.approve"},
    "finance": {"spend.read"},
    "user": {"ask"},
}


def who(*roles: str) -> Principal:
    return Principal(tenant=Tenant(id=HOME), key="k", subject="s", roles=roles)


def allowed(principal: Principal, tenant: str) -> set[str]:
    return {action for action in ACTIONS if may(principal, action, tenant)}


def test_the_table_is_whole() -> None:
    assert get_args(Action) == ACTIONS
    assert set(ROLES) == ANYWHERE.keys() | OWN.keys()
    assert not EVERYWHERE.keys() & AT_HOME.keys()


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_this_and_nothing_else(role: str) -> None:
    anywhere = ANYWHERE.get(role, set())
    assert allowed(who(role), HOME) == anywhere | OWN.get(role, set())
    assert allowed(who(role), "another") == anywhere
    assert allowed(who(role), PLATFORM) == anywhere


def test_an_auditor_reads_all_and_changes_nothing() -> None:
    for tenant in (HOME, "another", PLATFORM):
        assert allowed(who("auditor"), tenant) == {a for a in ACTIONS if a.endswith(".read")}


def test_no_one_role_drafts_and_approves() -> None:
    assert not any({"policy.draft", "policy.approve"} <= allowed(who(role), HOME) for role in ROLES)


def test_no_role_is_a_user_and_what_is_no_role_is_nothing() -> None:
    assert allowed(who(), HOME) == {"ask"}
    assert allowed(who(), "another") == set()
    assert allowed(who("Operator", "root", ""), HOME) == set()


def test_roles_add_up() -> None:
    assert allowed(who("finance", "user"), HOME) == {"spend.read", "ask"}
    assert allowed(who("user", "operator"), "another") == ANYWHERE["operator"]


def test_the_page_is_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "roles.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.+) \|$", page, re.MULTILINE)
    told = {
        role: (reach.startswith("the platform"), set(re.findall("`(.+?)`", may))) for role, reach, may in rows
    }
    expected = {role: (True, actions) for role, actions in ANYWHERE.items()}
    assert told == expected | {role: (False, actions) for role, actions in OWN.items()}


def test_what_is_everyones_is_for_who_may_it_with_everyone() -> None:
    assert may_everywhere(who("auditor"), "log.read", [HOME, "another"])
    assert may_everywhere(who("tenant-admin"), "log.read", [HOME])
    assert not may_everywhere(who("tenant-admin"), "log.read", [HOME, "another"])
    assert not may_everywhere(who("tenant-admin"), "log.read", [])
    assert not may_everywhere(who("finance"), "log.read", [HOME])
