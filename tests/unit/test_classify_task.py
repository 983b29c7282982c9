"""The task: declared, by feature, or by the words of the last user message."""

import pytest

from signalbox.classify.features import FEATURES, feature_named
from signalbox.classify.task import CERTAIN, task_of, task_of_words
from signalbox.domain.errors import MalformedRequest
from signalbox.domain.request import Image, Message, Text
from signalbox.domain.traits import TaskType

SAID = [
    ("Please summarise the following minutes in three points.", TaskType.SUMMARISING),
    ("Fasse das Protokoll kurz zusammen", TaskType.SUMMARISING),
    ("Résume ce document", TaskType.SUMMARISING),
    ("tl;dr, give me a summary of this thread", TaskType.SUMMARISING),
    ("Rewrite this paragraph in a formal tone", TaskType.REWRITING),
    ("Formuliere den Absatz höflicher", TaskType.REWRITING),
    ("Reformule cette phrase", TaskType.REWRITING),
    ("Translate this into German", TaskType.TRANSLATION),
    ("Übersetze den Text ins Französische", TaskType.TRANSLATION),
    ("Traduis ce paragraphe en anglais", TaskType.TRANSLATION),
    ("Draft a reply to this email", TaskType.DRAFTING),
    ("Schreibe eine Mail an das Team", TaskType.DRAFTING),
    ("Rédige une lettre de motivation", TaskType.DRAFTING),
    ("What formula gives the sum of column B?", TaskType.COMPUTATION),
    ("Berechne die Summe der Spalte C", TaskType.COMPUTATION),
    ("Extract all names and dates from the contract", TaskType.EXTRACTION),
    ("Classify these tickets by category", TaskType.CLASSIFICATION),
    ("Make a presentation of ten slides about our strategy", TaskType.LAYOUT),
    ("Write a Python function that parses a CSV file", TaskType.CODING),
    ("Explain why revenue fell and compare it with last year", TaskType.REASONING),
    ("Convert this list into a markdown table", TaskType.FORMATTING),
    ("Hello, how are you?", TaskType.CHAT),
    ("", TaskType.CHAT),
]


@pytest.mark.parametrize(("text", "task"), SAID)
def test_reads_the_task_from_the_words(text: str, task: TaskType) -> None:
    found, confidence = task_of_words(text)
    assert (found, 0 < confidence < CERTAIN) == (task, True)


@pytest.mark.parametrize("long", ["lorem ipsum dolor " * 5_000, "z" * 50_000])
def test_reads_both_ends_of_a_long_text(long: str) -> None:
    assert task_of_words("Summarise this report: " + long)[0] is TaskType.SUMMARISING
    assert task_of_words(long + " Translate this into German")[0] is TaskType.TRANSLATION


@pytest.mark.parametrize(
    "text", ["Rewrite the paragraph about our custmers", "Rewrite teh paragraph about our customers"]
)
def test_a_misspelt_other_word_changes_nothing(text: str) -> None:
    assert task_of_words(text) == task_of_words("Rewrite the paragraph about our customers")


def test_reads_the_last_user_message() -> None:
    messages = [
        Message("user", (Text("Translate this into German"),)),
        Message("assistant", (Text("Gern"),)),
        Message("user", (Image("image/png", "AA=="), Text("Summarise it"), Text("please"))),
        Message("assistant", (Text("Draft a letter"),)),
    ]
    assert task_of("", None, messages)[0] is TaskType.SUMMARISING


def test_declared_wins_over_feature_and_feature_over_words() -> None:
    feature = feature_named("excel", "formula")
    messages = [Message("user", (Text("Summarise this"),))]
    assert task_of("translation", feature, messages) == (TaskType.TRANSLATION, CERTAIN)
    assert task_of("", feature, messages) == (TaskType.COMPUTATION, CERTAIN)
    assert task_of("", None, messages)[0] is TaskType.SUMMARISING


def test_an_unknown_task_is_refused_by_name() -> None:
    with pytest.raises(MalformedRequest, match=r"unknown task `poetry`: use one of formatting, .*chat"):
        task_of("poetry", None, [])


def test_a_feature_is_found_however_it_is_written() -> None:
    formula = FEATURES["excel.formula"]
    for app, feature in [
        ("excel", "formula"),
        ("", "excel.formula"),
        ("Excel", "Excel.Formula"),
        ("EXCEL", "formula"),
    ]:
        assert feature_named(app, feature) is formula
    for app, feature in [("word", "excel.formula"), ("excel", ""), ("", "formula"), ("excel", "poetry")]:
        assert feature_named(app, feature) is None


def test_the_fourteen_office_workloads_are_listed() -> None:
    owed = {
        "word": "summarize rewrite draft",
        "excel": "formula explain cell transform analyze",
        "powerpoint": "create rewrite",
        "outlook": "summarize draft coach triage",
    }
    assert {f"{app}.{name}" for app, names in owed.items() for name in names.split()} <= FEATURES.keys()
