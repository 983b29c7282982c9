"""A request's head says what it was told to and nothing more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.adapters.http import Form, Headers, Origin
from signalbox.adapters.http.headers import request_prefix

ORIGIN = Origin("http", "h", 80)


def test_headers_are_encoded_in_order() -> None:
    kept = Headers([("content-type", "application/json"), ("authorization", "Bearer k")])
    assert Form(ORIGIN, "GET", "/", kept, "x-id").fill(b"", "1") == (
        b"GET / HTTP/1.1\r\nhost: h\r\naccept-encoding: identity\r\n"
        b"content-type: application/json\r\nauthorization: Bearer k\r\nx-id: 1\r\n\r\n"
    )
    assert kept.lines == b"content-type: application/json\r\nauthorization: Bearer k\r\n"


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "a\0", "ä", "a\n", " a", "a\t"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a header name"):
        Headers([(name, "x")])


@pytest.mark.parametrize(
    "value", ["secret\r\nx: y", "secret\n", "secret\r", "secret\0", "secret\x7f", "secretä"]
)
def test_a_value_that_is_not_printable_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(ValueError, match="header `x-key`") as caught:
        Headers([("x-key", value)])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["secret\r\nx: y", "secret\n", "secret\0", "secretä"])
def test_a_varying_value_is_held_to_the_same(value: str) -> None:
    form = Form(ORIGIN, "POST", "/", varying="x-id")
    with pytest.raises(ValueError, match="header `x-id`") as caught:
        form.fill(b"{}", value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["content-length", "a b", "a\r\nb"])
def test_what_may_vary_is_a_header_that_may_be_sent(name: str) -> None:
    with pytest.raises(ValueError, match="header"):
        Form(ORIGIN, "POST", "/", varying=name)


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "connection", "accept-encoding"]
)
def test_headers_that_frame_a_message_are_the_clients_own(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Headers([(name, "x")])


@given(st.text(max_size=12), st.text(max_size=12))
def test_whatever_is_accepted_is_exactly_one_line(name: str, value: str) -> None:
    try:
        lines = Headers([(name, value)]).lines
    except ValueError:
        return
    assert lines == f"{name}: {value}\r\n".encode("ascii")
    assert lines.count(b"\r") == lines.count(b"\n") == 1
    assert lines.splitlines() == [lines[:-2]]
    assert b"\0" not in lines


def test_the_request_line_names_method_path_and_host() -> None:
    assert request_prefix(ORIGIN, "POST", "/v1/x?y=z") == (
        b"POST /v1/x?y=z HTTP/1.1\r\nhost: h\r\naccept-encoding: identity\r\n"
    )


@pytest.mark.parametrize("method", ["", "post", "GET /", "GET\r\n", "GET\0", "CONNECT", "GÉT"])
def test_a_method_is_upper_case_letters(method: str) -> None:
    with pytest.raises(ValueError, match="request method"):
        request_prefix(ORIGIN, method, "/")


@pytest.mark.parametrize(
    "path", ["", "x", "http://h/", "/secret x", "/secret\r\n", "/secret\0", "/secretä", "/a#b"]
)
def test_a_path_that_would_break_the_line_is_refused_and_not_shown(path: str) -> None:
    with pytest.raises(ValueError, match="request path") as caught:
        request_prefix(ORIGIN, "GET", path)
    assert "secret" not in str(caught.value)
