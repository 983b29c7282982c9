"""What a reply is to the server that plays it: bytes to send, pauses to keep, and how the connection ends.

Pure. Every fault is such a score, so the server knows no fault by name.
"""

from typing import Final, Literal

Ending = Literal["keep", "close", "reset", "hang"]
Step = bytes | float | Ending
"""Bytes are sent, a float is a pause in seconds, a word ends the reply."""

REASONS: Final = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 413: "Payload Too Large",
    422: "Unprocessable Entity", 424: "Failed Dependency", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    529: "Overloaded",
}  # fmt: skip
LAST_CHUNK: Final = b"0\r\n\r\n"
NOT_HTTP: Final = b"\x16\x03SPEAK FRIEND\r\n\r\n\x00\xff not http\r\n"
HTML: Final = b"<html><body>It works!</body></html>"


def page(status: int, body: bytes, *, kind: bytes = b"application/json", headers: bytes = b"") -> bytes:
    """A whole reply; `headers` are complete lines, each with its line end."""
    return (
        b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n"
        % (status, REASONS.get(status, "Status").encode(), kind, len(body), headers)
    ) + body


def stream_head(kind: bytes, headers: bytes = b"") -> bytes:
    """The head of a reply in chunks."""
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncache-control: no-cache\r\n"
        b"transfer-encoding: chunked\r\n%s\r\n" % (kind, headers)
    )


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
