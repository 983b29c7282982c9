"""Shows a fetch: a bar on a terminal, a line at each tenth elsewhere (a CI log)."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from signalbox.adapters.models.report import Report, size_words


def reporter(console: Console) -> Report:
    """The report that suits this console."""
    return BarReport(console) if console.is_terminal else LineReport(console)


class BarReport:
    """One rich progress bar at a time, with speed and time left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def begin(self, model: str, total: int) -> None:
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self._bar = Progress("{task.description}", *columns, console=self._console)
        self._task = self._bar.add_task(model, total=total)
        self._bar.start()

    def at(self, done: int) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=done)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class LineReport:
    """A line when a file begins, and one at each further tenth of it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._model = ""
        self._total = 1
        self._tenths = 0

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def begin(self, model: str, total: int) -> None:
        self._model, self._total, self._tenths = model, total, 0
        self.say(f"{model}: fetching {size_words(total)}")

    def at(self, done: int) -> None:
        tenths = done * 10 // self._total
        if tenths > self._tenths:
            self._tenths = tenths
            self.say(f"{self._model}: {tenths * 10} %")

    def end(self) -> None:
        """Nothing to take down."""
