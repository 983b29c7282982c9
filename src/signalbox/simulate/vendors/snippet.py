"""Endpoints for the settings file, one for each emulated vendor and region: to paste and to serve."""

from typing import Final

from signalbox.simulate.vendors.vendor import Vendor

KEY_VARIABLE: Final = "EMULATED_VENDOR_KEY"
_MODEL: Final = "emulated"

_COMMON: Final = ("streaming", "tools", "parallel-tools", "forced-tool", "json-schema")
_CAPABILITIES: Final[dict[str, tuple[str, ...]]] = {
    "openai": (*_COMMON, "json-object", "sampling", "stop-words", "seed", "vision"),
    "azure-openai": (*_COMMON, "json-object", "sampling", "stop-words", "vision"),
    "azure-foundry": (*_COMMON, "json-object", "sampling", "stop-words"),
    "anthropic": (*_COMMON, "stop-words", "vision", "citations", "thinking", "anthropic-thinking"),
    "bedrock": (*_COMMON, "sampling", "stop-words", "vision", "citations", "thinking", "anthropic-thinking"),
}

_API_VERSIONS: Final = {"azure-openai": "2024-10-21", "azure-foundry": "2024-05-01-preview"}

_HEAD: Final = f"""\
[[vendors]]
id = "emulated"
name = "Emulated on this machine"

[[models]]
id = "{_MODEL}"
vendor = "emulated"
version = "1"
quality = {{ default = 0.5 }}
"""


def snippet(vendors: list[Vendor]) -> str:
    """TOML. The place `here` must be one of the settings'."""
    blocks = [_endpoint(vendor, region) for vendor in vendors for region in vendor.places]
    return "\n".join([_HEAD, *blocks])


def _endpoint(vendor: Vendor, region: str) -> str:
    model = vendor.models(region)[0]
    capabilities = ", ".join(f'"{name}"' for name in _CAPABILITIES[vendor.name])
    version = _API_VERSIONS.get(vendor.name, "")
    return f"""\
[[endpoints]]
id = "emulated-{vendor.name}{f"-{region}" if region else ""}"
vendor = "emulated"
model = "{_MODEL}"
provider = "{vendor.name}"
cloud = "on-premises"
region = "{region or "us-east-1"}"
operator = "self"
processor = "self"
inference_places = ["here"]
storage_places = []
retention = "none"
trains_on_data = false
contract = "none: an emulator"
terms_version = "1"
certifications = []
served_names = ["{model}"]
capabilities = [{capabilities}]
evidence = {{ inference_places = "it listens on this machine" }}

[endpoints.limits]
context_tokens = 128_000
output_tokens = 16_384
concurrency = 64

[endpoints.speed]
first_token = "10ms"
input_tokens_per_s = 100_000
output_tokens_per_s = 1_000

[endpoints.price]
currency = "USD"
input_per_mtok = "1.00"
output_per_mtok = "4.00"

[endpoints.lifecycle]
available_from = 2026-01-01

[endpoints.transport]
base_url = "{vendor.settings_url(region)}"
credential = "{KEY_VARIABLE}"
deployment = "{model}"
{f'api_version = "{version}"{chr(10)}' if version else ""}"""
