"""Reads `manifest.toml`: what each model file must be, and where its bytes may come from.

It does not fetch, and it does not look at the disk beyond the manifest itself.
"""

import tomllib
from collections.abc import Iterable
from importlib import resources

import msgspec
from msgspec import Struct

from signalbox.domain.errors import SignalboxError


class ModelsError(SignalboxError):
    """Model files are not there and cannot be had. The message is one line that says what to do."""

    code = "models_unavailable"
    status = 503


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """`bytes` consecutive bytes of a model file, carried as `member` of a package's wheel."""

    package: str
    version: str
    member: str
    bytes: int
    sha256: str


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    """One model file. `parts` in order make up the whole of it, and are never empty.

    `memory_mb` is resident while it serves. An empty `hub_path`: the hub does not carry this very file.
    """

    name: str
    title: str
    maker: str
    licence: str
    file: str
    bytes: int
    sha256: str
    memory_mb: int
    parts: tuple[Part, ...]
    hub_path: str = ""


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """`hub` is the base address of the model hub; `sets` name the models that are fetched together."""

    hub: str
    sets: dict[str, tuple[str, ...]]
    models: tuple[Model, ...]

    def pick(self, names: Iterable[str]) -> tuple[Model, ...]:
        """The models of these names (or sets), each once. Raises `ModelsError` for an unknown name."""
        known = {model.name: model for model in self.models}
        picked: dict[str, Model] = {}
        for wanted in names:
            for name in self.sets.get(wanted, (wanted,)):
                if name not in known:
                    raise ModelsError(f"unknown model `{name}`: known are {', '.join(known)}")
                picked[name] = known[name]
        return tuple(picked.values())


def shipped() -> Manifest:
    """The manifest that comes with Signalbox."""
    text = (resources.files(__package__) / "manifest.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Manifest)


def licence_text(licence: str) -> str:
    """The full text of a licence that a model of the shipped manifest is under."""
    return (resources.files(__package__) / "licences" / f"{licence}.txt").read_text("utf-8")
