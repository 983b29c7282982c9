"""The features that are offered, each with what it takes and gives: one table for HTTP, CLI, Python and
evaluation."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from signalbox.classify.features import FEATURES
from signalbox.domain.errors import MalformedRequest, NotFound
from signalbox.workloads.asking import Asker

P = TypeVar("P", bound=Struct)


class File(Struct, frozen=True):
    """A file that came, or that goes back. Nothing is ever written under its name here."""

    name: str
    content: bytes
    media_type: str = "application/octet-stream"

    @property
    def suffix(self) -> str:
        """Lower-case, without the dot."""
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""


class Result(Struct, frozen=True, kw_only=True):
    """`answer` is the feature's own result, `files` what was rendered. `notes` say in words what the user
    should know: what could not be read, what was left out."""

    answer: Struct
    files: tuple[File, ...] = ()
    notes: tuple[str, ...] = ()


class Workload(Struct, Generic[P], frozen=True, kw_only=True):
    """`takes` lists the suffixes of files that it reads, `files` how many of them at least and at most.
    `background`: it takes minutes, so that a caller had better not wait on the line. `deadline_ms` is for
    the whole operation."""

    app: str
    feature: str
    told: str
    params: type[P]
    run: Callable[[Asker, P, tuple[File, ...]], Awaitable[Result]]
    takes: tuple[str, ...] = ()
    files: tuple[int, int] = (0, 0)
    background: bool = False
    deadline_ms: int = 300_000

    @property
    def name(self) -> str:
        return f"{self.app}/{self.feature}"

    def read(self, params: Any, files: tuple[File, ...]) -> tuple[P, tuple[File, ...]]:
        """What came, checked. Raises `MalformedRequest`, which says what was expected."""
        fewest, most = self.files
        if not fewest <= len(files) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise MalformedRequest(f"`{self.name}` takes {wanted} files; {len(files)} came", param="files")
        for file in files:
            if file.suffix not in self.takes:
                known = ", ".join(f".{suffix}" for suffix in self.takes)
                raise MalformedRequest(
                    f"`{self.name}` reads {known}; `{file.name[:80]}` is none of these", param="files"
                )
        try:
            return msgspec.convert(params, self.params), files
        except msgspec.ValidationError as error:
            raise MalformedRequest(f"the parameters of `{self.name}`: {error}", param="params") from error


class Registry:
    """Raises `ValueError` for a feature that is declared twice or that `classify` does not know."""

    def __init__(self, workloads: Iterable[Workload[Any]]) -> None:
        self._by_name: Final[dict[str, Workload[Any]]] = {}
        for workload in workloads:
            if workload.name in self._by_name:
                raise ValueError(f"`{workload.name}` is declared twice")
            if f"{workload.app}.{workload.feature}" not in FEATURES:
                raise ValueError(f"`{workload.app}.{workload.feature}` is no feature that classify knows")
            self._by_name[workload.name] = workload

    def __iter__(self) -> Any:
        return iter(self._by_name.values())

    def find(self, app: str, feature: str) -> Workload[Any]:
        """Raises `NotFound`, which lists what there is."""
        found = self._by_name.get(f"{app}/{feature}")
        if found is None:
            offered = ", ".join(self._by_name) or "none yet"
            raise NotFound(f"there is no workload `{app[:40]}/{feature[:40]}`: offered are {offered}")
        return found
