"""`signalbox models fetch`."""

import os
from collections.abc import Sequence

from signalbox.adapters.models.fetch import fetch
from signalbox.adapters.models.progress import reporter
from signalbox.cli.common import console
from signalbox.config import models_directory


def fetch_models(names: Sequence[str]) -> None:
    fetch(names, models_directory(os.environ), report=reporter(console()))
