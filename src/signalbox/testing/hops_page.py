"""Writes `docs/reference/hops.md` to standard output."""

import sys

from signalbox.hops.page import render

sys.stdout.write(render())
