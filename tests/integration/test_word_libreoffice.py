"""LibreOffice opens what we write: a draft with its native parts, and edits as tracked changes."""

import io
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from docx import Document

from signalbox.workloads.word.draft import Grid, Heading, Listing, Para, WordDraft
from signalbox.workloads.word.render import render
from signalbox.workloads.word.tracked import edit

SOFFICE = shutil.which("soffice")
_SECONDS = 120


@pytest.fixture
def program() -> str:
    if SOFFICE is None:
        pytest.fail("LibreOffice is missing: `sh scripts/system-tools.sh soffice` installs it")
    return SOFFICE


def as_odt(content: bytes, program: str, folder: Path) -> str:
    """The text's XML as LibreOffice writes it after loading."""
    given = folder / "given.docx"
    given.write_bytes(content)
    subprocess.run(
        [
            program,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "odt",
            "--outdir",
            str(folder),
            str(given),
        ],
        check=True,
        capture_output=True,
        timeout=_SECONDS,
    )
    with zipfile.ZipFile(folder / "given.odt") as archive:
        return archive.read("content.xml").decode()


def test_a_draft_opens_with_native_parts(program: str, tmp_path: Path) -> None:
    draft = WordDraft(
        (
            Heading(1, "The lift"),
            Heading(2, "What is the matter"),
            Para("It is out of service."),
            Listing(("First.", "Second."), True),
            Grid((("Day", "Hours"), ("Monday", "8"))),
        )
    )
    text = as_odt(render(draft, made=datetime(2026, 3, 1, tzinfo=UTC)), program, tmp_path)
    assert 'text:outline-level="1"' in text
    assert "<text:list " in text
    assert "<table:table-header-rows>" in text
    for said in ("The lift", "What is the matter", "It is out of service.", "Second.", "Monday"):
        assert f">{said}<" in text or said in text


def test_an_edit_opens_as_tracked_changes_of_their_author(program: str, tmp_path: Path) -> None:
    opened = Document()
    opened.add_paragraph("the cranes is late again")
    saved = io.BytesIO()
    opened.save(saved)
    edited = edit(
        saved.getvalue(),
        {"p1": "The cranes are late again"},
        author="Signalbox (acme-small)",
        date="2026-03-01T12:00:00Z",
    )
    text = as_odt(edited.content, program, tmp_path)
    assert "<text:tracked-changes" in text
    assert "<text:insertion>" in text
    assert "<text:deletion>" in text
    assert "<dc:creator>Signalbox (acme-small)</dc:creator>" in text
