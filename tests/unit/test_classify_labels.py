"""A label that content brings along counts, in every form in which mails and documents carry it."""

import pytest

from signalbox.classify.content import BOUNDARY
from signalbox.classify.detectors import scan
from signalbox.domain.traits import Sensitivity

GUID = "1a2b3c4d-0000-4444-8888-9f8e7d6c5b4a"
OTHER = "ffffffff-0000-4444-8888-9f8e7d6c5b4a"
HIGHEST = Sensitivity.HIGHLY_CONFIDENTIAL


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (
            f"msip_labels: MSIP_Label_{GUID}_Enabled=True; MSIP_Label_{GUID}_Name=Confidential;",
            "confidential",
        ),
        (f"MSIP_Label_{GUID}_Name=Highly Confidential; MSIP_Label_{GUID}_SiteId=1", "highly-confidential"),
        (f'{{"MSIP_Label_{GUID}_Name": "Confidential"}}', "confidential"),
        (
            f'<property name="MSIP_Label_{GUID}_Name"><vt:lpwstr>Confidential</vt:lpwstr></property>',
            "confidential",
        ),
        (f"MSIP_Label_{GUID}_Name=General", "general"),
        (f"MSIP_Label_{GUID}_Name=Public", "public"),
        (f"MSIP_Label_{GUID}_Name=Board Members Only", "highly-confidential"),
        (f"MSIP_Label_{GUID}_Name=Confidential\\All Employees", "highly-confidential"),
        (f"msip_labels: MSIP_Label_{GUID}_Enabled=True", "highly-confidential"),
        (f"MSIP_Label_{GUID}_Name=Public; MSIP_Label_{OTHER}_Enabled=true", "highly-confidential"),
        (f"MSIP_Label_{GUID}_Name=Public; MSIP_Label_{OTHER}_Name=Confidential", "confidential"),
        (f"msip\u200b_label_{GUID}_name=confidential", "confidential"),
        ("Subject: plans\r\nSensitivity: Company-Confidential\r\n\r\nHello", "confidential"),
        ("what company-confidential means", "public"),
        ("this is confidential, MSIP labels are on", "public"),
        ("", "public"),
    ],
)
def test_a_label_counts_in_the_form_in_which_it_came(text: str, label: str) -> None:
    assert scan(text).label.label == label


def test_a_text_beside_it_neither_names_nor_lowers_a_label() -> None:
    alone = f"MSIP_Label_{GUID}_Enabled=True"
    named = f"MSIP_Label_{GUID}_Name=Public"
    assert scan(named).label is Sensitivity.PUBLIC
    assert scan(BOUNDARY.join((alone, named))).label is HIGHEST
    assert scan(BOUNDARY.join((named, alone))).label is HIGHEST


def test_it_is_found_at_the_end_of_a_long_text() -> None:
    assert scan("All is well. " * 40_000 + f"MSIP_Label_{GUID}_Name=Secret").label is HIGHEST
