"""A settings file, its data directory and a vendor that keeps receipts: what servers live and die around.

For tests of what a server leaves behind. How it is started is handed in (`command`), so that a test can
start one that kills itself at a named place.
"""

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.http import HttpClient, parse_base_url
from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.domain.failure import ProviderFailure
from signalbox.record.verify import Report, verify
from signalbox.simulate.receipts import Receipt, read_receipts

START_S: Final = 40.0

SETTINGS: Final = """
[server]
host = "127.0.0.1"
port = 0
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
id = "local"
default_boundary = "on-premises"
durable_from = "confidential"
serve_without_log = {without_log}
home_cloud = "on-premises"

[[vendors]]
id = "emulated"
name = "Emulated"
"""

MODEL: Final = """
[[models]]
id = "{name}"
vendor = "emulated"
version = "1"
quality = {{ default = 0.5 }}

[[endpoints]]
id = "at-{name}"
vendor = "emulated"
model = "{name}"
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
served_names = ["{name}"]
capabilities = ["streaming", "sampling", "stop-words"]
limits = {{ context_tokens = 8192, output_tokens = 2048, concurrency = 64 }}
speed = {{ first_token = "50ms", input_tokens_per_s = 9000, output_tokens_per_s = 900 }}
price = {{ currency = "USD", input_per_mtok = "1", output_per_mtok = "2" }}
lifecycle = {{ available_from = 2025-01-01 }}
transport = {{ base_url = "{url}", deployment = "{name}" }}
"""


class Person:
    """Asks the server over HTTP/1.1; `None` is what a server that died answers."""

    def __init__(self, url: str, key: str) -> None:
        self._origin, _ = parse_base_url(url)
        self._key = key
        self._clock = SystemClock()
        self._client = HttpClient(self._clock)

    async def __aenter__(self) -> "Person":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, path: str) -> tuple[int, bytes] | None:
        return await self._send("GET", path, [], b"")

    async def ask(
        self, model: str, *, confidential: bool = False, stream: bool = False, text: str = "Rewrite this."
    ) -> tuple[int, bytes] | None:
        body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": text}]}
        label = "confidential" if confidential else "general"
        headers = [
            ("authorization", f"Bearer {self._key}"),
            ("content-type", "application/json"),
            ("x-signalbox-app", "word"),
            ("x-signalbox-feature", "rewrite"),
            ("x-signalbox-sensitivity", label),
        ]
        return await self._send("POST", "/v1/chat/completions", headers, msgspec.json.encode(body))

    async def _send(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[int, bytes] | None:
        try:
            response = await self._client.send(
                self._origin,
                method,
                path,
                headers,
                body,
                deadline_us=self._clock.monotonic_us() + 20_000_000,
                connect_timeout_ms=5_000,
                idle_timeout_ms=20_000,
                sending=lambda: None,
            )
            return response.status, await response.read()
        except ProviderFailure:
            return None


class Log:
    """What a reader finds in the data directory, in order."""

    def __init__(self, data_dir: Path) -> None:
        reader = SqliteLogReader.open(data_dir)
        with contextlib.closing(reader):
            stored = [record for _, record in reader.scan()]
            self.report: Report = verify(reader.scan(), reader.heads())
        self.records: list[tuple[str, dict[str, Any]]] = [
            (msgspec.json.decode(record.leaf)["kind"], msgspec.json.decode(record.body)) for record in stored
        ]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [body for what, body in self.records if what == kind]


class Site:
    """`command` starts a server when the settings file and a failpoint's place and hit follow it.

    Two models, `secret` and `open`, so that receipts tell what kind of request the vendor got.
    """

    def __init__(
        self, directory: Path, policies: Path, vendor_url: str, receipts: Path, command: Sequence[str]
    ) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.settings = directory / "signalbox.toml"
        self._vendor_url = vendor_url
        self._receipts = receipts
        self._command = command
        self._lives = 0
        self.processes: list[subprocess.Popen[bytes]] = []
        (directory / "policies").symlink_to(policies)
        self.furnish()

    def furnish(self, *, without_log: bool = False) -> None:
        text = SETTINGS.format(without_log=str(without_log).lower())
        for name in ("secret", "open"):
            text += MODEL.format(name=name, url=self._vendor_url)
        self.settings.write_text(text)

    @property
    def receipts(self) -> list[Receipt]:
        """Of requests that arrived, whole or in part; the vendor writes each line before it answers."""
        if not self._receipts.exists():
            return []
        return [receipt for receipt in read_receipts(self._receipts) if receipt.event != "ended"]

    @property
    def key(self) -> str:
        return (self.data_dir / "local.key").read_text().strip()

    @property
    def errors(self) -> str:
        """What the last server wrote to its standard error."""
        return (self.directory / f"stderr.{self._lives}").read_text()

    def serve(self, *failpoint: str, wrapper: tuple[str, ...] = ()) -> tuple["subprocess.Popen[bytes]", str]:
        """The process and its address; an empty one where it died before it served."""
        self._lives += 1
        with (self.directory / f"stderr.{self._lives}").open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603 - what is started is the test's choice
                [*wrapper, *self._command, str(self.settings), *failpoint],
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self.processes.append(process)
        out = process.stdout
        if out is None or not select.select([out], [], [], START_S)[0]:
            raise TimeoutError("the server neither served nor died")
        return process, os.read(out.fileno(), 1_000).decode().strip()

    def log(self) -> Log:
        return Log(self.data_dir)

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def stop(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(30)


async def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for what another process does and tells nobody of."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("it never came about")
        await asyncio.sleep(0.01)
