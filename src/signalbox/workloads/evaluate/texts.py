"""Text and mail tasks: a workload's parameters, and what the answer to them has to say.

Answers are kept as they come, so that a run that was stopped goes on where it stood. What a task asks for is
little: that an answer is accepted at all, by the checks of its workload, is most of what is measured.
"""

import asyncio
import re
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from signalbox.domain.errors import SignalboxError
from signalbox.domain.principal import Principal
from signalbox.domain.request import Declared
from signalbox.pipeline import Pipeline
from signalbox.workloads.registry import Registry
from signalbox.workloads.running import run

OWN: Final = Path(__file__).with_name("texts.toml")
"""Tasks that come with the program."""
_PATIENT: Final = Declared(deadline_ms=600_000)
"""A measurement waits for a slow machine, where a user would not."""


_WITHDRAWN_MAX: Final = 5
_PAUSE_S: Final = 2.0


class TextTask(Struct, frozen=True, forbid_unknown_fields=True):
    """`says` and `lacks` are regular expressions over the answer's JSON."""

    id: str
    workload: str
    params: dict[str, Any]
    says: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def missing(self, answer: str) -> tuple[str, ...]:
        """What the answer fails in, in words; empty where it is solved."""
        absent = [f"says not `{each}`" for each in self.says if not re.search(each, answer, re.IGNORECASE)]
        present = [f"says `{each}`" for each in self.lacks if re.search(each, answer, re.IGNORECASE)]
        return (*absent, *present)


class TextAnswered(Struct, frozen=True):
    """One line of the file of results. `accepted`: the workload delivered it; `why` says what is wrong."""

    task: str
    workload: str
    model: str
    accepted: bool
    solved: bool
    calls: int
    repairs: int
    seconds: float
    why: str = ""
    answer: str = ""


class Share(Struct, frozen=True):
    workload: str
    tasks: int
    accepted: int
    solved: int
    seconds: float


class TextsKept:
    """Results in a file, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_bytes().splitlines() if path.exists() else []
        self.all = [msgspec.json.decode(line, type=TextAnswered) for line in lines if line.strip()]

    def has(self, task: TextTask, model: str) -> bool:
        return any((each.task, each.model) == (task.id, model) for each in self.all)

    def add(self, answered: TextAnswered) -> None:
        self.all.append(answered)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(answered) + b"\n")


def read_tasks(path: Path = OWN) -> tuple[TextTask, ...]:
    """Raises `OSError`, `tomllib.TOMLDecodeError`, and `msgspec.ValidationError` for another form."""
    return msgspec.convert(tomllib.loads(path.read_text())["tasks"], type=tuple[TextTask, ...])


async def answer(
    task: TextTask, offered: Registry, *, pipeline: Pipeline, principal: Principal, model: str
) -> TextAnswered:
    """Runs the workload as a caller would, and compares."""
    app, _, feature = task.workload.partition("/")
    began = time.monotonic()

    def told(
        *, said: str = "", why: str = "", accepted: bool = False, calls: int = 0, repairs: int = 0
    ) -> TextAnswered:
        return TextAnswered(
            task=task.id,
            workload=task.workload,
            model=model,
            accepted=accepted,
            solved=accepted and not why,
            calls=calls,
            repairs=repairs,
            seconds=round(time.monotonic() - began, 1),
            why=why,
            answer=said,
        )

    tries = _WITHDRAWN_MAX
    while True:
        try:
            ran = await run(
                offered.find(app, feature),
                task.params,
                (),
                pipeline=pipeline,
                principal=principal,
                target=model,
                declared=_PATIENT,
            )
            break
        except SignalboxError as error:
            tries -= 1
            if error.code != "withdrawn" or not tries:
                return told(why=f"{error.code}: {error}")
            # On a machine under load the lease of the kill switch can lapse for a moment, which says nothing
            # of the model.
            await asyncio.sleep(_PAUSE_S)
    said = msgspec.json.encode(ran.answer).decode()
    wrong = "; ".join(task.missing(said))
    return told(said=said, why=wrong, accepted=True, calls=len(ran.calls), repairs=ran.validation.repairs)


def shares(answers: Iterable[TextAnswered]) -> tuple[Share, ...]:
    """By workload, in the order in which they were first asked."""
    by_workload: dict[str, list[TextAnswered]] = {}
    for each in answers:
        by_workload.setdefault(each.workload, []).append(each)
    return tuple(
        Share(
            workload,
            len(many),
            sum(each.accepted for each in many),
            sum(each.solved for each in many),
            round(sum(each.seconds for each in many) / len(many), 1),
        )
        for workload, many in by_workload.items()
    )
