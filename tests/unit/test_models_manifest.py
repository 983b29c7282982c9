"""The shipped manifest keeps its own promises."""

import re
from pathlib import Path

import pytest

from signalbox.adapters.models.manifest import (
    Model,
    ModelsError,
    licence_text,
    shipped,
)

ROOT = Path(__file__).parents[2]
MANIFEST = shipped()


@pytest.mark.parametrize("model", MANIFEST.models, ids=lambda model: model.name)
def test_parts_make_up_the_whole_file(model: Model) -> None:
    assert sum(part.bytes for part in model.parts) == model.bytes
    assert all(len(digest) == 64 for digest in (model.sha256, *(part.sha256 for part in model.parts)))
    assert len({part.package for part in model.parts}) == len(model.parts)


@pytest.mark.parametrize("model", MANIFEST.models, ids=lambda model: model.name)
def test_a_licence_text_ships_for_every_model(model: Model) -> None:
    assert "TERMS AND CONDITIONS" in licence_text(model.licence)


def test_a_model_carried_whole_by_one_package_has_one_checksum() -> None:
    (model,) = MANIFEST.pick(["small"])
    assert [part.sha256 for part in model.parts] == [model.sha256]


def test_the_default_is_a_choice_and_the_small_set_is_not() -> None:
    assert [model.name for model in MANIFEST.pick(["default"])] == [
        "qwen2.5-coder-0.5b-instruct",
        "qwen2.5-coder-1.5b-instruct",
    ]
    assert len(MANIFEST.pick(["small"])) == 1


def test_a_model_named_twice_is_picked_once() -> None:
    assert len(MANIFEST.pick(["default", "qwen2.5-coder-0.5b-instruct"])) == 2


def test_an_unknown_model_is_named_and_the_known_ones_listed() -> None:
    with pytest.raises(ModelsError, match=r"unknown model `gpt-9`: known are qwen2.5-coder-0.5b-instruct, "):
        MANIFEST.pick(["gpt-9"])


def test_the_shipped_settings_name_the_files_that_are_fetched() -> None:
    for settings, wanted in (("signalbox.toml", "default"), ("signalbox.small.toml", "small")):
        text = (ROOT / settings).read_text("utf-8")
        named = set(re.findall(r'^model_file = "(.+)"$', text, re.MULTILINE))
        assert named == {model.file for model in MANIFEST.pick([wanted])}
