"""What the settings may say of kept content, and how a mistake is told."""

from pathlib import Path

import pytest
from tests.integration.conftest import build_house, settings_text

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import ConfigErrors, Settings, load
from signalbox.domain.traits import Sensitivity

HERE = '[payloads]\nplace = "own"\n'
KMS = '[payloads.keys.k]\nkind = "aws-kms"\nkey = "alias/acme"\nregion = "eu-central-1"\n'
VAULT = '[payloads.keys.k]\nkind = "azure-key-vault"\nkey = "https://acme.vault.azure.net/keys/content"\n'
NOW_US = 1_800_000_000_000_000


def read(tmp_path: Path, payloads: str, tenant: str, more: str = "") -> Settings:
    text = settings_text("http://127.0.0.1:1")
    text = text.replace('home_cloud = "azure"\n', f'home_cloud = "azure"\n[tenants.payloads]\n{tenant}\n', 1)
    text = text.replace("[places]\n", f"{payloads}\n{more}\n[places]\n", 1)
    return load(build_house(tmp_path, text), {}, now_us=NOW_US, provider_kinds=InstalledKinds())


def faults(tmp_path: Path, payloads: str, tenant: str, more: str = "") -> str:
    with pytest.raises(ConfigErrors) as wrong:
        read(tmp_path, payloads, tenant, more)
    return "\n".join(error.message for error in wrong.value.errors)


def test_nothing_is_kept_unless_a_tenant_says_so(tmp_path: Path) -> None:
    settings = read(tmp_path, "", "")
    assert settings.tenant_payloads == {}
    assert settings.payloads.place == ""


@pytest.mark.parametrize(
    ("keep", "most"),
    [
        ("public", Sensitivity.PUBLIC),
        ("general", Sensitivity.GENERAL),
        ("confidential", Sensitivity.CONFIDENTIAL),
        ("all", Sensitivity.HIGHLY_CONFIDENTIAL),
    ],
)
def test_what_is_kept_has_a_ceiling_and_a_time_by_sensitivity(
    tmp_path: Path, keep: str, most: Sensitivity
) -> None:
    tenant = f'keep = "{keep}"\nretention_days = {{ confidential = 7, highly-confidential = 1 }}'
    kept = read(tmp_path, HERE, tenant).tenant_payloads
    assert list(kept) == ["acme"]
    assert (kept["acme"].sensitivity_max, kept["acme"].days, kept["acme"].key) == (most, (30, 30, 7, 1), "")


@pytest.mark.parametrize("keys", [KMS, VAULT, VAULT.replace("content", "content/" + "0a" * 16)])
def test_a_key_of_a_service_is_named(tmp_path: Path, keys: str) -> None:
    settings = read(tmp_path, HERE + keys, 'keep = "all"\nkey = "k"')
    assert settings.tenant_payloads["acme"].key == "k"
    assert settings.payloads.keys["k"].kind in keys


@pytest.mark.parametrize(
    ("payloads", "tenant", "told"),
    [
        ("", 'keep = "all"', "payloads.place: expected the place where this machine stands"),
        ('[payloads]\nplace = "ovn"', 'keep = "all"', "unknown place `ovn`; did you mean `own`?"),
        (HERE, 'keep = "some"', "what of its content is kept"),
        (HERE, 'keep = "all"\nretention_days = { secret = 1 }', "unknown sensitivity `secret`"),
        (HERE, 'keep = "all"\nretention_days = { public = 0 }', "expected a whole number from 1"),
        (HERE, 'keep = "all"\nkey = "k"', "unknown key of [payloads.keys] `k`"),
        (HERE + KMS.replace("eu-central-1", "Frankfurt"), 'keep = "all"', "expected a region such as"),
        (HERE + KMS.replace("alias/acme", ""), 'keep = "all"', "the ARN, the id or the alias"),
        (HERE + KMS + 'base_url = "https://h/path"', 'keep = "all"', "an address without a path"),
        (HERE + VAULT.replace("/keys/content", ""), 'keep = "all"', "expected a key's identifier"),
        (HERE + VAULT + 'region = "x"', 'keep = "all"', "remove this"),
        (HERE + '[payloads.keys.k]\nkind = "file"\nkey = "x"', 'keep = "all"', "remove it"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, payloads: str, tenant: str, told: str) -> None:
    assert told in faults(tmp_path, payloads, tenant)


def test_nodes_that_share_a_store_share_a_key(tmp_path: Path) -> None:
    more = '[store]\nkind = "postgres"\nurl_credential = "PG"\nnode = "a"\n'
    assert "have to share its key" in faults(tmp_path, HERE, 'keep = "all"', more)
    assert read(tmp_path, HERE + KMS, 'keep = "all"\nkey = "k"', more).payloads.place == "own"
