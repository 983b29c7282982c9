"""A hedge through real sockets: the answer comes although the first of the plan hangs; both are recorded."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from signalbox.testing.served import Served

HEDGE = """
[dispatch.hedge]
interactive = "60ms"
near-interactive = "60ms"
batch = "60ms"
"""


@pytest.mark.parametrize("stream", [False, True])
def test_a_hanging_endpoint_is_hedged_and_its_attempt_is_cancelled(
    furnish: Callable[..., Path], stream: bool
) -> None:
    """`x-hang` is the cheaper of two, so it is asked first; it is silent until its idle limit, a second."""
    config = furnish(dispatch=HEDGE)
    text = config.read_text()
    begins = text.rindex("[[endpoints]]", 0, text.index('id = "x-hang"'))
    hanging = text[begins : text.index("[[endpoints]]", begins + 1)]
    answering = hanging.replace('id = "x-hang"', 'id = "hang-2"').replace("d-hang", "good")
    config.write_text(text + "\n" + answering.replace('input_per_mtok = "1"', 'input_per_mtok = "3"'))
    with Served(config, config.parent / "data") as served:
        assert (
            served.chat("sb-anna", model="own-good").status == 200
        )  # what is loaded on first need is there now
        began = time.monotonic()
        answer = served.chat("sb-anna", model="m-hang", stream=stream)
        assert answer.status == 200, served.complaints
        assert time.monotonic() - began < 0.9
        assert answer.headers["x-signalbox-endpoint"] == "hang-2"
        told = served.settled(answer.headers["x-signalbox-decision"])
        intents = {record["attempt"]: record for record in told if record["kind"] == "intent"}
        outcomes = {record["attempt"]: record for record in told if record["kind"] == "outcome"}
        assert intents.keys() == outcomes.keys()
        ended = [
            (intents[attempt]["hop"], intents[attempt]["endpoint"], outcome["status"], outcome["billed"])
            for attempt, outcome in sorted(outcomes.items())
        ]
        assert ended == [("primary", "x-hang", "cancelled", "maybe"), ("hedge", "hang-2", "ok", "yes")]
    report = served.verified()
    assert report.sound, report.findings
    assert not report.open_attempts
