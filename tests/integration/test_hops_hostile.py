"""Many requests that want out: to a forbidden endpoint, past a label, off the record, or as junk.

Whatever was asked, however vendors failed meanwhile: a forbidden endpoint got nothing, the books are closed
and the server serves on.
"""

import random
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from tests.integration.conftest import FAULTS
from tests.integration.hop_world import SCHEMA, heard_by, hop_world, warmed
from tests.integration.test_public_failures import FOLDERS, LABELLED, PLACES, SUPPRESSING, laid

from signalbox.testing.served import Line, Served

MODELS: Final = (
    "auto", "good", "sonnet", "own-good", "azure-se", "us-west", "us-claude", "claude-se", "vectors",
    "nothing",
    "auto:cost", "../us-west", "us-west\x00", "US-WEST", "",
    *(f"m-{name}" for name in FAULTS if name not in ("hang", "slow", "long", "flood", "silent")),
)  # fmt: skip
HEADERS: Final[tuple[dict[str, str], ...]] = (
    *({} for _ in range(8)), {"X-Signalbox-Data-Boundary": "world"}, {"X-Signalbox-Data-Boundary": "none"},
    {"X-Signalbox-Sensitivity": "public"}, {"X-Signalbox-Sensitivity": "Board Members Only"},
    {"X-Signalbox-Sensitivity": "highly-confidential"}, {"X-Signalbox-App": "outlook"},
    {"X-Signalbox-User": "somebody.else"}, {"X-Signalbox-Deadline-Ms": "1"}, {"X-Signalbox-Audit": "off"},
    {"X-Forwarded-Host": "us.example"}, {"Host": "us.example"}, {"X-Emulate": '{"fault": "reset_before"}'},
)  # fmt: skip
KEYS: Final = (*["sb-anna"] * 8, "sb-plain", "sb-bound", "sb-walled", "sb-expired", "sb-nobody", "")
DOORS: Final = (
    *["/v1/chat/completions"] * 6, "/v1/messages", "/v1/responses", "/v1/embeddings", "/v1/us-west",
    "/admin/v1/reload",
)  # fmt: skip


def body(draw: random.Random) -> bytes:
    kind = draw.randrange(10)
    mail = draw.choice(
        (LABELLED.format(label=draw.choice(("Confidential", "Secret", "Public"))), *SUPPRESSING)
    )
    asked: dict[str, Any] = {"model": draw.choice(MODELS), "stream": draw.random() < 0.4, "max_tokens": 20}
    asked |= laid(mail, draw.choice(PLACES), draw.choice(FOLDERS))
    if kind == 0:
        return draw.randbytes(draw.randrange(300))
    if kind == 1:
        return msgspec.json.encode(asked)[: draw.randrange(200)]
    if kind == 2:
        return b'{"model":"own-good","model":"us-west","messages":[{"role":"user","content":"x"}]}'
    if kind == 3:
        asked |= {"metadata": {"signalbox_boundary": "world"}, "store": True}
    if kind == 4:
        asked |= {"tools": [{"type": "web_search"}], "previous_response_id": "resp_1"}
    if kind == 5:
        asked |= {"response_format": SCHEMA, "temperature": 0}
    if kind == 6:
        part = {"type": "image_url", "image_url": {"url": "http://us.example/picture.png"}}
        asked["messages"] = [{"role": "user", "content": [part]}]
    if kind == 7:
        asked |= {"input": mail, "temperature": 0, "n": draw.choice((0, 1, 3, 10**6))}
    return msgspec.json.encode(asked)


def left_in_the_middle(served: Served, sent: bytes, key: str) -> None:
    """A caller who goes away with the answer, or its own request, half way."""
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n"
    with socket.create_connection(("127.0.0.1", served.port), 10) as line:
        line.sendall(f"{head}content-length: {len(sent) + len(sent) % 2}\r\n\r\n".encode() + sent)


@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.soak)])
def test_nothing_gets_out_by_any_of_many_hostile_requests(tmp_path: Path, count: int) -> None:
    statuses: Counter[int] = Counter()
    failed: list[BaseException] = []
    with hop_world(tmp_path) as world:
        with world.serve() as served:
            warmed(served)

            def callers(seed: int) -> None:
                draw = random.Random(seed)
                try:
                    for _ in range(count // 4):
                        sent, key = body(draw), draw.choice(KEYS)
                        if draw.random() < 0.05:
                            left_in_the_middle(served, sent, key)
                            continue
                        with Line("127.0.0.1", served.port) as line:
                            answer = line.ask(
                                "POST", draw.choice(DOORS), sent, key=key, headers=draw.choice(HEADERS)
                            )
                        statuses[answer.status] += 1
                except BaseException as error:
                    failed.append(error)
                    raise

            threads = [threading.Thread(target=callers, args=(seed,)) for seed in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not failed
            warmed(served)
            assert served.ask("GET", "/readyz").status == 200
        assert served.process.returncode == 0
        assert "Traceback" not in served.complaints, served.complaints[-3_000:]
        assert not heard_by(world.forbidden), "a forbidden endpoint got bytes"
        assert not world.forbidden.emulator.receipts.kept
        leaked = [
            heard
            for heard in heard_by(world.permitted)
            if (b"Name=Confidential" in heard or b"Name=Secret" in heard) and b'"model":"sonnet"' in heard
        ]
        assert not leaked, "content with a label went where its label forbids"
        assert statuses[200] > count // 100, statuses
        assert statuses[500] == 0, statuses
        assert min(statuses[code] for code in (400, 401, 403, 404)) > 0, statuses
        report = served.verified()
        assert report.sound, report.findings
        assert not report.open_attempts
