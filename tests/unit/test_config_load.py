"""What settings become: the shipped files, every value at its place, and what the environment overrides."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import Settings, describe, load, models_directory
from signalbox.config.tables import Document
from signalbox.config.validate import OVERRIDES
from signalbox.domain.endpoint import Catalogue
from signalbox.domain.money import Price, Usage
from signalbox.domain.plan import Objective
from signalbox.domain.traits import Capability, Sensitivity

ROOT = Path(__file__).parents[2]
NOW_US = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1_000_000
KINDS = InstalledKinds()
SHIPPED = ("signalbox.toml", "signalbox.small.toml", "signalbox.example.toml")


def shipped(name: str, env: dict[str, str] | None = None) -> Settings:
    return load(ROOT / name, env or {}, now_us=NOW_US, provider_kinds=KINDS)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_loads_and_can_be_named(name: str) -> None:
    settings = shipped(name)
    assert re.fullmatch("[0-9a-f]{64}", settings.catalogue.hash)
    assert settings.files[0] == ROOT / name
    assert set(settings.policy.texts) >= {"policies/base.cedar", "policies/places.cedar"}
    assert settings.policy.schema
    assert "policies/base.cedar" in describe(settings)
    # The same text gives the same release, wherever and whenever it is read.
    assert shipped(name).catalogue.hash == settings.catalogue.hash


def test_the_default_file_runs_two_local_models() -> None:
    settings = shipped("signalbox.toml")
    small, large = settings.catalogue.endpoints
    assert (small.id, large.id) == ("local-qwen-0.5b", "local-qwen-1.5b")
    assert small.transport.model_file == "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
    assert large.transport.model_file == "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    # llama.cpp is told to report the file's stem.
    assert small.served_names == ("qwen2.5-coder-0.5b-instruct-q4_k_m",)
    # Cheap and fast against better and slower: else there would be nothing to choose.
    assert small.price.output_per_mtok < large.price.output_per_mtok
    assert small.speed.output_token_us < large.speed.output_token_us
    quality = {model.id: model.quality for model in settings.catalogue.models}
    assert all(quality[small.model].get(task, 0) < value for task, value in quality[large.model].items())
    for endpoint in settings.catalogue.endpoints:
        assert (endpoint.cloud, endpoint.operator, endpoint.processor) == ("on-premises", "self", "self")
        assert (endpoint.retention, endpoint.storage_places) == ("none", ())
    (tenant,) = settings.tenants
    assert (tenant.id, tenant.home_cloud) == ("local", "on-premises")
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8484)
    assert settings.server.local_key
    assert settings.data_dir == ROOT / "data"


def test_the_small_file_runs_one() -> None:
    (endpoint,) = shipped("signalbox.small.toml").catalogue.endpoints
    assert endpoint.id == "local-smollm2-135m"
    assert endpoint.transport.model_file == "smollm2-135m-instruct-q4_1.gguf"


def test_the_example_shows_the_whole_picture() -> None:
    settings = shipped("signalbox.example.toml")
    catalogue = Catalogue(settings.catalogue)
    eu = set(settings.catalogue.boundaries["eu"])
    within = {endpoint.id for endpoint in catalogue.endpoints if eu.issuperset(endpoint.inference_places)}
    assert within == {
        "azure-sweden-embeddings",
        "azure-sweden-gpt-5-mini",
        "openai-eu-gpt-5-mini",
        "bedrock-eu-claude-sonnet",
        "foundry-mai",
        "own-mistral-small",
    }
    unbounded = catalogue.endpoint("bedrock-global-claude-sonnet")
    assert unbounded.transport.deployment.startswith("global.")
    # Who may run anywhere lies within the one boundary that says so.
    holding = [
        name for name, places in settings.catalogue.boundaries.items()
        if set(places).issuperset(unbounded.inference_places)
    ]  # fmt: skip
    assert holding == ["world"]
    assert (
        len({endpoint.region for endpoint in catalogue.endpoints if endpoint.provider == "azure-openai"}) == 2
    )
    assert {endpoint.provider for endpoint in catalogue.endpoints} == KINDS.names - {"embedded"}
    assert len(settings.tenants) == 2
    assert {key.tenant for key in settings.keys} == {"contoso-eu", "fabrikam"}
    transports = [endpoint.transport for endpoint in catalogue.endpoints]
    assert {transport.authentication for transport in transports} == {"key", "entra"}
    credentials = [transport.credential for transport in transports if transport.credential]
    assert len(set(credentials)) == len(credentials)
    assert all(endpoint.evidence for endpoint in catalogue.endpoints)
    assert settings.feature_objectives["contoso-eu"]["word.board"] == "board-papers"
    assert settings.tenant_objectives == {"contoso-eu": "balanced", "fabrikam": "cost"}


def test_values_arrive_exactly() -> None:
    settings = shipped("signalbox.example.toml")
    catalogue = Catalogue(settings.catalogue)
    endpoint = catalogue.endpoint("azure-sweden-gpt-5-mini")
    price = Price(
        currency="USD",
        input_per_mtok=275_000_000,
        output_per_mtok=2_200_000_000,
        cached_input_per_mtok=27_500_000,
        cache_write_per_mtok=275_000_000,
        cache_write_1h_per_mtok=275_000_000,
    )
    assert endpoint.price == price
    assert str(endpoint.price.cost(Usage(input=1_000_000))) == "0.275000000 USD"
    assert endpoint.model_version == "2025-08-07"
    assert endpoint.capabilities & (Capability.TOOLS | Capability.SEED) == Capability.TOOLS
    assert endpoint.lifecycle.available_from_us == 1_754_524_800_000_000
    assert endpoint.lifecycle.retired_from_us is None
    assert endpoint.speed.first_token_us == 900_000
    assert endpoint.speed.output_token_us == 11_111
    assert catalogue.models["gpt-5-mini"].quality["default"] == 7_500
    # No price of its own: cached input costs what input costs.
    own = catalogue.endpoint("own-mistral-small")
    assert own.price.cached_input_per_mtok == own.price.input_per_mtok
    assert own.transport.connect_timeout_ms == 1_000
    assert own.transport.idle_timeout_ms == 60_000
    assert settings.objectives["balanced"].quality_floor == 3_000
    assert settings.objectives["quality"] == Objective(
        name="quality",
        quality=80,
        latency=10,
        cost=10,
        quality_floor=0,
        latency_target_us=10_000_000,
        cost_scale_nanos=10_000_000,
    )
    assert (settings.server.body_bytes_max, settings.server.header_timeout_ms) == (8 << 20, 5_000)
    assert settings.dispatch.breaker.open_ms_max == 60_000
    fabrikam = settings.tenants[1]
    assert fabrikam.durable_from is Sensitivity.PUBLIC
    assert fabrikam.default_label is Sensitivity.CONFIDENTIAL
    batch = settings.keys[2]
    assert batch.may_assert == {"label"}
    assert batch.expires_us == 1_830_211_200_000_000


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env = {
        "SIGNALBOX_PORT": "0",
        "SIGNALBOX_DATA_DIR": str(tmp_path / "data"),
        "SIGNALBOX_MODELS_DIR": "some/models",
    }
    settings = shipped("signalbox.toml", env)
    assert settings.server.port == 0
    assert settings.data_dir == tmp_path / "data"
    assert settings.embedded.models_dir == Path("some/models").absolute()


def test_an_empty_variable_says_nothing() -> None:
    assert shipped("signalbox.toml", dict.fromkeys(OVERRIDES, "")) == shipped("signalbox.toml")


def test_credentials_are_not_read() -> None:
    class Spy(dict[str, str]):
        asked: ClassVar[set[str]] = set()

        def get(self, key: str, default: Any = None) -> Any:
            self.asked.add(key)
            return default

    spy = Spy()
    load(ROOT / "signalbox.example.toml", spy, now_us=NOW_US, provider_kinds=KINDS)
    assert spy.asked == {*OVERRIDES, "XDG_CACHE_HOME", "HOME"}


def test_a_release_is_named_by_what_it_says_not_where_it_lies(tmp_path: Path) -> None:
    here = shipped("signalbox.toml")
    (tmp_path / "policies").mkdir()
    for file in (ROOT / "policies").iterdir():
        (tmp_path / "policies" / file.name).write_bytes(file.read_bytes())
    moved = tmp_path / "signalbox.toml"
    text = (ROOT / "signalbox.toml").read_text()
    moved.write_bytes(text.replace("\n", "\r\n").encode())
    there = load(moved, {}, now_us=NOW_US, provider_kinds=KINDS)
    assert (there.catalogue.hash, there.policy) == (here.catalogue.hash, here.policy)
    moved.write_text(text.replace('region = "local"', 'region = "loft"', 1))
    assert load(moved, {}, now_us=NOW_US, provider_kinds=KINDS).catalogue.hash != here.catalogue.hash


def test_describe_says_where_things_run_and_shows_no_digest() -> None:
    settings = shipped("signalbox.example.toml")
    text = describe(settings)
    assert "runs in us, anywhere; rests nowhere (none); trains no model" in text
    assert "3.3 in, 16.5 out USD per million tokens" in text
    assert settings.catalogue.hash[:12] in text
    assert not any(key.sha256 in text for key in settings.keys)


def test_the_reference_names_every_field_and_its_default() -> None:
    reference = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    for name, field in _fields(Document):
        assert f"| `{name}` |" in reference, f"docs/reference/configuration.md lacks `{name}`"
        if isinstance(field.default, str | int) and field.default != "":
            row = next(row for row in reference.split("\n") if row.startswith(f"| `{name}` |"))
            default = f'"{field.default}"' if isinstance(field.default, str) else str(field.default).lower()
            assert f"`{default}`" in row, f"{name}: {default} is not in {row}"


def test_the_snippets_of_the_reference_are_toml() -> None:
    reference = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```toml\n(.*?)```", reference, re.DOTALL)
    assert snippets
    for snippet in snippets:
        tomllib.loads(snippet)


def _fields(struct: type[msgspec.Struct], prefix: str = "") -> list[tuple[str, msgspec.inspect.Field]]:
    """Every leaf field by its path, `endpoints.price.currency`."""
    found = []
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        kind = field.type
        while not isinstance(kind, msgspec.inspect.StructType):
            inner = (
                getattr(kind, "type", None)
                or getattr(kind, "item_type", None)
                or getattr(kind, "value_type", None)
            )
            if inner is None:
                break
            kind = inner
        if isinstance(kind, msgspec.inspect.StructType):
            found += _fields(kind.cls, f"{prefix}{field.name}.")
        else:
            found.append((prefix + field.name, field))
    return found


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SIGNALBOX_MODELS_DIR": "/big/disk", "HOME": "/h"}, "/big/disk"),
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/signalbox/models"),
        ({"HOME": "/h", "XDG_CACHE_HOME": ""}, "/h/.cache/signalbox/models"),
    ],
)
def test_the_environment_says_where_models_lie(environ: dict[str, str], expected: str) -> None:
    assert models_directory(environ) == Path(expected)
