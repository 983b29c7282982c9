"""Starting, draining and stopping the real process."""

import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from signalbox.testing.served import COMMAND, Served, Vendor, eventually

Furnish = Callable[..., Path]


def stream(served: Served, model: str) -> socket.socket:
    """A stream that has begun."""
    body = msgspec.json.encode(
        {"model": model, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    )
    line = socket.create_connection(("127.0.0.1", served.port), timeout=15)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sb-anna\r\n"
    line.sendall(head + b"content-length: %d\r\n\r\n%s" % (len(body), body))
    assert line.recv(65_536).startswith(b"HTTP/1.1 200 ")
    return line


def rest(line: socket.socket) -> bytes:
    said = b""
    while part := line.recv(65_536):
        said += part
    return said


def refuses(served: Served) -> bool:
    try:
        socket.create_connection(("127.0.0.1", served.port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def outcomes(served: Served) -> list[dict[str, Any]]:
    return [record for record in served.records() if record["kind"] == "outcome"]


def test_a_drain_lets_a_running_stream_end_and_takes_nobody_new(furnish: Furnish) -> None:
    config = furnish(server='drain_timeout = "20s"')
    with Served(config, config.parent / "data") as served:
        idle = socket.create_connection(("127.0.0.1", served.port))
        with stream(served, "x-long") as line, idle:
            served.signal(signal.SIGTERM)
            eventually(lambda: refuses(served))
            assert idle.recv(1) == b"", "an idle connection is closed"
            assert rest(line).endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
        assert served.wait() == 0
        assert [record["status"] for record in outcomes(served)] == ["ok"]
        report = served.verified()
        assert report.sound
        assert not report.open_attempts
        assert served.complaints == ""


def test_a_drain_that_takes_too_long_closes_the_books_and_says_so(furnish: Furnish, vendor: Vendor) -> None:
    config = furnish(server='drain_timeout = "300ms"')
    with Served(config, config.parent / "data") as served:
        with stream(served, "x-slow") as streamed, stream(served, "x-slow") as unread:
            whole = socket.create_connection(("127.0.0.1", served.port), timeout=15)
            body = b'{"model":"x-hang","messages":[{"role":"user","content":"hi"}]}'
            head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sb-anna\r\n"
            whole.sendall(head + b"content-length: %d\r\n\r\n%s" % (len(body), body))
            eventually(lambda: vendor.emulator.running == 3)
            served.signal(signal.SIGTERM)
            said = rest(streamed)
            assert b'"code":"overloaded"' in said.rpartition(b"data: ")[2]
            assert said.endswith(b"\r\n0\r\n\r\n")
            answer = rest(whole)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"shutting down" in answer
            assert b'"code":"overloaded"' in rest(unread)
            whole.close()
        assert served.wait() == 0
        assert [(r["status"], r["failure"]) for r in outcomes(served)] == [("cancelled", "cancelled")] * 3
        report = served.verified()
        assert report.sound
        assert not report.open_attempts
        assert "Traceback" not in served.complaints
    vendor.idle()


def test_ctrl_c_twice_stops_at_once_with_sound_books(furnish: Furnish) -> None:
    config = furnish(server='drain_timeout = "20s"')
    with Served(config, config.parent / "data") as served:
        with stream(served, "x-slow") as line:
            served.signal(signal.SIGINT)
            eventually(lambda: refuses(served))
            served.signal(signal.SIGINT)
            assert b'"code":"overloaded"' in rest(line)
        assert served.wait() == 0
        assert [record["status"] for record in outcomes(served)] == ["cancelled"]


def serve(config: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [COMMAND, "serve", "--config", config],
        capture_output=True,
        text=True,
        timeout=30,
        env=env,
        check=False,
    )


def test_a_port_in_use_is_one_clear_line(furnish: Furnish) -> None:
    config = furnish()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = serve(config, SIGNALBOX_PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("signalbox: 127.0.0.1:")
    assert "SIGNALBOX_PORT" in line


def test_a_missing_or_wrong_settings_file_is_one_clear_line(furnish: Furnish, tmp_path: Path) -> None:
    done = serve(tmp_path / "absent.toml")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "absent.toml" in line
    config = furnish()
    config.write_text(config.read_text().replace('retention = "none"', 'retension = "none"', 1))
    done = serve(config)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "did you mean `retention`" in done.stderr


def test_a_data_directory_that_cannot_be_one_is_one_clear_line(furnish: Furnish) -> None:
    config = furnish()
    (config.parent / "data").write_text("in the way")
    done = serve(config)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert str(config.parent / "data") in line


def test_a_host_that_is_not_ours_is_one_clear_line(furnish: Furnish) -> None:
    config = furnish(server='host = "192.0.2.1"')
    done = serve(config)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("signalbox: 192.0.2.1:")


def test_it_serves_on_ipv6_and_prints_an_address_that_works(furnish: Furnish) -> None:
    config = furnish(server='host = "::1"')
    with Served(config, config.parent / "data") as served:
        assert served.url.startswith("http://[::1]:")
        done = served.command("endpoints")
        assert done.returncode == 0, done.stderr
