"""Kinds of provider are found by their entry points, loaded when they are used, and hold their endpoints."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from signalbox.adapters.providers.azure_access.checks import check as check_azure
from signalbox.adapters.providers.openai.provider import check as check_openai
from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.app import Signalbox
from signalbox.config import ConfigErrors, Settings, load
from signalbox.domain.endpoint import Transport
from signalbox.domain.traits import CAPABILITY_NAMES, DECLARED_CAPABILITIES, capability_names
from signalbox.testing.values import endpoint

ROOT = Path(__file__).parents[2]
NOW_US = 1_770_000_000_000_000
OURS = ("anthropic", "azure-foundry", "azure-openai", "embedded", "openai", "openai-compatible")
THIRD = """
from signalbox.domain.traits import Capability
from signalbox.ports.provider_kind import Kind, Mistake


def make(around):
    raise AssertionError("nothing was to be made")


def check(endpoint):
    if endpoint.region != "mars":
        yield Mistake("region", f"`{endpoint.region}` is not where we are; expected `mars`")


KIND = Kind(
    make=make, expresses=lambda transport: Capability.STREAMING, needs=frozenset({"base_url"}), check=check
)
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of packages, as an installation leaves it."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    return place


def install(site: Path, name: str, entry: str, code: str = THIRD) -> None:
    module = name.replace("-", "_")
    (site / f"{module}.py").write_text(code)
    info = site / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[signalbox.providers]\n{entry}\n")


def settings(tmp_path: Path, provider: str, transport: str, capabilities: str) -> Settings:
    """The shipped small settings, with their endpoint changed."""
    text = (ROOT / "signalbox.small.toml").read_text()
    head, _, rest = text.partition('provider = "embedded"')
    before, _, after = rest.partition("capabilities = [")
    middle, _, tail = after.partition("]")[2].partition("[endpoints.transport]")
    end = tail.partition("\n[")[2]
    file = tmp_path / "signalbox.toml"
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    file.write_text(
        f'{head}provider = "{provider}"{before}capabilities = [{capabilities}]{middle}'
        f"[endpoints.transport]\n{transport}\n[{end}"
    )
    return load(file, {}, now_us=NOW_US, provider_kinds=InstalledKinds())


def words_of(refused: pytest.ExceptionInfo[ConfigErrors]) -> dict[str, str]:
    return {error.field: error.expected for error in refused.value.errors}


def test_only_what_the_settings_use_is_loaded() -> None:
    """The shipped settings run on this machine: no vendor's code, and nothing heavy, comes with them."""
    code = (
        "import sys; from pathlib import Path; from signalbox.app import load_settings; "
        "load_settings(Path('signalbox.small.toml'), {}); print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "signalbox.adapters.providers.embedded.kind" in loaded
    vendors = {"anthropic", "azure_foundry", "azure_openai", "bedrock", "openai", "openai_compatible"}
    assert not {f"signalbox.adapters.providers.{vendor}" for vendor in vendors} & loaded
    assert not {"azure", "azure.identity", "botocore"} & loaded


async def test_a_reload_adds_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    file = tmp_path / "signalbox.toml"
    text = (ROOT / "signalbox.small.toml").read_text()
    file.write_text(text)
    async with Signalbox.from_config(file, env={"HOME": str(tmp_path)}) as box:
        assert set(box.providers) == {"embedded"}
        before = box.providers["embedded"]
        other = "[[endpoints]]" + text.partition("\n[[endpoints]]")[2]  # the last of the file
        other = re.sub(r'^id = "[^"]*"', 'id = "far-away"', other, count=1, flags=re.MULTILINE)
        other = other.replace('provider = "embedded"', 'provider = "openai-compatible"')
        other = re.sub(r'model_file = "[^"]*"', 'base_url = "http://far.away/v1"', other)
        file.write_text(f"{text}\n{other}")
        await box.reload()
        assert set(box.providers) == {"embedded", "openai-compatible"}
        assert box.providers["embedded"] is before


@pytest.mark.parametrize("name", OURS)
def test_ours_are_installed_and_load(name: str) -> None:
    kinds = InstalledKinds()
    assert name in kinds.names
    kind = kinds.kind(name)
    assert kind.needs | kind.uses <= set(Transport.__struct_fields__)
    declared = sum(CAPABILITY_NAMES[capability] for capability in DECLARED_CAPABILITIES)
    for surface in ("chat", "responses"):
        assert kind.expresses(Transport(surface=surface)) & ~declared == 0


def test_a_third_party_adds_a_kind(site: Path, tmp_path: Path) -> None:
    install(site, "mars-models", "mars = mars_models:KIND")
    kinds = InstalledKinds()
    assert "mars" in kinds.names
    assert "mars_models" not in sys.modules, "a name is known without its code"
    with pytest.raises(ConfigErrors) as refused:
        settings(tmp_path, "mars", "", '"streaming", "seed"')
    assert words_of(refused) == {
        "endpoints[0].transport.base_url": "missing; provider `mars` is reached by its base_url",
        "endpoints[0].capabilities[1]": "provider `mars` cannot express `seed`: remove it",
    }
    (tmp_path / "policies").unlink()
    with pytest.raises(ConfigErrors) as refused:
        settings(tmp_path, "mars", 'base_url = "http://mars"\ndeployment = "d"', '"streaming"')
    assert list(words_of(refused)) == ["endpoints[0].transport.deployment"]
    (tmp_path / "policies").unlink()
    with pytest.raises(ConfigErrors) as refused:
        settings(tmp_path, "mars", 'base_url = "http://mars"', '"streaming"')
    assert "expected `mars`" in words_of(refused)["endpoints[0].region"]
    sys.modules.pop("mars_models")


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ("odd = odd_models:KIND", "import no_such_module", "cannot be loaded from `odd_models:KIND`"),
        ("odd = odd_models:KIND", "", "cannot be loaded from `odd_models:KIND`"),
        ("odd = odd_models:KIND", "KIND = 7", "is not a `Kind`"),
    ],
)
def test_a_kind_that_cannot_be_loaded_is_a_fault_of_the_endpoint_that_uses_it(
    site: Path, tmp_path: Path, entry: str, code: str, words: str
) -> None:
    install(site, "odd-models", entry, code)
    with pytest.raises(ConfigErrors) as refused:
        settings(tmp_path, "odd", "", "")
    assert list(words_of(refused)) == ["endpoints[0].provider"]
    assert words in words_of(refused)["endpoints[0].provider"]
    sys.modules.pop("odd_models", None)


def test_nobody_takes_over_a_name(site: Path, tmp_path: Path) -> None:
    install(site, "other-models", "openai = other_models:KIND")
    with pytest.raises(ConfigErrors) as refused:
        settings(tmp_path, "openai", 'credential = "KEY"', '"streaming"')
    assert words_of(refused)["endpoints[0].provider"] == (
        "provider kind `openai` is claimed by `other-models` and `signalbox`: uninstall one of them"
    )
    assert "other_models" not in sys.modules


@pytest.mark.parametrize(
    ("provider", "transport", "capability", "words"),
    [
        ("anthropic", 'credential = "KEY"', "seed", "provider `anthropic` cannot express `seed`: remove it"),
        ("anthropic", 'credential = "KEY"', "embeddings", "provider `anthropic` cannot express `embeddings`"),
        ("anthropic", 'credential = "KEY"', "json-object", "cannot express `json-object`"),
        ("openai", 'credential = "KEY"', "top-k", "provider `openai` cannot express `top-k`: remove it"),
        ("openai", 'credential = "KEY"', "openai-thinking", "cannot express `openai-thinking`"),
        ("openai", 'credential = "KEY"\nsurface = "responses"', "stop-words",
         "provider `openai` cannot express `stop-words` on its surface `responses`: remove it"),
    ],
)  # fmt: skip
def test_what_a_request_cannot_say_is_refused(
    tmp_path: Path, provider: str, transport: str, capability: str, words: str
) -> None:
    with pytest.raises(ConfigErrors) as refused:
        settings(tmp_path, provider, transport, f'"streaming", "{capability}"')
    assert words in words_of(refused)["endpoints[0].capabilities[1]"]


def test_the_reference_says_what_each_can_express() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text()
    table = page.partition("### What providers can express")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.split("\n") if line.startswith("| `")]
    kinds = InstalledKinds()
    told = set()
    for providers, surface, capabilities in rows:
        transport = Transport(surface="responses" if "responses" in surface else "chat")
        for name in providers.split(","):
            told.add((name.strip(" `"), transport.surface))
            expressed = capability_names(kinds.kind(name.strip(" `")).expresses(transport))
            assert [word.strip(" `") for word in capabilities.split(",")] == list(expressed)
    both = {(name, "responses") for name in OURS if "surface" in kinds.kind(name).uses}
    assert told == both | {(name, "chat") for name in OURS}


def openai_at(host: str, *places: str) -> list[str]:
    transport = Transport(base_url=f"https://{host}/v1", credential="KEY")
    return [
        mistake.field for mistake in check_openai(endpoint("a", transport=transport, inference_places=places))
    ]


def test_a_regional_host_is_held_against_the_places() -> None:
    assert openai_at("eu.api.openai.com", "de", "fr", "the moon") == []
    assert openai_at("eu.api.openai.com", "eu") == []
    assert openai_at("eu.api.openai.com", "se") == ["inference_places"]
    assert openai_at("us.api.openai.com", "us") == []
    assert openai_at("us.api.openai.com", "us", "se") == ["inference_places"]
    assert openai_at("eu.api.openai.com", "us", "de") == ["inference_places"]
    assert openai_at("jp.api.openai.com", "eu", "in") == ["inference_places"] * 2
    assert openai_at("fr.api.openai.com", "fr") == ["transport.base_url"]
    assert openai_at("api.openai.com", "us", "anywhere") == []
    assert openai_at("proxy.internal", "se") == []


def azure(**transport: Any) -> list[str]:
    said = {"base_url": "https://n.openai.azure.com", **transport}
    return [mistake.field for mistake in check_azure(endpoint("a", transport=Transport(**said)))]


def test_an_endpoint_at_azure_says_one_way_in_and_the_address_of_its_resource() -> None:
    assert azure(credential="KEY") == azure(authentication="entra") == []
    assert azure() == ["transport.credential"]
    assert azure(authentication="entra", credential="KEY") == ["transport.credential"]
    assert azure(credential="KEY", base_url="https://n.openai.azure.com/openai/v1/") == ["transport.base_url"]
    assert azure(credential="KEY", base_url="https://n.openai.azure.com/") == []
