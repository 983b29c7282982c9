"""The add-in as a newcomer builds it, once for all its tests, and panes of it in a real Chromium."""

import functools
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from tests.integration.chromium import Chromium, Page
from tests.integration.office_addin.pane import ADDIN, ALL_SETS, MODEL, OFFICE_JS, Opens, quoted, sales

from signalbox.testing.counter import Counter, Player
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import catalogue, tenant

STEPS: Final = (("ci",), ("run", "check"), ("test",), ("run", "build"))


def npm(*arguments: str) -> None:
    program = shutil.which("npm")
    if program is None:
        pytest.fail("npm is missing: `sh scripts/system-tools.sh npm` installs it")
    env = {name: value for name, value in os.environ.items() if name not in ("ADDIN_URL", "SIGNALBOX_URL")}
    done = subprocess.run(
        [program, *arguments], cwd=ADDIN, capture_output=True, text=True, env=env, timeout=300, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-6_000:]
        pytest.fail(f"`npm {' '.join(arguments)}` failed (does it reach its registry?):\n{said}")


@pytest.fixture(scope="session")
def built() -> Path:
    """What a newcomer's `make office-addin` makes, once its own tests have passed."""
    for step in STEPS:
        npm(*step)
    return ADDIN / "dist"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *said: object) -> None: ...


@pytest.fixture(scope="session")
def origin(built: Path) -> Iterator[str]:
    """Where the add-in's files are served: another origin than the server's, as it will be."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(built))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def counter(origin: str) -> Iterator[Counter]:
    player = Player()
    house = House(PERMIT_ALL, catalogue(MODEL), [tenant()], others={"player": player})
    with Counter(house, player, origins=frozenset({origin})) as made:
        yield made


@pytest.fixture
def opened(browser: Chromium, origin: str, counter: Counter) -> Iterator[Opens]:
    """A pane that has its settings, of a host and a document that are described."""
    pages: list[Page] = []

    def opening(host: str, *, settled: bool = True, sets: dict[str, str] = ALL_SETS, **document: Any) -> Page:
        described = quoted({"host": host, "sets": sets, **document})
        before = f"window.__office = {described};"
        if settled:
            kept = quoted({"server": counter.url, "model": "auto"})
            before += (
                f"localStorage.setItem('signalbox.connection', {quoted(kept)});"
                f"sessionStorage.setItem('signalbox.key', {quoted(counter.key)});"
            )
        stands_in = {OFFICE_JS: (ADDIN / "tests" / "pages" / "office.js").read_text()}
        page = browser.open(f"{origin}/taskpane.html", before=before, stands_in=stands_in)
        pages.append(page)
        return page

    yield opening
    for page in pages:
        # Refused requests are logged by the browser itself.
        told = [each for each in page.complaints if "Failed to load resource" not in each]
        assert not told
        assert page.js("window.__hit") is None


@pytest.fixture(scope="session")
def workbook() -> str:
    return sales()
