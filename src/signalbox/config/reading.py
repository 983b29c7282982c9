"""A path and an environment → `Settings`, or every reason why not.

It deliberately keeps nothing: whoever reloads holds the old `Settings` until the new ones are whole.
"""

from collections.abc import Mapping
from pathlib import Path

from signalbox.config.faults import ConfigErrors
from signalbox.config.parse import parse
from signalbox.config.settings import Settings
from signalbox.config.validate import validate
from signalbox.domain.errors import ConfigError
from signalbox.ports.provider_kind import Kinds


def load(path: Path, env: Mapping[str, str], *, now_us: int, provider_kinds: Kinds) -> Settings:
    """Read and validate the settings at `path`.

    `now_us` (microseconds since the epoch) is what end-of-life dates are held against; `provider_kinds`
    are the kinds of provider that are installed. Of `env` only `validate.OVERRIDES` are read, and an empty
    one counts as not set. Raises `ConfigErrors` with every fault found.
    """
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        reason = (error.strerror or "input or output failed").lower()
        raise ConfigErrors([ConfigError(f"cannot read the settings: {reason}", file=file)]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigErrors(
            [ConfigError("not UTF-8, which TOML is written in", file=file, line=line)]
        ) from None
    document, faults = parse(text, file)
    return validate(
        document, faults, file=path.absolute(), env=env, now_us=now_us, provider_kinds=provider_kinds
    )
