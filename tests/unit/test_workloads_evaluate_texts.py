"""Tasks that come with the program are sound, what they ask is found, and a run goes on where it stopped."""

from pathlib import Path

import pytest

from signalbox.testing.fake_provider import Script
from signalbox.testing.values import principal
from signalbox.testing.workload_replies import rooms
from signalbox.workloads.evaluate.texts import TextsKept, TextTask, answer, read_tasks, shares
from signalbox.workloads.offered import offered

TASK = TextTask(
    id="t", workload="word/rewrite", params={"instruction": "polite", "text": "pls come to Lisbon by 9 am"},
    says=("Lisbon",), lacks=("pls",),
)  # fmt: skip
POLITE = "Please come to Lisbon by 9 am."


@pytest.mark.parametrize("task", read_tasks(), ids=lambda task: task.id)
def test_each_task_is_one_that_its_workload_takes(task: TextTask) -> None:
    app, _, feature = task.workload.partition("/")
    offered().find(app, feature).read(task.params, ())
    assert task.says


def test_tasks_have_names_of_their_own() -> None:
    names = [task.id for task in read_tasks()]
    assert len(set(names)) == len(names)


def test_what_an_answer_fails_in_is_said() -> None:
    assert TASK.missing('{"new_text": "Please come to LISBON."}') == ()
    assert TASK.missing("pls come") == ("says not `Lisbon`", "says `pls`")


@pytest.mark.parametrize(
    ("said", "accepted", "solved"),
    [
        (POLITE, True, True),
        ("pls come to Lisbon at once, by 9 am", True, False),
        ("Come to Porto.", False, False),
    ],
)
async def test_a_task_is_solved_by_what_is_accepted_and_says_it(
    said: str, accepted: bool, solved: bool
) -> None:
    house = rooms(grammars=True)
    house.provider.default = Script(text=said)
    made = await answer(TASK, offered(), pipeline=house.pipeline, principal=principal(), model="a")
    assert (made.accepted, made.solved) == (accepted, solved)
    assert bool(made.why) != solved


async def test_what_was_kept_is_not_asked_again(tmp_path: Path) -> None:
    house = rooms(grammars=True)
    house.provider.default = Script(text=POLITE)
    made = await answer(TASK, offered(), pipeline=house.pipeline, principal=principal(), model="a")
    kept = TextsKept(tmp_path / "results.jsonl")
    assert not kept.has(TASK, "a")
    kept.add(made)
    again = TextsKept(tmp_path / "results.jsonl")
    assert again.all == [made]
    assert again.has(TASK, "a")
    assert not again.has(TASK, "b")
    (share,) = shares(again.all)
    assert (share.workload, share.tasks, share.solved) == ("word/rewrite", 1, 1)
