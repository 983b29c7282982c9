"""What goes wrong, and what the caller, the log and the vendor see of it."""

import socket
import time
from typing import Any

import pytest

from signalbox.simulate.scenario import Behaviour
from signalbox.testing.served import Answer, Served, Vendor, eventually

CHAT = "/v1/chat/completions"
GOOD = b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}'
MIB = 1 << 20


def post(served: Served, body: bytes, **more: Any) -> Answer:
    return served.ask("POST", CHAT, body, **{"key": "sb-anna", **more})


def shaped(answer: Answer, status: int, code: str, kind: str) -> None:
    """OpenAI's error object, and nothing that a caller should not read."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    error = answer.error
    assert {"message", "type", "param", "code"} <= error.keys()
    assert (error["code"], error["type"]) == (code, kind)
    for secret in (b"SECRET", b"x-", b"own-good", b"127.0.0.1", b"sb-", b"Traceback"):
        assert secret not in answer.body, secret


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed_request"),
        (b"", "malformed_request"),
        (b"[1]", "malformed_request"),
        (b'{"model":"auto","model":"x","messages":[]}', "malformed_request"),
        (GOOD.replace(b'"user"', b'"user","role":"system"'), "malformed_request"),
        (GOOD.replace(b'"auto"', b"7"), "malformed_request"),
        (GOOD.replace(b'"hi"', b"{}"), "malformed_request"),
        (GOOD.replace(b"hi", b"\xff\xfe"), "malformed_request"),
        (GOOD.replace(b"hi", b"\\ud800"), "malformed_request"),
        (GOOD.replace(b"{", b'{"temperature":"warm",', 1), "malformed_request"),
        (GOOD.replace(b"{", b'{"unheard_of":1,', 1), "malformed_request"),
        (GOOD.replace(b"{", b'{"logit_bias":{"1":2},', 1), "unsupported"),
        (b"[" * 100_000, "malformed_request"),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_a_body_that_is_not_a_request_is_refused_and_written_down(
    served: Served, body: bytes, code: str
) -> None:
    answer = post(served, body)
    shaped(answer, 400, code, "invalid_request_error")
    (denial,) = served.settled(answer.headers["x-signalbox-decision"])
    assert (denial["kind"], denial["status"], denial["code"]) == ("denial", 400, code)


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as line:
        line.sendall(
            b"POST %s HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sb-anna\r\ncontent-length: %d\r\n\r\n"
            % (CHAT.encode(), 50 * MIB)
        )
        said = line.recv(65_536)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in said
    assert b"request_too_large" in said


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_a_client_that_sends_50_mb_regardless_reads_the_refusal(served: Served, chunked: bool) -> None:
    with served.connection() as line:
        body = (b"x" * MIB for _ in range(50)) if chunked else b"x" * (50 * MIB)
        answer = line.ask("POST", CHAT, body, key="sb-anna")
    shaped(answer, 413, "request_too_large", "invalid_request_error")
    (denial,) = served.settled(answer.headers["x-signalbox-decision"])
    assert denial["code"] == "request_too_large"
    assert served.chat("sb-anna").status == 200


def test_a_body_of_the_largest_size_is_taken(served: Served) -> None:
    answer = post(served, GOOD.replace(b"{", b"{" + b" " * (8 * MIB - len(GOOD)), 1))
    assert answer.status == 200


def test_a_missing_or_unknown_key_is_401(served: Served) -> None:
    for key in ("", "sb-unknown"):
        answer = post(served, GOOD, key=key)
        shaped(answer, 401, "unauthenticated", "authentication_error")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "x-signalbox-decision" not in answer.headers
    assert post(served, GOOD, key="", headers={"api-key": "sb-anna"}).status == 200
    assert post(served, GOOD, key="", headers={"Authorization": "Basic c2ItYW5uYQ=="}).status == 401


def test_an_expired_key_is_401_and_its_tenant_s_log_says_so(served: Served) -> None:
    answer = post(served, GOOD, key="sb-expired")
    shaped(answer, 401, "key_expired", "authentication_error")
    (denial,) = served.settled(answer.headers["x-signalbox-decision"])
    assert (denial["kind"], denial["tenant"], denial["code"]) == ("denial", "acme", "key_expired")


def test_unknown_paths_and_methods(served: Served) -> None:
    shaped(served.ask("GET", "/v1/nothing", key="sb-anna"), 404, "not_found", "invalid_request_error")
    for method, path, allowed in (
        ("GET", CHAT, "POST"),
        ("DELETE", CHAT, "POST"),
        ("POST", "/v1/models", "GET"),
    ):
        answer = served.ask(method, path, key="sb-anna")
        shaped(answer, 405, "method_not_allowed", "invalid_request_error")
        assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/healthz", "GET, HEAD"),
        ("PUT", "/readyz", "GET, HEAD"),
        ("POST", "/metrics", "GET"),
        ("GET", "/admin/v1/reload", "POST"),
    ],
)
def test_the_operators_doors_tell_of_a_wrong_method_as_problem_details(
    served: Served, method: str, path: str, allowed: str
) -> None:
    answer = served.ask(method, path, key="sb-anna")
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.error["code"] == "method_not_allowed"


def test_an_unknown_model_is_404(served: Served) -> None:
    answer = post(served, GOOD.replace(b"auto", b"gpt-17"))
    shaped(answer, 404, "unknown_model", "invalid_request_error")
    assert "`gpt-17`" in answer.error["message"]


def test_more_than_any_model_can_do_is_400_and_says_why(served: Served) -> None:
    answer = post(served, GOOD.replace(b"{", b'{"max_tokens":999999,', 1), headers={})
    assert (answer.status, answer.error["code"]) == (400, "no_candidate")
    assert {item["endpoint"] for item in answer.error["signalbox"]["dropped"]} >= {"own-good", "azure-se"}
    assert "us-west" not in answer.body.decode()


FAILED = [
    ("hang", 504, "upstream_timeout", "idle"),
    ("reset", 502, "upstream_failed", "reset"),
    ("garbage", 502, "upstream_failed", "bad_reply"),
    ("wrong-type", 502, "upstream_failed", "bad_reply"),
    ("error-body", 502, "upstream_failed", "server_error"),
    ("refused", 502, "upstream_failed", "credential"),
    ("broken", 502, "upstream_failed", "server_error"),
]
WHOLE = [
    *FAILED,
    ("truncated", 502, "upstream_failed", "bad_reply"),
    ("reset-mid", 502, "upstream_failed", "reset"),
    ("early-eof", 502, "upstream_failed", "reset"),
    ("silent", 504, "upstream_timeout", "idle"),
]


def kind_of(status: int) -> str:
    return "rate_limit_error" if status == 429 else "server_error"


@pytest.mark.parametrize(("fault", "status", "code", "failure"), WHOLE)
def test_a_vendor_s_fault_is_an_error_in_the_dialect(
    served: Served, fault: str, status: int, code: str, failure: str
) -> None:
    started = time.monotonic()
    answer = served.chat("sb-anna", model=f"x-{fault}")
    assert time.monotonic() - started < 4
    shaped(answer, status, code, kind_of(status))
    records = served.settled(answer.headers["x-signalbox-decision"])
    assert [record["kind"] for record in records] == ["decision", "intent", "outcome"]
    assert (records[-1]["status"], records[-1]["failure"]) == ("failed", failure)


@pytest.mark.parametrize(("fault", "status", "code", "failure"), FAILED)
def test_a_stream_that_never_began_is_an_error_with_a_status(
    served: Served, fault: str, status: int, code: str, failure: str
) -> None:
    answer = served.chat("sb-anna", model=f"x-{fault}", stream=True)
    shaped(answer, status, code, kind_of(status))
    assert served.settled(answer.headers["x-signalbox-decision"])[-1]["failure"] == failure


@pytest.mark.parametrize(
    ("fault", "code", "failure"),
    [
        ("reset-mid", "upstream_failed", "reset"),
        ("half-event", "upstream_failed", "bad_reply"),
        ("truncated", "upstream_failed", "bad_reply"),
        ("error-event", "upstream_failed", "server_error"),
        ("early-eof", "upstream_failed", "bad_reply"),
        ("silent", "upstream_timeout", "idle"),
    ],
)
def test_a_stream_that_breaks_ends_with_an_error_event(
    served: Served, fault: str, code: str, failure: str
) -> None:
    answer = served.chat("sb-anna", model=f"x-{fault}", stream=True)
    assert answer.status == 200
    *begun, last = answer.body.strip().split(b"\n\n")
    assert all(event.startswith(b'data: {"id":') for event in begun)
    assert b"content" in begun[0]
    shaped(
        Answer(0, {"content-type": "application/json"}, last.removeprefix(b"data: ")),
        0, code, "server_error",
    )  # fmt: skip
    records = served.settled(answer.headers["x-signalbox-decision"])
    assert (records[-1]["status"], records[-1]["failure"]) == ("failed", failure)


def test_a_rate_limit_of_the_vendor_is_passed_on_with_its_wait(served: Served) -> None:
    answer = served.chat("sb-anna", {"X-Signalbox-Deadline-Ms": "2000"}, model="x-busy")
    shaped(answer, 429, "rate_limited", "rate_limit_error")
    assert answer.headers["retry-after"] == "7"


def test_a_fault_is_mended_elsewhere_where_the_plan_has_another(served: Served, vendor: Vendor) -> None:
    vendor.scenario.queue.append(Behaviour(fault="reset_before"))
    answer = served.chat("sb-anna", model="good")
    assert answer.status == 200
    assert answer.headers["x-signalbox-reason"].startswith("attempt 2: ")
    hops = [r["hop"] for r in served.settled(answer.headers["x-signalbox-decision"]) if r["kind"] == "intent"]
    assert hops == ["primary", "fallback"]


def test_nothing_of_prompts_replies_or_keys_is_in_log_or_process_log(served: Served) -> None:
    answer = served.chat("sb-anna", messages=[{"role": "user", "content": "the zebra crosses at dawn"}])
    assert answer.status == 200
    served.settled(answer.headers["x-signalbox-decision"])
    kept = b"".join(file.read_bytes() for file in served.data_dir.glob("*log*") if file.is_file())
    for text in (b"zebra", b"sb-anna", answer.json["choices"][0]["message"]["content"].encode()):
        assert text not in kept
        assert text not in served.complaints.encode()


def test_the_log_verifies_after_everything(served: Served) -> None:
    eventually(lambda: not served.verified().open_attempts)
    done = served.command("log", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert served.verified().sound
