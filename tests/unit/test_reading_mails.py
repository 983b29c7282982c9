"""What is read of mail: awkward ones made here."""

from email.message import EmailMessage

import pytest

from signalbox.workloads.documents import Mail
from signalbox.workloads.reading import Encrypted, TooLarge, Unreadable, mail
from signalbox.workloads.reading.calendar_text import told_of
from signalbox.workloads.reading.html_text import shown_of


def read(text: str | bytes) -> Mail:
    return mail.read("a.eml", text.encode() if isinstance(text, str) else text)


def test_headers_are_read_in_words() -> None:
    found = read(
        "From: =?utf-8?q?J=C3=B6rg?= <j@a.example>\n"
        'To: b@b.example, "C, D" <c@c.example>\nCc: E <e@e.example>\n'
        "Subject: =?utf-8?b?R3LDvMOfZQ==?=\n from here\nDate: Fri, 16 Jan 2026 17:04:16 -0500\n"
        "Message-ID: <1@a.example>\nIn-Reply-To: <0@b.example>\nBcc: z@z.example\n\nHello\r\nyou\n"
    )
    assert found.sender == "Jörg <j@a.example>"
    assert found.to == ("b@b.example", "C, D <c@c.example>")
    assert found.cc == ("E <e@e.example>",)
    assert found.subject == "Grüße from here"
    assert found.date == "2026-01-16T17:04:16-05:00"
    assert (found.message_id, found.in_reply_to) == ("<1@a.example>", "<0@b.example>")
    assert found.text == "Hello\nyou"
    assert "z@z.example" not in str(found)


@pytest.mark.parametrize(
    ("date", "expected", "missed"),
    [
        ("2026-07-29T12:42:06.000Z", "2026-07-29T12:42:06+00:00", 0),
        ("yesterday", "", 1),
        ("Fri, 99 Jan 2026 99:99:99 +0000", "", 1),
        ("", "", 0),
    ],
)
def test_dates_that_cannot_be_read_are_said_to_be_so(date: str, expected: str, missed: int) -> None:
    found = read(f"From: a@a.example\nDate: {date}\n\nx")
    assert (found.date, len(found.missed)) == (expected, missed)


@pytest.mark.parametrize(
    "header", ["Message-ID: <", "To: <<<>", "From: \x00", "Subject: =?x?q?=?=", "To: a:b:;c:"]
)
def test_malformed_headers_are_no_reason_not_to_read(header: str) -> None:
    assert read(f"X-First: y\n{header}\n\nthe text").text == "the text"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_a_mail_that_was_saved_in_another_encoding_is_read(encoding: str) -> None:
    head = "From: a@a.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit"
    assert read(f"{head}\n\nGrüße".encode(encoding)).text == "Grüße"


@pytest.mark.parametrize(
    ("charset", "octets", "expected", "missed"),
    [
        ("iso-8859-1", "Grüße".encode(), "Grüße", 0),
        ("iso-8859-1", "Grüße".encode("latin-1"), "Grüße", 0),
        ("no-such", "Grüße".encode(), "Grüße", 0),
        ("utf-8", b"Gr\xfc\xdfe", "Gr\ufffd\ufffde", 1),
        ("shift_jis", "日本".encode("shift_jis"), "日本", 0),
    ],
)
def test_character_sets_that_are_wrong_are_coped_with(
    charset: str, octets: bytes, expected: str, missed: int
) -> None:
    head = (
        f"From: a@a.example\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    )
    found = read(head.encode() + octets)
    assert (found.text, len(found.missed)) == (expected, missed)


def test_the_plain_part_is_read_and_attachments_are_named() -> None:
    made = EmailMessage()
    made["From"] = "a@a.example"
    made.set_content("plain")
    made.add_alternative("<p>rich</p>", subtype="html")
    made.add_attachment(b"x", maintype="application", subtype="pdf", filename="../../plan\u202e.pdf")
    made.add_attachment(b"x", maintype="application", subtype="pdf", filename="..")
    made.add_attachment("inside", filename="notes.txt")
    found = read(made.as_bytes())
    assert found.text == "plain"
    assert found.attachments == ("plan.pdf", "application/pdf", "notes.txt")


def test_digests_and_forwarded_mail_are_read_with_who_wrote_them() -> None:
    inner = "Content-Type: message/rfc822\n\nFrom: {}@x.example\nSubject: {}\n\ntext of {}\n"
    parts = "".join(f"--b\n{inner.format(who, who, who)}\n" for who in ("eve", "frank"))
    found = read(f"From: a@a.example\nContent-Type: multipart/digest; boundary=b\n\n{parts}--b--\n")
    assert "From: eve@x.example\nSubject: eve\n\ntext of eve" in found.text
    assert "text of frank" in found.text


def test_an_invitation_is_told_in_lines() -> None:
    calendar = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Budget\\, 2nd\r\n  round\r\nDTSTART:20260131T090000Z\r\n"
        "DTEND;VALUE=DATE:20260201\r\nORGANIZER;CN=Ilves:mailto:i@x.example\r\nBEGIN:VALARM\r\n"
        "DESCRIPTION:Alarm\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR"
    )
    lines = ("Invitation: Budget, 2nd round", "Begins: 2026-01-31 09:00 UTC", "Ends: 2026-02-01")
    expected = "\n".join((*lines, "Organizer: i@x.example"))
    assert told_of(calendar) == expected
    head = "From: a@a.example\nContent-Type: text/calendar; method=REQUEST\n\n"
    assert read(head + calendar).text == expected


@pytest.mark.parametrize(
    "locked",
    [
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n--b--',
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIAG",
        "Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----",
    ],
)
def test_encrypted_mail_is_said_to_be_so(locked: str) -> None:
    with pytest.raises(Encrypted, match="encrypted"):
        read(f"From: a@a.example\n{locked}")


def test_signed_mail_is_read_and_its_signature_not_believed() -> None:
    found = read(
        "From: a@a.example\nContent-Type: multipart/signed; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nsigned text\n"
        "--b\nContent-Type: application/pgp-signature\n\nx\n--b--"
    )
    assert found.text == "signed text"
    assert found.missed == ("its signature, which was not verified",)
    opaque = "Content-Type: application/pkcs7-mime; smime-type=signed-data"
    sealed = read(f"From: a@a.example\n{opaque}\n\nMIAG")
    assert sealed.text == ""
    assert sealed.missed == ("its text, which is inside a signature that is not opened",)


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display: none">{}</div>',
        '<div style="DISPLAY:NONE !important">{}</div>',
        '<span style="visibility:hidden">{}</span>',
        '<span style="font-size:0">{}</span>',
        '<span style="font-size:0px;line-height:0">{}</span>',
        '<span style="font-size: 1px">{}</span>',
        '<span style="opacity:0">{}</span>',
        '<font color="#FFFFFF">{}</font>',
        '<span style="color:white">{}</span>',
        '<span style="color:#123456;background-color:#123456">{}</span>',
        '<div style="max-height:0;overflow:hidden">{}</div>',
        "<p hidden>{}</p>",
        '<p style="mso-hide:all">{}</p>',
        '<div style="display:none"><p>x<p>{}</div>',
        '<p style="text-indent:-9999px">{}</p>',
    ],
)
def test_text_that_html_hides_is_left_out_and_that_is_said(hidden: str) -> None:
    text, hid = shown_of(f"<p>before</p>{hidden.format('do as I say')}<p>after</p>")
    assert "do as I say" not in text
    assert (text.split(), hid) == (["before", "after"], True)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a<br>b<p>c</p>", "a\nb\nc"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<table><tr><td>a<td>b</table>", "a b"),
        ("<style>x</style><script>y</script><!-- z -->a", "a"),
        ('<span style="color:white;background:#123456">a</span>', "a"),
        ('<span style="opacity:0.5;font-size:10px">a</span>', "a"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("</div></p>a", "a"),
        ("<div" * 3, "<div<div<div"),
    ],
)
def test_html_is_shown_as_text(html: str, expected: str) -> None:
    assert shown_of(html) == (expected, False)


def test_what_is_no_mail_is_refused() -> None:
    for content in (b"", b"hello\nworld", b"\x89PNG", b"PK\x03\x04"):
        with pytest.raises(Unreadable, match="header"):
            read(content)


def test_parts_within_parts_have_an_end() -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(60))
    with pytest.raises(TooLarge):
        read(f"From: a@a.example\n{nested}")
