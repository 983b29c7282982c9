"""What the kernel is asked to do, and in which order: `fdatasync` of the intent, then the first byte.

uvloop sends with `write` (its io_uring serves other calls), so every call that could carry bytes away is
traced, and the request is found in whichever it was.
"""

import re
import shutil
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from signalbox.testing.site import Person, Site, stop, until

CALLS = "fdatasync,fsync,sendto,sendmsg,sendmmsg,write,writev,pwrite64,pwritev,pwritev2,sendfile,splice"
_LINE = re.compile(r"^(\d+)\s+(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$")
_SENDS = ("write", "writev", "sendto", "sendmsg", "sendmmsg", "pwritev")


class Step(Struct):
    """A line of the trace: a call that began (`begins`), ended (`ends`), or both."""

    thread: str
    call: str
    text: str
    begins: bool
    ends: bool


def read(trace: Path) -> list[Step]:
    steps = []
    for line in trace.read_text(errors="replace").splitlines():
        found = _LINE.match(line)
        if found:
            thread, begun, text, resumed, rest = found.groups()
            ends = "<unfinished ...>" not in line
            steps.append(Step(thread, begun or resumed, text or rest or "", bool(begun), ends))
    return steps


def one(places: list[int]) -> int:
    assert places
    return places[0]


def written(steps: list[Step], attempt: str) -> int:
    """Where the page with the attempt's intent begins to be written to the log."""
    return one(
        [
            place
            for place, step in enumerate(steps)
            if step.begins
            and step.call == "pwrite64"
            and "log.sqlite3-wal" in step.text
            and attempt in step.text
        ]
    )


def synced(steps: list[Step], after: int) -> int:
    """Where the next `fdatasync` of the log has ended, and well."""
    for place in range(after, len(steps)):
        step = steps[place]
        if not (step.call == "fdatasync" and step.begins and "log.sqlite3-wal" in step.text):
            continue
        ended = place
        while not (steps[ended].thread == step.thread and steps[ended].ends):
            ended += 1
        assert steps[ended].text.endswith("= 0")
        return ended
    raise AssertionError("the log was not synced")


def sent(steps: list[Step], attempt: str) -> int:
    """Where the first byte of the attempt's request is handed to the kernel."""
    return one(
        [
            place
            for place, step in enumerate(steps)
            if step.begins and step.call in _SENDS and f"x-request-id: {attempt}" in step.text
        ]
    )


@pytest.mark.skipif(sys.platform != "linux", reason="strace is a tool of Linux")
async def test_a_confidential_intent_is_on_disk_before_the_first_byte_leaves(site: Site) -> None:
    assert shutil.which("strace"), "strace is missing: `make test` installs it"
    trace = site.directory / "trace"
    # -D: the tracer is the child's child, so that signals reach the server itself. -y names the files.
    wrapper = ("strace", "-D", "-f", "-y", "-s", "40000", "-o", str(trace), "-e", f"trace={CALLS}")
    server, url = site.serve(wrapper=wrapper)
    async with Person(url, site.key) as person:
        for stream in (False, True):
            for model in ("open", "secret", "open"):
                answered = await person.ask(model, confidential=model == "secret", stream=stream)
                assert answered is not None
                assert answered[0] == 200
    assert stop(server) == 0
    await until(lambda: f"{server.pid} +++ exited" in " ".join(trace.read_text(errors="replace").split()))

    steps = read(trace)
    attempts = [(receipt.model, receipt.request_id) for receipt in site.receipts]
    assert [model for model, _ in attempts] == ["open", "secret", "open"] * 2
    for model, attempt in attempts:
        page, left = written(steps, attempt), sent(steps, attempt)
        if model == "secret":
            assert page < synced(steps, page) < left
        else:  # not owed: it follows with the next group commit
            assert left < synced(steps, page)
    intents = {body["attempt"]: body["durable"] for body in site.log().of("intent")}
    assert intents == {attempt: model == "secret" for model, attempt in attempts}
