"""An issuer's key set on a loopback port, as it answers, is down, or says nothing at all."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import msgspec

from signalbox.testing.token_signer import TID, Signer


class KeySetServer:
    """`status` is what it answers; while `talking` is not set it says nothing. `served` counts.

    `configuration` is what it says of itself: as OpenID Connect Discovery has it, of `issuer` and `url`.
    """

    def __init__(self, signer: Signer) -> None:
        self.status = 200
        self.served = 0
        self.configuration: dict[str, Any] = {}
        self.talking = threading.Event()
        self.talking.set()
        keys = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys.served += 1
                keys.talking.wait()
                body = b"{}"
                if self.path == "/keys?v=2":
                    body = signer.key_set()
                elif self.path == f"/{TID}/v2.0/.well-known/openid-configuration":
                    body = msgspec.json.encode(keys.configuration)
                self.send_response(keys.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.configuration |= {"issuer": self.issuer, "jwks_uri": self.url}
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/keys?v=2"

    @property
    def issuer(self) -> str:
        """An address that discovery finds it by, for a `Signer`'s `url`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{TID}/v2.0"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.talking.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
