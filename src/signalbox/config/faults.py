"""Everything that is wrong with the files, gathered before anyone is told.

It deliberately knows no rule: `parse` and `validate` find faults, this keeps and places them.
"""

from collections.abc import Mapping, Sequence

from signalbox.config.locate import FieldPath, Lines, show
from signalbox.domain.errors import ConfigError, SignalboxError


class ConfigErrors(SignalboxError):
    """The files are wrong: `errors` holds every fault found in one go, in file order."""

    code = "config_error"

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(error.message for error in errors))
        self.errors = tuple(errors)


class Faults:
    """Faults of one file. A field that was reported once is not reported again.

    That rule lets a reader put a neutral filler in the place of what it refused and go on: whatever the
    next check finds wrong with the filler stands at a path that is already known to be faulty.
    """

    def __init__(self, file: str, lines: Lines, parts: Mapping[str, tuple[str, Lines]] | None = None) -> None:
        """`parts`: tables that stand in another text than `file`: where."""
        self._file = file
        self._lines = lines
        self._parts = parts or {}
        self._errors: list[ConfigError] = []
        self._faulty: set[FieldPath] = set()
        self._adopted: list[ConfigError] = []

    def report(self, path: FieldPath, expected: str) -> None:
        """`expected` says what is wrong and what would be right, lower-case, input in backticks."""
        if self._inside_a_fault(path):
            return
        self._faulty.add(path)
        self._errors.append(
            ConfigError(expected, file=self._text(path)[0], line=self.line(path), field=show(path))
        )

    def report_environment(self, name: str, expected: str) -> None:
        """A fault of an environment variable, which has no line."""
        self._errors.append(ConfigError(expected, file="environment", field=name))

    def adopt(self, errors: Sequence[ConfigError]) -> None:
        """Faults of another file that this one names; they come after its own."""
        self._adopted += errors

    def written(self, path: FieldPath) -> bool:
        """Whether what stands at `path` is what the author wrote, not a filler."""
        return not self._inside_a_fault(path)

    def clean(self, *paths: FieldPath) -> bool:
        """Whether nothing at, above or within these fields was refused."""
        return not any(
            self._inside_a_fault(path) or any(fault[: len(path)] == path for fault in self._faulty)
            for path in paths
        )

    def line(self, path: FieldPath) -> int:
        return self._text(path)[1].line(path)

    def raise_if_any(self) -> None:
        """Raises `ConfigErrors`."""
        if self._errors or self._adopted:
            raise ConfigErrors([*sorted(self._errors, key=lambda error: error.line), *self._adopted])

    def _text(self, path: FieldPath) -> tuple[str, Lines]:
        """The text that has this field: what errors call it, and its lines."""
        own = (self._file, self._lines)
        return self._parts.get(path[0], own) if path and isinstance(path[0], str) else own

    def _inside_a_fault(self, path: FieldPath) -> bool:
        return any(path[:depth] in self._faulty for depth in range(len(path) + 1))
