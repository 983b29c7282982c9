"""Against servers that other people wrote: uvicorn, and nginx where it is installed."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from signalbox.adapters.http import Origin
from signalbox.testing.http_caller import HttpCaller

CONFIG = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
    uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
    server {{ listen unix:{dir}/nginx.sock; gzip on; gzip_types *; location / {{ return 200 '{body}'; }} }}
}}
"""


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Echo the request's body in as many chunks as it has bytes."""
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for byte in body:
        await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def uvicorn_origin() -> AsyncIterator[Origin]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # so that connections queue until the server takes over
    server = uvicorn.Server(
        uvicorn.Config(application, lifespan="off", log_level="error", http="h11", ws="none")
    )
    task = asyncio.create_task(server._serve([listener]))  # `serve` would take over signal handling
    yield Origin("http", "127.0.0.1", listener.getsockname()[1])
    server.should_exit = True
    await task
    listener.close()


async def test_uvicorn(caller: HttpCaller, uvicorn_origin: Origin) -> None:
    body = bytes(range(256)) * 4
    for _ in range(3):
        response = await caller.post(uvicorn_origin, body=body)
        assert (response.status, response.header("transfer-encoding")) == (200, "chunked")
        assert b"".join([chunk async for chunk in response.chunks()]) == body
    head = await caller.post(uvicorn_origin, method="HEAD", body=b"")
    assert (head.status, await head.read()) == (200, b"")


async def test_nginx(caller: HttpCaller, tmp_path: Path) -> None:
    # Debian keeps it where the path of an ordinary user does not lead.
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert nginx is not None, "nginx is not installed: `make test` does that"
    body = "x" * 1_200
    (tmp_path / "nginx.conf").write_text(CONFIG.format(dir=tmp_path, body=body))
    process = await asyncio.create_subprocess_exec(nginx, "-c", str(tmp_path / "nginx.conf"))
    origin = Origin("unix", str(tmp_path / "nginx.sock"), 0)
    try:
        while not (tmp_path / "pid").exists():
            assert process.returncode is None
            await asyncio.sleep(0.01)
        responses = await asyncio.gather(*[caller.post(origin) for _ in range(20)])
        assert {response.header("server") is not None for response in responses} == {True}
        assert {await response.read() for response in responses} == {body.encode()}
    finally:
        process.terminate()
        await process.wait()
