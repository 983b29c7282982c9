"""Workloads over HTTP, on a real socket: waited for, told as it goes, as a job; and what is refused."""

import asyncio
import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import pytest
from msgspec import Meta, Struct

from signalbox.domain.money import Usage
from signalbox.domain.reply import Reply
from signalbox.identify import Key, KeyRing, hashed
from signalbox.testing.counter import Counter, Player
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.served import eventually
from signalbox.testing.values import catalogue, choice, endpoint, principal, tenant
from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import Contract, Question
from signalbox.workloads.registry import File, Registry, Result, Workload

PAGE = "https://addin.example"
ASK = "/v1/workloads/word/ask"


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    text: str


class Params(Struct, frozen=True, forbid_unknown_fields=True):
    question: Annotated[str, Meta(min_length=1, max_length=100)]
    times: int = 1


CONTRACT = Contract(app="word", feature="ask", answer=Said, instructions="Answer.")


class Shop:
    """A workload that asks its question `times` times and shouts its file; one that never ends; one with a
    bug in it."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.begun = threading.Event()

    async def ask(self, asker: Asker, params: Params, files: tuple[File, ...]) -> Result:
        said = Said("")
        for number in range(params.times):
            asker.tell(number, params.times, f"asking {number}")
            said = await asker.ask(Question(contract=CONTRACT, content=params.question, accept=_no_no))
        back = tuple(File(file.name, file.content.upper(), "text/plain") for file in files)
        return Result(answer=said, files=back, notes=("a note",))

    async def wait(self, asker: Asker, params: Params, files: tuple[File, ...]) -> Result:
        asker.tell(0, 1, "waiting")
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        raise AssertionError("nobody sets it")

    async def bug(self, asker: Asker, params: Params, files: tuple[File, ...]) -> Result:
        raise RuntimeError(f"a bug that quotes {params.question}")

    @property
    def registry(self) -> Registry:
        def offered(feature: str, run: Any) -> Workload[Params]:
            return Workload(
                app="word", feature=feature, told="For tests.", params=Params, run=run, takes=("txt",),
                files=(0, 2),
            )  # fmt: skip

        return Registry(
            [offered("ask", self.ask), offered("table", self.wait), offered("translate", self.bug)]
        )


def _no_no(said: Said) -> str | None:
    return "do not say no" if said.text == "no" else None


class Reader:
    """An HTTP client for one request at a time."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self.port = place.port
        self._line = HTTPConnection("127.0.0.1", self.port or 0, timeout=20)

    def close(self) -> None:
        self._line.close()

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str = Counter.key, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        sent = {"authorization": f"Bearer {key}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        raw = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        self._line.request(method, path, raw, sent)
        reply = self._line.getresponse()
        said, kind = reply.read(), reply.getheader("content-type", "")
        read = msgspec.json.decode(said) if "json" in kind else said
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, read


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def counter(shop: Shop) -> Iterator[Counter]:
    player = Player()
    house = House(
        PERMIT_ALL, catalogue(endpoint("a", provider="player")), [tenant()], others={"player": player}
    )
    with Counter(house, player, registry=shop.registry, bytes_max=4_096, origins=frozenset({PAGE})) as made:
        yield made


@pytest.fixture
def reader(counter: Counter) -> Iterator[Reader]:
    made = Reader(counter.url)
    yield made
    made.close()


def reply(text: str) -> Reply:
    return Reply(
        choices=(choice(text=msgspec.json.encode(Said(text)).decode()),), usage=Usage(input=1, output=1)
    )


def says(counter: Counter, *texts: str) -> None:
    counter.says(*map(reply, texts))


def body(question: str = "why?", *files: tuple[str, bytes], **params: Any) -> dict[str, Any]:
    uploads = [{"name": name, "content_base64": b64encode(content).decode()} for name, content in files]
    return {"params": {"question": question, **params}, "files": uploads}


def test_what_is_offered_is_listed_with_the_schema_of_its_parameters(reader: Reader) -> None:
    status, _, said = reader.ask("GET", "/v1/workloads")
    assert status == 200
    first = said["workloads"][0]
    assert (first["name"], first["takes"], first["files"]) == (
        "word/ask", ["txt"], {"at_least": 0, "at_most": 2},
    )  # fmt: skip
    assert first["params"]["$defs"]["Params"]["required"] == ["question"]


def test_a_result_is_waited_for_and_tells_who_answered(counter: Counter, reader: Reader) -> None:
    says(counter, "no", "because")
    status, headers, said = reader.ask("POST", ASK, body("why?", ("a.txt", b"quiet")))
    assert status == 200
    assert said["result"] == {"text": "because"}
    assert said["notes"] == ["a note"]
    assert said["validation"] == {"accepted": True, "repairs": 1}
    assert [b64decode(file["content_base64"]) for file in said["files"]] == [b"QUIET"]
    assert (said["endpoint"], headers["x-signalbox-endpoint"]) == ("a", "a")
    assert said["vendor"] == headers["x-signalbox-vendor"]
    assert said["decisions"] == [headers["x-signalbox-decision"]]
    assert headers["cache-control"] == "no-store"


def test_a_form_is_as_good_as_json(counter: Counter, reader: Reader) -> None:
    says(counter, "because")
    form = (
        b'--q\r\nContent-Disposition: form-data; name="params"\r\n\r\n{"question": "why?"}\r\n'
        b'--q\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nquiet\r\nplease\r\n--q--\r\n"
    )
    status, _, said = reader.ask("POST", ASK, form, content_type="multipart/form-data; boundary=q")
    assert (status, said["result"]) == (200, {"text": "because"})
    assert b64decode(said["files"][0]["content_base64"]) == b"QUIET\r\nPLEASE"


def test_progress_is_told_before_the_result(counter: Counter, reader: Reader) -> None:
    says(counter, "one", "two")
    status, headers, raw = reader.ask("POST", ASK, body(times=2), accept="text/event-stream")
    assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    events = [part.split("\n") for part in raw.decode().strip().split("\n\n")]
    assert [event[0] for event in events] == ["event: progress", "event: progress", "event: result"]
    assert msgspec.json.decode(events[1][1].removeprefix("data: ")) == {
        "done": 1, "of": 2, "doing": "asking 1",
    }  # fmt: skip
    assert msgspec.json.decode(events[2][1].removeprefix("data: "))["result"] == {"text": "two"}


def test_an_error_ends_a_stream_as_an_event(counter: Counter, reader: Reader) -> None:
    says(counter, "no", "no")
    _, _, raw = reader.ask("POST", ASK, body(), accept="text/event-stream")
    name, data = raw.decode().strip().split("\n\n")[-1].split("\n")
    assert name == "event: error"
    assert msgspec.json.decode(data.removeprefix("data: "))["code"] == "invalid_output"


def test_a_job_is_begun_asked_after_and_thrown_away(counter: Counter, reader: Reader) -> None:
    says(counter, "because")
    status, headers, begun = reader.ask("POST", ASK, body(), prefer="respond-async")
    assert status == 202
    place = headers["location"]
    assert (place, headers["preference-applied"]) == (f"/v1/workloads/jobs/{begun['id']}", "respond-async")
    eventually(lambda: reader.ask("GET", place)[2]["state"] == "done")
    done = reader.ask("GET", place)[2]
    assert (done["result"], done["progress"]["of"]) == ({"text": "because"}, 1)
    assert reader.ask("DELETE", place)[2]["state"] == "deleted"
    assert reader.ask("GET", place)[0] == 404


def test_somebody_elses_job_is_not_there(counter: Counter, reader: Reader, shop: Shop) -> None:
    counter.gate.keys = KeyRing(
        [Key(hashed(Counter.key), principal()), Key(hashed("sb-else"), principal(key="else"))]
    )
    _, headers, _ = reader.ask("POST", "/v1/workloads/word/table", body(), prefer="respond-async")
    place = headers["location"]
    assert shop.begun.wait(10)
    for method in ("GET", "DELETE"):
        status, _, said = reader.ask(method, place, key="sb-else")
        assert (status, said["code"]) == (404, "not_found")
    assert reader.ask("GET", place)[2]["progress"]["doing"] == "waiting"
    assert not shop.ended.is_set()
    assert reader.ask("DELETE", place)[0] == 200
    assert shop.ended.wait(10)


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_client_that_leaves_ends_the_work(counter: Counter, shop: Shop, accept: str) -> None:
    raw = msgspec.json.encode(body())
    line = socket.create_connection(("127.0.0.1", urlsplit(counter.url).port or 0), timeout=20)
    line.sendall(
        b"POST /v1/workloads/word/table HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sb-counter\r\n"
        b"accept: %s\r\ncontent-length: %d\r\n\r\n%s" % (accept.encode(), len(raw), raw)
    )
    assert shop.begun.wait(10)
    assert not shop.ended.is_set()
    line.close()
    assert shop.ended.wait(10)


def test_a_bug_says_nothing_of_what_it_was_asked(reader: Reader) -> None:
    for headers in ({}, {"prefer": "respond-async"}):
        _, told, said = reader.ask("POST", "/v1/workloads/word/translate", body("SECRET"), **headers)
        if headers:
            eventually(lambda: reader.ask("GET", told["location"])[2]["state"] == "failed")  # noqa: B023 - awaited here
            said = reader.ask("GET", told["location"])[2]["error"]
        assert (said["status"], said["code"]) == (500, "internal_error")
        assert "SECRET" not in str(said)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code", "what"),
    [
        ("POST", ASK, {"params": {}}, 400, "malformed_request", "missing required field `question`"),
        ("POST", ASK, {"params": {"question": ""}}, 400, "malformed_request", "question"),
        ("POST", ASK, body(more=1), 400, "malformed_request", "unknown field `more`"),
        ("POST", ASK, {**body(), "extra": 1}, 400, "malformed_request", "extra"),
        ("POST", ASK, body("q", ("a.exe", b"MZ")), 400, "malformed_request", "reads .txt"),
        ("POST", ASK, body("q", *[("a.txt", b"")] * 3), 400, "malformed_request", "0 to 2 files; 3 came"),
        (
            "POST",
            ASK,
            {"files": [{"name": "a.txt", "content_base64": "?"}]},
            400,
            "malformed_request",
            "base64",
        ),
        ("POST", ASK, body("q" * 5_000), 413, "request_too_large", "4096 bytes"),
        ("POST", ASK, b"nothing", 400, "malformed_request", "JSON"),
        ("POST", "/v1/workloads/word/none", body(), 404, "not_found", "offered are word/ask"),
        ("GET", ASK, None, 405, "method_not_allowed", "POST"),
        ("GET", "/v1/workloads/a/b/c", None, 404, "not_found", "nothing is served"),
        ("GET", "/v1/workloads/jobs/none", None, 404, "not_found", "no job `none`"),
    ],
)
def test_what_is_wrong_is_told_as_problem_details(
    counter: Counter, reader: Reader, method: str, path: str, sent: Any, status: int, code: str, what: str
) -> None:
    said = reader.ask(method, path, sent)
    assert (said[0], said[2]["code"]) == (status, code), said
    assert said[1]["content-type"] == "application/problem+json"
    assert what in said[2]["detail"]
    assert not counter.player.asked


def test_a_stranger_learns_nothing(reader: Reader) -> None:
    for method, path in (("GET", "/v1/workloads"), ("POST", ASK), ("GET", "/v1/workloads/jobs/job-1")):
        status, headers, said = reader.ask(method, path, body() if method == "POST" else None, key="sb-no")
        assert (status, said["code"]) == (401, "unauthenticated")
        assert headers["content-type"] == "application/problem+json"


def test_a_page_that_is_named_may_ask_and_is_asked_for_its_key(counter: Counter, reader: Reader) -> None:
    preflight = {
        "origin": PAGE,
        "access_control_request_method": "POST",
        "access_control_request_headers": "x",
    }
    status, headers, _ = reader.ask("OPTIONS", ASK, key="", **preflight)
    assert status == 204
    assert headers["access-control-allow-origin"] == PAGE
    assert headers["access-control-allow-methods"] == "GET, POST, DELETE"
    assert "authorization" in headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in headers
    says(counter, "because")
    _, headers, _ = reader.ask("POST", ASK, body(), origin=PAGE)
    assert (headers["access-control-allow-origin"], headers["vary"]) == (PAGE, "origin")
    assert "x-signalbox-model" in headers["access-control-expose-headers"]
    status, headers, _ = reader.ask("POST", ASK, body(), key="sb-no", origin=PAGE)
    assert (status, headers["access-control-allow-origin"]) == (401, PAGE)


@pytest.mark.parametrize(
    "origin", ["https://addin.example:8443", "http://addin.example", "null", "*", PAGE + "."]
)
def test_any_other_page_is_told_nothing(reader: Reader, origin: str) -> None:
    status, headers, _ = reader.ask("OPTIONS", ASK, origin=origin, access_control_request_method="POST")
    assert status == 405
    assert not [name for name in headers if name.startswith("access-control")]
