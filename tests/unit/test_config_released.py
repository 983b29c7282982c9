"""What a release governs, cut out of the settings and read again: the same settings, whatever they say."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import ConfigErrors, Released, Settings, load
from signalbox.config.governed import governed_text, refuse_strange
from signalbox.governance.releases import (
    ContentTampered,
    ReleaseRefused,
    SourceText,
    Terms,
    content_of,
    read_content,
)

ROOT = Path(__file__).parents[2]
NOW_US = 1_800_000_000_000_000
KINDS = InstalledKinds()


def read(path: Path, released: Released | None = None) -> Settings:
    return load(path, {}, now_us=NOW_US, provider_kinds=KINDS, released=released)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    text = (ROOT / "signalbox.toml").read_text()
    (tmp_path / "signalbox.toml").write_text(text)
    return tmp_path / "signalbox.toml"


@pytest.mark.parametrize("name", ["signalbox.toml", "signalbox.example.toml", "signalbox.small.toml"])
def test_settings_read_from_a_release_are_those_of_the_files_it_was_made_from(name: str) -> None:
    from_files = read(ROOT / name)
    content = from_files.releases.content
    assert read_content(content.hash, content.bytes) == content
    from_release = read(ROOT / name, Released(1, content, NOW_US))
    assert from_release.releases.number == 1
    assert replace(from_release, files=from_files.files, releases=from_files.releases) == from_files


def test_what_lies_beside_the_settings_does_not_count(files: Path) -> None:
    content = read(files).releases.content
    before = read(files, Released(3, content, NOW_US))
    for policy in (files.parent / "policies").iterdir():
        policy.unlink()
    text = files.read_text()
    files.write_text(text.replace('default_boundary = "on-premises"', 'default_boundary = "world"'))
    assert read(files, Released(3, content, NOW_US)) == before
    files.write_text(text.replace("port = 8484", "port = 0"))
    assert read(files, Released(3, content, NOW_US)).server.port == 0


def test_a_settings_file_need_not_hold_what_a_release_governs(files: Path) -> None:
    content = read(files).releases.content
    files.write_text("[server]\nport = 0\n")
    assert read(files, Released(1, content, NOW_US)).tenants[0].id == "local"


def test_what_was_good_when_it_was_published_stays_good(files: Path) -> None:
    table = "[endpoints.lifecycle]\n"
    assert table in files.read_text()
    files.write_text(files.read_text().replace(table, f"{table}retired_from = 2027-01-02\n", 1))
    then = 1_790_000_000_000_000
    content = load(files, {}, now_us=then, provider_kinds=KINDS).releases.content
    with pytest.raises(ConfigErrors, match="past its end of life"):
        read(files)
    assert read(files, Released(1, content, then)).releases.number == 1


def test_a_fault_is_placed_in_the_text_that_has_it(files: Path) -> None:
    content = read(files).releases.content
    settings_text = content.of("settings")[0]
    line = 1 + settings_text.text[: settings_text.text.index("default_boundary")].count("\n")
    wrong = replace(settings_text, text=settings_text.text.replace('"on-premises"  #', '"nowhere"  #'))
    other = content_of([wrong, *(text for text in content.texts if text.role != "settings")], content.terms)
    files.write_text(files.read_text().replace("port = 8484", 'port = "x"'))
    with pytest.raises(ConfigErrors) as refused:
        read(files, Released(7, other, NOW_US))
    assert {(error.file, error.line) for error in refused.value.errors} == {
        (str(files), 1 + files.read_text()[: files.read_text().index('port = "x"')].count("\n")),
        ("release 7", line),
    }


def test_terms_that_are_not_those_of_the_texts_are_not_put_in_force(files: Path) -> None:
    content = read(files).releases.content
    other = content_of(content.texts, Terms(approvals=2))
    with pytest.raises(ContentTampered, match="terms"):
        read(files, Released(1, other, NOW_US))


ODD = """places.here = "x" # first
server.port = 1

# of the boundaries
boundaries = { a = ["here"], "b.c" = [
  "here", # not a header: [server]
] }
[server.limits] # not there
a = '''
[policy]
'''
# of the tenants
[[tenants]] # one
id = "t"
[tenants.cache]
ttl = "1s"
[log]
origin = "x"
# at the end
[[tenants]]
id = "u"
"""


def test_only_governed_tables_are_cut_out_with_their_comments() -> None:
    cut = governed_text(ODD)
    assert cut == (
        'places.here = "x" # first\n\n# of the boundaries\nboundaries = { a = ["here"], "b.c" = [\n'
        '  "here", # not a header: [server]\n] }\n# of the tenants\n[[tenants]] # one\nid = "t"\n'
        '[tenants.cache]\nttl = "1s"\n# at the end\n[[tenants]]\nid = "u"\n'
    )
    assert governed_text(ODD.replace("\n", "\r\n")) == cut
    assert governed_text("") == ""


@pytest.mark.parametrize("name", ["signalbox.toml", "signalbox.example.toml", "signalbox.small.toml"])
def test_what_files_come_to_is_nothing_strange(name: str) -> None:
    refuse_strange(read(ROOT / name).releases.content)


def test_what_would_be_read_as_if_it_counted_is_refused(files: Path) -> None:
    made = read(files).releases.content
    (settings,) = made.of("settings")
    others = tuple(text for text in made.texts if text is not settings)
    first = made.of("policy")[0]

    def refused(*texts: SourceText) -> bool:
        content = replace(made, texts=tuple(sorted(texts, key=lambda text: (text.role, text.name))))
        with pytest.raises(ReleaseRefused):
            refuse_strange(content)
        return True

    assert refused(*others, settings, replace(settings, name="z.toml"))
    assert refused(*others)
    assert refused(*others, replace(settings, name="other.toml"))
    assert refused(*others, settings, replace(first, text="// another"))
    for table in (
        '[server]\nhost = "0.0.0.0"\n',
        '[[keys]]\nid = "evil"\n',
        "[releases]\nrequired = false\n",
    ):
        assert refused(*others, replace(settings, text=f"{settings.text}\n{table}"))
    with pytest.raises(ReleaseRefused, match="in order"):
        refuse_strange(replace(made, texts=made.texts[::-1]))


def test_a_text_is_there_once() -> None:
    text = SourceText(role="policy", name="a.cedar", text="")
    with pytest.raises(Exception, match="two texts"):
        content_of([text, text], Terms())
