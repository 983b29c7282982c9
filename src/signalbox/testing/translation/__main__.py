"""Writes `docs/reference/translation.md` to standard output."""

import sys

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.testing.translation.page import render
from signalbox.testing.translation.parties import declared_by

sys.stdout.write(render(declared_by(InstalledKinds())))
