"""The shipped manifest keeps its own promises, and model files are found where the environment says."""

from pathlib import Path

import pytest

from signalbox.adapters.models.manifest import (
    Model,
    ModelsError,
    licence_text,
    model_path,
    shipped,
)

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


def test_the_path_of_a_model_is_its_file_in_the_directory() -> None:
    path = model_path("smollm2-135m-instruct", Path("/m"))
    assert path == Path("/m/smollm2-135m-instruct-q4_1.gguf")
