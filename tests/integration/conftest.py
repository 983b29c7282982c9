"""A house to test from outside: one emulated vendor behind many endpoints, with real policies in front."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signalbox.simulate.scenario import Behaviour, Scenario
from signalbox.testing.served import Served, Vendor

ROOT = Path(__file__).parents[2]
KEYS = {
    "anna": 'tenant = "acme"\nsubject = "anna"\ngroups = ["claude-pilot"]\n'
    'may_assert = ["app", "feature", "task", "label", "latency_class", "boundary", "user", "deadline_ms"]',
    "bound": 'tenant = "acme"\nsubject = "excel-addin"\napp = "excel"\nfeature = "formula"',
    "plain": 'tenant = "acme"\nsubject = "service"',
    "walled": 'tenant = "walled"\nsubject = "nobody"',
    "expired": 'tenant = "acme"\nsubject = "gone"\nexpires = 2020-01-01',
}
"""Key texts are `sb-<name>`. `plain` may assert nothing and is in no group; `walled` is permitted nothing."""

FAULTS = {
    "hang": Behaviour(fault="hang"),
    "reset": Behaviour(fault="reset_before"),
    "reset-mid": Behaviour(fault="reset_mid", token_ms=3),
    "garbage": Behaviour(fault="garbage"),
    "half-event": Behaviour(fault="half_event", token_ms=3),
    "error-body": Behaviour(fault="error_body", message="SECRET-OF-THE-VENDOR", code="boom"),
    "error-event": Behaviour(fault="error_event", token_ms=3, message="SECRET-OF-THE-VENDOR"),
    "wrong-type": Behaviour(fault="wrong_type"),
    "truncated": Behaviour(fault="truncated_json", token_ms=3),
    "early-eof": Behaviour(fault="early_eof", token_ms=3),
    "silent": Behaviour(fault="silent", token_ms=3),
    "refused": Behaviour(fault="status", status=401, message="SECRET-OF-THE-VENDOR"),
    "broken": Behaviour(fault="status", status=500, message="SECRET-OF-THE-VENDOR"),
    "busy": Behaviour(fault="status", status=429, retry_after="7", message="SECRET-OF-THE-VENDOR"),
    "slow": Behaviour(token_ms=50, tokens=200),
    "long": Behaviour(token_ms=20, tokens=100),
    "flood": Behaviour(tokens=200_000),
}
"""Endpoints `x-<name>` of models `m-<name>`: each a way for a vendor to misbehave."""

HEAD = """
[server]
port = 0
data_dir = "data"
{server}
[dispatch]
backoff = "20ms"
health_cadence = "50ms"
retries = 0
{dispatch}
[policy]
files = ["policies/*.cedar"]
schema = "policies/signalbox.cedarschema"

[places]
own = "our own data centre"
se = "Sweden"
us = "United States"
nowhere = "no endpoint is here"

[boundaries]
on-premises = ["own"]
eu = ["own", "se"]
world = ["own", "se", "us", "nowhere"]
none = ["nowhere"]

[[tenants]]
id = "acme"
default_boundary = "eu"
home_cloud = "azure"
[[tenants]]
id = "walled"
default_boundary = "none"

[[vendors]]
id = "acme-models"
name = "Acme"
[[vendors]]
id = "anthropic"
name = "Anthropic"
"""


def model(ident: str, vendor: str, quality: str) -> str:
    return (
        f'\n[[models]]\nid = "{ident}"\nvendor = "{vendor}"\nversion = "v1"\n'
        f"quality = {{ default = {quality} }}\n"
    )


def endpoint(ident: str, named: str, vendor: str, cloud: str, place: str, url: str, **more: object) -> str:
    kept = '"none"' if cloud == "on-premises" else '"days-30"'
    stored = "[]" if cloud == "on-premises" else f'["{place}"]'
    return f"""
[[endpoints]]
id = "{ident}"
vendor = "{vendor}"
model = "{named}"
provider = "openai-compatible"
cloud = "{cloud}"
region = "{place}-1"
operator = "{"self" if cloud == "on-premises" else cloud}"
processor = "{cloud}"
inference_places = ["{place}"]
storage_places = {stored}
retention = {kept}
trains_on_data = false
contract = "none"
terms_version = "1"
served_names = ["{more.get("deployment", named)}"]
capabilities = ["streaming", "sampling", "stop-words",
  "tools", "parallel-tools", "forced-tool", "json-object", "json-schema",
  "seed", "penalties", "many-choices"]
limits = {{ context_tokens = 400_000, output_tokens = 300_000, concurrency = {more.get("concurrency", 8)} }}
speed = {{ first_token = "50ms", input_tokens_per_s = 9000, output_tokens_per_s = 900 }}
price = {{ currency = "USD", input_per_mtok = "1", output_per_mtok = "2" }}
lifecycle = {{ available_from = 2025-01-01 }}
transport = {{ base_url = "{url}", deployment = "{more.get("deployment", named)}", idle_timeout = "1s" }}
"""


def settings_text(url: str, *, server: str = "", dispatch: str = "", more: str = "") -> str:
    """`own-good` on-premises, `azure-se` in the EU, `us-west` outside every boundary of acme but `world`,
    `claude-se` for the pilot group; one endpoint a fault; `one-place` takes a single request at a time."""
    text = HEAD.format(server=server, dispatch=dispatch)
    text += model("good", "acme-models", "0.9") + model("sonnet", "anthropic", "0.6")
    for name in (*FAULTS, "one"):
        text += model(f"m-{name}", "acme-models", "0.1")
    text += endpoint("own-good", "good", "acme-models", "on-premises", "own", url)
    text += endpoint("azure-se", "good", "acme-models", "azure", "se", url)
    text += endpoint("us-west", "good", "acme-models", "azure", "us", url)
    text += endpoint("claude-se", "sonnet", "anthropic", "bedrock", "se", url)
    text += endpoint("us-claude", "sonnet", "anthropic", "bedrock", "us", url)
    text += endpoint("one-place", "m-one", "acme-models", "on-premises", "own", url, concurrency=1)
    for name in FAULTS:
        text += endpoint(
            f"x-{name}", f"m-{name}", "acme-models", "on-premises", "own", url, deployment=f"d-{name}"
        )
    for name, lines in KEYS.items():
        digest = hashlib.sha256(f"sb-{name}".encode()).hexdigest()
        text += f'\n[[keys]]\nid = "{name}"\nsha256 = "{digest}"\n{lines}\n'
    return text + more


def build_house(directory: Path, text: str) -> Path:
    """A settings file with the shipped policies beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    policies = directory / "policies"
    policies.mkdir(exist_ok=True)
    for policy in (ROOT / "policies").iterdir():
        (policies / policy.name).write_text(policy.read_text())
    file = directory / "signalbox.toml"
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    scenario = Scenario(
        default=Behaviour(tokens=8), models={f"d-{name}": fault for name, fault in FAULTS.items()}
    )
    with Vendor(scenario) as vendor:
        yield vendor


@pytest.fixture(scope="module")
def furnish(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`furnish(server=…, dispatch=…, more=…)` writes a settings file of its own and returns it."""

    def make(*, server: str = "", dispatch: str = "", more: str = "") -> Path:
        text = settings_text(vendor.base_url, server=server, dispatch=dispatch, more=more)
        return build_house(tmp_path_factory.mktemp("house"), text)

    return make


@pytest.fixture(scope="module")
def served(furnish: Callable[..., Path]) -> Iterator[Served]:
    """The server that a module's tests share. Whatever they did to it: it stops cleanly, its log is sound,
    and it never had to tell of a bug."""
    config = furnish(dispatch="breaker = { failures = 1000 }")
    with Served(config, config.parent / "data") as served:
        yield served
    assert served.process.returncode == 0
    report = served.verified()
    assert report.sound, report.findings
    assert not report.open_attempts
    assert "Traceback" not in served.complaints
    assert "a request failed" not in served.complaints
