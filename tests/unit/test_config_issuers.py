"""`[[issuers]]`: what a good one becomes, and every fault at its place."""

from pathlib import Path

import pytest

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import ConfigErrors, describe, load
from signalbox.identity.issuer import AppBinding, Issuer

ROOT = Path(__file__).parents[2]
GOOD = """
[[issuers]]
id = "entra"
issuer = "https://login.microsoftonline.com/{tid}/v2.0"
audiences = ["api://signalbox"]
tenants = { "7a2f" = "local" }
jwks_url = "https://login.microsoftonline.com/common/discovery/v2.0/keys"
groups = { "guid" = "pilot" }
roles = { "Signalbox.User" = "user" }
apps = [{ client = "c1", app = "Excel", feature = "Formula", may_assert = ["user"], app_only = true }]
"""


def read(directory: Path, text: str) -> tuple[Issuer, ...]:
    (directory / "policies").symlink_to(ROOT / "policies")
    file = directory / "signalbox.toml"
    file.write_text((ROOT / "signalbox.toml").read_text() + text)
    return load(file, {}, now_us=1_800_000_000_000_000, provider_kinds=InstalledKinds()).issuers


def test_what_is_written_is_what_is_trusted(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD) == (
        Issuer(
            id="entra",
            url="https://login.microsoftonline.com/{tid}/v2.0",
            audiences=frozenset(("api://signalbox",)),
            tenants={"7a2f": "local"},
            jwks_url="https://login.microsoftonline.com/common/discovery/v2.0/keys",
            algorithms=frozenset(("RS256",)),
            skew_us=60_000_000,
            groups={"guid": "pilot"},
            roles={"Signalbox.User": "user"},
            apps=(
                AppBinding(
                    client="c1",
                    app="excel",
                    feature="formula",
                    may_assert=frozenset(("user",)),
                    app_only=True,
                ),
            ),
            refresh_us=300_000_000,
            max_age_us=86_400_000_000,
        ),
    )


def test_a_file_of_keys_is_found_beside_the_settings(tmp_path: Path) -> None:
    text = GOOD.replace("jwks_url = ", 'jwks_file = "keys.json" #')
    assert read(tmp_path, text)[0].jwks_file == str(tmp_path / "keys.json")


def test_discovery_asks_the_first_directorys_own_address(tmp_path: Path) -> None:
    several = GOOD.replace('"7a2f" = "local"', '"8b3e" = "local", "7a2f" = "local"')
    (issuer,) = read(tmp_path, several.replace("jwks_url = ", "discovery = true #"))
    assert (issuer.discovery, issuer.jwks_url) == ("https://login.microsoftonline.com/7a2f/v2.0", "")


def test_check_lists_issuers(tmp_path: Path) -> None:
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    file = tmp_path / "signalbox.toml"
    file.write_text((ROOT / "signalbox.toml").read_text() + GOOD.replace("jwks_url = ", "discovery = true #"))
    told = describe(load(file, {}, now_us=1_800_000_000_000_000, provider_kinds=InstalledKinds()))
    assert (
        "issuer     entra: https://login.microsoftonline.com/{tid}/v2.0, for api://signalbox, 1 app" in told
    )
    assert "tenants 7a2f → local; RS256 keys discovered at https://login.microsoftonline.com/7a2f/" in told


@pytest.mark.parametrize(
    ("before", "after", "place", "words"),
    [
        ('issuer = "https', 'issuer = "http', "issuer", "https://"),
        ('jwks_url = "https://', 'jwks_url = "http://', "jwks_url", "https://"),
        ('jwks_url = "https://', 'jwks_url = "https://me:secret@', "jwks_url", "without a user"),
        ('audiences = ["api://signalbox"]', "audiences = []", "audiences", "at least one"),
        ('"7a2f" = "local"', '"7a2f" = "else"', "tenants.7a2f", "unknown tenant"),
        ("tenants = {", 'tenant = "local"\ntenants = {', "tenant", "either `tenant` or `tenants`"),
        ('tenants = { "7a2f" = "local" }', 'tenant = "local"', "issuer", "stands for"),
        ("groups =", "discovery = true\ngroups =", "jwks_url", "`discovery = true` alone"),
        ("jwks_url = ", "#", "jwks_url", "either `jwks_url` or `jwks_file`"),
        ("groups =", 'algorithms = ["HS256"]\ngroups =', "algorithms[0]", "unknown algorithm `HS256`"),
        ("groups =", 'algorithms = ["none"]\ngroups =', "algorithms[0]", "unknown algorithm"),
        ("groups =", "algorithms = []\ngroups =", "algorithms", "at least one"),
        ("groups =", 'clock_skew = "6m"\ngroups =', "clock_skew", "at most"),
        ("groups =", 'keys_max_age = "5m"\ngroups =', "keys_max_age", "more than keys_refresh"),
        ('= "user" }', '= "usr" }', "roles", "unknown role `usr`; did you mean `user`?"),
        ('app = "Excel", ', "", "apps[0].feature", "expected `app` too"),
        ('["user"]', '["admin"]', "apps[0].may_assert[0]", "unknown field"),
    ],
)
def test_a_fault_is_named_at_its_place(
    tmp_path: Path, before: str, after: str, place: str, words: str
) -> None:
    assert GOOD.count(before) == 1
    with pytest.raises(ConfigErrors) as refused:
        read(tmp_path, GOOD.replace(before, after))
    (error,) = refused.value.errors
    assert f"issuers[0].{place}" in error.message
    assert words in error.message
    assert "secret" not in error.message


def test_two_issuers_of_one_address_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="would name two"):
        read(tmp_path, GOOD + GOOD.replace('"entra"', '"again"'))


def test_one_directorys_administrators_grant_nothing_in_another(tmp_path: Path) -> None:
    more = '\n[[tenants]]\nid = "else"\n'
    several = GOOD.replace('"7a2f" = "local"', '"7a2f" = "local", "8b3e" = "else"')
    for role in ("auditor", "platform-admin", "operator"):
        place = tmp_path / role
        place.mkdir()
        with pytest.raises(ConfigErrors, match="reaches every tenant"):
            read(place, more + several.replace('"user" }', f'"{role}" }}'))
    assert read(tmp_path, GOOD.replace('"user" }', '"auditor" }'))[0].roles == {"Signalbox.User": "auditor"}
