"""A tenant may have more of its intents on disk before anything leaves, never fewer than the law owes."""

from pathlib import Path

import pytest

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import ConfigErrors, load

ROOT = Path(__file__).parents[2]
KINDS = InstalledKinds()
NOW_US = 1_795_000_000_000_000


def settings_with(directory: Path, label: str) -> Path:
    text = (ROOT / "signalbox.small.toml").read_text()
    written = 'durable_from = "confidential"'
    assert text.count(written) == 1
    (directory / "policies").symlink_to(ROOT / "policies")
    path = directory / "signalbox.toml"
    path.write_text(text.replace(written, f'durable_from = "{label}"'))
    return path


@pytest.mark.parametrize("label", ["public", "general", "confidential"])
def test_more_may_be_asked_for(tmp_path: Path, label: str) -> None:
    settings = load(settings_with(tmp_path, label), {}, now_us=NOW_US, provider_kinds=KINDS)
    assert settings.tenants[0].durable_from.label == label


def test_less_than_is_owed_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as raised:
        load(settings_with(tmp_path, "highly-confidential"), {}, now_us=NOW_US, provider_kinds=KINDS)
    assert "tenants[0].durable_from: expected one of `confidential`, `general`, `public`" in str(raised.value)
