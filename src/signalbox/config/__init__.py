"""Text → parsed → validated, frozen `Settings`.

`parse` reads shapes, `validate` reads meanings; both report to `Faults`, so that one start of the server
names everything that is wrong with the file. It deliberately reads no credential and holds no state.
"""

from signalbox.config.describe import describe
from signalbox.config.faults import ConfigErrors
from signalbox.config.governed import Released, refuse_strange
from signalbox.config.reading import Ground, ground, load
from signalbox.config.settings import (
    BreakerSettings,
    DispatchSettings,
    EmbeddedSettings,
    KeySettings,
    ServerSettings,
    Settings,
)
from signalbox.config.validate import models_directory

__all__ = [
    "BreakerSettings",
    "ConfigErrors",
    "DispatchSettings",
    "EmbeddedSettings",
    "Ground",
    "KeySettings",
    "Released",
    "ServerSettings",
    "Settings",
    "describe",
    "ground",
    "load",
    "models_directory",
    "refuse_strange",
]
