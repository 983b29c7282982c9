"""Forms: what browsers, curl and Python's own writer send is read back; anything less is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.errors import MalformedRequest
from signalbox.edge.multipart import Part, is_form, read_form

TYPE = b"multipart/form-data; boundary=xYz"


def written(parts: list[Part], boundary: bytes = b"xYz") -> bytes:
    body = b""
    for part in parts:
        body += b'--%s\r\nContent-Disposition: form-data; name="%s"' % (boundary, part.name.encode())
        if part.filename is not None:
            body += b'; filename="%s"\r\nContent-Type: application/octet-stream' % part.filename.encode()
        body += b"\r\n\r\n" + part.content + b"\r\n"
    return body + b"--%s--\r\n" % boundary


names = st.text(st.characters(codec="utf-8", exclude_characters='"\r\n%'), min_size=1, max_size=20)
contents = st.binary(max_size=60) | st.lists(
    st.sampled_from([b"\r\n", b"--", b"xY", b"z", b"\r", b"\n", b"a"]), max_size=9
).map(b"".join)


@given(st.lists(st.builds(Part, names, st.none() | names, contents), min_size=1, max_size=5))
def test_what_is_written_is_read_whatever_its_bytes(parts: list[Part]) -> None:
    parts = [part for part in parts if b"\r\n--xYz" not in b"\r\n" + part.content]
    if parts:
        assert read_form(TYPE, written(parts)) == parts


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(MalformedRequest):
        read_form(TYPE, b"--xYz\r\n" + body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "does not begin and end"),
        (b"--xYz\r\n\r\n", "does not begin and end"),
        (b"prose\r\n--xYz--\r\n", "does not begin and end"),
        (b"--xYz\r\nContent-Type: text/plain\r\n\r\nhi\r\n--xYz--\r\n", "no name"),
        (b'--xYz\r\nContent-Disposition: form-data; name="a"\r\n--xYz--\r\n', "no end of its headers"),
        (b"--xYz\r\nContent-Transfer-Encoding: base64\r\n\r\nhi\r\n--xYz--\r\n", "transfer encoding"),
        (b'--xYz\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nhi\r\n--xYz--\r\n', "not UTF-8"),
        (b"--xYz\r\n\r\n\r\n" * 300 + b"--xYz--\r\n", "more than 256 parts"),
    ],
)
def test_what_is_no_form_is_refused_by_what_is_wrong(body: bytes, why: str) -> None:
    with pytest.raises(MalformedRequest, match=why):
        read_form(TYPE, body)


def test_the_content_type_tells_the_boundary() -> None:
    one = Part("file", "a.txt", b"hi")
    assert is_form(b"Multipart/Form-Data; boundary=q")
    assert not is_form(b"application/json")
    assert read_form(b'multipart/form-data; boundary="a b"', written([one], b"a b")) == [one]
    with pytest.raises(MalformedRequest, match="boundary"):
        read_form(b"multipart/form-data", written([one]))


def test_quotes_in_a_files_name_are_those_it_had() -> None:
    (part,) = read_form(TYPE, written([Part("file", "a %22b%22.txt", b"")]))
    assert part.filename == 'a "b".txt'
