"""What an emulated vendor shall do: a behaviour by request header, by queue, by model name, or by default.

A scenario file is JSON:

    {"default": {"tokens": 16, "token_ms": 5},
     "models": {"hangs": {"fault": "hang"}, "busy": {"fault": "status", "status": 429, "retry_after": "2"}},
     "queue": [{"fault": "reset_before"}]}
"""

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

Fault = Literal[
    "none",
    "hang",  # takes the request, says nothing
    "reset_before",  # breaks the connection before the first byte
    "reset_mid",  # … in the middle of the reply
    "reset_after",  # … right after the whole reply
    "garbage",  # bytes that are not HTTP
    "half_event",  # a stream that ends in the middle of an SSE line
    "error_body",  # status 200 with an error in it
    "error_event",  # a stream that turns into an error after some content
    "wrong_type",  # status 200 with a page of HTML
    "truncated_json",  # JSON that stops in the middle, in sound HTTP
    "early_eof",  # the reply ends too soon: no finish, no [DONE]; fewer bytes than announced
    "silent",  # begins to answer, then falls silent
    "drip",  # a byte at a time, `token_ms` apart
    "status",  # the vendor's error with `status`, `code` and `retry_after`
]


class Behaviour(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one request is answered. `tokens` is the reply's length where `max_tokens` does not cut it.

    `served_model` is the name reported (default: the one asked for). `retry_after` and `retry_after_ms`
    are header values; `code` and `message` go into the error of `status`. `choices` is how many are made,
    whatever `n` was (0: as asked).
    """

    fault: Fault = "none"
    status: int = 500
    code: str = ""
    message: str = "emulated failure"
    retry_after: str = ""
    retry_after_ms: str = ""
    should_retry: str = ""
    first_token_ms: float = 0
    token_ms: float = 0
    tokens: int = 16
    served_model: str = ""
    choices: int = 0
    usage: bool = True


class Scenario(Struct, kw_only=True, forbid_unknown_fields=True):
    """`queue` is consumed from the front, one a request. A header `x-emulate` (JSON) goes before all."""

    default: Behaviour = Behaviour()
    models: dict[str, Behaviour] = {}
    queue: list[Behaviour] = []

    def behaviour(self, model: str, header: bytes) -> Behaviour:
        """Raises `msgspec.DecodeError` for a header that is no behaviour."""
        if header:
            return msgspec.json.decode(header, type=Behaviour)
        if self.queue:
            return self.queue.pop(0)
        return self.models.get(model, self.default)


def read_scenario(path: Path) -> Scenario:
    """Raises `msgspec.DecodeError` naming the field that is wrong."""
    return msgspec.json.decode(path.read_bytes(), type=Scenario)
