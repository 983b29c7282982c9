"""What a caller declares of its request, in headers and metadata, and how far it is believed."""

from typing import Any

import pytest

from signalbox.testing.served import Answer, Served

APP = "X-Signalbox-App"


def refused(answer: Answer, status: int, param: str) -> str:
    assert (answer.status, answer.error["param"]) == (status, param), answer.body
    words: str = answer.error["message"]
    return words


def traits(served: Served, answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return served.settled(answer.headers["x-signalbox-decision"])[0]


@pytest.mark.parametrize("where", ["headers", "metadata", "prefixed metadata", "both"])
def test_context_arrives_in_headers_or_in_metadata(served: Served, where: str) -> None:
    headers = {APP: "excel", "X-Signalbox-Feature": "formula", "X-Signalbox-Sensitivity": "Confidential",
               "X-Signalbox-Latency-Class": "batch", "X-Signalbox-Data-Boundary": "on-premises",
               "X-Signalbox-User": "u-1", "X-Signalbox-Deadline-Ms": "30000"}  # fmt: skip
    metadata = {"app": "excel", "feature": "formula", "sensitivity": "Confidential", "latency_class": "batch",
                "data_boundary": "on-premises", "user": "u-1", "deadline_ms": "30000"}  # fmt: skip
    body: dict[str, Any] = {}
    if where != "headers":
        prefix = "signalbox_" if where.startswith("prefixed") else ""
        body["metadata"] = {prefix + name: value for name, value in metadata.items()} | {"theirs": "kept out"}
    answer = served.chat("sb-anna", headers if where in ("headers", "both") else None, **body)
    decided = traits(served, answer)
    assert {name: decided[name] for name in
            ("app", "feature", "task", "sensitivity", "latency_class", "boundary", "deadline_ms")} == {
        "app": "excel", "feature": "formula", "task": "computation", "sensitivity": 2,
        "latency_class": "batch", "boundary": "on-premises", "deadline_ms": 30_000,
    }  # fmt: skip
    assert answer.headers["x-signalbox-task"] == "computation"


@pytest.mark.parametrize(
    ("header", "value", "said", "param"),
    [(APP, "word", {"app": "excel"}, "app"),
     ("X-Signalbox-Sensitivity", "public", {"sensitivity": "confidential"}, "label"),
     ("X-Signalbox-Deadline-Ms", "1000", {"deadline_ms": "2000"}, "deadline_ms")],
)  # fmt: skip
def test_a_contradiction_is_refused(
    served: Served, header: str, value: str, said: dict[str, str], param: str
) -> None:
    refused(served.chat("sb-anna", {header: value}, metadata=said), 400, param)


def test_an_unknown_context_header_is_refused_by_name_and_written_down(served: Served) -> None:
    answer = served.chat("sb-anna", {"X-Signalbox-Foo": "1"})
    words = refused(answer, 400, "x-signalbox-foo")
    assert "x-signalbox-sensitivity" in words
    (denial,) = served.settled(answer.headers["x-signalbox-decision"])
    assert (denial["kind"], denial["status"]) == ("denial", 400)
    assert served.ask("GET", "/v1/models", key="sb-anna", headers={"X-Signalbox-Foo": "1"}).status == 400


@pytest.mark.parametrize(
    ("header", "value", "valid"),
    [("Task", "juggling", "summarising"), ("Latency-Class", "yesterday", "near-interactive"),
     ("Data-Boundary", "moon", "on-premises"), ("Deadline-Ms", "soon", "milliseconds"),
     ("Deadline-Ms", "0", "600000"), ("Deadline-Ms", "999999999", "600000"), ("App", "a\tb", "printable"),
     ("App", "x" * 300, "256")],
)  # fmt: skip
def test_an_unknown_value_is_refused_and_the_valid_ones_are_named(
    served: Served, header: str, value: str, valid: str
) -> None:
    answer = served.chat("sb-anna", {f"X-Signalbox-{header}": value})
    assert answer.status == 400
    assert valid in answer.error["message"]


def test_a_header_that_is_doubled_or_not_utf8_is_refused(served: Served) -> None:
    answer = served.chat("sb-anna", {APP: "word", APP.lower(): "excel"})
    assert answer.status == 400
    assert "twice" in answer.error["message"]
    assert served.chat("sb-anna", {APP: b"\xff\xfe".decode("latin-1")}).status == 400


def test_a_label_that_is_not_recognised_is_the_highest(served: Served) -> None:
    answer = served.chat("sb-anna", {"X-Signalbox-Sensitivity": "Streng geheim"})
    assert answer.headers["x-signalbox-sensitivity"] == "highly-confidential"


def test_an_empty_header_says_nothing(served: Served) -> None:
    answer = served.chat("sb-anna", {"X-Signalbox-Sensitivity": "", APP: " "}, metadata={"app": "word"})
    assert traits(served, answer)["app"] == "word"
    assert answer.headers["x-signalbox-sensitivity"] == "general"


def test_a_key_bound_to_an_app_speaks_for_that_app_only(served: Served) -> None:
    assert traits(served, served.chat("sb-bound"))["app"] == "excel"
    assert traits(served, served.chat("sb-bound", {APP: "excel"}))["feature"] == "formula"
    refused(served.chat("sb-bound", {APP: "word"}), 403, APP)


@pytest.mark.parametrize(
    ("header", "value"),
    [(APP, "word"), ("X-Signalbox-User", "boss"), ("X-Signalbox-Sensitivity", "public")],
)
def test_a_key_that_may_not_assert_is_refused_and_that_is_written_down(
    served: Served, header: str, value: str
) -> None:
    answer = served.chat("sb-plain", {header: value})
    refused(answer, 403, header)
    (denial,) = served.settled(answer.headers["x-signalbox-decision"])
    assert (denial["code"], denial["tenant"]) == ("not_permitted", "acme")


def test_openai_s_own_user_field_counts_as_a_claim(served: Served) -> None:
    assert served.chat("sb-plain", user="boss").status == 403
    assert served.chat("sb-anna", user="boss").status == 200


def test_sensitivity_may_be_raised_by_anyone(served: Served) -> None:
    answer = served.chat("sb-plain", {"X-Signalbox-Sensitivity": "confidential"})
    assert answer.headers["x-signalbox-sensitivity"] == "confidential"


def test_a_declared_sensitivity_never_lowers_what_was_found(served: Served) -> None:
    found = [{"role": "user", "content": "my card is 4111 1111 1111 1111"}]
    answer = served.chat("sb-anna", {"X-Signalbox-Sensitivity": "public"}, messages=found)
    assert answer.headers["x-signalbox-sensitivity"] == "highly-confidential"


def test_a_boundary_may_narrow_and_never_widen(served: Served) -> None:
    refused(served.chat("sb-anna", {"X-Signalbox-Data-Boundary": "world"}), 403, "X-Signalbox-Data-Boundary")
    for boundary in ("eu", "on-premises"):
        answer = served.chat("sb-plain", {"X-Signalbox-Data-Boundary": boundary})
        assert traits(served, answer)["boundary"] == boundary
    denied = served.chat("sb-anna", {"X-Signalbox-Data-Boundary": "on-premises"}, model="azure-se")
    assert denied.status == 403


def test_a_deadline_is_kept(served: Served) -> None:
    answer = served.chat("sb-anna", {"X-Signalbox-Deadline-Ms": "300"}, model="x-hang")
    assert (answer.status, answer.error["type"]) == (504, "server_error")
    took = served.settled(answer.headers["x-signalbox-decision"])[-1]
    assert took["kind"] == "outcome"
    assert took["failure"] == "timeout"
    assert took["elapsed_us"] < 900_000
