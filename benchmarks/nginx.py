"""nginx twice: the vendor that answers at once, and the plain proxy that everything is compared with.

Both have one worker, no access log, and connections that are kept. Paths are relative to the prefix.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.processes import HOST, Running, running, tool

_TEXT: Final = (
    "Thank you for the draft. Here is a tighter version of the paragraph. Revenue in the northern region "
    "grew by 7.4 % in the third quarter, to EUR 12,480,000, and the margin held at 31 % although freight "
    "became dearer. Two contracts that were due in September moved to October and are signed since; they add "
    "EUR 1,150,000 to the fourth quarter. Expenses stayed within the budget that the board approved on "
    "14 March, except for travel, which exceeded it by EUR 38,200 after the move of the Leipzig office. We "
    "propose to keep the forecast for the year unchanged, to review travel in November, and to ask the "
    "supply team for two offers per item above EUR 5,000. The customer survey is attached: of 212 answers, "
    "181 would order again, and most of the rest name delivery times as the reason. A decision is needed by "
    "the meeting on 2 December, so that the revised schedule can go out in time."
)
_FRAME: Final = """
worker_processes 1;
daemon off;
pid {name}.pid;
error_log {name}.error error;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path {name}-body;
  proxy_temp_path {name}-proxy;
  fastcgi_temp_path {name}-fastcgi;
  uwsgi_temp_path {name}-uwsgi;
  scgi_temp_path {name}-scgi;
{servers}
}}
"""
_MOCK: Final = "  server {{ listen {host}:{port} backlog=4096; location / {{ return 200 '{reply}'; }} }}"
_PROXY: Final = """
  upstream {name} {{ server {host}:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen {host}:{port} backlog=4096;
    location / {{
      proxy_pass http://{name};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering {buffering};
    }}
  }}"""


def reply() -> bytes:
    """The completion that the vendor gives to everyone: 1.2 KB, and no single quote or `$` for nginx."""
    whole: dict[str, Any] = {
        "id": "chatcmpl-benchmark",
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": "bench-model",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": _TEXT},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 280, "completion_tokens": 214, "total_tokens": 494},
    }
    return msgspec.json.encode(whole)


@contextmanager
def vendor(directory: Path, port: int, core: int) -> Iterator[Running]:
    """A mock of a vendor: every request gets `reply` at once."""
    server = _MOCK.format(host=HOST, port=port, reply=reply().decode())
    with _started("vendor", directory, server, core) as process:
        process.await_answer(port)
        yield process


@contextmanager
def proxy(
    directory: Path, ports: tuple[int, int], upstreams: tuple[int, int], core: int
) -> Iterator[Running]:
    """A plain proxy: `ports[0]` to `upstreams[0]` with nginx's buffers, as is usual for whole replies, and
    `ports[1]` to `upstreams[1]` without them, as streams need it."""
    servers = "".join(
        _PROXY.format(name=name, host=HOST, port=port, upstream=upstream, buffering=buffering)
        for name, port, upstream, buffering in (
            ("whole", ports[0], upstreams[0], "on"),
            ("streamed", ports[1], upstreams[1], "off"),
        )
    )
    with _started("proxy", directory, servers, core) as process:
        for port in ports:
            process.await_answer(port)
        yield process


@contextmanager
def _started(name: str, directory: Path, servers: str, core: int) -> Iterator[Running]:
    settings = directory / f"{name}.conf"
    settings.write_text(_FRAME.format(name=name, servers=servers))
    command = (tool("nginx"), "-p", directory, "-c", settings)
    with running(name, command, core=core, directory=directory) as process:
        yield process
