"""A path and an environment → `Settings`, or every reason why not.

It deliberately keeps nothing: whoever reloads holds the old `Settings` until the new ones are whole.
"""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from signalbox.config.faults import ConfigErrors
from signalbox.config.governed import GOVERNED, Released
from signalbox.config.parse import parse, parse_with
from signalbox.config.settings import Settings, StoreSettings
from signalbox.config.store import store_settings
from signalbox.config.validate import data_directory, validate
from signalbox.domain.errors import ConfigError
from signalbox.ports.provider_kind import Kinds


def load(
    path: Path,
    env: Mapping[str, str],
    *,
    now_us: int,
    provider_kinds: Kinds,
    released: Released | None = None,
) -> Settings:
    """Read and validate the settings at `path`.

    With `released`, what a release governs is read from there, as of when it was published, and only the rest
    from the file. `now_us` (microseconds since the epoch) is what end-of-life dates are held against else;
    `provider_kinds` are the kinds of provider that are installed. Of `env` only `validate.OVERRIDES` are
    read, and an empty one counts as not set. Raises `ConfigErrors` with every fault found, `ContentTampered`.
    """
    file = str(path)
    text = read_settings(path)
    if released is None:
        document, faults = parse(text, file)
    else:
        governing = released.content.of("settings")
        other = governing[0].text if governing else ""
        document, faults = parse_with(text, file, other, released.name, GOVERNED)
        now_us = released.published_us
    return validate(
        document,
        faults,
        file=path.absolute(),
        env=env,
        now_us=now_us,
        provider_kinds=provider_kinds,
        text=text,
        released=released,
    )


class Ground(Struct, frozen=True):
    """What has to be known before it is known what is served."""

    releases_required: bool
    store: StoreSettings
    data_dir: Path


def ground(path: Path, env: Mapping[str, str]) -> Ground:
    """As far as it can be read; what is wrong with the file, `load` says. Raises `ConfigErrors` where it is
    not TOML."""
    document, faults = parse(read_settings(path), str(path))
    place = data_directory(document.server, env, path.absolute().parent, faults)
    return Ground(document.releases.required, store_settings(document.store, env, faults), place)


def read_settings(path: Path) -> str:
    """The text of a settings file. Raises `ConfigErrors`."""
    file = str(path)
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        reason = (error.strerror or "input or output failed").lower()
        raise ConfigErrors([ConfigError(f"cannot read the settings: {reason}", file=file)]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigErrors(
            [ConfigError("not UTF-8, which TOML is written in", file=file, line=line)]
        ) from None
