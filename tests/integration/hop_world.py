"""A house with every hop in use: vendors on ports of their own that keep what they hear, one of them
forbidden; a real Valkey; an issuer's key set; hedges, retries and repairs."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from tests.integration.conftest import FAULTS, build_house, endpoint, model, settings_text
from tests.integration.test_identity_issuers import ISSUER, URL

from signalbox.simulate.openai_compatible import Emulator
from signalbox.simulate.scenario import Behaviour, Scenario
from signalbox.simulate.score import Step, page
from signalbox.simulate.server import Heard
from signalbox.testing.key_set_server import KeySetServer
from signalbox.testing.served import COMMAND, Answer, Served, Vendor, eventually
from signalbox.testing.token_signer import AUDIENCE, TID, Signer

VALKEY: Final = shutil.which("valkey-server") or shutil.which("redis-server") or "valkey-server"
CACHED: Final = (
    'default_boundary = "eu"\n',
    'default_boundary = "eu"\ncache = { enabled = true, ttl = "5m" }\n',
)
MORE: Final = """
[dispatch.hedge]
interactive = "80ms"
near-interactive = "80ms"
batch = "80ms"

[cache]
store = "valkey"
region = "west"
place = "se"
timeout = "100ms"
"""


class Hearing(Emulator):
    """Keeps every byte of the bodies that reach it, and makes vectors as well. With `speech`, that is what it
    answers to a chat that wants no stream."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.bodies: list[bytes] = []
        self.speech = ""

    def conduct(self, heard: Heard, number: int) -> tuple[str, Iterator[Step]]:
        self.bodies.append(heard.body)
        if heard.target.startswith("/v1/embeddings"):
            vector = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
            said = {"object": "list", "model": "vectors", "data": [vector], "usage": {"prompt_tokens": 3}}
            return "vectors", iter((page(200, msgspec.json.encode(said)), "keep"))
        if self.speech:
            model = msgspec.json.decode(heard.body)["model"]
            message = {"role": "assistant", "content": self.speech}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            told = {"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
            usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
            return model, iter((page(200, msgspec.json.encode({**told, "usage": usage})), "keep"))
        return super().conduct(heard, number)


class Valkey:
    """A real server on a loopback port; it writes nothing to disk."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"valkey://127.0.0.1:{self.port}"
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [VALKEY, *options, "--dir", str(directory)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, *words: str) -> bytes:
        """One command in the plain protocol, and all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(" ".join(words).encode() + b"\r\nQUIT\r\n")
            said = b""
            while more := line.recv(65_536):
                said += more
        return said

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class HopWorld:
    def __init__(self, directory: Path, opened: ExitStack) -> None:
        self.directory = directory
        faults = {f"d-{name}": fault for name, fault in FAULTS.items()}
        self.permitted = _vendor(Scenario(default=Behaviour(tokens=8), models=faults), opened)
        self.forbidden = _vendor(Scenario(default=Behaviour(tokens=8)), opened)
        directory.mkdir(parents=True, exist_ok=True)
        self.valkey = Valkey(directory)
        opened.callback(self.valkey.stop)
        self.signer = Signer(URL)
        self.signer.make_key("k1")
        self.keys = opened.enter_context(KeySetServer(self.signer))
        self.config = build_house(directory / "house", self._settings())
        self.data_dir = self.config.parent / "data"

    def _settings(self) -> str:
        here, there = self.permitted.base_url, self.forbidden.base_url
        text = settings_text(here, dispatch="").replace("retries = 0", "retries = 1")
        for name in ("us-west", "us-claude"):
            begins = text.index(f'id = "{name}"')
            at = text.index(here, begins)
            text = text[:at] + there + text[at + len(here) :]
        text += model("vectors", "acme-models", "0.5")
        for ident, place, url in (("vectors-se", "se", here), ("vectors-us", "us", there)):
            made = endpoint(ident, "vectors", "acme-models", "azure", place, url)
            able = made[made.index("capabilities = ") : made.index("limits = ")]
            text += made.replace(able, 'capabilities = ["embeddings"]\n')
        begins = text.rindex("[[endpoints]]", 0, text.index('id = "x-hang"'))
        hanging = text[begins : text.index("[[endpoints]]", begins + 1)]
        second = hanging.replace('id = "x-hang"', 'id = "hang-2"').replace("d-hang", "good")
        text += "\n" + second.replace('input_per_mtok = "1"', 'input_per_mtok = "3"')
        text = text.replace(*CACHED, 1)
        issuer = ISSUER.format(audience=AUDIENCE, tid=TID, url=self.keys.url, refresh="1h")
        return text + MORE + f'url = "{self.valkey.url}"\n' + issuer

    def serve(
        self, command: Sequence[str | Path] = (COMMAND,), env: Mapping[str, str] | None = None
    ) -> Served:
        return Served(self.config, self.data_dir, command=command, env=env)

    def token(self) -> str:
        return self.signer.sign(self.signer.claims(int(time.time())))

    @property
    def ports(self) -> dict[str, int]:
        """Where the server may connect to, by hop."""
        return {
            "endpoint": int(self.permitted.base_url.rsplit(":", 1)[1].split("/")[0]),
            "shared cache": self.valkey.port,
            "key sets of issuers": int(self.keys.url.rsplit(":", 1)[1].split("/")[0]),
        }

    @property
    def forbidden_port(self) -> int:
        return int(self.forbidden.base_url.rsplit(":", 1)[1].split("/")[0])

    def heard(self) -> list[bytes]:
        return heard_by(self.permitted)


@contextmanager
def hop_world(directory: Path) -> Iterator[HopWorld]:
    with ExitStack() as opened:
        yield HopWorld(directory, opened)


def hearing(vendor: Vendor) -> Hearing:
    assert isinstance(vendor.emulator, Hearing)
    return vendor.emulator


def heard_by(vendor: Vendor) -> list[bytes]:
    return list(hearing(vendor).bodies)


def _vendor(scenario: Scenario, opened: ExitStack) -> Vendor:
    vendor = Vendor(scenario)
    vendor.emulator = Hearing(scenario)
    return opened.enter_context(vendor)


SCHEMA: Final = {
    "type": "json_schema",
    "json_schema": {
        "name": "city",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"city": {"type": "string", "pattern": "^[A-Z]{3}$"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def warmed(served: Served) -> None:
    """Return once what is loaded on first need is there: on a busy machine that may outlast a lease."""
    eventually(lambda: served.chat("sb-anna", model="own-good").status == 200, 30)


def mixed_traffic(world: HopWorld, served: Served, text: Callable[[str], str] = str) -> dict[str, Answer]:
    """One of everything, allowed and denied; `text` makes the words of each. What was answered, by name."""
    said: dict[str, Answer] = {}
    warmed(served)

    def user(name: str, more: str = "") -> list[dict[str, Any]]:
        return [{"role": "user", "content": text(name) + more}]

    def chat(name: str, key: str = "sb-anna", headers: Mapping[str, str] | None = None, **body: Any) -> None:
        said[name] = served.chat(key, headers, **{"messages": user(name), **body})

    chat("chat", model="own-good")
    chat("chat in the union", model="azure-se")
    chat("stream", model="own-good", stream=True)
    chat("auto", model="auto")
    chat("token", key=world.token(), model="own-good")
    chat("hedge", model="m-hang")
    world.permitted.scenario.queue.append(Behaviour(fault="status", status=500))
    chat("retry", model="own-good")
    world.permitted.scenario.queue.extend([Behaviour(fault="status", status=401)])
    chat("fallback", model="good")
    chat("broken stream", model="x-reset-mid", stream=True)
    chat("every one fails", model="m-broken")
    # No word of the emulator's is like that: it is shown what is wrong, and then another is asked.
    chat("repair", model="good", response_format=SCHEMA)
    for time_ in ("first", "second"):
        said[f"cached {time_}"] = served.chat(
            "sb-anna", model="azure-se", temperature=0, messages=user("cached")
        )
    chat("denied by place", model="us-west")
    chat("denied everywhere", key="sb-walled", model="good")
    chat("denied by label", headers={"X-Signalbox-Sensitivity": "highly-confidential"}, model="claude-se")
    chat("denied by name", model="us-claude")
    chat("no key", key="sb-nobody", model="good")
    chat("expired", key="sb-expired", model="good")
    said["embeddings"] = served.ask(
        "POST",
        "/v1/embeddings",
        msgspec.json.encode({"model": "vectors-se", "input": text("embeddings")}),
        key="sb-anna",
    )
    said["embeddings denied"] = served.ask(
        "POST",
        "/v1/embeddings",
        msgspec.json.encode({"model": "vectors-us", "input": text("embeddings denied")}),
        key="sb-anna",
    )
    messages = {"model": "own-good", "max_tokens": 9, "messages": user("messages")}
    said["messages"] = served.ask("POST", "/v1/messages", msgspec.json.encode(messages), key="sb-anna")
    responses = {"model": "own-good", "input": text("responses")}
    said["responses"] = served.ask("POST", "/v1/responses", msgspec.json.encode(responses), key="sb-anna")
    said["not json"] = served.ask(
        "POST", "/v1/chat/completions", text("not json").encode() + b"{", key="sb-anna"
    )
    operator = served.operator_key
    for method, path in (
        ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/admin/v1/endpoints"),
        ("POST", "/admin/v1/reload"), ("POST", "/admin/v1/kills?selector=vendor:anthropic&reason=drill"),
        ("GET", "/admin/v1/kills"), ("POST", "/admin/v1/kills?selector=place:se&reason=drill"),
    ):  # fmt: skip
        said[f"{method} {path}"] = served.ask(method, path, key=operator)
    chat("killed", model="sonnet")
    chat("cache of a place that is stopped", model="own-good", temperature=0)
    said["DELETE kills"] = served.ask(
        "DELETE", "/admin/v1/kills?selector=vendor:anthropic&selector=place:se&reason=over", key=operator
    )
    chat("restored", model="azure-se")
    return said
