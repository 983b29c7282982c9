"""Blanks, chatter and Markdown are found; ordinary text and what the source says itself are not."""

import pytest

from signalbox.workloads.faithful import unfaithful
from signalbox.workloads.grounding import Source
from signalbox.workloads.language import is_foreign, language_of
from signalbox.workloads.manners import fault


@pytest.mark.parametrize(
    "said",
    [
        "Dear [Recipient's Name],",
        "Best regards,\n[Your Name]",
        "Date: ______",
        "The figure is TBD.",
        "Dear {{name}}",
        "Dear <Your Name>",
        "Sure! Here is the rewritten text: it is late.",
        "Here's the summary: all is well.",
        "I'm sorry, but I can't help with that.",
        "As an AI language model I have no opinion.",
        "**Important** news",
        "# Heading\ntext",
        "```json\n{}",
        "Natürlich, hier ist der Text.",
    ],
)
def test_what_is_not_finished_is_found(said: str) -> None:
    assert fault(said) is not None
    assert fault(said, said) is None


@pytest.mark.parametrize(
    "said",
    [
        "Surely here is where we stand.",
        "Here is where the track ends.",
        "I am sorry for the delay.",
        "See [the page](https://example.com) and [1].",
        "2 * 3 ** 2",
        "Wait... no.",
        "Of course the meeting is on Monday.",
    ],
)
def test_ordinary_text_is_not(said: str) -> None:
    assert fault(said) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The board has put off its decision and will meet again on Monday.", "en"),
        ("Der Vorstand hat die Entscheidung vertagt und trifft sich am Montag mit den Werken.", "de"),
        ("Le conseil a reporté sa décision et se réunit lundi avec les chefs du service.", "fr"),
        ("El consejo ha aplazado la decisión y se reúne el lunes con los jefes del servicio.", "es"),
        ("Il consiglio non ha deciso e la riunione è anche per il capo della stazione.", "it"),
        (
            "Het bestuur heeft de beslissing uitgesteld en komt maandag weer bij elkaar.",
            "nl",
        ),
        (
            "O conselho não decidiu e a reunião é na segunda com os chefes do serviço para uma nova data.",
            "pt",
        ),
        ("OK", ""),
        ("", ""),
        ("4711 0815", ""),
    ],
)
def test_the_language_of_a_sentence_is_known(text: str, language: str) -> None:
    assert language_of(text) == language


def test_short_texts_are_never_foreign() -> None:
    assert not is_foreign("Merci", "The train is late and the board knows of it.")


OLD = "pls tell Ms Okafor that the 14 cranes in Porto are late again, its bad"


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("", "empty"),
        ("Please tell Ms Okafor that the cranes in Porto are late again.", "14"),
        ("Please tell Ms Berg that the 14 cranes in Porto are late again.", "Berg"),
        ("Please tell Ms Okafor that the 14 cranes in Porto are late again. It cost 90 EUR.", "90"),
        ("Sure! Here is the text: Ms Okafor, the 14 cranes in Porto are late.", "alone"),
        (
            "Bitte sagen Sie Ms Okafor, dass die 14 Kräne in Porto wieder zu spät sind und nicht gut.",
            "14",
        ),
    ],
)
def test_another_wording_adds_and_loses_nothing(new: str, why: str) -> None:
    wrong = unfaithful(OLD, new)
    assert wrong is not None
    if "Bitte" not in new:
        assert why in wrong


def test_what_the_user_asks_for_may_come_and_go() -> None:
    new = "Please tell Ms Okafor that the 15 cranes in Porto are late again."
    assert unfaithful(OLD, new) is not None
    assert unfaithful(OLD, new, "write 15 instead of 14") is None


def test_what_may_be_dropped_may_be_dropped_but_nothing_added() -> None:
    assert unfaithful(OLD, "The cranes are late again.", may_drop=True) is None
    assert unfaithful(OLD, "The 15 cranes are late again.", may_drop=True) is not None


def test_german_nouns_are_no_names_but_people_are() -> None:
    source = Source(["Herr Berg prüft die Zahlen und das Werk bis Montag."])
    assert (
        source.missing("Bitte senden Sie die Unterlagen an Herr Berg, der das Werk und die Akten prüft.")
        == ()
    )
    said = (
        "Bitte senden Sie die Unterlagen an Frau Sommer, die das Werk und die 3000 Akten mit der BASF prüft."
    )
    assert set(source.missing(said)) == {"Sommer", "3000", "BASF"}


def test_a_title_in_capitals_names_nobody() -> None:
    source = Source(["The night train to Graz leaves at 22:40."])
    assert source.missing("Night Train Timetable Changes", title=True) == ()
    assert source.missing("Night train changes in Linz", title=True) == ("Linz",)
    assert source.missing("NASA Night Train in 2031", title=True) == ("2031", "NASA")
