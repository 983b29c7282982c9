"""Signalbox as it is run, `signalbox serve`, with settings made for the occasion.

Authentication, traits, policy (the repository's rules), ranking over five endpoints, the durable log and
metrics are all on; nothing is switched off for speed. Each gateway has a data directory of its own, on the
file system of the checkout, so that `fdatasync` costs what it costs there.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from benchmarks.processes import HOST, Running, Unfit, free_ports, running

POLICIES: Final = Path(__file__).parents[1] / "policies"
ENDPOINTS: Final = 5
APP: Final = "word"
FEATURE: Final = "rewrite"
CONTEXT: Final = {"X-Signalbox-App": APP, "X-Signalbox-Feature": FEATURE}
"""What the suite declares with each request."""

_SETTINGS: Final = """
[server]
host = "{host}"
port = {port}
data_dir = "data"
local_key = true

[policy]
files = ["policies/*.cedar"]
schema = "policies/signalbox.cedarschema"

[places]
here = "this machine"

[boundaries]
on-premises = ["here"]

[[tenants]]
id = "bench"
default_boundary = "on-premises"
durable_from = "confidential"
home_cloud = "on-premises"

[[vendors]]
id = "mock"
name = "Mock"
"""
_ENDPOINT: Final = """
[[models]]
id = "model-{number}"
vendor = "mock"
version = "1"
quality = {{ default = 0.{quality}, rewriting = 0.{quality}5 }}

[[endpoints]]
id = "endpoint-{number}"
vendor = "mock"
model = "model-{number}"
provider = "openai-compatible"
cloud = "on-premises"
region = "local"
operator = "self"
processor = "self"
inference_places = ["here"]
storage_places = []
retention = "none"
trains_on_data = false
contract = "none"
terms_version = "1"
certifications = []
served_names = ["bench-model"]
capabilities = ["streaming", "json-object", "json-schema", "tools", "sampling"]
limits = {{ context_tokens = 128000, output_tokens = 16000, concurrency = 512 }}
speed = {{ first_token = "{first}ms", input_tokens_per_s = 5000, output_tokens_per_s = 100 }}
price = {{ currency = "EUR", input_per_mtok = "0.{price}", output_per_mtok = "{price}" }}
lifecycle = {{ available_from = 2025-01-01 }}
transport = {{ base_url = "http://{host}:{vendor}/v1", deployment = "bench-model" }}
"""


class Gateway(Struct, frozen=True):
    process: Running
    port: int
    key: str


def settings(port: int, vendor: int) -> str:
    """The settings file: listen on `port`, reach every endpoint at the vendor's."""
    endpoints = "".join(
        _ENDPOINT.format(
            number=number,
            quality=5 + number,
            first=100 + 50 * number,
            price=1 + number,
            host=HOST,
            vendor=vendor,
        )
        for number in range(ENDPOINTS)
    )
    return _SETTINGS.format(host=HOST, port=port) + endpoints


@contextmanager
def gateway(directory: Path, vendor: int, core: int) -> Iterator[Gateway]:
    """A server that answers, in a new `directory`. Raises `Unfit`, also when it comes to harm meanwhile."""
    directory.mkdir()
    (directory / "policies").symlink_to(POLICIES)
    file = directory / "signalbox.toml"
    (port,) = free_ports(1)
    file.write_text(settings(port, vendor))
    command = (Path(sys.executable).with_name("signalbox"), "serve", "--config", file)
    env = {name: value for name, value in os.environ.items() if not name.startswith("SIGNALBOX_")}
    with running("signalbox", command, core=core, directory=directory, env=env) as process:
        process.await_answer(port, "/readyz")
        process.await_rest()
        yield Gateway(process, port, (directory / "data" / "local.key").read_text().strip())
        process.await_answer(port, "/readyz")  # the log can still be written


def probe(served: Gateway, label: str) -> None:
    """One request as the load will send them. Raises `Unfit` where it is not taken for what it says."""
    body = {"model": "auto", "messages": [{"role": "user", "content": "Make this shorter, please."}]}
    line = HTTPConnection(HOST, served.port, timeout=20)
    try:
        headers = {"Authorization": f"Bearer {served.key}", "Content-Type": "application/json", **CONTEXT}
        if label:
            headers["X-Signalbox-Sensitivity"] = label
        line.request("POST", "/v1/chat/completions", msgspec.json.encode(body), headers)
        reply = line.getresponse()
        said = reply.read()
        if reply.status != 200:
            raise Unfit(f"the gateway answers {reply.status}: {said.decode(errors='replace')[:300]}")
        for header, expected in (
            ("x-signalbox-task", "rewriting"),
            ("x-signalbox-sensitivity", label or "general"),
        ):
            if reply.headers.get(header) != expected:
                raise Unfit(
                    f"`{header}` is `{reply.headers.get(header)}`, not `{expected}`: not the case to measure"
                )
    finally:
        line.close()
